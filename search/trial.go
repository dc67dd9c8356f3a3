package search

import (
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strings"

	"espalier/grids"
	"espalier/trainer"
)

// Trial is one point of a sweep.
type Trial struct {
	Key   grids.Key
	Order int // position among the sweep's points: breaks ties
	Point grids.Point
}

// ID is the whole trial ID: the point's key in hex. Any unique prefix will do.
func (t Trial) ID() string { return hex.EncodeToString(t.Key[:]) }

// repeatLimit is after how many drawn points in a row whose keys were there
// before a random search counts as exhausted. A distribution over few integers
// repeats itself for ever; where the limit strikes is a function of the seed.
const repeatLimit = 10_000

// points yields what the grid or the draw yields, in order; points of one key
// not yet folded into one.
func (s *Sweep) points() iter.Seq[grids.Point] {
	if s.File.Search.Strategy == random {
		return s.File.Grid.Draw(s.File.Seed)
	}
	return s.File.Grid.Points()
}

// Trials yields the sweep's trials in order: grid order, or order of drawing up to
// `trials`. Points with the same effective parameters are one trial, the first's.
// Memory grows with what is consumed: 16 bytes a trial.
func (s *Sweep) Trials() iter.Seq[Trial] {
	return func(yield func(Trial) bool) {
		k := newKeyer(s)
		seen := make(map[grids.Key]bool)
		repeats, limit := 0, s.limit()
		for p := range s.points() {
			if len(seen) == limit {
				return
			}
			key := k.key(p.Values)
			if seen[key] {
				if repeats++; repeats == repeatLimit && limit >= 0 {
					return
				}
				continue
			}
			repeats = 0
			t := Trial{Key: key, Order: len(seen), Point: p}
			seen[key] = true
			if !yield(t) {
				return
			}
		}
	}
}

// limit is how many trials there are at most; −1: as many as the grid has.
func (s *Sweep) limit() int {
	if s.File.Search.Strategy == random && s.File.Search.Trials > 0 {
		return s.File.Search.Trials
	}
	return -1
}

// Effective is the parameters a trial runs with: axes, [params] and defaults.
func (s *Sweep) Effective(t Trial) map[string]any {
	return trainer.Effective(s.values(t.Point))
}

// Config compiles a trial for the shape that the data has before it is encoded. A
// table's categories may widen it in a fold; the evaluator compiles for that.
func (s *Sweep) Config(t Trial) (*trainer.Config, error) {
	return s.config(s.values(t.Point), s.Data.Shape)
}

var (
	// ErrNoTrial is what Lookup wraps where no trial has the prefix.
	ErrNoTrial = errors.New("no such trial")
	// ErrManyTrials is what Lookup wraps where several have.
	ErrManyTrials = errors.New("several trials")
)

// Lookup finds the trial whose ID starts with prefix.
func (s *Sweep) Lookup(prefix string) (Trial, error) {
	x, err := s.index()
	if err != nil {
		return Trial{}, err
	}
	found, want := -1, strings.ToLower(strings.TrimSpace(prefix))
	for i := range x.keys {
		if id := hex.EncodeToString(x.keys[i][:]); want != "" && strings.HasPrefix(id, want) {
			if found >= 0 {
				return Trial{}, fmt.Errorf("find trial %q: %w start with it", prefix, ErrManyTrials)
			}
			found = i
		}
	}
	if found < 0 {
		return Trial{}, fmt.Errorf("find trial %q: %w among the %d of sweep %q", prefix, ErrNoTrial, len(x.keys), s.File.Name)
	}
	return x.trial(found), nil
}

// Trial gives the trial of a key; false: the sweep has none (it was edited away).
func (s *Sweep) Trial(key grids.Key) (Trial, bool) {
	x, err := s.index()
	if err != nil {
		return Trial{}, false
	}
	i, ok := x.orders()[key]
	if !ok {
		return Trial{}, false
	}
	return x.trial(int(i)), true
}
