package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"espalier/trainer"
	"espalier/trainer/dataset"
)

// mlpLayers is 784-128-64-10 with dropout, as peers.py builds it.
var mlpLayers = []map[string]any{
	{"type": "dense", "units": int64(128), "activation": "relu"},
	{"type": "dropout", "rate": 0.2},
	{"type": "dense", "units": int64(64), "activation": "relu"},
	{"type": "dropout", "rate": 0.2},
	{"type": "dense", "units": "$classes", "activation": "softmax"},
}

// contests lists the work, in the order it is run.
func (s *stage) contests(ctx context.Context) ([]contest, error) {
	set, err := dataset.Load(dataset.Options{Source: s.data})
	if err != nil {
		return nil, err
	}
	var all []contest
	for _, batch := range []int{128, 64} {
		b := strconv.Itoa(batch)
		all = append(all, contest{
			name:  "MLP 784-128-64-10, dropout, Adam: epoch of 60,000 at batch " + b + ", one core",
			group: "mlp",
			ours:  func(ctx context.Context) (float64, error) { return epoch(ctx, set, mlpLayers, batch, 3) },
			peers: []peer{{"torch", []string{"torch-mlp", b}}, {"sklearn", []string{"sklearn-mlp", b}}},
		})
	}
	all = append(all,
		contest{
			name: "mlp-grid-1, 12,000 rows, epochs 4 and 8: 32 points × 3 folds, two workers, whole process", group: "grid",
			ours:  func(ctx context.Context) (float64, error) { return s.sweep(ctx) },
			peers: []peer{{"torch", []string{"torch-grid", "12000", "4,8"}}},
		},
		contest{
			name: "the same without dropout: 16 points × 3 folds, two workers, whole process", group: "grid",
			ours:  func(ctx context.Context) (float64, error) { return s.sweep(ctx, "--set", "grid.dropout=[0.0]") },
			peers: []peer{{"sklearn", []string{"sklearn-grid", "12000", "4,8"}}},
		},
	)
	return all, nil
}

// epoch gives the median seconds of one epoch of training, on one core.
func epoch(ctx context.Context, set *dataset.Set, layers []map[string]any, batch, epochs int) (float64, error) {
	values := map[string]any{"batch_size": int64(batch), "epochs": int64(epochs)}
	config, problems := trainer.Compile(trainer.Spec{Layers: layers, Values: values}, set.Shape, len(set.Classes))
	if config == nil {
		return 0, fmt.Errorf("compile: %v", problems)
	}
	prep, err := dataset.FitPreprocessing(set.Info, set.Train, nil, "")
	if err != nil {
		return 0, err
	}
	task := trainer.Task{Threads: 1, Validate: func(int) bool { return false }}
	fitter, err := trainer.NewFitter(config, task, dataset.NewView(set.Train, nil, prep), dataset.View{})
	if err != nil {
		return 0, err
	}
	var seconds []float64
	for !fitter.Done() {
		begin := time.Now()
		if _, err := fitter.Epoch(ctx); err != nil {
			return 0, err
		}
		seconds = append(seconds, time.Since(begin).Seconds())
	}
	return median(seconds), nil
}

// sweep gives the seconds of a whole process that runs mlp-grid-1 at 12,000 rows.
func (s *stage) sweep(ctx context.Context, more ...string) (float64, error) {
	folder, err := os.MkdirTemp(s.folder, "sweep")
	if err != nil {
		return 0, err
	}
	args := append([]string{"run", "mlp-grid-1", "--store", filepath.Join(folder, "espalier.db"), "--workers", "2", "--no-refit", "-q",
		"--set", "data.source=" + strconv.Quote(s.data), "--set", "data.limit=12000", "--set", "grid.epochs=[4,8]"}, more...)
	cmd := exec.CommandContext(ctx, s.espalier, args...)
	cmd.Stderr = os.Stderr
	begin := time.Now()
	err = cmd.Run()
	return time.Since(begin).Seconds(), err
}
