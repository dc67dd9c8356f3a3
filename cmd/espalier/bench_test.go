package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"espalier/grids"
	"espalier/search"
	"espalier/store"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// largeSweep has 100,000 points and one fold.
const largeSweep = `name = "large"
seed = 3
[data]
source = "fashion-mnist-mini"
[folds]
scheme = "holdout"
[grid]
batch_size = [8, 16, 24, 32, 40, 48, 56, 64, 72, 80]
dropout = [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45]
epochs = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
learning_rate = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.01]
units = [16, 32, 48, 64, 80, 96, 112, 128, 144, 160]
[model]
layers = [
  { type = "dense", units = "$units", activation = "relu" },
  { type = "dropout", rate = "$dropout" },
  { type = "dense", units = "$classes", activation = "softmax" },
]
`

// largeStore makes a store with an outcome for every trial of largeSweep.
func largeStore(tb testing.TB, path string) *search.Sweep {
	tb.Helper()
	file, err := grids.Parse("large.toml", []byte(largeSweep))
	if err != nil {
		tb.Fatal(err)
	}
	set, err := dataset.Load(dataset.Options{Source: file.Data.Source})
	if err != nil {
		tb.Fatal(err)
	}
	s, _, err := search.New(file, filepath.Dir(path), set.Info, nil)
	if err != nil {
		tb.Fatal(err)
	}
	st, err := store.Open(path, store.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer st.Close()
	if err := st.Enroll(tb.Context(), s, false); err != nil {
		tb.Fatal(err)
	}
	var facts []search.Fact
	record := func() {
		if err := st.Record(tb.Context(), s.ID, facts...); err != nil {
			tb.Fatal(err)
		}
		facts = facts[:0]
	}
	for t := range s.Trials() {
		score := 0.5 + 0.5*math.Sin(float64(t.Order)*0.618)
		facts = append(facts, search.Fact{Outcome: &search.Outcome{
			Trial: t.Key, State: search.Complete, Epochs: 1 + t.Order%10, Best: 1 + t.Order%10,
			Scores:   trainer.Scores{Loss: 1 - score, Accuracy: score, F1: score, Precision: score, Recall: score},
			Train:    trainer.Scores{Loss: 0.9 - score, Accuracy: score},
			Seconds:  score,
			Revision: trainer.Revision(), Kernel: trainer.Kernel(), Recorded: time.Unix(1_800_000_000, int64(t.Order)),
		}})
		if len(facts) == 5000 {
			record()
		}
	}
	record()
	return s
}

// BenchmarkLarge runs verbs on a store of 100,000 trials, each as a whole process.
// ESPALIER_LARGE names a folder where the store is kept for the next time.
func BenchmarkLarge(b *testing.B) {
	path := filepath.Join(b.TempDir(), "large.db")
	if keep := os.Getenv("ESPALIER_LARGE"); keep != "" {
		path = filepath.Join(keep, "large.db")
	}
	if _, err := os.Stat(path); err != nil {
		largeStore(b, path)
	}
	for _, args := range [][]string{
		{"version"},
		{"ls"},
		{"status", "--once"},
		{"leaderboard", "--top", "10"},
		{"leaderboard"},
		{"leaderboard", "--format", "csv"},
		{"leaderboard", "--format", "json"},
	} {
		b.Run(fmt.Sprint(args), func(b *testing.B) {
			for b.Loop() {
				cmd := exec.Command("espalier", append(args, "--store", path)...)
				var talk bytes.Buffer
				cmd.Stderr = &talk
				out, err := cmd.Output()
				if err != nil {
					b.Fatalf("%v: %v\n%s", args, err, talk.Bytes())
				}
				b.ReportMetric(float64(len(out)), "bytes")
			}
		})
	}
}
