//go:build unix

package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipes gives pipes that nobody writes to: opening one would wait for ever.
func TestPipes(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"p", "p.gz", "p.csv", "p.arff", "train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz"} {
		if err := syscall.Mkfifo(filepath.Join(folder, name), 0o600); err != nil {
			t.Skip(err)
		}
	}
	if err := os.Symlink("p.csv", filepath.Join(folder, "link.csv")); err != nil {
		t.Fatal(err)
	}
	prep := &Preprocessing{Kind: Table}
	for name, read := range map[string]func(path string) error{
		"p":        func(path string) error { _, _, _, err := ReadImages(path, 0); return err },
		"p.gz":     func(path string) error { _, _, _, err := ReadImages(path, 0); return err },
		"p.csv":    func(path string) error { _, err := prep.ReadTable(path, 0); return err },
		"p.arff":   func(path string) error { _, err := Load(Options{Source: path}); return err },
		"link.csv": func(path string) error { _, err := Load(Options{Source: path}); return err },
		".":        func(path string) error { _, err := Load(Options{Source: path}); return err },
	} {
		if err := read(filepath.Join(folder, name)); err == nil || !strings.Contains(err.Error(), "it is no regular file") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
