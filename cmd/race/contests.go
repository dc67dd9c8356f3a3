package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"espalier/grids"
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

// gridLayers is the network of peers.py's grids, as a TOML value.
const gridLayers = `[{type="dense",units="$hidden_units",activation="relu"},{type="dropout",rate="$dropout"},` +
	`{type="dense",units=64,activation="relu"},{type="dropout",rate="$dropout"},{type="dense",units="$classes",activation="softmax"}]`

// cnnRows is how many rows a contest of convolutional networks trains on: ten steps at batch 128.
const cnnRows = 1280

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
	for i := range 4 {
		name := fmt.Sprintf("cnn-%d", i+1)
		src, ok := grids.Example(name)
		if !ok {
			return nil, fmt.Errorf("no shipped sweep %s", name)
		}
		file, err := grids.Parse(name, src)
		if err != nil {
			return nil, err
		}
		all = append(all, contest{
			name:  name + ": step at batch 128, one core",
			group: "cnn",
			ours:  func(ctx context.Context) (float64, error) { return step(ctx, set, file) },
			peers: []peer{{"torch", []string{"torch-cnn", name, "128"}}},
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
	return fit(ctx, set, nil, trainer.Spec{Layers: layers, Values: values})
}

// step gives the median seconds of one training step of a shipped convolutional network, on one core.
func step(ctx context.Context, set *dataset.Set, file *grids.File) (float64, error) {
	rows := make([]int, cnnRows)
	for i := range rows {
		rows[i] = i
	}
	values := maps.Clone(file.Params)
	values["epochs"], values["batch_size"] = int64(4), int64(128)
	seconds, err := fit(ctx, set, rows, trainer.Spec{Layers: file.Model.Layers, Values: values})
	return seconds * 128 / cnnRows, err
}

// fit gives the median seconds of an epoch over rows (nil: all).
func fit(ctx context.Context, set *dataset.Set, rows []int, spec trainer.Spec) (float64, error) {
	config, problems := trainer.Compile(spec, set.Shape, len(set.Classes))
	if config == nil {
		return 0, fmt.Errorf("compile: %v", problems)
	}
	prep, err := dataset.FitPreprocessing(set.Info, set.Train, nil, "")
	if err != nil {
		return 0, err
	}
	task := trainer.Task{Threads: 1, Validate: func(int) bool { return false }}
	fitter, err := trainer.NewFitter(config, task, dataset.NewView(set.Train, rows, prep), dataset.View{})
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
		"--set", "data.source=" + strconv.Quote(s.data), "--set", "data.limit=12000", "--set", "grid.epochs=[4,8]",
		"--set", "model.layers=" + gridLayers}, more...)
	cmd := exec.CommandContext(ctx, s.espalier, args...)
	cmd.Stderr = os.Stderr
	begin := time.Now()
	err = cmd.Run()
	return time.Since(begin).Seconds(), err
}
