package search

import (
	"context"

	"espalier/grids"
	"espalier/trainer"
)

// Evaluator trains a job: it records each trial's outcome through record as the
// trial's last epoch ends, and calls watch as it goes. record returns once the
// outcome is on disk. A trainer that diverges is an outcome; an error or a panic
// is a failed attempt, except that an error that came out of record ends the run
// and an error after ctx ended leaves the job to do.
type Evaluator func(ctx context.Context, j Job, record func(Outcome) error, watch func(Watch)) error

// Watch is what a worker says of itself.
type Watch struct {
	Worker   int
	Trial    grids.Key
	Slot     int
	Epoch    *trainer.Epoch    // at an epoch's end
	Progress *trainer.Progress // within one
	Resumed  int               // epochs read from a checkpoint, at the job's start
	Past     []trainer.Epoch   // those epochs, read-only
	Warning  string            // such as a checkpoint that is no good
}
