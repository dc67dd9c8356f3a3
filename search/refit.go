package search

import (
	"context"

	"espalier/folds"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// RefitTask is what a refit needs beside the sweep.
type RefitTask struct {
	Set         *dataset.Set
	Folds       []folds.Fold // rows "train" uses the hold-out's
	Trial       Trial
	Ledger      Ledger
	Checkpoints Checkpoints
	Version     string                     // of the program, for the provenance
	Saved       func(sha256 string) []byte // the bytes of a model file saved before, nil: gone (then it is trained again); may be nil
	Threads     int
	Watch       func(Watch) // may be nil
}

// RefitResult is a refit model and what the test rows say of it.
type RefitResult struct {
	Model       *trainer.Model
	Bytes       []byte // of the model file; the caller saves them
	Record      RefitRecord
	Reused      bool                // read back: an identical refit was there
	Test        *trainer.Evaluation // nil: the data has no test rows
	Evaluations int                 // on the test rows so far, of all models of the sweep
}

// Refit trains a trial on all training rows as [refit] says, evaluates it on the
// test rows once, and records both.
func Refit(ctx context.Context, s *Sweep, t RefitTask) (RefitResult, error) { panic("not built yet") }
