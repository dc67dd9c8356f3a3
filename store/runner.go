package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// Runner is who holds a store, as it wrote into PATH.run.
type Runner struct {
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
	Version string    `json:"version"` // of the program
	Socket  string    `json:"socket"`  // "": it does not answer readers
}

// HeldError says that another process holds the store. Reading verbs work
// meanwhile where that process answers.
type HeldError struct {
	Path   string
	Runner // PID 0: it left no word of itself
}

// Error names the process and since when it holds the store.
func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("open store %q: another process holds it", e.Path)
	}
	return fmt.Sprintf("open store %q: process %d holds it since %s", e.Path, e.PID, e.Since.Local().Format("2006-01-02 15:04:05"))
}

// claim is the runner's lock: the file PATH.run, locked as long as it lives. The
// lock is the truth, what stands in the file is only for people and for readers
// who look for the socket; a killed runner leaves the file but not the lock.
type claim struct {
	path string
	file *os.File
}

const runSuffix = ".run"

// take claims a store. bbolt's own lock would not do: readers share it for
// moments, and who waits for it cannot tell them from a runner.
func take(store string, r Runner) (*claim, error) {
	path := store + runSuffix
	for range 100 {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("claim it: make %q: %w", path, reason(err))
		}
		ok, err := lockFile(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("lock %q: %w", path, err)
		}
		if !ok {
			f.Close()
			held := &HeldError{Path: store}
			held.Runner, _ = readRunner(store)
			return nil, held
		}
		// A runner that ends removes its file. Who opened it before and locks it
		// after holds a file that nobody else will see: look again.
		ours, err := f.Stat()
		there, thereErr := os.Stat(path)
		if err != nil || thereErr != nil || !os.SameFile(ours, there) {
			f.Close()
			continue
		}
		c := &claim{path: path, file: f}
		if err := c.write(r); err != nil {
			c.release()
			return nil, err
		}
		return c, nil
	}
	return nil, fmt.Errorf("lock %q: the file does not stay where it is", path)
}

// write says who holds the store.
func (c *claim) write(r Runner) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write %q: %w", c.path, err)
	}
	if err := c.file.Truncate(0); err != nil {
		return fmt.Errorf("write %q: %w", c.path, reason(err))
	}
	if _, err := c.file.WriteAt(append(text, '\n'), 0); err != nil {
		return fmt.Errorf("write %q: %w", c.path, reason(err))
	}
	return nil
}

// release removes the file and gives the lock free, in this order.
func (c *claim) release() {
	_ = os.Remove(c.path) // Windows does not remove open files: then it stays, unlocked, and harms nobody
	c.file.Close()
}

// readRunner reads who holds, or held, the store; ok is false where it says
// nothing.
func readRunner(store string) (r Runner, ok bool) {
	if _, err := regular(store + runSuffix); err != nil { // a pipe in its place would keep the reader waiting
		return r, false
	}
	f, err := os.Open(store + runSuffix)
	if err != nil {
		return r, false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err != nil {
		return r, false
	}
	return parseRunner(text)
}

func parseRunner(text []byte) (r Runner, ok bool) {
	if json.Unmarshal(text, &r) != nil {
		return Runner{}, false
	}
	return r, true
}

// regular checks what lies at a path, so that no folder, pipe or device is
// opened as a store.
func regular(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNoStore
	case err != nil:
		return nil, reason(err)
	case info.IsDir():
		return nil, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	}
	return info, nil
}

// reason takes the paths away from an error where the message names them already.
func reason(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	if linkError, ok := errors.AsType[*os.LinkError](err); ok { // of a rename
		return linkError.Err
	}
	return err
}
