package store

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// readTimeout is how long one try to share bbolt's lock may take.
const readTimeout = 100 * time.Millisecond

// inspected remembers which state of which file was found sound, so that a
// reader with many questions checks it once.
type inspected struct {
	info os.FileInfo
	txid uint64
}

// openReading opens the file for reading and checks it: that it is ours, as long
// as it says, and that no page number in it leads astray. Only then may bbolt
// follow them. The lock is shared with other readers and keeps a runner from
// starting, so whoever asks copies the answer and closes.
func openReading(path string, known *inspected, timeout time.Duration) (*bbolt.DB, error) {
	if _, err := regular(path); err != nil {
		return nil, err
	}
	if err := peek(path); err != nil {
		return nil, err
	}
	var file *os.File
	db, err := openBolt(path, &bbolt.Options{
		ReadOnly: true, Timeout: timeout,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			file, err = os.OpenFile(name, flag, mode)
			return file, err
		},
	})
	if err != nil {
		return nil, err
	}
	err = guard(func() error {
		if err := inspectFile(file, known); err != nil {
			return err
		}
		return db.View(checkFormat)
	})
	if err != nil {
		_ = guard(db.Close)
		return nil, err
	}
	return db, nil
}

// openBolt opens a file that peek has found to be a store. Where the disk fails
// under bbolt, it says that the database is invalid: then the disk is asked.
func openBolt(path string, o *bbolt.Options) (db *bbolt.DB, err error) {
	for range 2 {
		err = guard(func() (err error) {
			db, err = bbolt.Open(path, 0o600, o)
			return err
		})
		if !errors.Is(err, bolterrors.ErrInvalid) {
			break
		}
		if err := peek(path); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, reason(err)
	}
	return db, nil
}

// peek looks at the meta pages before anything is mapped.
func peek(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return reason(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return reason(err)
	}
	pages, err := openPages(f, info.Size())
	if err == nil {
		err = pages.fault
	}
	return err
}

// inspectFile walks over the structure of the file: all pages that lead
// elsewhere, and the heads of those that hold records. Records have checksums.
func inspectFile(f *os.File, known *inspected) error {
	info, err := f.Stat()
	if err != nil {
		return reason(err)
	}
	pages, err := openPages(f, info.Size())
	if err == nil {
		err = pages.fault
	}
	if err != nil {
		return err
	}
	if known.info != nil && os.SameFile(info, known.info) && known.txid == pages.meta.txid &&
		info.Size() == known.info.Size() && info.ModTime().Equal(known.info.ModTime()) {
		return nil
	}
	w := newWalker(pages, false)
	w.walk()
	if len(w.problems) > 0 {
		return fmt.Errorf("%w: %s", ErrDamaged, join(w.problems))
	}
	*known = inspected{info: info, txid: pages.meta.txid}
	return nil
}

// sound walks over every page of the open store, leaves too. Nothing may be
// committed meanwhile.
func (s *Store) sound() error {
	f, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	pages, err := openPages(f, info.Size())
	if err != nil {
		return err
	}
	w := newWalker(pages, true)
	w.walk()
	if len(w.problems) > 0 {
		return fmt.Errorf("%w: %s", ErrDamaged, join(w.problems))
	}
	return nil
}
