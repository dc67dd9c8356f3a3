package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
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
			name:   "MLP 784-128-64-10, dropout, Adam: epoch of 60,000 at batch " + b + ", one core",
			group:  "mlp",
			ours:   side{run: func(ctx context.Context) (float64, error) { return epoch(ctx, set, mlpLayers, batch, 3, 1) }},
			others: []side{s.peer("torch", "torch-mlp", b), s.peer("sklearn", "sklearn-mlp", b)},
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
			name:   name + ": step at batch 128, one core",
			group:  "cnn",
			ours:   side{run: func(ctx context.Context) (float64, error) { return step(ctx, set, file, 1) }},
			others: []side{s.peer("torch", "torch-cnn", name, "128")},
		})
	}
	all = append(all,
		contest{
			name: "mlp-grid-1, 12,000 rows, epochs 4 and 8: 32 points × 3 folds, two workers, whole process", group: "grid",
			ours:   side{run: func(ctx context.Context) (float64, error) { return s.grid(ctx, 2) }},
			others: []side{s.peer("torch", "torch-grid", "12000", "4,8")},
		},
		contest{
			name: "the same without dropout: 16 points × 3 folds, two workers, whole process", group: "grid",
			ours:   side{run: func(ctx context.Context) (float64, error) { return s.grid(ctx, 2, "--set", "grid.dropout=[0.0]") }},
			others: []side{s.peer("sklearn", "sklearn-grid", "12000", "4,8")},
		},
	)
	return append(all, s.scaling(set)...), nil
}

// peer is a side played by peers.py: what it prints last is its figure.
func (s *stage) peer(library string, args ...string) side {
	return side{name: library, library: library, run: func(ctx context.Context) (float64, error) {
		out, err := s.call(ctx, args...)
		if err != nil {
			return 0, err
		}
		lines := strings.Fields(out)
		if len(lines) == 0 {
			return 0, fmt.Errorf("%s printed nothing", strings.Join(args, " "))
		}
		seconds, err := strconv.ParseFloat(lines[len(lines)-1], 64)
		if err != nil {
			return 0, fmt.Errorf("%s: figure: %w", strings.Join(args, " "), err)
		}
		return seconds, nil
	}}
}

// epoch gives the median seconds of one epoch of training.
func epoch(ctx context.Context, set *dataset.Set, layers []map[string]any, batch, epochs, threads int) (float64, error) {
	values := map[string]any{"batch_size": int64(batch), "epochs": int64(epochs)}
	return fit(ctx, set, nil, trainer.Spec{Layers: layers, Values: values}, threads)
}

// step gives the median seconds of one training step of a shipped convolutional network.
func step(ctx context.Context, set *dataset.Set, file *grids.File, threads int) (float64, error) {
	rows := make([]int, cnnRows)
	for i := range rows {
		rows[i] = i
	}
	values := maps.Clone(file.Params)
	values["epochs"], values["batch_size"] = int64(4), int64(128)
	seconds, err := fit(ctx, set, rows, trainer.Spec{Layers: file.Model.Layers, Values: values}, threads)
	return seconds * 128 / cnnRows, err
}

// fit gives the median seconds of an epoch over rows (nil: all).
func fit(ctx context.Context, set *dataset.Set, rows []int, spec trainer.Spec, threads int) (float64, error) {
	config, problems := trainer.Compile(spec, set.Shape, len(set.Classes))
	if config == nil {
		return 0, fmt.Errorf("compile: %v", problems)
	}
	prep, err := dataset.FitPreprocessing(set.Info, set.Train, nil, "")
	if err != nil {
		return 0, err
	}
	task := trainer.Task{Threads: threads, Validate: func(int) bool { return false }}
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

// grid gives the seconds of a whole process that runs mlp-grid-1 at 12,000 rows. Like the peers it scores each
// point once, at its end, and not every epoch of it.
func (s *stage) grid(ctx context.Context, workers int, more ...string) (float64, error) {
	return s.sweep(ctx, "mlp-grid-1", workers, append([]string{"--set", "data.limit=12000", "--set", "grid.epochs=[4,8]",
		"--set", "search.validate=\"final\"", "--set", "model.layers=" + gridLayers}, more...)...)
}

// sweep gives the seconds of a whole process that runs a shipped sweep.
func (s *stage) sweep(ctx context.Context, name string, workers int, more ...string) (float64, error) {
	folder, err := os.MkdirTemp(s.folder, "sweep")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	args := append([]string{"run", name, "--store", filepath.Join(folder, "espalier.db"), "--workers", strconv.Itoa(workers), "--no-refit", "-q",
		"--set", "data.source=" + strconv.Quote(s.data)}, more...)
	cmd := exec.CommandContext(ctx, s.espalier, args...)
	// As many processors as workers: else one worker would lend its job the other's.
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(workers))
	cmd.Stderr = os.Stderr
	begin := time.Now()
	err = cmd.Run()
	return time.Since(begin).Seconds(), err
}
