package search

import (
	"context"
	"errors"
	"fmt"
	"time"

	"espalier/trainer"
)

// checkpointEvery is the law's two seconds: work lost to a kill is at most that or
// one epoch, whichever is longer.
const checkpointEvery = 2 * time.Second

// A session is one fitter with a checkpoint beside it: a job's or a refit's.
type session struct {
	fitter      *trainer.Fitter
	checkpoints Checkpoints
	id          SweepID
	name        string    // of the checkpoint
	label       string    // for messages: "trial 3fa94c01, slot 2"
	saved       time.Time // the previous checkpoint, or the start
}

// restore goes on from a checkpoint where there is one. It is never trusted: the
// fitter checks it, and after an error is to be thrown away.
func (x *session) restore() error {
	state, err := x.checkpoints.Load(x.id, x.name)
	if err == nil && state != nil {
		err = x.fitter.Restore(state)
	}
	if err != nil {
		return fmt.Errorf("ignored the checkpoint of %s, training from the start: %w", x.label, err)
	}
	return nil
}

// epoch trains to the end of the current epoch. When ctx ends before, a checkpoint
// holds the middle of it.
func (x *session) epoch(ctx context.Context) (trainer.Epoch, time.Duration, error) {
	started := time.Now()
	e, err := x.fitter.Epoch(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(err, trainer.ErrDiverged) {
		if err := x.save(); err != nil {
			return e, 0, err
		}
	}
	return e, time.Since(started), err
}

// keep saves a checkpoint where the law asks for one.
func (x *session) keep(epoch time.Duration) error {
	if !overdue(time.Since(x.saved), epoch) {
		return nil
	}
	return x.save()
}

// overdue tells at an epoch's end whether a checkpoint is due, given the time since
// the previous one and that of the epoch. The next chance is an epoch away: were the
// two seconds over by then, a kill in between would cost more than is allowed.
func overdue(since, epoch time.Duration) bool { return since+epoch > checkpointEvery }

// save writes a checkpoint. An error is the disk's and ends the run.
func (x *session) save() error {
	state := x.fitter.Snapshot()
	if state == nil { // diverged: nothing good to keep
		return nil
	}
	if err := x.checkpoints.Save(x.id, x.name, state); err != nil {
		return broken{fmt.Errorf("save the checkpoint of %s: %w", x.label, err)}
	}
	x.saved = time.Now()
	return nil
}

// discard removes a checkpoint. An error costs only disk.
func (x *session) discard(name string) error {
	if err := x.checkpoints.Remove(x.id, name); err != nil {
		return fmt.Errorf("the checkpoint of %s stays: %w", x.label, err)
	}
	return nil
}

// noCheckpoints keep nothing.
type noCheckpoints struct{}

func (noCheckpoints) Load(SweepID, string) ([]byte, error) { return nil, nil }
func (noCheckpoints) Save(SweepID, string, []byte) error   { return nil }
func (noCheckpoints) Remove(SweepID, string) error         { return nil }
func (noCheckpoints) RemoveOthers(SweepID, string) error   { return nil }
