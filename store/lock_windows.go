package store

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// lockFile takes an exclusive lock that lasts as long as the file is open; ok is
// false where another process has it. Locks are mandatory on Windows, so the
// range lies far beyond what is written: others may read who holds it.
func lockFile(f *os.File) (ok bool, err error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// privateSocket has nothing to do: the folder's permissions hold.
func privateSocket(_, _ string, _ syscall.RawConn) error { return nil }
