package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.etcd.io/bbolt"
)

// Compact rewrites a store without dead space and puts it into the old one's
// place at once; sizes are the file's in bytes. Where a runner holds the store
// the error is a *HeldError; readers see the old file or the new one.
func Compact(path string, o Options) (before, after int64, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) { // Open would make one
		return 0, 0, fmt.Errorf("compact store %q: %w", path, ErrNoStore)
	}
	s, err := Open(path, o)
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
	}()
	if before, after, err = s.compact(); err != nil {
		return 0, 0, fmt.Errorf("compact store %q: %w", path, err)
	}
	return before, after, nil
}

func (s *Store) compact() (before, after int64, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.sound(); err != nil {
		return 0, 0, err
	}
	temp := fmt.Sprintf("%s%s%d", s.path, tempSuffix, os.Getpid())
	defer os.Remove(temp)
	err = guard(func() error {
		to, err := bbolt.Open(temp, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, NoSync: true})
		if err != nil {
			return err
		}
		err = bbolt.Compact(to, s.db, 8<<20)
		if err == nil {
			err = to.Sync()
		}
		return errors.Join(err, to.Close())
	})
	if err != nil {
		return 0, 0, err
	}
	// The file is closed before the rename, which Windows asks for; the claim
	// keeps other runners out.
	s.broken, s.stuck = errors.New("the store was compacted"), true
	if err := guard(s.db.Close); err != nil {
		return 0, 0, err
	}
	info, err := os.Stat(temp)
	if err != nil {
		return 0, 0, err
	}
	if err := install(temp, s.path); err != nil {
		return 0, 0, err
	}
	return s.file.Size(), info.Size(), nil
}
