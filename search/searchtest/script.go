package searchtest

import (
	"context"
	"fmt"
	"testing"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// Curve is a scripted training: the validation accuracy of a trial's family after
// an epoch, from the trial's parameters and the slot. NaN diverges at that epoch.
type Curve func(params map[string]any, slot, epoch int) float64

// Scripted is an Evaluator that trains nothing: it plays the curve of each family
// epoch by epoch and records each trial at its own. Between two epochs it calls
// pause, which may be nil, and returns its error.
func Scripted(curve Curve, pause func(ctx context.Context, j search.Job, epoch int) error) search.Evaluator {
	return func(ctx context.Context, j search.Job, record func(search.Outcome) error, watch func(search.Watch)) error {
		var history []trainer.Epoch
		for _, t := range j.Trials {
			params := j.Sweep.Effective(t)
			asked, _ := params["epochs"].(int64)
			o := search.Outcome{Trial: t.Key, Slot: j.Slot, State: search.Complete}
			for epoch := len(history) + 1; epoch <= int(asked); epoch++ {
				if pause != nil {
					if err := pause(ctx, j, epoch); err != nil {
						return err
					}
				}
				score := curve(params, j.Slot, epoch)
				if score != score {
					o.State, o.Reason = search.Diverged, fmt.Sprintf("loss is not finite at epoch %d, step 1", epoch)
					break
				}
				e := trainer.Epoch{
					Number: epoch, TrainLoss: 1 - score, TrainAccuracy: score, LearningRate: 0.5,
					Validation: &trainer.Scores{Loss: 1 - score, Accuracy: score, F1: score, Precision: score, Recall: score},
				}
				history = append(history, e)
				watch(search.Watch{Trial: t.Key, Slot: j.Slot, Epoch: &e})
			}
			o.Epochs, o.History = len(history), history[:len(history):len(history)]
			for _, e := range history {
				if o.Best == 0 || e.Validation.Accuracy > history[o.Best-1].Validation.Accuracy {
					o.Best = e.Number
				}
			}
			if o.State == search.Complete {
				last := history[len(history)-1]
				o.Scores, o.Train = *last.Validation, trainer.Scores{Loss: last.TrainLoss, Accuracy: last.TrainAccuracy}
			}
			if err := record(o); err != nil {
				return err
			}
		}
		return nil
	}
}

// Info describes data that is not there: 1,000 rows of 4×4 pixels in three classes.
func Info() dataset.Info {
	return dataset.Info{
		Source: "nowhere", Kind: "images", Shape: []int{4, 4, 1}, Classes: []string{"a", "b", "c"}, Rows: 1000,
		Fingerprint: "5cd7e4a1f6b0c1d2e3f405162738495a6b7c8d9eafb0c1d2e3f4051627384950",
	}
}

// Sweep makes a sweep of a file's text over Info.
func Sweep(t testing.TB, text string) *search.Sweep {
	t.Helper()
	f, err := grids.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := search.New(f, "", Info(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Small is a sweep of 12 points in 4 families under 3 folds.
const Small = `
name = "small"
seed = 7
[data]
source = "nowhere"
[folds]
k = 3
[grid]
batch_size = [16, 32]
epochs = [1, 2, 4]
units = [4, 8]
[model]
layers = [
  { type = "dense", units = "$units", activation = "relu" },
  { type = "dense", units = "$classes", activation = "softmax" },
]
`
