package searchtest

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

// Ledger is a search.Ledger in memory. Use NewLedger.
type Ledger struct {
	mu        sync.Mutex
	enrolled  []search.Enrolment // oldest first
	facts     map[search.SweepID][]search.Fact
	histories map[place][]trainer.Epoch
	standing  map[place]bool // with an outcome that was not taken back
	commits   int
}

// place is one (trial, slot) of a sweep.
type place struct {
	sweep search.SweepID
	trial grids.Key
	slot  int
}

// NewLedger gives an empty one.
func NewLedger() *Ledger {
	return &Ledger{
		facts: make(map[search.SweepID][]search.Fact), histories: make(map[place][]trainer.Epoch),
		standing: make(map[place]bool),
	}
}

// Commits is how often Record was called with facts.
func (l *Ledger) Commits() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.commits
}

// Enroll remembers a sweep.
func (l *Ledger) Enroll(ctx context.Context, s *search.Sweep, fresh bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := s.Enrolment()
	now.Created, now.Current = time.Now(), true
	now.Source = bytes.Clone(now.Source)
	for i, e := range l.enrolled {
		if e.Name != now.Name || !e.Current {
			continue
		}
		if !fresh {
			if err := search.Changed(e, s); err != nil {
				return err
			}
			now.Created = e.Created
			l.enrolled[i] = now
			return nil
		}
		l.enrolled[i].Current = false
	}
	if fresh {
		l.enrolled = slices.DeleteFunc(l.enrolled, func(e search.Enrolment) bool { return e.ID == now.ID })
		l.forget(now.ID)
	}
	l.enrolled = append(l.enrolled, now)
	return nil
}

func (l *Ledger) forget(id search.SweepID) {
	delete(l.facts, id)
	for p := range l.histories {
		if p.sweep == id {
			delete(l.histories, p)
			delete(l.standing, p)
		}
	}
}

// Facts yields what is recorded.
func (l *Ledger) Facts(ctx context.Context, id search.SweepID) iter.Seq2[search.Fact, error] {
	return func(yield func(search.Fact, error) bool) {
		l.mu.Lock()
		facts := slices.Clone(l.facts[id])
		l.mu.Unlock()
		for _, f := range facts {
			if err := ctx.Err(); err != nil {
				yield(search.Fact{}, err)
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// Record appends.
func (l *Ledger) Record(ctx context.Context, id search.SweepID, facts ...search.Fact) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.ContainsFunc(l.enrolled, func(e search.Enrolment) bool { return e.ID == id }) {
		return fmt.Errorf("record facts of sweep %s: %w", id, search.ErrNotEnrolled)
	}
	l.commits++
	for _, f := range facts {
		if r := f.Retraction; r != nil {
			delete(l.standing, place{id, r.Trial, r.Slot})
		}
		if f.Outcome == nil {
			l.facts[id] = append(l.facts[id], f)
			continue
		}
		o := *f.Outcome
		at := place{id, o.Trial, o.Slot}
		if l.standing[at] {
			continue
		}
		l.standing[at] = true
		l.histories[at] = slices.Clone(o.History)
		o.History = nil
		l.facts[id] = append(l.facts[id], search.Fact{Outcome: &o})
	}
	return nil
}

// History is the epochs of one outcome.
func (l *Ledger) History(ctx context.Context, id search.SweepID, trial grids.Key, slot int) ([]trainer.Epoch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.histories[place{id, trial, slot}]), nil
}

// Sweeps lists what is enrolled, newest first.
func (l *Ledger) Sweeps(ctx context.Context) ([]search.Enrolment, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.Clone(l.enrolled)
	slices.Reverse(list)
	return list, nil
}

// Failing passes everything on to a Ledger until Record was called After times;
// from then on Record fails with Err and writes nothing.
type Failing struct {
	search.Ledger
	After int
	Err   error

	mu    sync.Mutex
	calls int
}

// Record fails when its time has come.
func (f *Failing) Record(ctx context.Context, id search.SweepID, facts ...search.Fact) error {
	f.mu.Lock()
	f.calls++
	failing := f.calls > f.After
	f.mu.Unlock()
	if failing {
		return f.Err
	}
	return f.Ledger.Record(ctx, id, facts...)
}
