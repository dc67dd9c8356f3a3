package search

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"espalier/folds"
	"espalier/grids"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// NewTrainer is the real Evaluator: rows, folds and checkpoints bound to a sweep.
// Scaling and levels are fitted on each fold's training rows alone (law 6). With nil
// for Checkpoints none are kept.
func NewTrainer(s *Sweep, set *dataset.Set, f []folds.Fold, c Checkpoints) Evaluator {
	if c == nil {
		c = noCheckpoints{}
	}
	return func(ctx context.Context, j Job, record func(Outcome) error, watch func(Watch)) error {
		b := &bench{sweep: s, job: j, record: record, tell: watch, due: slices.Clone(j.Trials), since: time.Now()}
		b.session = session{
			checkpoints: c, id: s.ID, name: checkpointName(j.Family, j.Slot),
			label: fmt.Sprintf("trial %s, slot %d", j.Longest().ID()[:8], j.Slot), saved: time.Now(),
		}
		if err := b.prepare(set, f[j.Slot]); err != nil {
			return err
		}
		return b.train(ctx)
	}
}

// A bench is one job in training: one fitter that serves all trials of a family.
// Its checkpoint is the family's, since all its trials share one trajectory,
// whichever of them are due.
type bench struct {
	session
	sweep  *Sweep
	job    Job
	record func(Outcome) error
	tell   func(Watch)
	config *trainer.Config
	fresh  func() error // puts fitter at the start
	due    []Trial      // without outcome yet, ascending epochs
	since  time.Time    // the previous outcome, or the start
}

// prepare makes the fitter, from a checkpoint where there is a good one.
func (b *bench) prepare(set *dataset.Set, fold folds.Fold) error {
	s := b.sweep
	prep, err := dataset.FitPreprocessing(set.Info, set.Train, fold.Train, s.File.Data.Scale)
	if err != nil {
		return fmt.Errorf("prepare the rows of slot %d: %w", b.job.Slot, err)
	}
	if b.config, err = s.config(s.values(b.job.Longest().Point), prep.Shape); err != nil {
		return err
	}
	train, validation := dataset.NewView(set.Train, fold.Train, prep), dataset.NewView(set.Train, fold.Validation, prep)
	b.fresh = func() (err error) {
		b.fitter, err = trainer.NewFitter(b.config, trainer.Task{
			Streams:  trainer.Streams{Seed: s.File.Seed, Repeat: b.job.Slot / s.K, Fold: b.job.Slot % s.K},
			Validate: b.validates(), Init: s.weights, Threads: b.job.Threads, More: b.job.More,
			Progress: func(p trainer.Progress) { b.watch(Watch{Progress: &p}) },
		}, train, validation)
		return err
	}
	if err := b.fresh(); err != nil {
		return fmt.Errorf("set up training: %w", err)
	}
	if err := b.restore(); err != nil {
		b.watch(Watch{Warning: err.Error()})
		return b.fresh()
	}
	history := b.fitter.History()
	for _, t := range b.due {
		// The checkpoint may have run past an epoch that a trial needs the score
		// of and nobody asked for then.
		if n := s.epochsOf(t.Point.Values); n <= len(history) && history[n-1].Validation == nil {
			return b.fresh()
		}
	}
	if len(history) > 0 {
		b.watch(Watch{Resumed: len(history), Past: history})
	}
	return nil
}

// watch passes on what the job says of itself.
func (b *bench) watch(w Watch) {
	w.Trial, w.Slot = b.job.Longest().Key, b.job.Slot
	b.tell(w)
}

// everywhere tells whether every epoch is validated: unless the file asks for
// final scores only, and always where early stopping watches.
func (b *bench) everywhere() bool {
	return b.sweep.File.Search.Validate != final || b.config.Params.EarlyStopping != nil
}

// validates is nil for every epoch, else true where a trial that is due ends.
func (b *bench) validates() func(epoch int) bool {
	if b.everywhere() {
		return nil
	}
	ends := make(map[int]bool)
	for _, t := range b.due {
		ends[b.sweep.epochsOf(t.Point.Values)] = true
	}
	return func(epoch int) bool { return ends[epoch] }
}

// train goes on epoch by epoch until no trial is due.
func (b *bench) train(ctx context.Context) error {
	if err := b.settle(); err != nil {
		return err
	}
	for len(b.due) > 0 {
		epoch, took, err := b.epoch(ctx)
		if errors.Is(err, trainer.ErrDiverged) {
			if err := b.diverge(err.Error()); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		b.watch(Watch{Epoch: &epoch})
		if err := b.settle(); err != nil {
			return err
		}
		if len(b.due) > 0 {
			if err := b.keep(took); err != nil {
				return err
			}
		}
	}
	for _, name := range b.names() {
		if err := b.discard(name); err != nil {
			b.watch(Watch{Warning: err.Error()})
		}
	}
	return nil
}

func checkpointName(family grids.Key, slot int) string { return fmt.Sprintf("%x-%d", family[:], slot) }

// names are those under which this job's checkpoint may lie: a run before may have
// shared epochs where this one did not, or the other way round.
func (b *bench) names() []string {
	names := []string{b.name}
	effective := b.sweep.Effective(b.job.Longest())
	delete(effective, epochs)
	keys := []grids.Key{grids.KeyOf(effective)}
	for _, t := range b.job.Trials {
		keys = append(keys, t.Key)
	}
	for _, key := range keys {
		if name := checkpointName(key, b.job.Slot); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// settle records every trial whose last epoch is trained.
func (b *bench) settle() error {
	history := b.fitter.History()
	ended := len(history) > 0 && b.fitter.Done() // early, or at the longest trial's end
	for len(b.due) > 0 {
		t := b.due[0]
		if b.sweep.epochsOf(t.Point.Values) > len(history) && !ended {
			return nil
		}
		o, err := b.outcome(t, b.own(t, history))
		if err != nil {
			return err
		}
		b.due = b.due[1:]
		if len(b.due) == 0 {
			b.unload()
		}
		if err := b.put(o); err != nil {
			return err
		}
	}
	return nil
}

// unload lets go of the network and the rows. The worker goes on to its next job while
// the last outcome waits for the disk, and many jobs may wait.
func (b *bench) unload() { b.fitter, b.fresh = nil, nil }

// own is the history that a trial would have if it were trained by itself: up to
// where it stops, and under validate = "final" with validation at its own end only.
func (b *bench) own(t Trial, history []trainer.Epoch) []trainer.Epoch {
	asked := b.sweep.epochsOf(t.Point.Values)
	own := slices.Clone(history[:min(asked, len(history))])
	if stop := b.config.Params.EarlyStopping; stop != nil {
		if at := stop.Stopped(own); at > 0 {
			own = own[:at]
		}
	}
	if !b.everywhere() {
		for i := range own {
			if e := &own[i]; e.Number != asked {
				e.Validation, e.Confusion, e.Classes = nil, nil, nil
			}
		}
	}
	return own
}

// outcome is what a history says of a trial: the metric after its last epoch, or
// of its best where the weights of the best are restored.
func (b *bench) outcome(t Trial, history []trainer.Epoch) (Outcome, error) {
	scored := len(history)
	if stop := b.config.Params.EarlyStopping; stop != nil && stop.RestoreBest {
		if best := stop.Best(history); best > 0 {
			scored = best
		}
	}
	if scored == 0 || history[scored-1].Validation == nil {
		return Outcome{}, fmt.Errorf("score trial %s: epoch %d was not validated", t.ID()[:8], scored)
	}
	at := history[scored-1]
	return Outcome{
		Trial: t.Key, Slot: b.job.Slot, State: Complete, Epochs: len(history),
		Best: bestEpoch(b.sweep.Metric, history), Scores: *at.Validation,
		Train: trainer.Scores{Loss: at.TrainLoss, Accuracy: at.TrainAccuracy}, History: history,
	}, nil
}

// bestEpoch is the first epoch with the best metric; 0 where none was validated.
func bestEpoch(metric string, history []trainer.Epoch) (best int) {
	value := math.Inf(-1)
	for _, e := range history {
		if e.Validation == nil {
			continue
		}
		v, _ := e.Validation.Metric(metric)
		if trainer.Ascending(metric) {
			v = -v
		}
		if v > value {
			value, best = v, e.Number
		}
	}
	return best
}

// diverge records that the due trials have no score, and why. Under validate =
// "final" it may have been the validation for a shorter trial that failed, which the
// longer ones would not have met: they are trained again without it.
func (b *bench) diverge(reason string) error {
	history := b.fitter.History()
	reached := len(b.due)
	if !b.everywhere() {
		for i, t := range b.due {
			if b.sweep.epochsOf(t.Point.Values) == len(history)+1 {
				reached = i + 1
				break
			}
		}
	}
	if reached == len(b.due) {
		b.unload()
	}
	for _, t := range b.due[:reached] {
		own := b.own(t, history)
		err := b.put(Outcome{
			Trial: t.Key, Slot: b.job.Slot, State: Diverged, Epochs: len(own),
			Best: bestEpoch(b.sweep.Metric, own), Reason: reason, History: own,
		})
		if err != nil {
			return err
		}
	}
	b.due = b.due[reached:]
	if len(b.due) == 0 {
		return nil
	}
	return b.fresh()
}

// put records an outcome with the time since the one before.
func (b *bench) put(o Outcome) error {
	now := time.Now()
	o.Seconds = now.Sub(b.since).Seconds()
	b.since = now
	return b.record(o)
}
