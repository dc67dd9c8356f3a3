package search

import (
	"context"
	"fmt"
	"iter"
	"math"
)

// A mark is the state of one (trial, slot) as the facts leave it.
type mark uint8

const (
	due      mark = iota // nothing recorded, or taken back
	finished             // a complete outcome
	diverged
	failed
)

// A tally is the marks of all (trial, slot)s of a sweep: what resume subtracts.
type tally struct {
	slots int
	marks []mark // trial·slots + slot
	// Of each trial: how many slots have a score, and their sum. For "best so far"
	// only; the leaderboard adds in order of slots.
	have []int32
	sum  []float64
	// origins are the revision and kernel of outcomes that are not this program's.
	origins map[[2]string]int
}

// read goes through facts in the order recorded: the latest word counts, except
// that a failure never takes an outcome back, and a retraction no complete one.
func (t *tally) read(x *index, facts iter.Seq2[Fact, error]) error {
	orders := x.orders()
	for f, err := range facts {
		if err != nil {
			return err
		}
		switch {
		case f.Outcome != nil:
			o := f.Outcome
			if i, ok := orders[o.Trial]; ok { // else of a point that was edited away
				t.settle(int(i), o.Slot, markOf(o), scoreOf(x.sweep, o))
				t.origins[[2]string{o.Revision, o.Kernel}]++
			}
		case f.Failure != nil:
			if i, ok := orders[f.Failure.Trial]; ok {
				t.settle(int(i), f.Failure.Slot, failed, 0)
			}
		case f.Retraction != nil:
			if i, ok := orders[f.Retraction.Trial]; ok {
				t.settle(int(i), f.Retraction.Slot, due, 0)
			}
		}
	}
	return nil
}

// settle moves one mark; it tells whether that changed anything.
func (t *tally) settle(trial, slot int, now mark, score float64) bool {
	if slot < 0 || slot >= t.slots {
		return false
	}
	m := &t.marks[trial*t.slots+slot]
	if *m == finished || now == failed && *m != due || *m == now {
		return false
	}
	*m = now
	if now == finished {
		t.have[trial]++
		t.sum[trial] += score
	}
	return true
}

func markOf(o *Outcome) mark {
	if o.State == Complete {
		return finished
	}
	return diverged
}

// scoreOf is the sweep's metric of an outcome; NaN where it diverged.
func scoreOf(s *Sweep, o *Outcome) float64 {
	if o.State != Complete {
		return math.NaN()
	}
	v, ok := o.Scores.Metric(s.Metric)
	if !ok {
		return math.NaN()
	}
	return v
}

func newTally(ctx context.Context, s *Sweep, x *index, l Ledger) (*tally, error) {
	n, slots := len(x.keys), s.Slots()
	t := &tally{
		slots: slots, marks: make([]mark, n*slots), have: make([]int32, n), sum: make([]float64, n),
		origins: make(map[[2]string]int),
	}
	if err := t.read(x, l.Facts(ctx, s.ID)); err != nil {
		return nil, fmt.Errorf("read the facts of sweep %q: %w", s.File.Name, err)
	}
	return t, nil
}

func (t *tally) count(m mark) (n int) {
	for _, have := range t.marks {
		if have == m {
			n++
		}
	}
	return n
}
