package search

import (
	"context"
	"testing"

	"espalier/folds"
	"espalier/grids"
	"espalier/trainer/dataset"
)

// A job that waits for the disk with its last outcome holds no network any more, and
// one with trials left still does.
func TestUnload(t *testing.T) {
	for _, c := range []struct{ name, params string }{
		{"trained", ""},
		{"diverged", "[params]\nlearning_rate = 1e30\noptimizer = \"sgd\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := grids.Parse("test.toml", []byte(`
name = "unload"
[data]
source = "fashion-mnist-mini"
limit = 60
[folds]
k = 2
[grid]
epochs = [1, 2]
`+c.params+`
[model]
layers = [{ type = "dense", units = "$classes", activation = "softmax" }]
`))
			if err != nil {
				t.Fatal(err)
			}
			set, err := dataset.Load(dataset.Options{Source: f.Data.Source, Limit: f.Data.Limit})
			if err != nil {
				t.Fatal(err)
			}
			s, _, err := New(f, "", set.Info, nil)
			if err != nil {
				t.Fatal(err)
			}
			made, err := MakeFolds(s, set, nil)
			if err != nil {
				t.Fatal(err)
			}
			job := Job{Sweep: s, Slot: 0, Threads: 1}
			for trial := range s.Trials() {
				job.Trials = append(job.Trials, trial)
			}
			outcomes := unloads(t, s, set, made, job)
			if len(outcomes) != 2 || outcomes[1].Epochs > 2 {
				t.Errorf("%d outcomes", len(outcomes))
			}
		})
	}
}

// unloads trains a job and looks at the bench whenever it records.
func unloads(t *testing.T, s *Sweep, set *dataset.Set, made []folds.Fold, job Job) (outcomes []Outcome) {
	t.Helper()
	b := &bench{sweep: s, job: job, tell: func(Watch) {}, due: job.Trials}
	b.session = session{checkpoints: noCheckpoints{}, id: s.ID, name: "test", label: "the test"}
	b.record = func(o Outcome) error {
		outcomes = append(outcomes, o)
		last := len(outcomes) == len(job.Trials)
		if last && (b.fitter != nil || b.fresh != nil) {
			t.Error("the network is still held at the last outcome")
		}
		if !last && o.State == Complete && b.fitter == nil {
			t.Error("the network is gone with a trial left")
		}
		return nil
	}
	if err := b.prepare(set, made[job.Slot]); err != nil {
		t.Fatal(err)
	}
	if err := b.train(context.Background()); err != nil {
		t.Fatal(err)
	}
	return outcomes
}
