package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"espalier/search"
)

// Options of Open. The zero value is what a run wants.
type Options struct {
	Version string        // of the program; kept with every enrolment
	Wait    time.Duration // for readers that hold the file for a moment; 0: 5 s
	Notice  func(string)  // told once when it has to wait; may be nil
	MaxSize int           // of the store file in bytes; 0: no limit
	Files   FileSystem    // of checkpoints; nil: the machine's
}

// Store is a store opened by its runner, the only process that writes. It is a
// search.Ledger; its methods may be called from many goroutines.
type Store struct {
	path        string
	version     string
	claim       *claim
	runner      Runner
	db          *bbolt.DB
	file        os.FileInfo // of the store, as it was opened
	checkpoints *checkpoints
	server      *server // nil: does not serve

	writing sync.Mutex // one writer at a time; bbolt has the same, but cannot say that it is broken
	broken  error      // why nothing is written any more, guarded by writing
	stuck   bool       // a transaction could not be ended: bbolt's own locks are lost
	closing sync.Once
}

// Open opens the store for a run, making it where there is none. Where another
// process holds it, the error is a *HeldError, at once.
func Open(path string, o Options) (*Store, error) {
	s := &Store{version: o.Version, runner: Runner{PID: os.Getpid(), Since: time.Now().UTC().Truncate(time.Second), Version: o.Version}}
	err := s.open(path, o)
	if err == nil {
		return s, nil
	}
	if s.db != nil {
		_ = guard(s.db.Close)
	}
	if s.claim != nil {
		s.claim.release()
	}
	if held, ok := errors.AsType[*HeldError](err); ok {
		held.Path = path
		return nil, held
	}
	return nil, fmt.Errorf("open store %q: %w", path, err)
}

func (s *Store) open(path string, o Options) error {
	real, err := resolve(path)
	if err != nil {
		return err
	}
	s.path = real
	_, err = regular(real)
	if err != nil && !errors.Is(err, ErrNoStore) {
		return err
	}
	if s.claim, err = take(real, s.runner); err != nil {
		return err
	}
	removeTemps(real)
	// Look again: a runner that held it until now may have made it.
	if _, err = regular(real); errors.Is(err, ErrNoStore) {
		err = create(real)
	}
	if err != nil {
		return err
	}
	if err := s.inspect(); err != nil {
		return err
	}
	if s.db, err = openWriting(real, o); err != nil {
		return err
	}
	if s.file, err = os.Stat(real); err != nil {
		return reason(err)
	}
	if err := guard(func() error { return migrate(s.db, migrations()) }); err != nil {
		return err
	}
	if s.checkpoints, err = newCheckpoints(real, o.Files); err != nil {
		return err
	}
	return s.Collect(context.Background(), o.Notice)
}

// resolve finds the file that a path means, through links: two names of one
// store must meet at one lock.
func resolve(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(absolute)
	if err == nil {
		return real, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", reason(err)
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(absolute))
	if err != nil {
		return "", fmt.Errorf("find its folder: %w", err)
	}
	return filepath.Join(folder, filepath.Base(absolute)), nil
}

// tempSuffix is of files that become something else by a rename. Only the
// holder of the claim makes them, so what lies there when it starts was left by
// one that died.
const tempSuffix = ".tmp-"

func removeTemps(path string) {
	left, _ := filepath.Glob(globQuote(path) + tempSuffix + "*")
	for _, name := range left {
		_ = os.Remove(name)
	}
}

// create makes an empty store under another name first: a crash never leaves
// half of one.
func create(path string) error {
	temp := fmt.Sprintf("%s%s%d", path, tempSuffix, os.Getpid())
	defer os.Remove(temp)
	err := guard(func() error {
		db, err := bbolt.Open(temp, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
		if err != nil {
			return err
		}
		err = db.Update(func(tx *bbolt.Tx) error { return putFormat(tx, Version) })
		return errors.Join(err, db.Close())
	})
	if err != nil {
		return fmt.Errorf("make it: %w", reason(err))
	}
	return install(temp, path)
}

// inspect checks the structure of the store before bbolt maps it, under the lock
// of a reader: nobody writes meanwhile.
func (s *Store) inspect() error {
	db, err := openReading(s.path, &inspected{}, readTimeout)
	if errors.Is(err, bolterrors.ErrTimeout) { // somebody without our claim: its file was removed under it
		held := &HeldError{Path: s.path}
		return held
	}
	if err != nil {
		return err
	}
	return guard(db.Close)
}

// openWriting takes bbolt's exclusive lock. Readers hold theirs for moments; a
// runner cannot be there, for the claim is ours.
func openWriting(path string, o Options) (*bbolt.DB, error) {
	options := &bbolt.Options{Timeout: time.Millisecond, MaxSize: o.MaxSize, FreelistType: bbolt.FreelistMapType}
	db, err := openBolt(path, options)
	if errors.Is(err, bolterrors.ErrTimeout) {
		options.Timeout = o.Wait
		if options.Timeout <= 0 {
			options.Timeout = 5 * time.Second
		}
		if o.Notice != nil {
			o.Notice(fmt.Sprintf("waiting up to %s for others to end reading %s", options.Timeout, path))
		}
		if db, err = openBolt(path, options); errors.Is(err, bolterrors.ErrTimeout) {
			return nil, &HeldError{Path: path}
		}
	}
	return db, err
}

// Path is the store file's.
func (s *Store) Path() string { return s.path }

// Checkpoints are kept in the folder PATH.d beside the store, not in it: bbolt's
// files never shrink.
func (s *Store) Checkpoints() search.Checkpoints { return s.checkpoints }

// Close ends the server and gives the store free. Later calls do nothing.
func (s *Store) Close() (err error) {
	s.closing.Do(func() {
		if s.server != nil {
			s.server.close()
		}
		_ = s.Collect(context.Background(), nil) // what it cannot record stays for the next
		s.writing.Lock()
		defer s.writing.Unlock()
		if s.broken == nil {
			s.broken = errors.New("the store is closed")
		}
		if !s.stuck {
			if err = guard(s.db.Close); err != nil {
				err = fmt.Errorf("close store %q: %w", s.path, err)
			}
		}
		s.claim.release()
	})
	return err
}

// view reads within one transaction.
func (s *Store) view(fn func(view) error) error {
	return guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error { return fn(view{tx}) })
	})
}

// update writes within one transaction, which is on disk when update returns;
// fn says whether it changed anything. After a failed commit nothing is written
// any more: once fsync has failed, nobody knows which pages the disk has, and a
// later commit could stand on pages that it has not.
func (s *Store) update(fn func(*bbolt.Tx) (changed bool, err error)) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.broken != nil {
		return s.broken
	}
	var tx *bbolt.Tx
	committing := false
	err := guard(func() (err error) {
		if tx, err = s.db.Begin(true); err != nil {
			return err
		}
		changed, err := fn(tx)
		if err != nil || !changed {
			return errors.Join(err, tx.Rollback())
		}
		committing = true
		if err := tx.Commit(); err != nil {
			return reason(err)
		}
		return s.there()
	})
	if err == nil {
		return nil
	}
	_, panicked := errors.AsType[*panicError](err)
	if panicked && tx != nil {
		if left := guard(tx.Rollback); left != nil && !errors.Is(left, bolterrors.ErrTxClosed) {
			s.stuck = true
		}
	}
	if panicked || committing {
		s.broken = fmt.Errorf("the store takes no more after a failed write: %w", err)
	}
	return err
}

// there tells whether the store is still where it was opened. A file that was
// removed goes on taking commits, and all are lost when it is closed.
func (s *Store) there() error {
	info, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("the store is gone: %w", reason(err))
	}
	if !os.SameFile(info, s.file) {
		return fmt.Errorf("another file took the place of store %q", s.path)
	}
	return nil
}
