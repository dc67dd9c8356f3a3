package search

import (
	"espalier/folds"
	"espalier/trainer/dataset"
)

// NewTrainer is the real Evaluator: rows, folds and checkpoints bound to a sweep.
func NewTrainer(s *Sweep, set *dataset.Set, f []folds.Fold, c Checkpoints) Evaluator {
	panic("not built yet")
}

// MakeFolds gives a sweep's folds.
func MakeFolds(s *Sweep, set *dataset.Set, warn func(string)) ([]folds.Fold, error) {
	panic("not built yet")
}
