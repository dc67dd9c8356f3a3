package trainer

import (
	"math"
	"testing"
)

// history makes epochs of validation losses; accuracy is minus that. NaN: not validated.
func history(losses ...float64) (epochs []Epoch) {
	for i, l := range losses {
		e := Epoch{Number: i + 1}
		if !math.IsNaN(l) {
			e.Validation = &Scores{Loss: l, Accuracy: -l}
		}
		epochs = append(epochs, e)
	}
	return epochs
}

func TestEarlyStopping(t *testing.T) {
	none := math.NaN()
	for _, row := range []struct {
		name          string
		stopping      EarlyStopping
		losses        []float64
		stopped, best int
	}{
		{"always better", EarlyStopping{Patience: 1, Monitor: "loss"}, []float64{5, 4, 3, 2}, 0, 4},
		{"patience 0 stops at the first that is no better", EarlyStopping{Monitor: "loss"}, []float64{5, 4, 4, 3}, 3, 2},
		{"patience 1", EarlyStopping{Patience: 1, Monitor: "loss"}, []float64{5, 6, 4}, 2, 1},
		{"patience 2", EarlyStopping{Patience: 2, Monitor: "loss"}, []float64{5, 6, 4, 4, 4, 1}, 5, 3},
		{"equal is no better", EarlyStopping{Patience: 2, Monitor: "loss"}, []float64{5, 5, 5}, 3, 1},
		{"less than min_delta is no better", EarlyStopping{Patience: 2, MinDelta: 0.5, Monitor: "loss"}, []float64{5, 4.6, 4.55, 1}, 3, 1},
		{"slow gains add up against the best", EarlyStopping{Patience: 2, MinDelta: 0.5, Monitor: "loss"}, []float64{5, 4.7, 4.4, 4.1, 3.8}, 0, 5},
		{"accuracy ascends", EarlyStopping{Patience: 1, Monitor: "accuracy"}, []float64{5, 4, 5}, 3, 2},
		{"not validated epochs do not count", EarlyStopping{Patience: 1, Monitor: "loss"}, []float64{5, none, none, 6}, 4, 1},
		{"none validated", EarlyStopping{Monitor: "loss"}, []float64{none, none}, 0, 0},
		{"nothing", EarlyStopping{Monitor: "loss"}, nil, 0, 0},
	} {
		h := history(row.losses...)
		stopped, best := row.stopping.Stopped(h), row.stopping.Best(h)
		if stopped != row.stopped {
			t.Errorf("%s: stopped at %d, want %d", row.name, stopped, row.stopped)
		}
		if row.stopped == 0 && best != row.best || row.stopped > 0 && row.stopping.Best(h[:row.stopped]) != row.best {
			t.Errorf("%s: best %d, want %d", row.name, best, row.best)
		}
		// A function of the prefix: a longer history does not change when it stopped.
		for n := range h {
			if s := row.stopping.Stopped(h[:n]); s != 0 && s != row.stopped || s == 0 && row.stopped != 0 && row.stopped <= n {
				t.Errorf("%s: after %d epochs stopped at %d", row.name, n, s)
			}
		}
	}
}
