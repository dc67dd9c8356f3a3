package search

import (
	"time"

	"espalier/grids"
	"espalier/trainer"
)

// Outcome is the recorded fact about one (trial, slot).
type Outcome struct {
	Trial            grids.Key
	Slot             int
	State            State          // Complete or Diverged
	Epochs           int            // epochs trained to reach it (early stopping: fewer than asked)
	Best             int            // best epoch by the metric, 0 where none was validated
	Scores           trainer.Scores // at the scored epoch; zero where diverged
	Train            trainer.Scores // Loss and Accuracy of the scored epoch (Keras' running means)
	Reason           string         // diverged: "loss is not finite at epoch 3, step 17"
	Seconds          float64        // wall time spent since the previous outcome of the job
	Revision, Kernel string
	Recorded         time.Time
	History          []trainer.Epoch // left out by Ledger.Facts; see Ledger.History
}

// Place is a trial on one slot: where an outcome stands.
type Place struct {
	Trial grids.Key
	Slot  int
}

// Failure is a failed attempt: the job panicked, exceeded its limit or could not
// be set up. One per (trial, slot) that it left without outcome.
type Failure struct {
	Trial    grids.Key
	Slot     int
	Reason   string
	Stack    string
	Recorded time.Time
}

// Retraction makes a (trial, slot) due again: it takes back the failure or the
// diverged outcome recorded before it.
type Retraction struct {
	Trial    grids.Key
	Slot     int
	Recorded time.Time
}

// RefitRecord says that a model was refit; identical ones are read back.
type RefitRecord struct {
	Trial    grids.Key
	Digest   string // of all that determines the model's bytes
	Epochs   int
	Model    string // hex SHA-256 of the model file
	History  []trainer.Epoch
	Recorded time.Time
}

// TestRecord is one evaluation on the test set (law 6).
type TestRecord struct {
	Model    string // hex SHA-256 of the model file
	Result   trainer.Evaluation
	Recorded time.Time
}

// RunRecord is one finished or ended `run`: for forecasts and provenance.
type RunRecord struct {
	Version        string
	Workers        int
	Started, Ended time.Time
	Trained        int // epochs
	Exit           string
}

// Fact is one entry of the ledger: exactly one pointer is set.
type Fact struct {
	Outcome    *Outcome
	Failure    *Failure
	Retraction *Retraction
	Refit      *RefitRecord
	Test       *TestRecord
	Run        *RunRecord
}
