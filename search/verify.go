package search

import (
	"context"

	"espalier/folds"
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
}

// Verification is an outcome beside the same trained again.
type Verification struct {
	Recorded, Again Outcome
	Differences     []string // "epoch 3: validation loss 0.41… ≠ 0.42…"; empty: bit for bit the same
}

// Verify trains one fold of a trial again and compares every number.
func Verify(ctx context.Context, s *Sweep, t VerifyTask) (Verification, error) {
	panic("not built yet")
}
