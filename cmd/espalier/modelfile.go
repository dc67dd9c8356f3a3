package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"espalier/search"
	"espalier/trainer"
)

// modelMagic is what a model file begins with.
const modelMagic = "ESPMDL\r\n"

// readModel reads a model file.
func (p *program) readModel(path string) (*trainer.Model, error) {
	head, err := fileHead(path, len(modelMagic))
	if err != nil {
		return nil, fmt.Errorf("read model %q: %w", path, err)
	}
	// A large file of another kind is not read only to say so; LoadModel tells what is wrong with its front.
	if string(head) == modelMagic {
		if head, err = wholeModel(path); err != nil {
			return nil, fmt.Errorf("read model %q: %w", path, err)
		}
	}
	m, err := trainer.LoadModel(head)
	if err != nil {
		return nil, fmt.Errorf("read model %q: %w", path, err)
	}
	return m, nil
}

// wholeModel reads a file that begins as a model file does, if it is as long as it says.
func wholeModel(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathless(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, pathless(err)
	}
	if err := trainer.CheckModelSize(f, info.Size()); err != nil {
		return nil, pathless(err)
	}
	return readRegular(path, binaryBytes)
}

// isModelFile tells a model file from a sweep file: a sweep file is text and
// has no zero byte, a model file's header has.
func isModelFile(path string) bool {
	head, err := fileHead(path, 64)
	return err == nil && bytes.IndexByte(head, 0) >= 0
}

// fileHead is the first n bytes of a regular file, or all there are.
func fileHead(path string, n int) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, pathless(err)
	}
	if what := special(info); what != "" {
		return nil, fmt.Errorf("it is %s, want a file", what)
	}
	return readAtMost(path, int64(n))
}

// checkOutput refuses a place where a model cannot or should not be saved, before
// hours are spent on it. A model is saved where nothing is, over a model, or into
// a device such as /dev/null; never over other files, the store's own least of all.
func (p *program) checkOutput(path string) error {
	return p.checkFile("save the model to", path, "model", func(head []byte) bool { return bytes.HasPrefix(head, []byte(modelMagic)) })
}

// headBytes is how much of a file tells its kind.
const headBytes = 64

// checkFile refuses a place for a file: what is done there begins the message, kind is what the file will be, and
// same tells a file of that kind, which may be replaced, by its first bytes.
func (p *program) checkFile(what, path, kind string, same func(head []byte) bool) error {
	folder := filepath.Dir(path)
	if info, err := os.Stat(folder); err != nil {
		if folder == filepath.Dir(p.storePath()) {
			return nil // opening the store says so
		}
		return usagef("%s %q: folder %q: %w", what, path, folder, pathless(err))
	} else if !info.IsDir() {
		return usagef("%s %q: %q is no folder", what, path, folder)
	}
	if p.isStoreFile(path) {
		return usage(fmt.Errorf("%s %q: that is the store's own file", what, path), "-o FILE saves it elsewhere")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return usagef("%s %q: %w", what, path, pathless(err))
	case info.Mode()&os.ModeCharDevice != 0:
		return nil // written to as it is
	case special(info) != "":
		return usagef("%s %q: it is %s, want a file", what, path, special(info))
	case info.Size() > 0:
		head, err := fileHead(path, headBytes)
		if err != nil {
			return usagef("%s %q: %w", what, path, err)
		}
		if !same(head) {
			return usage(fmt.Errorf("%s %q: a file that is no %s is there", what, path, kind), "-o FILE saves it elsewhere")
		}
	}
	return writable(what, path, folder)
}

// writable tells whether files can be renamed into a folder: it is that which must
// be writable. The name is one of those that writing the file clears away.
func writable(what, path, folder string) error {
	trial, err := os.CreateTemp(folder, filepath.Base(path)+".tmp-*")
	if err != nil {
		return fmt.Errorf("%s %q: cannot write in folder %q: %w", what, path, folder, pathless(err))
	}
	if err := errors.Join(trial.Close(), os.Remove(trial.Name())); err != nil {
		return fmt.Errorf("%s %q: %w", what, path, err)
	}
	return nil
}

// isStoreFile tells whether a path is the store or one of the files beside it,
// whether or not they are there yet.
func (p *program) isStoreFile(path string) bool {
	own := realPath(p.storePath())
	real := realPath(path)
	for _, suffix := range []string{"", ".run", ".sock", ".d"} {
		if real == own+suffix || sameFile(real, own+suffix) {
			return true
		}
	}
	return strings.HasPrefix(real, own+".d"+string(filepath.Separator)) || strings.HasPrefix(real, own+".look-")
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// realPath is a path without links, of a file that need not be there.
func realPath(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(folder, filepath.Base(path))
	}
	return path
}

// nameBytes is how much of a sweep's name goes into a file name: file systems take
// 255 bytes, of which the ID, the suffix and a temporary name's tail need some.
const nameBytes = 180

// modelPath is where a sweep's model goes unless told otherwise: beside the store.
// A name that is no file name is altered, and gets the front of the sweep's ID, so
// that two sweeps never share a file.
func (p *program) modelPath(s *search.Sweep) string {
	name := fileName(s.File.Name, filepath.Separator)
	if name != s.File.Name {
		name += fmt.Sprintf("-%.12s", s.ID)
	}
	return filepath.Join(filepath.Dir(p.storePath()), name+".espalier")
}

// fileName is a name as far as a file can have it. On Windows, where the separator is
// a backslash, more letters are none of a file's; "a:b" is a stream of the file a.
func fileName(name string, separator rune) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == separator || !visible(r) || separator == '\\' && strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, name)
	if strings.HasPrefix(name, ".") {
		name = "_" + name[1:]
	}
	if len(name) > nameBytes {
		name = strings.ToValidUTF8(name[:nameBytes], "")
	}
	return name
}

// outputPath is where a sweep's model is saved: the path asked for, else the
// default one.
func (p *program) outputPath(asked string, s *search.Sweep) string {
	if asked != "" {
		return asked
	}
	return p.modelPath(s)
}
