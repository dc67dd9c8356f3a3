package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var python = flag.String("python", "", "a Python with PyTorch and scikit-learn: tries peers.py with them")

// needs skips a test without a Python that has some modules.
func needs(t *testing.T, modules ...string) {
	t.Helper()
	if *python == "" {
		t.Skip("-python PATH runs it")
	}
	find := "import importlib.util as u, sys; sys.exit(any(u.find_spec(m) is None for m in sys.argv[1:]))"
	if exec.Command(*python, append([]string{"-c", find}, modules...)...).Run() != nil {
		t.Skipf("no %s with %v", *python, modules)
	}
}

// withoutModule is a stage whose Python lacks one module, over a few hundred images.
func withoutModule(t *testing.T, python, module string) *stage {
	t.Helper()
	s := &stage{folder: t.TempDir(), python: python, data: t.TempDir()}
	s.script = filepath.Join(s.folder, "peers.py")
	lacks := "raise ImportError('no module named " + module + "')\n"
	for path, text := range map[string][]byte{s.script: peers, filepath.Join(s.folder, module+".py"): []byte(lacks)} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const rows = 300
	for name, n := range map[string]int{"train-images-idx3-ubyte.gz": 16 + rows*784, "train-labels-idx1-ubyte.gz": 8 + rows} {
		bytesOf := make([]byte, n)
		for i := range bytesOf {
			bytesOf[i] = byte(i % 10)
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(bytesOf); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.data, name), packed.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestTorchAlone: PyTorch's grid runs without scikit-learn.
func TestTorchAlone(t *testing.T) {
	needs(t, "numpy", "torch")
	s := withoutModule(t, *python, "sklearn")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, err := s.call(ctx, "torch-grid", "300", "1")
	if err != nil {
		t.Fatal(err)
	}
	fits, figure, _ := strings.Cut(strings.TrimSpace(out), "\n")
	if seconds, err := strconv.ParseFloat(figure, 64); err != nil || seconds <= 0 || !strings.HasPrefix(fits, "48 fits; best ") {
		t.Errorf("printed %q", out)
	}
}

// TestWorkersCrash: workers of PyTorch's grid that crash as they start end it.
func TestWorkersCrash(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip(err)
	}
	s := withoutModule(t, python, "torch")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	out, err := s.call(ctx, "torch-grid", "300", "1")
	if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "no module named torch") {
		t.Errorf("printed %q, error %v", out, err)
	}
}

// TestStratified: the folds of PyTorch's grid are scikit-learn's.
func TestStratified(t *testing.T) {
	needs(t, "numpy", "sklearn")
	s := withoutModule(t, *python, "torch")
	script := exec.Command(*python, "-c", `
import numpy, peers
from sklearn.model_selection import StratifiedKFold
for labels in (2, 3, 10):
    y = numpy.random.default_rng(labels).integers(0, labels, 997)
    for ours, theirs in zip(peers.stratified(y, 3), StratifiedKFold(3).split(y, y), strict=True):
        assert all(map(numpy.array_equal, ours, theirs)), labels
`)
	script.Env = append(os.Environ(), "PYTHONPATH="+s.folder)
	if out, err := script.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
