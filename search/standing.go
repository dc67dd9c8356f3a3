package search

// State of a standing (or of an outcome: Complete, Diverged).
type State string

// The states. Only Complete has a rank.
const (
	Complete State = "complete" // every slot has a finite outcome
	Diverged State = "diverged" // some slot's loss was not finite
	Failed   State = "failed"   // some slot's attempt failed and was not retracted
	Partial  State = "partial"  // some slots are missing
	Pending  State = "pending"  // all slots are missing
)

// Standing is one row of the leaderboard. Floats that do not exist are NaN.
type Standing struct {
	Rank       int // from 1; 0: none
	Trial      Trial
	State      State
	Mean, Std  float64    // of Folds: unweighted, population deviation; NaN where a fold is missing
	StdErr     float64    // of the mean: sample deviation over root n; of one fold that of a share (accuracy), else NaN
	Folds      []float64  // the metric per slot; NaN where missing
	TrainScore float64    // mean of the training accuracy, or loss where the metric is loss
	Gap        float64    // how much better training is than validation: over-fitting is positive
	Best       float64    // mean best epoch
	Epochs     float64    // mean epochs trained
	Seconds    float64    // summed over slots
	Outcomes   []*Outcome // per slot, nil where missing
	Failures   []*Failure // per slot, nil
}
