package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
)

// room is the memory that rows may take, shared by the files that are read at the same time. A gzip file of some
// megabytes may unpack to more than the machine has, and the system ends a process that asks for that. nil is room
// without bound.
type room struct {
	all  int64
	left atomic.Int64
}

// newRoom is room for some bytes; 0: without bound.
func newRoom(bytes int64) *room {
	if bytes <= 0 {
		return nil
	}
	r := &room{all: bytes}
	r.left.Store(bytes)
	return r
}

// take takes some bytes of it, or says that they are not there.
func (r *room) take(bytes int64) error {
	if r == nil || r.left.Add(-bytes) >= 0 {
		return nil
	}
	left := r.left.Add(bytes)
	return fmt.Errorf("takes %d bytes of memory, and %d are free", bytes, max(left, 0))
}

// openRegular opens a file. A pipe that nobody writes to or a device that never ends is refused unopened.
func openRegular(fsys fs.FS, name string) (fs.File, fs.FileInfo, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, nil, pathless(err)
	}
	if err := regular(info); err != nil {
		return nil, nil, err
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, nil, pathless(err)
	}
	return f, info, nil
}

func regular(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsDir():
		return errors.New("it is a folder, want a file")
	case !mode.IsRegular():
		return errors.New("it is no regular file")
	}
	return nil
}

// pathless is an error without operation and path, which the caller names.
func pathless(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
