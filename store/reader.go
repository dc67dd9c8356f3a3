package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

var _ search.Ledger = (*Reader)(nil)

// Reader reads a store: through its runner where one holds it, else from the
// file, which it opens for each question and holds no longer than copying the
// answer takes. It is a search.Ledger that refuses to write. Its methods may be
// called from many goroutines.
type Reader struct {
	name, path string // as asked for, and the file

	file  sync.Mutex // one look at the file at a time
	known inspected  // guarded by file
}

// readPatience bounds how long a question waits where the store is held by
// somebody who does not answer: a runner about to serve, one that ends, compact.
const readPatience = 4 * time.Second

// OpenReader finds the store. It never makes one: where there is none the error
// is ErrNoStore.
func OpenReader(path string) (*Reader, error) {
	real, err := resolve(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = ErrNoStore
		}
		return nil, fmt.Errorf("open store %q: %w", path, err)
	}
	if _, err := regular(real); err != nil {
		return nil, fmt.Errorf("open store %q: %w", path, err)
	}
	r := &Reader{name: path, path: real}
	if err := r.ask(context.Background(), func(source) error { return nil }); err != nil {
		return nil, err
	}
	return r, nil
}

// Close does nothing: a Reader holds nothing between questions.
func (r *Reader) Close() error { return nil }

// errRoute is for an answer that broke off because the runner ended: ask again.
var errRoute = errors.New("the runner does not answer")

// ask puts a question to the runner, or to the file where there is none. Both
// may change while it tries: a runner starts, or ends in the middle of an
// answer.
func (r *Reader) ask(ctx context.Context, question func(source) error) error {
	deadline := time.Now().Add(readPatience)
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		err := r.tryRunner(ctx, question)
		if errors.Is(err, errRoute) {
			err = r.tryFile(question)
		}
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, bolterrors.ErrTimeout):
			return fmt.Errorf("read store %q: %w", r.name, err)
		case time.Now().After(deadline):
			held := &HeldError{Path: r.name}
			held.Runner, _ = readRunner(r.path)
			return held
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// tryRunner asks who wrote PATH.run. A runner that was killed leaves a socket
// that nobody answers: errRoute, as without one.
func (r *Reader) tryRunner(ctx context.Context, question func(source) error) error {
	runner, ok := readRunner(r.path)
	if !ok || runner.Socket == "" {
		return errRoute
	}
	c := newClient(ctx, runner.Socket)
	defer c.close()
	return question(c)
}

// tryFile asks the file itself.
func (r *Reader) tryFile(question func(source) error) error {
	r.file.Lock()
	defer r.file.Unlock()
	db, err := openReading(r.path, &r.known, readTimeout)
	if err != nil {
		return err
	}
	err = guard(func() error {
		return db.View(func(tx *bbolt.Tx) error { return question(view{tx}) })
	})
	return errors.Join(err, guard(db.Close))
}

// readerBatch is how many bytes of facts one answer has. From a file it should
// be all: 100,000 outcomes are 15 MB.
const readerBatch = 32 << 20

// Facts yields what is recorded of a sweep up to now; see search.Ledger.
func (r *Reader) Facts(ctx context.Context, id search.SweepID) iter.Seq2[search.Fact, error] {
	return facts(ctx, id, readerBatch, func(q batchQuery) (b batch, err error) {
		err = r.ask(ctx, func(s source) error {
			b, err = s.batch(id, q)
			return err
		})
		return b, err
	})
}

// History is the epochs of the outcome that stands at (trial, slot).
func (r *Reader) History(ctx context.Context, id search.SweepID, trial grids.Key, slot int) ([]trainer.Epoch, error) {
	var h rawHistory
	var found bool
	err := r.ask(ctx, func(s source) (err error) {
		h, found, err = s.history(id, trial, slot)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return h.epochs(id)
}

// Histories is History for many places at a time, in their order; nil where there is none. From a file that is one
// look at it; what an export of 100,000 trials reads would otherwise be opened as often.
func (r *Reader) Histories(ctx context.Context, id search.SweepID, places []search.Place) ([][]trainer.Epoch, error) {
	var raw []rawHistory
	err := r.ask(ctx, func(s source) error {
		raw = make([]rawHistory, len(places))
		for i, p := range places {
			h, _, err := s.history(id, p.Trial, p.Slot)
			if err != nil {
				return err
			}
			raw[i] = h
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	epochs := make([][]trainer.Epoch, len(places))
	for i, h := range raw {
		if h.value == nil {
			continue
		}
		if epochs[i], err = h.epochs(id); err != nil {
			return nil, err
		}
	}
	return epochs, nil
}

// Sweeps lists what is enrolled, newest first.
func (r *Reader) Sweeps(ctx context.Context) (list []search.Enrolment, err error) {
	err = r.ask(ctx, func(s source) error {
		list, err = s.sweeps()
		return err
	})
	return list, err
}

// Stamp changes when the store does: size and time of its file. It is cheap, for who
// wants to know whether to read again.
func (r *Reader) Stamp() string {
	info, err := os.Stat(r.path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
}

// Enroll is ErrReadOnly.
func (r *Reader) Enroll(context.Context, *search.Sweep, bool) error {
	return fmt.Errorf("enroll in %q: %w", r.name, ErrReadOnly)
}

// Record is ErrReadOnly.
func (r *Reader) Record(context.Context, search.SweepID, ...search.Fact) error {
	return fmt.Errorf("record in %q: %w", r.name, ErrReadOnly)
}

// Status is the runner's status as JSON, or ErrNoRunner.
func (r *Reader) Status(ctx context.Context) (json.RawMessage, error) {
	runner, ok := readRunner(r.path)
	if !ok || runner.Socket == "" {
		return nil, fmt.Errorf("ask for the status of %q: %w", r.name, ErrNoRunner)
	}
	c := newClient(ctx, runner.Socket)
	defer c.close()
	text, err := c.get("status", 16<<20)
	if errors.Is(err, errRoute) {
		err = ErrNoRunner
	}
	if err != nil {
		return nil, fmt.Errorf("ask for the status of %q: %w", r.name, err)
	}
	return text, nil
}

// Runner says who holds the store; ok is false where nobody answers.
func (r *Reader) Runner(ctx context.Context) (runner Runner, ok bool) {
	if runner, ok = readRunner(r.path); !ok || runner.Socket == "" {
		return Runner{}, false
	}
	c := newClient(ctx, runner.Socket)
	defer c.close()
	text, err := c.get("runner", 1<<16)
	if err != nil || json.Unmarshal(text, &runner) != nil {
		return Runner{}, false
	}
	return runner, true
}
