package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// Bounds of what is read whole. A sweep file's own bound is grids', which refuses
// what is one byte longer; a pipe is as good as a file there, since a shell's
// <(...) is one.
const (
	sweepBytes  = 1<<20 + 1
	binaryBytes = 4 << 30 // a model, or initial weights
)

// readRegular reads a regular file of at most limit bytes. Anything else under
// the name, a device that never ends, a pipe that nobody writes to, is refused
// unopened.
func readRegular(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, pathless(err)
	}
	if what := special(info); what != "" {
		return nil, fmt.Errorf("it is %s, want a file", what)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s, at most %s are read", bytesText(info.Size()), bytesText(limit))
	}
	if free := freeMemory(); free > 0 && info.Size() > free {
		return nil, fmt.Errorf("%s, and %s of memory are free", bytesText(info.Size()), bytesText(free))
	}
	return readFront(path, limit, info.Size())
}

// readAtMost reads what there is, up to limit bytes.
func readAtMost(path string, limit int64) ([]byte, error) { return readFront(path, limit, 0) }

// readFront is readAtMost where the size is known, or guessed: that much is allocated at once, since a buffer that
// grows takes twice as much and more.
func readFront(path string, limit, size int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathless(err)
	}
	defer f.Close()
	data := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead)) // so that the end is met without growing
	if _, err := data.ReadFrom(io.LimitReader(f, limit)); err != nil {
		return nil, pathless(err)
	}
	return data.Bytes(), nil
}

// special names what is there instead of a regular file; "" for one.
func special(info os.FileInfo) string {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return ""
	case mode.IsDir():
		return "a folder"
	case mode&os.ModeNamedPipe != 0:
		return "a pipe"
	case mode&os.ModeSocket != 0:
		return "a socket"
	case mode&os.ModeDevice != 0:
		return "a device"
	}
	return "no regular file"
}

// pathless is an error without the operation and path, which the caller names.
func pathless(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
