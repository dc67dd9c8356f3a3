package store

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"espalier/search"
)

// descriptor finds the one under which this process has a file open for writing.
func descriptor(t *testing.T, path string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && target == path {
			var fd int
			fmt.Sscan(e.Name(), &fd)
			return fd
		}
	}
	t.Fatal("the store is not open")
	return -1
}

// TestReadOnlyDescriptor puts a descriptor that cannot be written in the place of
// bbolt's own, as a file system does that becomes read-only under the run.
func TestReadOnlyDescriptor(t *testing.T) {
	path := temp(t)
	sweep := smallSweep(t, 1)
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Enroll(t.Context(), sweep, false); err != nil {
		t.Fatal(err)
	}
	mustRecord(t, s, sweep.ID, search.Fact{Run: &search.RunRecord{Exit: "before"}})
	theirs := descriptor(t, s.path)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Dup3(int(f.Fd()), theirs, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	n, err := fillStore(t, s, sweep)
	if n != 0 || !errors.Is(err, unix.EBADF) {
		t.Errorf("recorded %d, then: %v", n, err)
	}
	t.Log(err)
	// Reading goes on.
	if have := len(mustFacts(t, s, sweep.ID)); have != 1 {
		t.Errorf("%d facts", have)
	}
	if err := s.Close(); err != nil {
		t.Log(err)
	}
	kept(t, path, sweep, 1)
}
