package search

// Checkpoints keep snapshots of what is in training; store implements them with
// files beside itself, searchtest in memory. A snapshot is never trusted: the
// trainer checks it, and a bad one costs only the time to train again.
type Checkpoints interface {
	Load(id SweepID, name string) ([]byte, error) // nil, nil: none
	Save(id SweepID, name string, state []byte) error
	Remove(id SweepID, name string) error // nil also where there is none
	// RemoveOthers removes all of a sweep whose names do not begin with keep.
	RemoveOthers(id SweepID, keep string) error
}
