package main

import (
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
	return readAtMost(path, limit)
}

// readAtMost reads what there is, up to limit bytes.
func readAtMost(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathless(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, pathless(err)
	}
	return data, nil
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
