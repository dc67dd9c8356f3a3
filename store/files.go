package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// FileSystem is what files beside the store need of a file system. The zero
// value of Options takes the machine's; tests take one that fails.
type FileSystem interface {
	Create(path string) (File, error) // must not exist; mode 0600
	Open(path string) (File, error)
	Rename(from, to string) error
	Remove(path string) error
	RemoveAll(path string) error
	Mkdir(path string) error // mode 0700; nil where it is there
	ReadDir(path string) ([]fs.DirEntry, error)
	SyncFolder(path string) error // makes a rename in it last
}

// File is an open file of a FileSystem.
type File interface {
	io.ReadWriteCloser
	Stat() (fs.FileInfo, error)
	Sync() error
}

// machine is the file system of the operating system.
type machine struct{}

// Machine is what Options.Files is where it is nil.
func Machine() FileSystem { return machine{} }

func (machine) Create(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, _ = lockFile(f) // for removeDead; file systems without locks do without
	return f, nil
}

// Open does not wait where a pipe is in the file's place: it is one that ends at once.
func (machine) Open(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return f, nil
}
func (machine) Rename(from, to string) error               { return os.Rename(from, to) }
func (machine) Remove(path string) error                   { return os.Remove(path) }
func (machine) RemoveAll(path string) error                { return os.RemoveAll(path) }
func (machine) ReadDir(path string) ([]fs.DirEntry, error) { return os.ReadDir(path) }

func (machine) Mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func (machine) SyncFolder(path string) error {
	if runtime.GOOS == "windows" { // folders cannot be synced there
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// WriteFileAtomic writes a file that is afterwards either there as a whole or as
// it was before: temp file, fsync, rename, fsync of the folder. When it returns
// without error the file survives a crash. What is no file, a device or a pipe, is
// written to as it is: a rename would put a file in its place.
func WriteFileAtomic(path string, data []byte) error {
	if info, err := os.Stat(path); err == nil && info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe) != 0 {
		return writeThrough(path, data)
	}
	removeDead(path)
	return writeAtomic(machine{}, path, data)
}

// WriteStreamAtomic is WriteFileAtomic for what is too large to be held: write is given the temp file, buffered. Where
// it returns an error there is no file, and that is the error.
func WriteStreamAtomic(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe) != 0 {
		return streamThrough(path, write)
	}
	removeDead(path)
	return streamAtomic(machine{}, path, write)
}

// removeDead removes temp files of a path that a process left when it was killed,
// or when the disk that failed it would not remove them either. Who is still
// writing one holds its lock.
func removeDead(path string) {
	left, _ := filepath.Glob(globQuote(path) + tempSuffix + "*")
	for _, name := range left {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		dead, err := lockFile(f)
		f.Close() // before the removal, which Windows asks for
		if dead && err == nil {
			_ = os.Remove(name)
		}
	}
}

// writeThrough writes to a device or pipe.
func writeThrough(path string, data []byte) error {
	return streamThrough(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

func streamThrough(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write %q: %w", path, reason(err))
	}
	w := bufio.NewWriterSize(f, 1<<16)
	if err := errors.Join(write(w), w.Flush(), f.Close()); err != nil {
		return fmt.Errorf("write %q: %w", path, reason(err))
	}
	return nil
}

// writeAtomic is WriteFileAtomic of parts on any file system.
func writeAtomic(files FileSystem, path string, parts ...[]byte) error {
	return atomically(files, path, func(f File) error {
		for _, part := range parts {
			n, err := f.Write(part)
			if err == nil && n < len(part) {
				err = io.ErrShortWrite
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func streamAtomic(files FileSystem, path string, write func(io.Writer) error) error {
	return atomically(files, path, func(f File) error {
		w := bufio.NewWriterSize(f, 1<<16)
		if err := write(w); err != nil {
			return err
		}
		return w.Flush()
	})
}

// atomically fills a temp file beside the file, where a rename is atomic, and puts it into place. The temp file is
// removed whatever happens.
func atomically(files FileSystem, path string, fill func(File) error) (err error) {
	temp := fmt.Sprintf("%s%s%d", path, tempSuffix, os.Getpid())
	_ = files.Remove(temp) // left by a process that had our number and died
	f, err := files.Create(temp)
	if err != nil {
		return fmt.Errorf("write %q: %w", path, reason(err))
	}
	defer func() {
		if err != nil {
			_ = files.Remove(temp)
			err = fmt.Errorf("write %q: %w", path, reason(err))
		}
	}()
	if err := fill(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := files.Rename(temp, path); err != nil {
		return err
	}
	return files.SyncFolder(filepath.Dir(path))
}

// install moves a finished, synced file to its place and makes that last.
func install(temp, path string) error {
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("put it into place: %w", reason(err))
	}
	if err := (machine{}).SyncFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("sync its folder: %w", reason(err))
	}
	return nil
}

// globQuote makes a path match itself only.
func globQuote(path string) string {
	if runtime.GOOS == "windows" { // has no way to quote; such names match more temps of ours, no harm
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
