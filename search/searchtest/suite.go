package searchtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

// TestLedger is the conformance suite of a Ledger. open gives an empty one, and
// closes it when its test ends.
func TestLedger(t *testing.T, open func(t *testing.T) search.Ledger) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, l search.Ledger)
	}{
		{"an empty ledger knows nothing", testEmpty},
		{"what is enrolled comes back whole", testEnrolment},
		{"a changed sweep is refused, a changed grid is not", testChanged},
		{"fresh starts over under the name", testFresh},
		{"facts come back as they were, in order", testFacts},
		{"the same outcome again is no second one", testIdempotent},
		{"after a retraction an outcome counts again", testRetraction},
		{"a history belongs to its outcome", testHistory},
		{"a sweep that is not enrolled is refused", testStranger},
		{"sweeps are apart", testApart},
		{"many goroutines may record and read", testConcurrent},
		{"an ended context is an error", testContext},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func enrolled(t *testing.T, l search.Ledger, text string) *search.Sweep {
	t.Helper()
	s := Sweep(t, text)
	if err := l.Enroll(t.Context(), s, false); err != nil {
		t.Fatal(err)
	}
	return s
}

func facts(t *testing.T, l search.Ledger, id search.SweepID) []search.Fact {
	t.Helper()
	var all []search.Fact
	for f, err := range l.Facts(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

func record(t *testing.T, l search.Ledger, id search.SweepID, f ...search.Fact) {
	t.Helper()
	if err := l.Record(t.Context(), id, f...); err != nil {
		t.Fatal(err)
	}
}

// moment is a time that any encoding can keep.
var moment = time.Date(2026, 11, 22, 18, 30, 0, 123456000, time.UTC)

func outcome(trial byte, slot int) *search.Outcome {
	scores := trainer.Scores{Loss: 0.1234567890123456789, Accuracy: 1.0 / 3, F1: 0.25, Precision: 0.5, Recall: 1e-300}
	return &search.Outcome{
		Trial: grids.Key{trial}, Slot: slot, State: search.Complete, Epochs: 2, Best: 1, Scores: scores,
		Train: trainer.Scores{Loss: 0.7, Accuracy: 0.9}, Seconds: 1.5, Revision: "1", Kernel: "avx2", Recorded: moment,
		History: []trainer.Epoch{
			{Number: 1, TrainLoss: 0.5, TrainAccuracy: 0.25, LearningRate: 0.001, Seconds: 0.5},
			{
				Number: 2, TrainLoss: 0.7, TrainAccuracy: 0.9, LearningRate: 0.001, Seconds: 1, Validation: &scores,
				Confusion: []int{1, 2, 3, 4}, Classes: []trainer.Class{{Precision: 0.5, Recall: 0.25, F1: 1.0 / 3, Support: 3}, {Support: 7}},
			},
		},
	}
}

// bare is an outcome as Facts yields it.
func bare(o *search.Outcome) *search.Outcome {
	c := *o
	c.History = nil
	return &c
}

func testEmpty(t *testing.T, l search.Ledger) {
	if got := facts(t, l, search.SweepID{1}); len(got) != 0 {
		t.Errorf("%d facts", len(got))
	}
	if got, err := l.Sweeps(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("sweeps %v, error %v", got, err)
	}
	if got, err := l.History(t.Context(), search.SweepID{1}, grids.Key{}, 0); err != nil || got != nil {
		t.Errorf("history %v, error %v", got, err)
	}
}

func testEnrolment(t *testing.T, l search.Ledger) {
	f, err := grids.Parse("some/where.toml", []byte(Small), "seed=9", "grid.epochs=[3]")
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := search.New(f, "/some", Info(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // again is nothing new
		if err := l.Enroll(t.Context(), s, false); err != nil {
			t.Fatal(err)
		}
	}
	all, err := l.Sweeps(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%d sweeps, error %v", len(all), err)
	}
	got, want := all[0], s.Enrolment()
	if !got.Current || got.Created.IsZero() {
		t.Errorf("current %v, created %v", got.Current, got.Created)
	}
	if got.ID != want.ID || got.Name != want.Name || got.Path != want.Path || string(got.Source) != string(want.Source) ||
		!slices.Equal(got.Overrides, want.Overrides) || got.Folder != want.Folder || !reflect.DeepEqual(got.Data, want.Data) {
		t.Errorf("have %+v\nwant %+v", got, want)
	}
	again, err := got.Sweep()
	if err != nil || again.ID != s.ID {
		t.Errorf("made again: %v, error %v", again, err)
	}
}

func testChanged(t *testing.T, l search.Ledger) {
	s := enrolled(t, l, Small)
	record(t, l, s.ID, search.Fact{Outcome: outcome(1, 0)})
	err := l.Enroll(t.Context(), Sweep(t, strings.Replace(Small, "seed = 7", "seed = 8", 1)), false)
	if !errors.Is(err, search.ErrSweepChanged) || !strings.Contains(err.Error(), "seed: 7 → 8") {
		t.Errorf("another seed: %v", err)
	}
	grown := Sweep(t, strings.Replace(Small, "units = [4, 8]", "units = [4, 8, 9]", 1))
	if err := l.Enroll(t.Context(), grown, false); err != nil {
		t.Fatalf("a grown grid: %v", err)
	}
	all, err := l.Sweeps(t.Context())
	if err != nil || len(all) != 1 || string(all[0].Source) != string(grown.File.Source) {
		t.Errorf("%d sweeps, error %v: the grown file must replace the old", len(all), err)
	}
	if got := facts(t, l, s.ID); len(got) != 1 {
		t.Errorf("%d facts after the grid grew", len(got))
	}
}

func testFresh(t *testing.T, l search.Ledger) {
	old := enrolled(t, l, Small)
	record(t, l, old.ID, search.Fact{Outcome: outcome(1, 0)})
	other := Sweep(t, strings.Replace(Small, "seed = 7", "seed = 8", 1))
	if err := l.Enroll(t.Context(), other, true); err != nil {
		t.Fatal(err)
	}
	all, err := l.Sweeps(t.Context())
	if err != nil || len(all) != 2 || all[0].ID != other.ID || !all[0].Current || all[1].Current {
		t.Fatalf("sweeps %+v, error %v", all, err)
	}
	if got := facts(t, l, old.ID); len(got) != 1 {
		t.Errorf("%d facts of the old sweep", len(got))
	}
	record(t, l, other.ID, search.Fact{Outcome: outcome(1, 0)})
	if err := l.Enroll(t.Context(), other, true); err != nil { // the same ID: from nothing
		t.Fatal(err)
	}
	if got := facts(t, l, other.ID); len(got) != 0 {
		t.Errorf("%d facts after starting over", len(got))
	}
	if got, err := l.History(t.Context(), other.ID, grids.Key{1}, 0); err != nil || got != nil {
		t.Errorf("history %v, error %v after starting over", got, err)
	}
}

func testFacts(t *testing.T, l search.Ledger) {
	s := enrolled(t, l, Small)
	lost := &search.Outcome{
		Trial: grids.Key{2}, Slot: 1, State: search.Diverged, Epochs: 0, Reason: "loss is not finite at epoch 1, step 17",
		Revision: "1", Kernel: "generic", Recorded: moment,
	}
	want := []search.Fact{
		{Outcome: bare(outcome(1, 0))},
		{Outcome: lost},
		{Failure: &search.Failure{Trial: grids.Key{3}, Slot: 2, Reason: "panic: no", Stack: "a\nb", Recorded: moment}},
		{Retraction: &search.Retraction{Trial: grids.Key{3}, Slot: 2, Recorded: moment}},
		{Refit: &search.RefitRecord{Trial: grids.Key{1}, Digest: "d", Epochs: 2, Model: "m", History: outcome(1, 0).History, Recorded: moment}},
		{Test: &search.TestRecord{Model: "m", Recorded: moment, Result: trainer.Evaluation{
			Scores: trainer.Scores{Accuracy: 0.9}, Classes: []trainer.Class{{Support: 1}}, Confusion: []int{1}, Rows: 1}}},
		{Run: &search.RunRecord{Version: "v1", Workers: 2, Started: moment, Ended: moment.Add(time.Minute), Trained: 12, Exit: "done"}},
	}
	given := slices.Clone(want)
	given[0] = search.Fact{Outcome: outcome(1, 0)}
	record(t, l, s.ID, given[:3]...)
	record(t, l, s.ID, given[3:]...)
	got := facts(t, l, s.ID)
	if len(got) != len(want) {
		t.Fatalf("%d facts, want %d", len(got), len(want))
	}
	for i := range want {
		if !same(got[i], want[i]) {
			t.Errorf("fact %d:\nhave %+v\nwant %+v", i, show(got[i]), show(want[i]))
		}
	}
	n := 0
	for range l.Facts(t.Context(), s.ID) { // a reader may stop early
		if n++; n == 2 {
			break
		}
	}
}

// same compares facts; times by instant, since an encoding need not keep the zone.
func same(a, b search.Fact) bool {
	for _, f := range []*search.Fact{&a, &b} {
		switch {
		case f.Outcome != nil:
			c := *f.Outcome
			c.Recorded, f.Outcome = c.Recorded.UTC(), &c
		case f.Failure != nil:
			c := *f.Failure
			c.Recorded, f.Failure = c.Recorded.UTC(), &c
		case f.Retraction != nil:
			c := *f.Retraction
			c.Recorded, f.Retraction = c.Recorded.UTC(), &c
		case f.Refit != nil:
			c := *f.Refit
			c.Recorded, f.Refit = c.Recorded.UTC(), &c
		case f.Test != nil:
			c := *f.Test
			c.Recorded, f.Test = c.Recorded.UTC(), &c
		case f.Run != nil:
			c := *f.Run
			c.Started, c.Ended, f.Run = c.Started.UTC(), c.Ended.UTC(), &c
		}
	}
	return reflect.DeepEqual(a, b)
}

func show(f search.Fact) string {
	switch {
	case f.Outcome != nil:
		return fmt.Sprintf("outcome %+v", *f.Outcome)
	case f.Failure != nil:
		return fmt.Sprintf("failure %+v", *f.Failure)
	case f.Retraction != nil:
		return fmt.Sprintf("retraction %+v", *f.Retraction)
	case f.Refit != nil:
		return fmt.Sprintf("refit %+v", *f.Refit)
	case f.Test != nil:
		return fmt.Sprintf("test %+v", *f.Test)
	case f.Run != nil:
		return fmt.Sprintf("run %+v", *f.Run)
	}
	return "nothing"
}

func testIdempotent(t *testing.T, l search.Ledger) {
	s := enrolled(t, l, Small)
	first := outcome(1, 0)
	record(t, l, s.ID, search.Fact{Outcome: first}, search.Fact{Outcome: first})
	second := outcome(1, 0)
	second.Scores.Accuracy, second.History = 0.99, nil
	record(t, l, s.ID, search.Fact{Outcome: second})
	got := facts(t, l, s.ID)
	if len(got) != 1 || !same(got[0], search.Fact{Outcome: bare(first)}) {
		t.Errorf("%d facts, the first must stay: %v", len(got), show(got[0]))
	}
	if h, err := l.History(t.Context(), s.ID, first.Trial, 0); err != nil || len(h) != 2 {
		t.Errorf("history of %d epochs, error %v", len(h), err)
	}
}

func testRetraction(t *testing.T, l search.Ledger) {
	s := enrolled(t, l, Small)
	bad := &search.Outcome{Trial: grids.Key{1}, Slot: 0, State: search.Diverged, Reason: "no", Revision: "1", Kernel: "avx2", Recorded: moment}
	record(t, l, s.ID, search.Fact{Outcome: bad})
	record(t, l, s.ID, search.Fact{Retraction: &search.Retraction{Trial: grids.Key{1}, Slot: 0, Recorded: moment}})
	record(t, l, s.ID, search.Fact{Outcome: outcome(1, 0)})
	got := facts(t, l, s.ID)
	if len(got) == 0 || got[len(got)-1].Outcome == nil || got[len(got)-1].Outcome.State != search.Complete {
		t.Fatalf("%d facts; the last must be the new outcome", len(got))
	}
	if h, err := l.History(t.Context(), s.ID, grids.Key{1}, 0); err != nil || len(h) != 2 {
		t.Errorf("history of %d epochs, error %v", len(h), err)
	}
}

func testHistory(t *testing.T, l search.Ledger) {
	s := enrolled(t, l, Small)
	o := outcome(1, 2)
	record(t, l, s.ID, search.Fact{Outcome: o})
	got, err := l.History(t.Context(), s.ID, o.Trial, 2)
	if err != nil || !reflect.DeepEqual(got, o.History) {
		t.Errorf("have %+v, error %v\nwant %+v", got, err, o.History)
	}
	for _, at := range []struct {
		trial grids.Key
		slot  int
	}{{o.Trial, 1}, {grids.Key{2}, 2}} {
		if got, err := l.History(t.Context(), s.ID, at.trial, at.slot); err != nil || got != nil {
			t.Errorf("trial %v, slot %d: %v, error %v", at.trial, at.slot, got, err)
		}
	}
}

func testStranger(t *testing.T, l search.Ledger) {
	if err := l.Record(t.Context(), search.SweepID{9}, search.Fact{Outcome: outcome(1, 0)}); !errors.Is(err, search.ErrNotEnrolled) {
		t.Errorf("error %v, want %v", err, search.ErrNotEnrolled)
	}
}

func testApart(t *testing.T, l search.Ledger) {
	a := enrolled(t, l, Small)
	b := enrolled(t, l, strings.Replace(Small, `"small"`, `"other"`, 1))
	record(t, l, a.ID, search.Fact{Outcome: outcome(1, 0)})
	record(t, l, b.ID, search.Fact{Outcome: outcome(1, 0)}, search.Fact{Outcome: outcome(2, 0)})
	if x, y := len(facts(t, l, a.ID)), len(facts(t, l, b.ID)); x != 1 || y != 2 {
		t.Errorf("%d and %d facts, want 1 and 2", x, y)
	}
	all, err := l.Sweeps(t.Context())
	if err != nil || len(all) != 2 || all[0].ID != b.ID || !all[0].Current || !all[1].Current {
		t.Errorf("sweeps %+v, error %v: want the newest first, both current", all, err)
	}
}

func testConcurrent(t *testing.T, l search.Ledger) {
	s := enrolled(t, l, Small)
	const writers, each = 4, 25
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			for i := range each {
				if err := l.Record(t.Context(), s.ID, search.Fact{Outcome: outcome(byte(w), i)}); err != nil {
					t.Error(err)
					return
				}
				if i%10 == 0 {
					for _, err := range l.Facts(t.Context(), s.ID) {
						if err != nil {
							t.Error(err)
							return
						}
					}
				}
			}
		})
	}
	work.Wait()
	if got := facts(t, l, s.ID); len(got) != writers*each {
		t.Errorf("%d facts, want %d", len(got), writers*each)
	}
}

func testContext(t *testing.T, l search.Ledger) {
	s := enrolled(t, l, Small)
	record(t, l, s.ID, search.Fact{Outcome: outcome(1, 0)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Record(ctx, s.ID, search.Fact{Outcome: outcome(1, 1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("record: error %v", err)
	}
	var last error
	for _, err := range l.Facts(ctx, s.ID) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("facts: error %v", last)
	}
	if got := facts(t, l, s.ID); len(got) != 1 {
		t.Errorf("%d facts, want 1", len(got))
	}
}
