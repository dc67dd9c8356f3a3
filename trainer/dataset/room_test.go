package dataset

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestRoom reads what takes more memory than there is: refused with the figures, and before it is taken.
func TestRoom(t *testing.T) {
	const pixels = 64 << 20 // zeros: 64 kB of gzip
	labels := make([]byte, 1024)
	labels[0] = 1
	bomb := writeFiles(t, map[string][]byte{
		"train-images-idx3-ubyte.gz": compress(t, encodeIDX(make([]byte, pixels), 1024, 256, 256)),
		"train-labels-idx1-ubyte":    encodeIDX(labels, 1024),
	})
	halves := smallFolder(t) // 24 bytes of training images, 12 of test images
	small := writeFiles(t, halves)
	table := writeTable(t, "t.csv", "x,y,z\n1,2,a\n3,4,b\n")
	for _, c := range []struct {
		name string
		o    Options
		want string // of the error; "" for none
	}{
		{"a bomb", Options{Source: bomb, Memory: 8 << 20}, "train-images-idx3-ubyte.gz: header promises 1024×256×256, which takes 67108864 bytes of memory, and "},
		{"some of it", Options{Source: bomb, Memory: 8 << 20, Limit: 100}, ""},
		{"nobody knows how much there is", Options{Source: small}, ""},
		{"both halves share it", Options{Source: small, Memory: 40}, " bytes of memory, and "},
		{"room for both", Options{Source: small, Memory: 1000}, ""},
		{"a table", Options{Source: table, Memory: 90}, "t.csv: 2 rows of 3 columns, which takes 96 bytes of memory, and 90 are free"},
		{"room for a table", Options{Source: table, Memory: 96}, ""},
		{"and its test rows", Options{Source: table, Test: table, Memory: 100}, "test rows: t.csv: 2 rows of 3 columns, which takes 96 bytes of memory, and 4 are free"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			set, err := Load(c.o)
			runtime.ReadMemStats(&after)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error\n have %v\n want %s", err, c.want)
			case c.want == "" && c.o.Limit == 0:
				o := c.o
				o.Memory = 0
				if free, err := Load(o); err != nil || free.Fingerprint != set.Fingerprint {
					t.Errorf("without bound other rows: %v", err)
				}
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > pixels/2 {
				t.Errorf("%d bytes were allocated", used)
			}
		})
	}
	if _, _, _, err := ReadImages(filepath.Join(bomb, "train-images-idx3-ubyte.gz"), 8<<20); err == nil || !strings.Contains(err.Error(), "takes 67108864 bytes of memory") {
		t.Errorf("images to predict: %v", err)
	}
}

// FuzzReadImages reads foreign bytes as images to predict.
func FuzzReadImages(f *testing.F) {
	f.Add(encodeIDX(count(24), 4, 2, 3), false)
	f.Add(encodeIDX(count(24), 2, 2, 2, 3), false)
	f.Add(encodeIDX(nil, 1<<20, 1<<10, 1<<10), false)
	f.Add(compress(f, encodeIDX(count(24), 4, 2, 3)), true)
	f.Add(compress(f, encodeIDX(make([]byte, 1<<16), 1, 256, 256)), true)
	folder := f.TempDir()
	const memory = 1 << 14
	f.Fuzz(func(t *testing.T, data []byte, zipped bool) {
		name := filepath.Join(folder, "x")
		if zipped {
			name += ".gz"
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		pixels, n, shape, err := ReadImages(name, memory)
		switch {
		case err != nil && !strings.Contains(err.Error(), "x"):
			t.Errorf("error does not name the file: %v", err)
		case err == nil && (len(shape) != 3 || n*product(shape) != len(pixels) || cap(pixels) > memory):
			t.Errorf("%d images of %v in %d bytes of %d", n, shape, len(pixels), cap(pixels))
		case err == nil && !zipped && !bytes.HasSuffix(data, pixels):
			t.Error("not the file's bytes")
		}
	})
}

// FuzzReadTable reads foreign bytes as rows to predict: an error that names the file, or a row of features for each.
func FuzzReadTable(f *testing.F) {
	for _, seed := range []string{flowers, "", "x,k\n1,a\n", "k,x,more\nb,2,?\nc,3,\"q\n\"\n", "x\n1\n", "x,k\n1e999,a\n", "\uFEFFx,k\r\n-0,b\r\n"} {
		f.Add([]byte(seed))
	}
	set, err := Load(Options{Source: writeTable(f, "train.csv", "x,k,y\n1,a,p\n2,b,q\n3,a,p\n")})
	if err != nil {
		f.Fatal(err)
	}
	prep, err := FitPreprocessing(set.Info, set.Train, nil, "")
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(f.TempDir(), "new.csv")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		view, err := prep.ReadTable(path, 0)
		if err != nil {
			if !strings.Contains(err.Error(), "new.csv") || strings.Contains(err.Error(), "gave up") {
				t.Errorf("error %v", err)
			}
			return
		}
		if !slices.Equal(prep.Shape, []int{3}) || view.Len() < 1 || view.Unknown > view.Len() {
			t.Errorf("%d rows of %v, %d unknown", view.Len(), prep.Shape, view.Unknown)
		}
	})
}
