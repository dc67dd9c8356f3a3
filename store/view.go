package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"go.etcd.io/bbolt"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

// source answers the questions readers have, in bytes: a view of the file, or
// the runner's socket. Records are checked where they are decoded, at the end
// of the way.
type source interface {
	// batch copies facts after a sequence number.
	batch(id search.SweepID, q batchQuery) (batch, error)
	// history is the sealed history of what stands at a place; found false: none.
	history(id search.SweepID, trial grids.Key, slot int) (h rawHistory, found bool, err error)
	// sweeps lists enrolments, newest first.
	sweeps() ([]search.Enrolment, error)
}

// batchQuery bounds a batch: facts with after < sequence ≤ until (0: no bound),
// and no more than limit bytes, but always one.
type batchQuery struct {
	after, until uint64
	limit        int
}

// batch is a run of facts: frames of sequence number, length and sealed record.
type batch struct {
	generation uint64
	last       uint64 // the newest fact of the sweep when the batch was taken
	more       bool   // there are facts after the last frame
	frames     []byte
}

const frameHead = 12

func (b *batch) add(key uint64, value []byte) {
	b.frames = binary.BigEndian.AppendUint64(b.frames, key)
	b.frames = binary.BigEndian.AppendUint32(b.frames, uint32(len(value)))
	b.frames = append(b.frames, value...)
}

// next cuts off a frame.
func (b *batch) next() (key uint64, value []byte, err error) {
	if len(b.frames) < frameHead {
		return 0, nil, errShort
	}
	key = binary.BigEndian.Uint64(b.frames)
	size := int(binary.BigEndian.Uint32(b.frames[8:]))
	if size > len(b.frames)-frameHead {
		return 0, nil, errShort
	}
	value = b.frames[frameHead : frameHead+size]
	b.frames = b.frames[frameHead+size:]
	return key, value, nil
}

type rawHistory struct {
	generation, sequence uint64
	value                []byte
}

// view is a source over an open transaction. What it returns are copies: the
// transaction ends before anybody looks at them, so no reader keeps pages from
// being used again.
type view struct{ tx *bbolt.Tx }

var errUnknownSweep = errors.New("no such sweep in the store")

// enrolment finds a sweep by ID; errUnknownSweep where there is none.
func (v view) enrolment(id search.SweepID) (enrolled, error) {
	b := v.tx.Bucket(bucketSweeps)
	if b == nil {
		return enrolled{}, ErrForeign
	}
	value := b.Get(id[:])
	if value == nil {
		return enrolled{}, errUnknownSweep
	}
	e, err := decodeEnrolment(id[:], value)
	if err != nil {
		return e, fmt.Errorf("%w: enrolment of sweep %s: %w", ErrDamaged, id, err)
	}
	current, err := v.current(e.Name)
	e.Current = current == id
	return e, err
}

// current is the sweep a name means now; zero where none.
func (v view) current(name string) (id search.SweepID, err error) {
	value := v.tx.Bucket(bucketNames).Get([]byte(name))
	if value == nil {
		return id, nil
	}
	body, err := scope{}.unseal(tagName, []byte(name), value)
	if err == nil && len(body) != len(id) {
		err = errShort
	}
	if err != nil {
		return id, fmt.Errorf("%w: name %q: %w", ErrDamaged, name, err)
	}
	copy(id[:], body)
	return id, nil
}

func (v view) sweeps() ([]search.Enrolment, error) {
	var list []search.Enrolment
	err := v.tx.Bucket(bucketSweeps).ForEach(func(key, value []byte) error {
		if len(key) != len(search.SweepID{}) || value == nil {
			return fmt.Errorf("%w: entry %x among the sweeps", ErrDamaged, key)
		}
		e, err := v.enrolment(search.SweepID(key))
		if err == nil {
			list = append(list, e.Enrolment)
		}
		return err
	})
	slices.SortStableFunc(list, func(a, b search.Enrolment) int { return b.Created.Compare(a.Created) })
	return list, err
}

func (v view) batch(id search.SweepID, q batchQuery) (batch, error) {
	e, err := v.enrolment(id)
	if errors.Is(err, errUnknownSweep) {
		return batch{}, nil
	}
	if err != nil {
		return batch{}, err
	}
	b := v.tx.Bucket(bucketOf(tagFacts, id))
	if b == nil {
		return batch{}, fmt.Errorf("%w: sweep %s has lost its facts", ErrDamaged, id)
	}
	out := batch{generation: e.generation, last: b.Sequence()}
	cursor := b.Cursor()
	// The counter is in no checksum. Were it too low, facts would be passed over here, and written over by Record.
	if key, _ := cursor.Last(); len(key) == 8 && binary.BigEndian.Uint64(key) > out.last {
		return batch{}, fmt.Errorf("%w: sweep %s counts %d facts, and fact %d is there", ErrDamaged, id, out.last, binary.BigEndian.Uint64(key))
	}
	if key, value := cursor.Seek(sequenceKey(q.after + 1)); len(key) == 8 && out.last > q.after {
		// Room for all at once where they are like the first.
		like := uint64(frameHead + len(value) + 8)
		room := min(like*min(out.last-q.after, uint64(q.limit)/like+1), uint64(q.limit))
		out.frames = make([]byte, 0, room)
	}
	for key, value := cursor.Seek(sequenceKey(q.after + 1)); key != nil; key, value = cursor.Next() {
		if len(key) != 8 || value == nil || len(value) > recordLimit {
			return batch{}, fmt.Errorf("%w: entry %x among the facts of sweep %s", ErrDamaged, key, id)
		}
		sequence := binary.BigEndian.Uint64(key)
		if q.until != 0 && sequence > q.until {
			break
		}
		if len(out.frames) > 0 && len(out.frames)+len(value) > q.limit {
			out.more = true
			break
		}
		out.add(sequence, value)
	}
	return out, nil
}

// standing reads the index: the fact that stands at a place.
func (v view) standing(s scope, p place) (sequence uint64, kind byte, err error) {
	b := v.tx.Bucket(bucketOf(tagPlaces, s.id))
	if b == nil {
		return 0, 0, fmt.Errorf("%w: sweep %s has lost its index", ErrDamaged, s.id)
	}
	value := b.Get(p[:])
	if value == nil {
		return 0, 0, nil
	}
	body, err := s.unseal(tagPlaces, p[:], value)
	if err == nil && len(body) != 9 {
		err = errShort
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%w: index of sweep %s, trial %x, slot %d: %w", ErrDamaged, s.id, p[:16], binary.BigEndian.Uint32(p[16:]), err)
	}
	return binary.BigEndian.Uint64(body), body[8], nil
}

func (v view) history(id search.SweepID, trial grids.Key, slot int) (h rawHistory, found bool, err error) {
	e, err := v.enrolment(id)
	if errors.Is(err, errUnknownSweep) {
		return h, false, nil
	}
	if err != nil {
		return h, false, err
	}
	p, err := placeOf(trial, slot)
	if err != nil {
		return h, false, nil
	}
	sequence, kind, err := v.standing(e.scope(), p)
	if err != nil || kind != kindOutcome {
		return h, false, err
	}
	b := v.tx.Bucket(bucketOf(tagHistories, id))
	if b == nil {
		return h, false, fmt.Errorf("%w: sweep %s has lost its histories", ErrDamaged, id)
	}
	value := b.Get(sequenceKey(sequence))
	if len(value) > recordLimit {
		return h, false, fmt.Errorf("%w: history %d of sweep %s is too long", ErrDamaged, sequence, id)
	}
	if value == nil { // recorded without one
		return h, false, nil
	}
	return rawHistory{generation: e.generation, sequence: sequence, value: slices.Clone(value)}, true, nil
}

// epochs checks and decodes a history.
func (h rawHistory) epochs(id search.SweepID) ([]trainer.Epoch, error) {
	body, err := scope{id, h.generation}.unseal(tagHistories, sequenceKey(h.sequence), h.value)
	if err == nil {
		d := &decoder{buf: body}
		epochs := d.epochs()
		if err = d.end(); err == nil {
			return epochs, nil
		}
	}
	return nil, fmt.Errorf("%w: history %d of sweep %s: %w", ErrDamaged, h.sequence, id, err)
}

var errStartedOver = errors.New("the sweep was started over while it was read")

// facts yields the facts of a sweep as they stood at the first batch.
func facts(ctx context.Context, id search.SweepID, limit int, fetch func(batchQuery) (batch, error)) iter.Seq2[search.Fact, error] {
	return func(yield func(search.Fact, error) bool) {
		q := batchQuery{limit: limit}
		decoder := newFactDecoder()
		var of scope
		for first := true; ; first = false {
			if err := ctx.Err(); err != nil {
				yield(search.Fact{}, err)
				return
			}
			b, err := fetch(q)
			if err == nil && !first && b.generation != of.generation {
				err = fmt.Errorf("read sweep %s: %w", id, errStartedOver)
			}
			if err != nil {
				yield(search.Fact{}, err)
				return
			}
			if first {
				of, q.until = scope{id, b.generation}, b.last
			}
			if b.more && len(b.frames) == 0 { // it would be asked again for ever
				yield(search.Fact{}, fmt.Errorf("%w: facts of sweep %s: more are promised after fact %d, and none comes", ErrDamaged, id, q.after))
				return
			}
			for len(b.frames) > 0 {
				fact, sequence, err := b.fact(of, decoder)
				if err == nil && sequence <= q.after {
					err = fmt.Errorf("%w: facts of sweep %s: fact %d comes after fact %d", ErrDamaged, id, sequence, q.after)
				}
				if !yield(fact, err) || err != nil {
					return
				}
				q.after = sequence
			}
			if !b.more {
				return
			}
		}
	}
}

// fact cuts off a frame, checks and decodes it.
func (b *batch) fact(of scope, decoder *factDecoder) (search.Fact, uint64, error) {
	sequence, value, err := b.next()
	if err != nil {
		return search.Fact{}, 0, fmt.Errorf("%w: facts of sweep %s: %w", ErrDamaged, of.id, err)
	}
	var key [8]byte
	binary.BigEndian.PutUint64(key[:], sequence)
	body, err := of.unseal(tagFacts, key[:], value)
	if err == nil {
		var fact search.Fact
		if fact, err = decoder.decode(body); err == nil {
			return fact, sequence, nil
		}
	}
	return search.Fact{}, sequence, fmt.Errorf("%w: fact %d of sweep %s: %w", ErrDamaged, sequence, of.id, err)
}
