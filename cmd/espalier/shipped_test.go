package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

// TestShippedSweeps runs every shipped sweep at a small size, and states what it
// must reach: the winner's mean over folds, and accuracy on the test rows after
// the refit. The floors are some points below what is measured; guessing gives 0.1
// on the images and 0.33 on irises.
func TestShippedSweeps(t *testing.T) {
	small := []string{"data.source=\"fashion-mnist-mini\"", "data.limit=1500"}
	// Small batches, because batch normalisation needs steps to know its means.
	tiny := []string{"data.source=\"fashion-mnist-mini\"", "data.limit=300", "params.batch_size=8", "params.epochs=6"}
	// A short run's average must not remember where it began.
	averaged := append(slices.Clone(tiny), "params.ema=0.9")
	rows := map[string]struct {
		set        []string
		mean, test float64
	}{
		"quickstart":     {[]string{"grid.epochs=[4]"}, 0.80, 0.80},
		"mlp-baseline-1": {append([]string{"params.epochs=5"}, small...), 0.70, 0.70},
		"mlp-baseline-2": {append([]string{"params.epochs=5"}, small...), 0.70, 0.70},
		"mlp-grid-1":     {append([]string{"grid.epochs=[3,6]", "grid.dropout=[0.2]"}, small...), 0.68, 0.72},
		"mlp-grid-2":     {append([]string{"grid.epochs=[3,6]"}, small...), 0.74, 0.75},
		"mlp-random":     {append([]string{"params.epochs=4", "search.trials=6"}, small...), 0.72, 0.74},
		"iris":           {nil, 0.92, 0.90},
		"cnn-1":          {tiny, 0.30, 0.30},
		"cnn-2":          {append(slices.Clone(averaged), "params.batch_size=4"), 0.20, 0.35},
		"cnn-3":          {averaged, 0.30, 0.30},
		"cnn-4":          {averaged, 0.30, 0.30},
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, name := range grids.Shipped() {
		row, ok := rows[name]
		if !ok {
			t.Errorf("%s: no floor is stated for it", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "cnn-") && trainer.Kernel() == "generic" && !*long {
				t.Skip("convolutions take minutes on the plain kernels; -long runs them")
			}
			folder := t.TempDir()
			store := filepath.Join(folder, "s.db")
			args := []string{"-q", "--store", store, "run", name}
			for _, s := range row.set {
				args = append(args, "--set", s)
			}
			code, out, talk := espalier(args...)
			if code != 0 {
				t.Fatalf("exit %d\n%s%s", code, out, talk)
			}
			var board search.Board
			code, text, talk := espalier("--store", store, "leaderboard", "--format", "json")
			if err := json.Unmarshal([]byte(text), &board); code != 0 || err != nil {
				t.Fatalf("exit %d, %v\n%s", code, err, talk)
			}
			if board.Rows[0].Mean == nil || *board.Rows[0].Mean < row.mean {
				t.Errorf("the winner's mean is below %v\n%s", row.mean, out)
			}
			found := regexp.MustCompile(`(?m)^test      accuracy ([0-9.]+) `).FindStringSubmatch(out)
			if found == nil {
				t.Fatalf("no test result\n%s", out)
			}
			if accuracy, err := strconv.ParseFloat(found[1], 64); err != nil || accuracy < row.test {
				t.Errorf("accuracy on the test rows is below %v\n%s", row.test, out)
			}
			t.Logf("mean %.4f, test %s", *board.Rows[0].Mean, found[1])
		})
	}
}

// TestReportedSizes holds the layer tables of the shipped systems against the report's parameter counts; those of
// grids, against the winner's.
func TestReportedSizes(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for name, want := range map[string]string{
		"mlp-baseline-1": "total 109,386, trainable 109,386, non-trainable 0\n",
		"mlp-baseline-2": "total 109,386, trainable 109,386, non-trainable 0\n",
		"mlp-grid-1":     "total 118,282, trainable 118,282, non-trainable 0\n",
		"mlp-grid-2":     "total 101,770, trainable 101,770, non-trainable 0\n",
		"cnn-1":          "total 120,170, trainable 120,170, non-trainable 0\n",
		"cnn-2":          "total 840,586, trainable 838,154, non-trainable 2,432\n",
		"cnn-3":          "total 246,154, trainable 243,850, non-trainable 2,304\n",
		"cnn-4":          "total 120,234, trainable 119,978, non-trainable 256\n",
	} {
		code, out, talk := espalier("-q", "summary", name, "--set", `data.source="fashion-mnist-mini"`)
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("%s: exit %d, want %q\n%s%s", name, code, want, out, talk)
		}
	}
}
