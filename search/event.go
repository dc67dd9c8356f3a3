package search

import (
	"espalier/grids"
	"espalier/trainer"
)

// EventKind says what happened.
type EventKind string

// The kinds of events, and the fields of Event that they set beside Status.
const (
	EventStarted  EventKind = "started"  // the run; Message is the first line ("32 points × 3 folds = …")
	EventJob      EventKind = "job"      // a worker takes a job: Worker, Trial (its longest), Slot
	EventResumed  EventKind = "resumed"  // it goes on from a checkpoint: Worker, Trial, Slot, Resumed, Past
	EventProgress EventKind = "progress" // within an epoch: Worker, Trial, Slot, Progress
	EventEpoch    EventKind = "epoch"    // Worker, Trial, Slot, Epoch
	EventOutcome  EventKind = "outcome"  // on disk: Worker, Trial, Slot, Outcome
	EventFailure  EventKind = "failure"  // on disk: Worker, Trial, Slot, Failure
	EventPaused   EventKind = "paused"   // a job was stopped at the end of a batch: Worker, Trial, Slot
	EventJobDone  EventKind = "job done" // Worker, Trial, Slot
	EventWarning  EventKind = "warning"  // Message
	EventFinished EventKind = "finished" // the run: Message says how it ended
)

// Event is what happened in a run. A worker may be on its next job before the last
// outcome of the one before is on disk: EventOutcome can come after EventJobDone.
type Event struct {
	Kind     EventKind
	Worker   int // from 0
	Trial    grids.Key
	Slot     int
	Resumed  int             // epochs
	Past     []trainer.Epoch // those epochs
	Progress *trainer.Progress
	Epoch    *trainer.Epoch
	Outcome  *Outcome
	Failure  *Failure
	Status   *Status // of EventStarted: what was there before the first job
	Message  string
}
