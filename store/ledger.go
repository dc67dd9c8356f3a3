package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"time"

	"go.etcd.io/bbolt"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

var _ search.Ledger = (*Store)(nil)

// Enroll remembers a sweep; see search.Ledger.
func (s *Store) Enroll(ctx context.Context, sweep *search.Sweep, fresh bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var replaced search.SweepID
	err := s.update(func(tx *bbolt.Tx) (changed bool, err error) {
		if fresh {
			if replaced, err = (view{tx}).current(sweep.File.Name); err != nil {
				return false, err
			}
		}
		return s.enroll(tx, sweep, fresh)
	})
	if err != nil {
		if errors.Is(err, search.ErrSweepChanged) {
			return err
		}
		return fmt.Errorf("enroll sweep %q: %w", sweep.File.Name, err)
	}
	if !fresh {
		return nil
	}
	// What was in training of the sweep before has nobody to go on with it.
	return errors.Join(s.checkpoints.removeSweep(replaced), s.checkpoints.removeSweep(sweep.ID))
}

func (s *Store) enroll(tx *bbolt.Tx, sweep *search.Sweep, fresh bool) (changed bool, err error) {
	v := view{tx}
	e := enrolled{Enrolment: sweep.Enrolment()}
	e.Version = s.version
	current, err := v.current(e.Name)
	if err != nil {
		return false, err
	}
	if current != (search.SweepID{}) && current != e.ID && !fresh {
		old, err := v.enrolment(current)
		if err != nil {
			return false, err
		}
		if err := search.Changed(old.Enrolment, sweep); err != nil {
			return false, err
		}
		return false, &search.SweepChangedError{Name: e.Name, Differences: []string{"ID: " + current.String() + " → " + e.ID.String()}}
	}
	old, err := v.enrolment(e.ID)
	switch {
	case errors.Is(err, errUnknownSweep):
		err = makeBuckets(tx, &e)
	case err != nil:
		return false, err
	case fresh:
		if err = s.removeBuckets(tx, e.ID); err == nil {
			err = makeBuckets(tx, &e)
		}
	default: // the grid, the refit, the place of the file may have changed
		e.generation, e.Created = old.generation, old.Created
	}
	if err != nil {
		return false, err
	}
	record, err := encodeEnrolment(e)
	if err != nil {
		return false, err
	}
	sweeps := tx.Bucket(bucketSweeps)
	if current == e.ID && bytes.Equal(sweeps.Get(e.ID[:]), record) {
		return false, nil
	}
	if err := sweeps.Put(e.ID[:], record); err != nil {
		return false, err
	}
	name := []byte(e.Name)
	return true, tx.Bucket(bucketNames).Put(name, scope{}.seal(tagName, name, bytes.Clone(e.ID[:])))
}

// makeBuckets makes the buckets of a sweep new to the store, and draws its
// generation.
func makeBuckets(tx *bbolt.Tx, e *enrolled) error {
	var draw [8]byte
	rand.Read(draw[:])
	e.generation = binary.LittleEndian.Uint64(draw[:])
	e.Created = time.Now().UTC()
	for _, tag := range []byte{tagFacts, tagPlaces, tagHistories} {
		if _, err := tx.CreateBucket(bucketOf(tag, e.ID)); err != nil {
			return err
		}
	}
	return nil
}

// removeBuckets first looks at every page: bbolt follows whatever a leaf calls a
// bucket, and one flipped bit would have it free pages that are in use.
func (s *Store) removeBuckets(tx *bbolt.Tx, id search.SweepID) error {
	if err := s.sound(); err != nil {
		return err
	}
	for _, tag := range []byte{tagFacts, tagPlaces, tagHistories} {
		if err := tx.DeleteBucket(bucketOf(tag, id)); err != nil && tx.Bucket(bucketOf(tag, id)) != nil {
			return err
		}
	}
	return nil
}

// runnerBatch is how many bytes of facts the runner copies in one transaction:
// few, so that no page waits long to be used again.
const runnerBatch = 1 << 20

// Facts yields what is recorded of a sweep up to now; see search.Ledger. The
// caller may record meanwhile: no transaction is open while it has the word.
func (s *Store) Facts(ctx context.Context, id search.SweepID) iter.Seq2[search.Fact, error] {
	return facts(ctx, id, runnerBatch, func(q batchQuery) (b batch, err error) {
		err = s.view(func(v view) error {
			b, err = v.batch(id, q)
			return err
		})
		return b, err
	})
}

// History is the epochs of the outcome that stands at (trial, slot).
func (s *Store) History(ctx context.Context, id search.SweepID, trial grids.Key, slot int) ([]trainer.Epoch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var h rawHistory
	var found bool
	err := s.view(func(v view) (err error) {
		h, found, err = v.history(id, trial, slot)
		return err
	})
	if err != nil || !found {
		return nil, err
	}
	return h.epochs(id)
}

// Sweeps lists what is enrolled, newest first.
func (s *Store) Sweeps(ctx context.Context) (list []search.Enrolment, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = s.view(func(v view) error {
		list, err = v.sweeps()
		return err
	})
	return list, err
}

// prepared is a fact ready to be put: everything that needs no transaction.
type prepared struct {
	body, history []byte
	place         place
	kind          byte
	placed        bool
}

func prepare(f search.Fact) (p prepared, err error) {
	if p.place, p.kind, p.placed, err = factPlace(f); err != nil {
		return p, err
	}
	if p.body, err = encodeFact(f); err != nil {
		return p, err
	}
	if f.Outcome != nil && len(f.Outcome.History) > 0 {
		e := &encoder{}
		e.epochs(f.Outcome.History)
		p.history = e.buf
	}
	if len(p.body)+sealSize > recordLimit || len(p.history)+sealSize > recordLimit {
		return p, fmt.Errorf("a fact of %d bytes with %d of history is beyond the %d that a record may have", len(p.body), len(p.history), recordLimit)
	}
	return p, nil
}

// Record appends facts; see search.Ledger. All or none of them are on disk when
// it returns. An outcome where one stands already is dropped: the first stays.
func (s *Store) Record(ctx context.Context, id search.SweepID, facts ...search.Fact) error {
	if err := ctx.Err(); err != nil || len(facts) == 0 {
		return err
	}
	ready := make([]prepared, len(facts))
	for i, f := range facts {
		var err error
		if ready[i], err = prepare(f); err != nil {
			return fmt.Errorf("record: %w", err)
		}
	}
	err := s.update(func(tx *bbolt.Tx) (bool, error) { return record(tx, id, ready) })
	if err != nil && !errors.Is(err, search.ErrNotEnrolled) {
		what := "a fact"
		if len(facts) > 1 {
			what = fmt.Sprintf("%d facts", len(facts))
		}
		return fmt.Errorf("record %s in %q: %w", what, s.path, err)
	}
	return err
}

func record(tx *bbolt.Tx, id search.SweepID, ready []prepared) (changed bool, err error) {
	v := view{tx}
	e, err := v.enrolment(id)
	if errors.Is(err, errUnknownSweep) {
		return false, fmt.Errorf("record facts of sweep %s: %w", id, search.ErrNotEnrolled)
	}
	if err != nil {
		return false, err
	}
	of := e.scope()
	facts, places, histories := tx.Bucket(bucketOf(tagFacts, id)), tx.Bucket(bucketOf(tagPlaces, id)), tx.Bucket(bucketOf(tagHistories, id))
	if facts == nil || places == nil || histories == nil {
		return false, fmt.Errorf("%w: sweep %s has lost a bucket", ErrDamaged, id)
	}
	// Sequence numbers only grow: full pages need no room for more.
	facts.FillPercent, histories.FillPercent = 1, 1
	for _, p := range ready {
		index := p.placed
		if p.placed {
			_, standing, err := v.standing(of, p.place)
			if err != nil {
				return false, err
			}
			if standing == kindOutcome && p.kind == kindOutcome {
				continue
			}
			// A failure beside an outcome is told, but the outcome stands.
			index = !(standing == kindOutcome && p.kind == kindFailure)
		}
		sequence, err := facts.NextSequence()
		if err != nil {
			return false, err
		}
		key := sequenceKey(sequence)
		if facts.Get(key) != nil {
			return false, fmt.Errorf("%w: sweep %s counts %d facts, and there are more", ErrDamaged, id, sequence-1)
		}
		if err := facts.Put(key, of.seal(tagFacts, key, p.body)); err != nil {
			return false, err
		}
		if p.history != nil {
			if err := histories.Put(key, of.seal(tagHistories, key, p.history)); err != nil {
				return false, err
			}
		}
		if index {
			body := append(binary.BigEndian.AppendUint64(nil, sequence), p.kind)
			if err := places.Put(bytes.Clone(p.place[:]), of.seal(tagPlaces, p.place[:], body)); err != nil {
				return false, err
			}
		}
		changed = true
	}
	return changed, nil
}

// RemoveSweep removes a sweep with its facts and checkpoints. Its place in the
// file is used again; Compact gives it back to the disk.
func (s *Store) RemoveSweep(ctx context.Context, id search.SweepID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.update(func(tx *bbolt.Tx) (bool, error) {
		v := view{tx}
		e, err := v.enrolment(id)
		if err != nil {
			return false, err
		}
		if err := s.removeBuckets(tx, id); err != nil {
			return false, err
		}
		if e.Current {
			if err := tx.Bucket(bucketNames).Delete([]byte(e.Name)); err != nil {
				return false, err
			}
		}
		return true, tx.Bucket(bucketSweeps).Delete(id[:])
	})
	if err != nil {
		return fmt.Errorf("remove sweep %s: %w", id, err)
	}
	return s.checkpoints.removeSweep(id)
}
