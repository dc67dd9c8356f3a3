package dataset

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
)

// The files of an image set, as MNIST named them. A test set is told by either prefix.
var splitPrefixes = struct{ train, test []string }{
	train: []string{"train"},
	test:  []string{"t10k", "test"},
}

// split is one half of an image set: its two files and what was read from them.
type split struct {
	images, labels string // file names; "" where the split is missing
	rows           *Rows
	shape          []int // H W C
	most           int32 // the largest label of the whole file, before the limit
	digests        rowDigests
}

// loadFolder reads an IDX folder: train-images-idx3-ubyte and train-labels-idx1-ubyte, and t10k-… or
// test-… where they are there, each plain or with .gz. place is for messages. names are the classes'
// names; nil: their numbers.
func loadFolder(fsys fs.FS, place string, names []string, o Options) (*Set, error) {
	train, err := findSplit(fsys, splitPrefixes.train)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	if train.images == "" {
		return nil, fmt.Errorf("%s: no train-images-idx3-ubyte or train-images-idx3-ubyte.gz in it", place)
	}
	test, err := findSplit(fsys, splitPrefixes.test)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	memory := newRoom(o.Memory)
	var group sync.WaitGroup
	var trainErr, testErr error
	group.Go(func() { trainErr = train.read(fsys, o.Limit, memory) })
	if test.images != "" {
		group.Go(func() { testErr = test.read(fsys, 0, memory) })
	}
	group.Wait()
	if err := errors.Join(trainErr, testErr); err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}

	set := &Set{Train: train.rows}
	set.Kind, set.Shape = Images, train.shape
	set.Classes = names
	if train.most == 0 {
		return nil, fmt.Errorf("%s: all labels are 0: nothing to tell apart", place)
	}
	if names == nil {
		set.Classes = numberNames(int(train.most) + 1)
	}
	if err := train.checkLabels(set.Classes); err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	digests := []rowDigests{train.digests}
	if test.images != "" {
		if !slices.Equal(test.shape, train.shape) {
			return nil, fmt.Errorf("%s: training images are %v, test images %v", place, train.shape, test.shape)
		}
		if err := test.checkLabels(set.Classes); err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		set.Test = test.rows
		digests = append(digests, test.digests)
		set.TestDigest = digestTest(&set.Info, test.rows, test.digests)
	}
	set.Fingerprint = fingerprint(&set.Info, nil, digests)
	return set, nil
}

// findSplit looks for the files of one half. Plain files win over compressed ones: they load faster.
func findSplit(fsys fs.FS, prefixes []string) (*split, error) {
	for _, prefix := range prefixes {
		s := &split{
			images: firstFile(fsys, prefix+"-images-idx3-ubyte", prefix+"-images.idx3-ubyte", prefix+"-images-idx4-ubyte", prefix+"-images.idx4-ubyte"),
			labels: firstFile(fsys, prefix+"-labels-idx1-ubyte", prefix+"-labels.idx1-ubyte"),
		}
		switch {
		case s.images != "" && s.labels == "":
			return nil, fmt.Errorf("%s is there, but no %s-labels-idx1-ubyte", s.images, prefix)
		case s.images == "" && s.labels != "":
			return nil, fmt.Errorf("%s is there, but no %s-images-idx3-ubyte", s.labels, prefix)
		case s.images != "":
			return s, nil
		}
	}
	return &split{}, nil
}

func firstFile(fsys fs.FS, names ...string) string {
	for _, name := range names {
		for _, candidate := range []string{name, name + ".gz"} {
			if info, err := fs.Stat(fsys, candidate); err == nil && !info.IsDir() {
				return candidate
			}
		}
	}
	return ""
}

// read loads images and labels at the same time and digests the pixels while they are unpacked.
func (s *split) read(fsys fs.FS, limit int, memory *room) error {
	var images, labels *idx
	var imagesErr, labelsErr error
	var group sync.WaitGroup
	group.Go(func() {
		digest := newDigester()
		images, imagesErr = readIDX(fsys, s.images, idxSpec{limit, memory, digest.add}, 3, 4)
		s.digests.values = digest.sum()
	})
	group.Go(func() { labels, labelsErr = readIDX(fsys, s.labels, idxSpec{room: memory}, 1) })
	group.Wait()
	if err := errors.Join(imagesErr, labelsErr); err != nil {
		return err
	}
	if images.dims[0] != labels.dims[0] {
		return fmt.Errorf("%s holds %d images, but %s %d labels", s.images, images.dims[0], s.labels, labels.dims[0])
	}
	s.shape = slices.Clone(images.dims[1:])
	if len(s.shape) == 2 {
		s.shape = append(s.shape, 1)
	}
	n := images.dims[0]
	if limit > 0 && limit < n {
		n = limit
	}
	if err := memory.take(4 * int64(n)); err != nil {
		return fmt.Errorf("%s: %d labels, which %w", s.labels, n, err)
	}
	s.rows = &Rows{N: n, Pixels: images.data, Labels: make([]int32, n)}
	for i := range s.rows.Labels {
		s.rows.Labels[i] = int32(labels.data[i])
	}
	// Classes are those of the whole file, so that a limit does not change the model.
	s.most = int32(slices.Max(labels.data))
	s.digests.rows, s.digests.labels = n, digestLabels(s.rows.Labels)
	return nil
}

// checkLabels tells a label beyond the classes, with its row.
func (s *split) checkLabels(classes []string) error {
	for i, l := range s.rows.Labels {
		if int(l) >= len(classes) {
			return fmt.Errorf("%s: row %d has label %d, but there are %d classes (0 to %d)", s.labels, i+1, l, len(classes), len(classes)-1)
		}
	}
	return nil
}

// ReadImages reads one IDX file of images (plain, or .gz) for prediction. shape is [H W C], memory what the images
// may take, in bytes; 0: any.
func ReadImages(file string, memory int64) (pixels []byte, n int, shape []int, err error) {
	folder, name := filepath.Split(file)
	x, err := openIDX(anyNames(folder), name, idxSpec{room: newRoom(memory)}, []int{3, 4})
	if err != nil {
		return nil, 0, nil, fmt.Errorf("read images %q: %w", file, err)
	}
	shape = x.dims[1:]
	if len(shape) == 2 {
		shape = append(shape, 1)
	}
	return x.data, x.dims[0], shape, nil
}

// anyNames is a folder of the system whose files may have names that are no UTF-8, which os.DirFS refuses.
type anyNames string

func (f anyNames) Open(name string) (fs.File, error) { return os.Open(filepath.Join(string(f), name)) }
func (f anyNames) Stat(name string) (fs.FileInfo, error) {
	return os.Stat(filepath.Join(string(f), name))
}

func numberNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// digester hashes blocks in a goroutine of its own, beside the reader that delivers them.
type digester struct {
	blocks chan []byte
	done   chan struct{}
	hash   hash.Hash
}

func newDigester() *digester {
	d := &digester{blocks: make(chan []byte, 8), done: make(chan struct{}), hash: sha256.New()}
	go func() {
		defer close(d.done)
		for b := range d.blocks {
			d.hash.Write(b)
		}
	}()
	return d
}

// add hands over a block that nobody will write to any more.
func (d *digester) add(block []byte) { d.blocks <- block }

// sum waits for the blocks handed over.
func (d *digester) sum() [sha256.Size]byte {
	close(d.blocks)
	<-d.done
	return [sha256.Size]byte(d.hash.Sum(nil))
}
