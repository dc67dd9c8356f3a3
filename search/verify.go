package search

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"espalier/folds"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// VerifyTask says which outcome to train again.
type VerifyTask struct {
	Set     *dataset.Set
	Folds   []folds.Fold
	Ledger  Ledger
	Trial   Trial
	Slot    int
	Threads int
	Watch   func(Watch) // may be nil

	FreeMemory func() int64 // as in Options; may be nil
}

// Verification is an outcome beside the same trained again.
type Verification struct {
	Recorded, Again Outcome  // with History
	Differences     []string // "epoch 3, validation: loss 0.41 ≠ 0.42"; empty: the same bit for bit
}

// ErrNoOutcome is what Verify wraps where there is nothing to compare with.
var ErrNoOutcome = errors.New("no outcome is recorded")

// Verify trains one fold of a trial again, by itself and from the start, and
// compares every number with what is recorded. Equality is promised for the same
// trainer revision and kernel; others are a difference too.
func Verify(ctx context.Context, s *Sweep, t VerifyTask) (Verification, error) {
	var v Verification
	if t.Slot < 0 || t.Slot >= s.Slots() || t.Slot >= len(t.Folds) {
		return v, fmt.Errorf("verify trial %s: there is no slot %d, only 0 to %d", t.Trial.ID()[:8], t.Slot, s.Slots()-1)
	}
	recorded, err := latest(ctx, s, t)
	if err != nil {
		return v, err
	}
	job := Job{Sweep: s, Family: t.Trial.Key, Trials: []Trial{t.Trial}, Slot: t.Slot}
	watch := t.Watch
	if watch == nil {
		watch = func(Watch) {}
	}
	needs, err := job.needs(t.Folds)
	if err != nil {
		return v, fmt.Errorf("verify trial %s: %w", t.Trial.ID()[:8], err)
	}
	gate := newMemoryGate(t.FreeMemory)
	err = gate.enter(ctx, &v, needs(1), func(warning string) { watch(Watch{Warning: "the fold " + warning}) })
	if err != nil {
		return v, fmt.Errorf("verify trial %s, slot %d: %w", t.Trial.ID()[:8], t.Slot, err)
	}
	job.Threads = gate.widen(&v, 1, t.Threads, needs)
	err = NewTrainer(s, t.Set, t.Folds, nil)(ctx, job, func(o Outcome) error {
		v.Again = o
		return nil
	}, watch)
	if err != nil {
		return v, fmt.Errorf("verify trial %s, slot %d: %w", t.Trial.ID()[:8], t.Slot, err)
	}
	v.Again.Revision, v.Again.Kernel = trainer.Revision(), trainer.Kernel()
	v.Recorded = recorded
	v.Differences = compareOutcomes(v.Recorded, v.Again)
	return v, nil
}

// latest is the outcome that stands, with its history.
func latest(ctx context.Context, s *Sweep, t VerifyTask) (Outcome, error) {
	var found *Outcome
	for f, err := range t.Ledger.Facts(ctx, s.ID) {
		if err != nil {
			return Outcome{}, fmt.Errorf("verify trial %s: %w", t.Trial.ID()[:8], err)
		}
		if f.Outcome != nil && f.Outcome.Trial == t.Trial.Key && f.Outcome.Slot == t.Slot {
			found = f.Outcome
		}
	}
	if found == nil {
		return Outcome{}, fmt.Errorf("verify trial %s, slot %d: %w", t.Trial.ID()[:8], t.Slot, ErrNoOutcome)
	}
	o := *found
	var err error
	if o.History, err = t.Ledger.History(ctx, s.ID, t.Trial.Key, t.Slot); err != nil {
		return o, fmt.Errorf("verify trial %s, slot %d: %w", t.Trial.ID()[:8], t.Slot, err)
	}
	return o, nil
}

// compareOutcomes lists every number that is not the same; times are no part of it.
func compareOutcomes(recorded, again Outcome) []string {
	var diff []string
	add := func(what string, was, is any) {
		if !reflect.DeepEqual(was, is) {
			diff = append(diff, fmt.Sprintf("%s: %v ≠ %v", what, was, is))
		}
	}
	add("trainer revision", recorded.Revision, again.Revision)
	add("kernel", recorded.Kernel, again.Kernel)
	add("state", recorded.State, again.State)
	add("reason", recorded.Reason, again.Reason)
	add("epochs", recorded.Epochs, again.Epochs)
	add("best epoch", recorded.Best, again.Best)
	add("scores", recorded.Scores, again.Scores)
	add("training scores", recorded.Train, again.Train)
	add("epochs in the history", len(recorded.History), len(again.History))
	for i := range min(len(recorded.History), len(again.History)) {
		was, is := recorded.History[i], again.History[i]
		at := fmt.Sprintf("epoch %d, ", was.Number)
		add(at+"training loss", was.TrainLoss, is.TrainLoss)
		add(at+"training accuracy", was.TrainAccuracy, is.TrainAccuracy)
		add(at+"learning rate", was.LearningRate, is.LearningRate)
		add(at+"validated", was.Validation != nil, is.Validation != nil)
		if was.Validation != nil && is.Validation != nil {
			add(at+"validation", *was.Validation, *is.Validation)
		}
		if len(was.Confusion)+len(is.Confusion) > 0 {
			add(at+"confusion matrix", was.Confusion, is.Confusion)
		}
	}
	return diff
}
