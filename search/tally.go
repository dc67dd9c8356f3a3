package search

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"espalier/trainer"
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
	// origins are the revisions and kernels met in reading the facts; from tells which
	// of them stands for a (trial, slot). It is made with the first that is not ours.
	origins []origin
	from    []uint16
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
				if t.settle(int(i), o.Slot, markOf(o), scoreOf(x.sweep, o)) {
					t.stamp(int(i)*t.slots+o.Slot, origin{o.Revision, o.Kernel})
				}
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

// An origin is what made an outcome: the trainer's revision and its kernel path.
type origin struct{ revision, kernel string }

func thisOrigin() origin { return origin{trainer.Revision(), trainer.Kernel()} }

// stamp notes what made the outcome that stands at a place of marks.
func (t *tally) stamp(at int, o origin) {
	if len(t.origins) == 0 {
		t.origins = []origin{thisOrigin()}
	}
	n := slices.Index(t.origins, o)
	if n < 0 {
		n = len(t.origins)
		if n > math.MaxUint16 { // of so many, the last stands for all others
			n = math.MaxUint16
		} else {
			t.origins = append(t.origins, o)
		}
	}
	if n > 0 && t.from == nil {
		t.from = make([]uint16, len(t.marks))
	}
	if t.from != nil {
		t.from[at] = uint16(n)
	}
}

// foreign counts the outcomes that stand and are not of this program, by origin.
func (t *tally) foreign() map[origin]int {
	counts := make(map[origin]int)
	for at, n := range t.from {
		if m := t.marks[at]; n > 0 && (m == finished || m == diverged) {
			counts[t.origins[n]]++
		}
	}
	return counts
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
