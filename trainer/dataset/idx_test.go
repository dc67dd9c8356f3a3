package dataset

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// encodeIDX writes an IDX file of unsigned bytes.
func encodeIDX(data []byte, dims ...int) []byte {
	b := []byte{0, 0, idxUnsignedByte, byte(len(dims))}
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
	}
	return append(b, data...)
}

func compress(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func count(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// writeFiles puts files into a fresh folder.
func writeFiles(t testing.TB, files map[string][]byte) string {
	t.Helper()
	folder := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// smallFolder is a set of 4 training and 2 test images of 2×3.
func smallFolder(t testing.TB) map[string][]byte {
	return map[string][]byte{
		"train-images-idx3-ubyte.gz": compress(t, encodeIDX(count(24), 4, 2, 3)),
		"train-labels-idx1-ubyte":    encodeIDX([]byte{1, 0, 2, 1}, 4),
		"t10k-images-idx3-ubyte":     encodeIDX(count(12), 2, 2, 3),
		"t10k-labels-idx1-ubyte.gz":  compress(t, encodeIDX([]byte{2, 0}, 2)),
	}
}

func TestLoadFolder(t *testing.T) {
	set, err := Load(Options{Source: writeFiles(t, smallFolder(t))})
	if err != nil {
		t.Fatal(err)
	}
	if got := set.Shape; len(got) != 3 || got[0] != 2 || got[1] != 3 || got[2] != 1 {
		t.Errorf("shape %v, want [2 3 1]", got)
	}
	if strings.Join(set.Classes, " ") != "0 1 2" {
		t.Errorf("classes %q", set.Classes)
	}
	if set.Rows != 4 || set.TestRows != 2 || set.Kind != Images || set.Bytes != 36+24 {
		t.Errorf("info %+v", set.Info)
	}
	if !bytes.Equal(set.Train.Pixels, count(24)) || !bytes.Equal(set.Test.Pixels, count(12)) {
		t.Error("pixels differ from the file's")
	}
	if got := set.Train.Counts(3); got[0] != 1 || got[1] != 2 || got[2] != 1 {
		t.Errorf("class counts %v", got)
	}
}

func TestFingerprint(t *testing.T) {
	load := func(change func(files map[string][]byte), o Options) string {
		files := smallFolder(t)
		if change != nil {
			change(files)
		}
		o.Source = writeFiles(t, files)
		set, err := Load(o)
		if err != nil {
			t.Fatal(err)
		}
		return set.Fingerprint
	}
	base := load(nil, Options{})
	// What was loaded is hashed, not how it was kept: the same data plain or compressed are the same.
	same := load(func(f map[string][]byte) {
		f["train-labels-idx1-ubyte.gz"] = compress(t, f["train-labels-idx1-ubyte"])
		delete(f, "train-labels-idx1-ubyte")
	}, Options{})
	if same != base {
		t.Error("compressing a file changes the fingerprint")
	}
	if want := writtenOut(); base != want {
		t.Errorf("fingerprint\n have %s\n want %s", base, want)
	}
	seen := map[string]string{base: "the original"}
	for name, fingerprint := range map[string]string{
		"a limit": load(nil, Options{Limit: 3}),
		"no test rows": load(func(f map[string][]byte) {
			delete(f, "t10k-images-idx3-ubyte")
			delete(f, "t10k-labels-idx1-ubyte.gz")
		}, Options{}),
		"another pixel": load(func(f map[string][]byte) { f["t10k-images-idx3-ubyte"][20]++ }, Options{}),
		"another label": load(func(f map[string][]byte) { f["train-labels-idx1-ubyte"][8]++ }, Options{}),
		"another shape": load(func(f map[string][]byte) {
			f["train-images-idx3-ubyte.gz"] = compress(t, encodeIDX(count(24), 4, 3, 2))
			f["t10k-images-idx3-ubyte"] = encodeIDX(count(12), 2, 3, 2)
		}, Options{}),
	} {
		if other, ok := seen[fingerprint]; ok {
			t.Errorf("%s has the fingerprint of %s", name, other)
		}
		seen[fingerprint] = name
	}
}

// writtenOut is the fingerprint of smallFolder by the text in fingerprint.go, written out.
func writtenOut() string {
	text := "espalier data 1\nkind \"images\"\nshape [2 3 1]\nclass \"0\"\nclass \"1\"\nclass \"2\"\n" +
		fmt.Sprintf("split 4\nvalues %x\nlabels %x\n", sha256.Sum256(count(24)), sha256.Sum256([]byte{1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0})) +
		fmt.Sprintf("split 2\nvalues %x\nlabels %x\n", sha256.Sum256(count(12)), sha256.Sum256([]byte{2, 0, 0, 0, 0, 0, 0, 0}))
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
}

func TestBadFolders(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(f map[string][]byte)
		want   string
	}{
		{"empty", func(f map[string][]byte) { clear(f) }, "no train-images-idx3-ubyte"},
		{"labels missing", func(f map[string][]byte) { delete(f, "train-labels-idx1-ubyte") }, "train-images-idx3-ubyte.gz is there, but no train-labels-idx1-ubyte"},
		{"images missing", func(f map[string][]byte) { delete(f, "t10k-images-idx3-ubyte") }, "t10k-labels-idx1-ubyte.gz is there, but no t10k-images-idx3-ubyte"},
		{"no gzip", func(f map[string][]byte) { f["train-images-idx3-ubyte.gz"] = []byte("hello") }, "train-images-idx3-ubyte.gz: no gzip file"},
		{"foreign", func(f map[string][]byte) { f["train-labels-idx1-ubyte"] = []byte("sepal,petal\n") }, "train-labels-idx1-ubyte: no IDX file: it starts with 0x73657061"},
		{"floats", func(f map[string][]byte) { f["train-labels-idx1-ubyte"][2] = 0x0d }, "of IDX type 0x0d"},
		{"images for labels", func(f map[string][]byte) { f["train-labels-idx1-ubyte"] = f["t10k-images-idx3-ubyte"] }, "train-labels-idx1-ubyte: has 3 dimensions, want 1"},
		{"header cut", func(f map[string][]byte) { f["train-labels-idx1-ubyte"] = f["train-labels-idx1-ubyte"][:6] }, "no IDX header: the file ends within it"},
		{"truncated", func(f map[string][]byte) {
			f["t10k-images-idx3-ubyte"] = f["t10k-images-idx3-ubyte"][:20]
		}, "t10k-images-idx3-ubyte: header promises 2×2×3, 12 bytes, but the file holds at most 4"},
		{"truncated within gzip", func(f map[string][]byte) {
			z := f["train-images-idx3-ubyte.gz"]
			f["train-images-idx3-ubyte.gz"] = z[:len(z)-12]
		}, "train-images-idx3-ubyte.gz: truncated: header promises 4×2×3, 24 bytes"},
		{"gzip checksum", func(f map[string][]byte) {
			z := f["train-images-idx3-ubyte.gz"]
			z[len(z)-6] ^= 1
		}, "train-images-idx3-ubyte.gz: after 24 of 24 bytes: gzip: invalid checksum"},
		{"trailing bytes", func(f map[string][]byte) {
			f["train-labels-idx1-ubyte"] = append(f["train-labels-idx1-ubyte"], 7)
		}, "train-labels-idx1-ubyte: header promises 4, 4 bytes, but more follow"},
		{"a terabyte", func(f map[string][]byte) {
			f["train-images-idx3-ubyte.gz"] = compress(t, encodeIDX(nil, 1<<20, 1<<10, 1<<10))
		}, "train-images-idx3-ubyte.gz: header promises 1048576×1024×1024, 1099511627776 bytes, but the file holds at most"},
		{"beyond any number", func(f map[string][]byte) {
			f["t10k-images-idx3-ubyte"] = encodeIDX(nil, 1<<31, 1<<31, 1<<31)
		}, "header promises over"},
		{"a dimension of zero", func(f map[string][]byte) {
			f["t10k-images-idx3-ubyte"] = encodeIDX(nil, 2, 0, 3)
		}, "dimension 2 of 3 is 0"},
		{"counts differ", func(f map[string][]byte) {
			f["train-labels-idx1-ubyte"] = encodeIDX([]byte{0, 1, 2}, 3)
		}, "train-images-idx3-ubyte.gz holds 4 images, but train-labels-idx1-ubyte 3 labels"},
		{"test label unknown", func(f map[string][]byte) {
			f["t10k-labels-idx1-ubyte.gz"] = compress(t, encodeIDX([]byte{2, 9}, 2))
		}, "t10k-labels-idx1-ubyte.gz: row 2 has label 9, but there are 3 classes"},
		{"one class", func(f map[string][]byte) {
			f["train-labels-idx1-ubyte"] = encodeIDX([]byte{0, 0, 0, 0}, 4)
		}, "all labels are 0"},
		{"shapes differ", func(f map[string][]byte) {
			f["t10k-images-idx3-ubyte"] = encodeIDX(count(12), 2, 3, 2)
		}, "training images are [2 3 1], test images [3 2 1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := smallFolder(t)
			c.change(files)
			folder := writeFiles(t, files)
			_, err := Load(Options{Source: folder})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error\n have %v\n want %s", err, c.want)
			}
			if !strings.Contains(err.Error(), folder) {
				t.Errorf("error does not name the folder: %v", err)
			}
		})
	}
}

// TestPromisesAreNotAllocated reads a gzip file whose header promises as much as deflate could
// ever hold in it.
func TestPromisesAreNotAllocated(t *testing.T) {
	noise := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{}).Read(noise) // cannot be compressed
	files := fstest.MapFS{"x.gz": &fstest.MapFile{Data: compress(t, encodeIDX(noise, 1000, 1024, 1024))}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readIDX(files, "x.gz", idxSpec{}, 3)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "truncated: header promises 1000×1024×1024") {
		t.Fatalf("error %v", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > oneShot+64<<20 {
		t.Errorf("%d bytes were allocated for 1 MiB of data", used)
	}
}

func TestLimit(t *testing.T) {
	folder := writeFiles(t, smallFolder(t))
	set, err := Load(Options{Source: folder, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if set.Rows != 1 || !bytes.Equal(set.Train.Pixels, count(6)) || len(set.Train.Labels) != 1 || set.TestRows != 2 {
		t.Errorf("rows %d, pixels %v, labels %v", set.Rows, set.Train.Pixels, set.Train.Labels)
	}
	if len(set.Classes) != 3 {
		t.Errorf("classes %q: a limit must not change them", set.Classes)
	}
	if set, err = Load(Options{Source: folder, Limit: 400}); err != nil || set.Rows != 4 {
		t.Errorf("a limit above the rows: %v, %v", set, err)
	}
}

// TestLimitedFiles tells a file of the wrong length also where a limit needs only its beginning, and does
// not unpack what nobody asked for.
func TestLimitedFiles(t *testing.T) {
	images := encodeIDX(count(24), 4, 2, 3)
	compressed, altered := compress(t, images), compress(t, images)
	altered[len(altered)-6] ^= 1 // the checksum, known only at the end
	members := slices.Concat(compress(t, images[:20]), compress(t, images[20:]))
	for _, c := range []struct {
		name, file string
		data       []byte
		want       string // of the error; "" for none
	}{
		{"plain", "x", images, ""},
		{"plain, cut", "x", images[:30], "x: header promises 4×2×3, 24 bytes, but the file holds at most 14"},
		{"plain, longer", "x", append(images[:len(images):len(images)], 7), "x: header promises 4×2×3, 24 bytes, but more follow"},
		{"compressed", "x.gz", compressed, ""},
		{"compressed, the part not asked for altered", "x.gz", altered, ""},
		{"compressed, two members", "x.gz", members, ""},
		{"compressed, two members, cut", "x.gz", members[:len(members)-9], "x.gz: truncated: header promises 4×2×3, 24 bytes"},
		{"compressed, cut", "x.gz", compressed[:len(compressed)-12], "x.gz: truncated: header promises 4×2×3, 24 bytes"},
		{"compressed, shorter", "x.gz", compress(t, images[:30]), "x.gz: truncated: header promises 4×2×3, 24 bytes, but only 14 are there"},
		{"compressed, longer", "x.gz", compress(t, append(images[:len(images):len(images)], 7)), "x.gz: header promises 4×2×3, 24 bytes, but more follow"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, err := readIDX(fstest.MapFS{c.file: &fstest.MapFile{Data: c.data}}, c.file, idxSpec{limit: 1}, 3)
			switch {
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error\n have %v\n want %s", err, c.want)
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want == "" && !bytes.Equal(x.data, count(6)):
				t.Errorf("read %v", x.data)
			}
		})
	}
}

func TestReadImages(t *testing.T) {
	name := "no UTF-8 \xff"
	if runtime.GOOS != "linux" { // others refuse it
		name = "x"
	}
	folder := writeFiles(t, map[string][]byte{
		"a.gz": compress(t, encodeIDX(count(12), 2, 2, 3)),
		"rgb":  encodeIDX(count(24), 2, 2, 2, 3),
		name:   encodeIDX(count(12), 2, 2, 3),
	})
	pixels, n, shape, err := ReadImages(filepath.Join(folder, "a.gz"), 0)
	if err != nil || n != 2 || len(shape) != 3 || shape[2] != 1 || !bytes.Equal(pixels, count(12)) {
		t.Errorf("grey: %v %d %v %v", pixels, n, shape, err)
	}
	if _, n, shape, err = ReadImages(filepath.Join(folder, "rgb"), 0); err != nil || n != 2 || shape[2] != 3 {
		t.Errorf("colour: %d %v %v", n, shape, err)
	}
	if _, n, _, err = ReadImages(filepath.Join(folder, name), 0); err != nil || n != 2 {
		t.Errorf("%q: %d, %v", name, n, err)
	}
	if _, _, _, err = ReadImages(filepath.Join(folder, "none"), 0); err == nil {
		t.Error("a missing file is no error")
	}
}

func FuzzIDX(f *testing.F) {
	f.Add(encodeIDX(count(24), 4, 2, 3), 0)
	f.Add(encodeIDX(count(24), 4, 2, 3), 2)
	f.Add(encodeIDX(count(5), 5), 1)
	f.Add(encodeIDX(nil, 1<<30, 1<<10, 1), 0)
	f.Add(encodeIDX(count(3), 4), 0)
	f.Add([]byte{0, 0, 8, 3, 0, 0}, 0)
	f.Add([]byte("\x1f\x8b"), 0)
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		limit = max(0, limit)
		files := fstest.MapFS{"x": &fstest.MapFile{Data: data}}
		x, err := readIDX(files, "x", idxSpec{limit: limit}, 1, 3, 4)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "x: ") {
				t.Errorf("error does not name the file: %v", err)
			}
			return
		}
		// What is accepted is byte for byte what the header says.
		if limit == 0 && !bytes.Equal(encodeIDX(x.data, x.dims...), data) {
			t.Errorf("read %v and %d bytes from %d", x.dims, len(x.data), len(data))
		}
		if cap(x.data) > len(data) {
			t.Errorf("%d bytes allocated for %d", cap(x.data), len(data))
		}
		// The same bytes compressed are the same data.
		files["x.gz"] = &fstest.MapFile{Data: compress(t, data)}
		z, err := readIDX(files, "x.gz", idxSpec{limit: limit}, 1, 3, 4)
		if err != nil || !bytes.Equal(z.data, x.data) {
			t.Errorf("compressed: %v", err)
		}
	})
}
