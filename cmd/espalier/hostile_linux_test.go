package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"espalier/grids"
)

// idxHeader promises dimensions.
func idxHeader(dims ...uint32) []byte {
	b := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return b
}

// zipped compresses a header and n zeros.
func zipped(header []byte, n int64) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	z.Write(header)
	io.CopyN(z, zeros{}, n)
	z.Close()
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// hostileMemory is what a process may hold while it refuses a file: its own size,
// and some megabytes of the file's front.
const hostileMemory = 256 << 20

// peakOf reads the most memory that a process has held, in bytes. What wait4 says will not do: a child's figure
// there begins with that of the process it was forked from, which is this one, with all its tests behind it.
func peakOf(t *testing.T, path string) int64 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	t.Fatalf("no VmHWM in\n%s", data)
	return 0
}

// TestHostileFiles gives files that promise more than there is: each is refused
// with a word on why, in bounded memory and time.
func TestHostileFiles(t *testing.T) {
	b := newBench(t, "")
	repeat := func(name string, parts ...any) { // texts and how often
		t.Helper()
		path := filepath.Join(b.folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriter(f)
		for i := 0; i < len(parts); i += 2 {
			for range parts[i+1].(int) {
				w.WriteString(parts[i].(string))
			}
		}
		if err := errors.Join(w.Flush(), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string, data []byte) { t.Helper(); repeat(name, string(data), 1) }
	folder := func(name string, images, labels []byte, gz string) {
		write(name+"/train-images-idx3-ubyte"+gz, images)
		write(name+"/train-labels-idx1-ubyte"+gz, labels)
	}
	labels := append(idxHeader(10), make([]byte, 10)...)
	folder("terabyte", append(idxHeader(1<<20, 1<<10, 1<<10), 1, 2, 3), labels, "")
	folder("overflow", idxHeader(1<<31, 1<<31, 1<<31), labels, "")
	folder("terabyte-gz", zipped(idxHeader(1<<20, 1<<10, 1<<10), 1<<20), zipped(labels, 0), ".gz")
	// A bomb: half a gigabyte of zeros in two megabytes, behind a header that promises ten images.
	bombed := int64(1 << 27)
	if *long {
		bombed = 1 << 29
	}
	folder("bomb", zipped(idxHeader(10, 28, 28), bombed), zipped(labels, 0), ".gz")
	folder("labels", append(idxHeader(10, 2, 2), make([]byte, 40)...), append(idxHeader(1<<31), 1), "")

	repeat("wide.csv", "a,", 10_000_000, "b\n", 1, "1,", 10_000_000, "2\n", 1)
	repeat("long.csv", "a,b\n1,", 1, "x", 64<<20, "\n2,y\n", 1)
	repeat("quote.csv", "a,b\n1,\"", 1, "x\n", 32<<20)
	repeat("columns.arff", "@relation r\n", 1, "@attribute a real\n", 2_000_000, "@data\n1\n", 1)
	repeat("levels.arff", "@relation r\n@attribute a {", 1, "x,", 10_000_000, "y}\n@attribute b {p,q}\n@data\nx,p\n", 1)
	repeat("zeros.csv", "\x00", 32<<20)

	length := func(n uint64, order binary.AppendByteOrder) []byte { return order.AppendUint64(nil, n) }
	write("model.espalier", append([]byte(modelMagic+"\x01\x00\x00\x00"), length(1<<60, binary.LittleEndian)...))
	write("terabyte.safetensors", append(length(1<<40, binary.LittleEndian), "{}"...))
	write("tensor.safetensors", append(length(80, binary.LittleEndian), fmt.Sprintf("%-80s", `{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4]}}`)...))
	repeat("deep.toml", "name = \"d\"\n[grid]\na = ", 1, "[", 500_000)
	repeat("large.toml", "# a comment, and another one\n", 1<<18)
	repeat("dots.toml", "a.", 200_000, "b = 1\n", 1)
	sweep := "name = \"init\"\n[data]\nsource = \"iris.csv\"\n[model]\ninit = %q\nlayers = [ { type = \"dense\", units = \"$classes\", activation = \"softmax\" } ]\n"
	write("init.toml", fmt.Appendf(nil, sweep, "terabyte.safetensors"))
	write("init2.toml", fmt.Appendf(nil, sweep, "tensor.safetensors"))
	iris, _ := grids.Material("iris.csv")
	write("iris.csv", iris)
	write("bomb.png", bomb())
	write("row.png", promising(image.NewGray(image.Rect(0, 0, 1, 1)), 50_000_000, 1))
	write("deep.png", promising(image.NewNRGBA64(image.Rect(0, 0, 1, 1)), 7000, 7000))
	b.run(0, "run", "quickstart", "--set", "data.limit=200", "--set", "grid.epochs=[1]", "--set", "grid.hidden_units=[4]")
	b.run(0, "run", "iris", "--store", "iris.db", "--set", "folds.repeats=1", "--set", "grid.hidden_units=[8]")
	good, err := os.ReadFile(filepath.Join(b.folder, "quickstart.espalier"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pipe", "pipe.csv"} { // nobody writes to them
		if err := syscall.Mkfifo(filepath.Join(b.folder, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("iris.csv.gz", zipped(iris, 0))
	write("padded.espalier", good)
	if err := os.Truncate(filepath.Join(b.folder, "padded.espalier"), 3<<30); err != nil {
		t.Fatal(err)
	}
	write("ten-idx.gz", zipped(idxHeader(10, 28, 28), bombed))

	for _, row := range []struct {
		args []string
		says string
	}{
		{[]string{"data", "show", "terabyte"}, "header promises"},
		{[]string{"data", "show", "overflow"}, "header promises"},
		{[]string{"data", "show", "terabyte-gz"}, "header promises"},
		{[]string{"data", "show", "bomb"}, "but more follow"},
		{[]string{"data", "show", "labels"}, "header promises"},
		{[]string{"data", "show", "wide.csv"}, "wide.csv"},
		{[]string{"data", "show", "long.csv"}, "long.csv"},
		{[]string{"data", "show", "quote.csv"}, "quote.csv"},
		{[]string{"data", "show", "columns.arff"}, "columns.arff"},
		{[]string{"data", "show", "levels.arff"}, "levels.arff"},
		{[]string{"data", "show", "zeros.csv"}, "zeros.csv"},
		{[]string{"summary", "model.espalier"}, "model.espalier"},
		{[]string{"summary", "padded.espalier"}, "bytes after its end"},
		{[]string{"predict", "model.espalier", "bomb.png"}, "model.espalier"},
		{[]string{"predict", "quickstart.espalier", "bomb.png"}, "100000 × 100000 pixels"},
		{[]string{"predict", "quickstart.espalier", "row.png"}, "50000000 × 1 pixels"},
		{[]string{"predict", "quickstart.espalier", "deep.png"}, "take 392 MB to decode"},
		{[]string{"predict", "quickstart.espalier", "ten-idx.gz"}, "but more follow"},
		{[]string{"predict", "quickstart.espalier", "terabyte/train-images-idx3-ubyte"}, "header promises"},
		{[]string{"predict", "iris.espalier", "wide.csv"}, "wide.csv"},
		{[]string{"predict", "iris.espalier", "long.csv"}, "long.csv"},
		{[]string{"predict", "iris.espalier", "quote.csv"}, "quote.csv"},
		{[]string{"predict", "iris.espalier", "iris.csv.gz"}, "of compressed files only IDX is read"},
		{[]string{"predict", "iris.espalier", "pipe.csv"}, "it is no regular file"},
		{[]string{"predict", "quickstart.espalier", "pipe"}, "it is no regular file"},
		{[]string{"data", "show", "pipe.csv"}, "it is no regular file"},
		{[]string{"plan", "deep.toml"}, "deep.toml"},
		{[]string{"plan", "large.toml"}, "large.toml"},
		{[]string{"plan", "dots.toml"}, "dots.toml"},
		{[]string{"plan", "--no-calibrate", "init.toml"}, "terabyte.safetensors"},
		{[]string{"plan", "--no-calibrate", "init2.toml"}, "tensor.safetensors"},
	} {
		cmd, _, talk := b.command(row.args...)
		status := filepath.Join(t.TempDir(), "status")
		cmd.Env = append(cmd.Env, statusEnv+"="+status)
		start := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		hung := time.AfterFunc(60*time.Second, func() { cmd.Process.Kill() })
		code := codeOf(t, cmd.Wait())
		took := time.Since(start)
		inTime := hung.Stop()
		var peak int64
		if inTime {
			peak = peakOf(t, status)
		}
		what := strings.Join(row.args, " ")
		said := talk.String()
		switch {
		case !inTime:
			t.Errorf("%s: hangs", what)
		case code != exitFailed && code != exitUsage || strings.Contains(said, "goroutine "):
			t.Errorf("%s: exit %d\n%.2000s", what, code, said)
		case !strings.Contains(said, "espalier: ") || !strings.Contains(said, row.says):
			t.Errorf("%s: does not say %q\n%.2000s", what, row.says, said)
		case len(said) > 4000:
			t.Errorf("%s: says %d bytes\n%.300s", what, len(said), said)
		case peak > hostileMemory:
			t.Errorf("%s: held %d MB", what, peak>>20)
		}
		t.Logf("%s: %.2f s, %d MB: %.300s", what, took.Seconds(), peak>>20, lastError(said))
	}
}
