package search_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"espalier/search"
	"espalier/search/searchtest"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// task is a refit of the leader.
func (b bed) task(t testing.TB, l search.Ledger, c search.Checkpoints) search.RefitTask {
	t.Helper()
	standings, err := search.Rank(b.sweep, l.Facts(t.Context(), b.sweep.ID))
	if err != nil {
		t.Fatal(err)
	}
	return search.RefitTask{Set: b.set, Folds: b.folds, Trial: standings[0].Trial, Ledger: l, Checkpoints: c, Version: "v1"}
}

func TestRefit(t *testing.T) {
	b := plant(t, everything)
	l := searchtest.NewLedger()
	finish(t, b, l, &searchtest.Checkpoints{}, search.Options{})
	task := b.task(t, l, &searchtest.Checkpoints{})
	first, err := search.Refit(t.Context(), b.sweep, task)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(first.Bytes)
	if first.Reused || first.Test == nil || first.Evaluations != 1 || first.Record.Model != hex.EncodeToString(sum[:]) {
		t.Fatalf("%+v", first.Record)
	}
	if first.Test.Rows != b.set.Test.N || first.Test.Scores.Accuracy < 0.2 {
		t.Errorf("%d rows, accuracy %v", first.Test.Rows, first.Test.Scores.Accuracy)
	}
	p := first.Model.Provenance
	if p.Sweep != "everything" || p.SweepID != b.sweep.ID.String() || p.Trial != task.Trial.ID() || p.Data != b.set.Fingerprint ||
		p.Seed != 3 || p.Version != "v1" || p.Rows != 240 || p.Kernel != trainer.Kernel() {
		t.Errorf("provenance %+v", p)
	}

	t.Run("read back", func(t *testing.T) {
		again := task
		again.Saved = func(sum string) []byte {
			if sum != first.Record.Model {
				t.Errorf("asked for %s", sum)
			}
			return first.Bytes
		}
		got, err := search.Refit(t.Context(), b.sweep, again)
		if err != nil || !got.Reused || got.Evaluations != 1 || got.Test.Scores != first.Test.Scores || !bytes.Equal(got.Bytes, first.Bytes) {
			t.Errorf("%+v, %v", got.Record, err)
		}
	})
	t.Run("the file is gone: the same bytes, no second evaluation", func(t *testing.T) {
		got, err := search.Refit(t.Context(), b.sweep, task)
		if err != nil || got.Reused || got.Evaluations != 1 || !bytes.Equal(got.Bytes, first.Bytes) {
			t.Errorf("%+v, %v", got.Record, err)
		}
	})
	t.Run("a damaged file is trained again", func(t *testing.T) {
		again := task
		again.Saved = func(string) []byte { return first.Bytes[:len(first.Bytes)-1] }
		got, err := search.Refit(t.Context(), b.sweep, again)
		if err != nil || got.Reused || !bytes.Equal(got.Bytes, first.Bytes) {
			t.Errorf("%+v, %v", got.Record, err)
		}
	})
	t.Run("interrupted and resumed", func(t *testing.T) {
		c, again := &searchtest.Checkpoints{}, task
		again.Checkpoints, again.Ledger = c, searchtest.NewLedger()
		if err := again.Ledger.Enroll(t.Context(), b.sweep, false); err != nil {
			t.Fatal(err)
		}
		kills := 0
		for left := int64(3); ; {
			outer, kill := context.WithCancel(t.Context())
			got, err := search.Refit(&countdown{Context: outer, left: &left, kill: kill}, b.sweep, again)
			kill()
			if err == nil {
				if !bytes.Equal(got.Bytes, first.Bytes) || c.Len() != 0 || kills == 0 {
					t.Errorf("after %d kills: other bytes %v, %d checkpoints", kills, !bytes.Equal(got.Bytes, first.Bytes), c.Len())
				}
				return
			}
			if kills++; !errors.Is(err, context.Canceled) || kills > 200 {
				t.Fatal(kills, err)
			}
			left = int64(12 + kills)
		}
	})
	t.Run("the model cannot be saved: what it could be made from stays", func(t *testing.T) {
		c, again := &searchtest.Checkpoints{}, task
		again.Checkpoints, again.Ledger = c, searchtest.NewLedger()
		if err := again.Ledger.Enroll(t.Context(), b.sweep, false); err != nil {
			t.Fatal(err)
		}
		if err := c.Save(b.sweep.ID, "refit-other", nil); err != nil {
			t.Fatal(err)
		}
		outer, kill := context.WithCancel(t.Context())
		left := int64(12)
		if _, err := search.Refit(&countdown{Context: outer, left: &left, kill: kill}, b.sweep, again); !errors.Is(err, context.Canceled) || c.Len() != 2 {
			t.Fatalf("%v, %d checkpoints", err, c.Len())
		}
		full := errors.New("no space left on device")
		again.Save = func([]byte) error { return full }
		if _, err := search.Refit(t.Context(), b.sweep, again); !errors.Is(err, full) || c.Len() != 2 {
			t.Fatalf("%v, %d checkpoints", err, c.Len())
		}
		var saved []byte
		resumed := 0
		again.Save = func(model []byte) error {
			saved = model
			return nil
		}
		again.Watch = func(w search.Watch) { resumed += w.Resumed }
		got, err := search.Refit(t.Context(), b.sweep, again)
		if err != nil || resumed == 0 || got.Evaluations != 1 || !bytes.Equal(saved, first.Bytes) || c.Len() != 1 {
			t.Errorf("%v, resumed at %d, %d evaluations, %d checkpoints", err, resumed, got.Evaluations, c.Len())
		}
	})
}

func TestRefitPolicies(t *testing.T) {
	holdout := []string{"k = 2", "scheme = \"holdout\"\nfraction = 0.25"}
	for _, c := range []struct {
		name    string
		replace []string
		epochs  int // 0: see check
		rows    int
		curves  bool
	}{
		{"a number", []string{"[folds]", "[refit]\nepochs = 2\n[folds]"}, 2, 240, false},
		{"best", []string{"[folds]", "[refit]\nepochs = \"best\"\n[folds]"}, 0, 240, false},
		{"the hold-out's training rows", append([]string{"[grid]", "[refit]\nrows = \"train\"\n[grid]"}, holdout...), 0, 180, true},
		{"early stopping is off without validation rows", []string{"batch_size = 32", "batch_size = 32\nearly_stopping = { patience = 1, min_delta = 0.5 }", "[folds]", "[refit]\nepochs = 4\n[folds]"}, 4, 240, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := plant(t, everything, c.replace...)
			l := searchtest.NewLedger()
			finish(t, b, l, &searchtest.Checkpoints{}, search.Options{})
			task := b.task(t, l, nil)
			got, err := search.Refit(t.Context(), b.sweep, task)
			if err != nil {
				t.Fatal(err)
			}
			standings, err := search.Rank(b.sweep, l.Facts(t.Context(), b.sweep.ID))
			if err != nil {
				t.Fatal(err)
			}
			want := c.epochs
			switch c.name {
			case "best":
				want = int(standings[0].Best + 0.5) // of two folds the median is the mean
			case "the hold-out's training rows":
				o := standings[0].Outcomes[0]
				want = o.Epochs
				last := got.Record.History[len(got.Record.History)-1]
				if *last.Validation != o.Scores {
					t.Errorf("validation %+v, on the leaderboard %+v: it must be the same model", *last.Validation, o.Scores)
				}
			}
			if got.Record.Epochs != want || got.Model.Provenance.Rows != c.rows {
				t.Errorf("%d epochs on %d rows, want %d on %d", got.Record.Epochs, got.Model.Provenance.Rows, want, c.rows)
			}
			for _, e := range got.Record.History {
				if (e.Validation != nil) != c.curves {
					t.Errorf("epoch %d: validated %v", e.Number, e.Validation != nil)
				}
			}
		})
	}
}

func TestRefitWithoutTestRows(t *testing.T) {
	b := plant(t, everything)
	l := searchtest.NewLedger()
	finish(t, b, l, &searchtest.Checkpoints{}, search.Options{})
	task := b.task(t, l, nil)
	set := *b.set
	set.Test = nil
	task.Set = &set
	got, err := search.Refit(t.Context(), b.sweep, task)
	if err != nil || got.Test != nil || got.Evaluations != 0 || got.Model == nil {
		t.Errorf("%+v, %v", got.Test, err)
	}
}

func TestVerify(t *testing.T) {
	b := plant(t, everything)
	l := searchtest.NewLedger()
	finish(t, b, l, &searchtest.Checkpoints{}, search.Options{})
	trials := slices.Collect(b.sweep.Trials())
	task := search.VerifyTask{Set: b.set, Folds: b.folds, Ledger: l, Trial: trials[2], Slot: 1}
	got, err := search.Verify(t.Context(), b.sweep, task)
	if err != nil || len(got.Differences) != 0 || got.Again.State != search.Complete {
		t.Errorf("%v, %v", got.Differences, err)
	}
	// A ledger whose record is off by the last bit of one number, or by its kernel.
	for _, c := range []struct {
		spoil func(o *search.Outcome)
		want  string
	}{
		{func(o *search.Outcome) { o.History[1].TrainLoss *= 1 + 1e-15 }, "epoch 2, training loss"},
		{func(o *search.Outcome) { o.Scores.F1 += 1e-9 }, "scores"},
		{func(o *search.Outcome) { o.Kernel = "abacus" }, "kernel: abacus ≠"},
	} {
		other := searchtest.NewLedger()
		if err := other.Enroll(t.Context(), b.sweep, false); err != nil {
			t.Fatal(err)
		}
		o := got.Recorded
		o.History = slices.Clone(o.History)
		c.spoil(&o)
		if err := other.Record(t.Context(), b.sweep.ID, search.Fact{Outcome: &o}); err != nil {
			t.Fatal(err)
		}
		task.Ledger = other
		bad, err := search.Verify(t.Context(), b.sweep, task)
		if err != nil || len(bad.Differences) != 1 || !strings.Contains(bad.Differences[0], c.want) {
			t.Errorf("%q, %v: want %q", bad.Differences, err, c.want)
		}
	}
	task.Slot = 0
	if _, err := search.Verify(t.Context(), b.sweep, task); !errors.Is(err, search.ErrNoOutcome) {
		t.Errorf("without an outcome: %v", err)
	}
	task.Slot = 2
	if _, err := search.Verify(t.Context(), b.sweep, task); err == nil {
		t.Error("a slot that does not exist")
	}
}

// A checkpoint that is damaged is ignored with a warning, and the numbers are the same.
func TestDamagedCheckpoint(t *testing.T) {
	b := plant(t, everything)
	whole := searchtest.NewLedger()
	finish(t, b, whole, &searchtest.Checkpoints{}, search.Options{})
	l, c := searchtest.NewLedger(), &searchtest.Checkpoints{}
	outer, kill := context.WithCancel(t.Context())
	eval, left := b.trainer(c), int64(14)
	_, err := search.Run(outer, b.sweep, l, func(ctx context.Context, j search.Job, record func(search.Outcome) error, watch func(search.Watch)) error {
		return eval(&countdown{Context: ctx, left: &left, kill: kill}, j, record, watch)
	}, search.Options{Workers: 1})
	if !errors.Is(err, context.Canceled) || c.Len() != 1 {
		t.Fatalf("%v, %d checkpoints", err, c.Len())
	}
	c.Damage()
	var warnings []string
	finish(t, b, l, c, search.Options{Workers: 1, Events: func(e search.Event) {
		if e.Kind == search.EventWarning {
			warnings = append(warnings, e.Message)
		}
	}})
	if len(warnings) != 1 || !strings.Contains(warnings[0], "ignored the checkpoint of trial") {
		t.Errorf("warnings %q", warnings)
	}
	if board(t, b.sweep, l) != board(t, b.sweep, whole) {
		t.Error("another board")
	}
}

// A disk that is full when a checkpoint is due ends the run and leaves nothing behind.
func TestFullDisk(t *testing.T) {
	b := plant(t, everything)
	full := errors.New("no space left on device")
	c := &searchtest.Checkpoints{Err: full}
	l := searchtest.NewLedger()
	outer, kill := context.WithCancel(t.Context())
	eval, left := b.trainer(c), int64(14)
	result, err := search.Run(outer, b.sweep, l, func(ctx context.Context, j search.Job, record func(search.Outcome) error, watch func(search.Watch)) error {
		return eval(&countdown{Context: ctx, left: &left, kill: kill}, j, record, watch)
	}, search.Options{Workers: 1})
	if !errors.Is(err, full) || result.Failed != 0 || result.Remaining == 0 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestMakeFolds(t *testing.T) {
	for _, c := range []struct {
		name, scheme string
		slots, train int
		err          string
	}{
		{"stratified", "k = 3", 3, 160, ""},
		{"kfold", "scheme = \"kfold\"\nk = 4", 4, 180, ""},
		{"repeats", "k = 3\nshuffle = true\nrepeats = 2", 6, 160, ""},
		{"hold-out", "scheme = \"holdout\"\nfraction = 0.25", 1, 180, ""},
		{"shuffled k-fold repeats", "scheme = \"kfold\"\nk = 4\nshuffle = true\nrepeats = 3", 12, 180, ""},
		{"hold-out repeats", "scheme = \"holdout\"\nfraction = 0.25\nrepeats = 3", 3, 180, ""},
		{"stratified hold-out repeats", "scheme = \"holdout\"\nfraction = 0.25\nposition = \"stratified\"\nrepeats = 2", 2, 180, ""},
		{"the last rows", "scheme = \"holdout\"\nfraction = 0.1\nposition = \"last\"", 1, 216, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := plant(t, everything, "k = 2", c.scheme)
			if len(b.folds) != c.slots || b.sweep.Slots() != c.slots || len(b.folds[0].Train) != c.train {
				t.Errorf("%d folds of %d rows", len(b.folds), len(b.folds[0].Train))
			}
		})
	}
	b := plant(t, everything)
	set := *b.set
	set.Train = &dataset.Rows{N: 1, Labels: []int32{0}}
	if _, err := search.MakeFolds(b.sweep, &set, nil); err == nil {
		t.Error("folds of one row")
	}
}
