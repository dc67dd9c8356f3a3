package exchange

import (
	"context"
	"fmt"
	"iter"
	"time"

	"espalier/search"
	"espalier/trainer"
)

// Source is where rows come from.
type Source struct {
	Sweep   *search.Sweep
	Ranking *search.Ranking
	// Histories gives the epochs of outcomes, nil where there are none, in the order asked for.
	Histories func(ctx context.Context, id search.SweepID, places []search.Place) ([][]trainer.Epoch, error)
	Version   string // the program's
}

// Run is what is known of one trial on one fold.
type Run struct {
	Trial            search.Trial
	Slot             int // repeat·K + fold
	Repeat, Fold     int
	State            search.State // Complete, Diverged or Failed
	Reason           string       // of the last two
	Revision, Kernel string       // "" where it failed
	Recorded         time.Time
	Epochs           []trainer.Epoch
	Scored           int            // index of the epoch whose scores count; −1: none
	Scores           trainer.Scores // at that epoch
}

// batch is how many histories are read at a time: of ten classes and twenty epochs some 5 MB.
const batch = 256

// Runs yields every run of which something is recorded, trials in the order of the sweep, then slots.
func (s Source) Runs(ctx context.Context) iter.Seq2[*Run, error] {
	return func(yield func(*Run, error) bool) {
		var waiting []*Run
		var places []search.Place
		flush := func() bool {
			histories, err := s.Histories(ctx, s.Sweep.ID, places)
			if ctx.Err() != nil { // a reader of a file may be too quick to notice
				err = ctx.Err()
			}
			if err == nil && len(histories) != len(places) {
				err = fmt.Errorf("read histories of sweep %q: %d of %d", s.Sweep.File.Name, len(histories), len(places))
			}
			if err != nil {
				yield(nil, err)
				return false
			}
			at := 0
			for _, r := range waiting {
				if r.State != search.Failed {
					r.attach(histories[at])
					at++
				}
				if !yield(r, nil) {
					return false
				}
			}
			waiting, places = waiting[:0], places[:0]
			return true
		}
		for order := range s.Ranking.Len() {
			for _, r := range s.runs(order) {
				waiting = append(waiting, r)
				if r.State != search.Failed {
					places = append(places, search.Place{Trial: r.Trial.Key, Slot: r.Slot})
				}
			}
			if len(waiting) >= batch && !flush() {
				return
			}
		}
		flush()
	}
}

// runs are those of a trial, without their epochs.
func (s Source) runs(order int) (runs []*Run) {
	trial, outcomes, failures := s.Ranking.Recorded(order)
	for slot := range outcomes {
		r := Run{Trial: trial, Slot: slot, Repeat: slot / s.Sweep.K, Fold: slot % s.Sweep.K, Scored: -1}
		switch o, f := outcomes[slot], failures[slot]; {
		case o != nil:
			r.State, r.Reason, r.Recorded = o.State, o.Reason, o.Recorded
			r.Revision, r.Kernel, r.Scores = o.Revision, o.Kernel, o.Scores
		case f != nil:
			r.State, r.Reason, r.Recorded = search.Failed, f.Reason, f.Recorded
		default:
			continue
		}
		runs = append(runs, &r)
	}
	return runs
}

// attach gives a run its epochs. With restore_best the scored one is not the last.
func (r *Run) attach(epochs []trainer.Epoch) {
	r.Epochs = epochs
	if r.State != search.Complete {
		return
	}
	for e := len(epochs) - 1; e >= 0; e-- {
		if v := epochs[e].Validation; v != nil && *v == r.Scores {
			r.Scored = e
			return
		}
	}
}

// rows calls each with the index of every epoch of every run, −1 for a run without, and counts them.
func (s Source) rows(ctx context.Context, each func(r *Run, epoch int) error) (rows int, err error) {
	for r, err := range s.Runs(ctx) {
		if err != nil {
			return rows, err
		}
		first := 0
		if len(r.Epochs) == 0 {
			first = -1
		}
		for e := first; e < len(r.Epochs) || e < 0; e++ {
			if err := each(r, e); err != nil {
				return rows, err
			}
			rows++
		}
	}
	return rows, ctx.Err()
}
