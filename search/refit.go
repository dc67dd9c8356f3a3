package search

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"espalier/folds"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// RefitTask is what a refit needs beside the sweep.
type RefitTask struct {
	Set         *dataset.Set
	Folds       []folds.Fold // rows = "train": the hold-out, its first repeat
	Trial       Trial
	Ledger      Ledger
	Checkpoints Checkpoints                // nil: none are kept
	Version     string                     // of the program, for the provenance
	Saved       func(sha256 string) []byte // the bytes of a model file saved before, nil: gone (then it is trained again); may be nil
	Save        func(model []byte) error   // saves the model file, before the checkpoint that it could be made from again goes; may be nil
	Threads     int
	FreeMemory  func() int64 // as in Options; may be nil
	Watch       func(Watch)  // may be nil
}

// RefitResult is a refit model and what the test rows say of it.
type RefitResult struct {
	Model       *trainer.Model
	Bytes       []byte // of the model file
	Record      RefitRecord
	Reused      bool                // read back: an identical refit was there
	Test        *trainer.Evaluation // nil: the data has no test rows
	Evaluations int                 // on the test rows so far, of all models of the sweep
}

// Refit trains a trial as [refit] says, evaluates the model on the test rows once,
// and records both. Nothing that was selected by saw those rows (law 6).
//
// rows = "all" trains on all training rows under streams of its own
// (trainer.RefitStreams). There are no validation rows then: early stopping is off,
// and epochs says how long. rows = "train" trains on the hold-out's training rows
// with its validation rows and streams: the model that the leaderboard scored.
//
// epochs = "config" is the trial's own number, "best" the median over the folds of
// its best epoch, rounded half up.
func Refit(ctx context.Context, s *Sweep, t RefitTask) (RefitResult, error) {
	if t.Watch == nil {
		t.Watch = func(Watch) {}
	}
	if t.Checkpoints == nil {
		t.Checkpoints = noCheckpoints{}
	}
	past, err := refitHistory(ctx, s, t)
	if err != nil {
		return RefitResult{}, err
	}
	r := refitting{sweep: s, task: t}
	if err := r.prepare(past.best); err != nil {
		return RefitResult{}, fmt.Errorf("refit trial %s: %w", t.Trial.ID()[:8], err)
	}
	digest := r.digest()
	result := RefitResult{Evaluations: len(past.tests)}
	if known := past.refits[digest]; known != nil && t.Saved != nil {
		if data := t.Saved(known.Model); data != nil {
			if m, err := trainer.LoadModel(data); err == nil && digestOf(data) == known.Model {
				result.Model, result.Bytes, result.Record, result.Reused = m, data, *known, true
			}
		}
	}
	if !result.Reused {
		if err := r.train(ctx, digest, &result); err != nil {
			return result, fmt.Errorf("refit trial %s: %w", t.Trial.ID()[:8], err)
		}
	}
	var facts []Fact
	if known := past.refits[digest]; known == nil || known.Model != result.Record.Model {
		facts = append(facts, Fact{Refit: &result.Record})
	}
	if test := past.tests[result.Record.Model]; test != nil {
		result.Test = &test.Result
	} else if t.Set.Test != nil && t.Set.Test.N > 0 {
		e, err := result.Model.Evaluate(ctx, dataset.NewView(t.Set.Test, nil, result.Model.Prep))
		if err != nil {
			return result, fmt.Errorf("evaluate the refit of trial %s on the test rows: %w", t.Trial.ID()[:8], err)
		}
		result.Test = &e
		result.Evaluations++
		facts = append(facts, Fact{Test: &TestRecord{Model: result.Record.Model, Result: e, Recorded: time.Now()}})
	}
	if len(facts) > 0 {
		if err := t.Ledger.Record(ctx, s.ID, facts...); err != nil {
			return result, fmt.Errorf("record the refit of trial %s: %w", t.Trial.ID()[:8], err)
		}
	}
	if t.Save != nil {
		if err := t.Save(result.Bytes); err != nil {
			return result, err
		}
	}
	if err := r.session.discard(r.session.name); err != nil {
		t.Watch(Watch{Trial: t.Trial.Key, Slot: -1, Warning: err.Error()})
	}
	return result, nil
}

// pastRefits is what the ledger knows that a refit needs.
type pastRefits struct {
	best   []float64               // best epochs of the trial's complete outcomes, by slot
	refits map[string]*RefitRecord // by digest, the latest
	tests  map[string]*TestRecord  // by model
}

func refitHistory(ctx context.Context, s *Sweep, t RefitTask) (pastRefits, error) {
	p := pastRefits{refits: make(map[string]*RefitRecord), tests: make(map[string]*TestRecord)}
	best := make(map[int]int)
	for f, err := range t.Ledger.Facts(ctx, s.ID) {
		switch {
		case err != nil:
			return p, fmt.Errorf("read the facts of sweep %q: %w", s.File.Name, err)
		case f.Refit != nil:
			p.refits[f.Refit.Digest] = f.Refit
		case f.Test != nil:
			p.tests[f.Test.Model] = f.Test
		case f.Outcome != nil && f.Outcome.Trial == t.Trial.Key && f.Outcome.State == Complete && f.Outcome.Best > 0:
			best[f.Outcome.Slot] = f.Outcome.Best
		}
	}
	for _, slot := range slices.Sorted(maps.Keys(best)) {
		p.best = append(p.best, float64(best[slot]))
	}
	return p, nil
}

// refitting is one refit under way.
type refitting struct {
	sweep   *Sweep
	task    RefitTask
	session session

	epochs                    int
	config                    *trainer.Config
	trainRows, validationRows dataset.View
	streams                   trainer.Streams
}

// prepare decides on rows and epochs and compiles the config.
func (r *refitting) prepare(best []float64) error {
	s, t := r.sweep, r.task
	values := s.values(t.Trial.Point)
	var rows []int // nil: all
	r.streams = trainer.RefitStreams(s.File.Seed)
	if s.File.Refit.Rows == "train" {
		if s.File.Folds.Scheme != holdout || len(t.Folds) == 0 {
			return fmt.Errorf(`rows = "train" means the training rows of a hold-out, and the folds are %q`, s.File.Folds.Scheme)
		}
		rows = t.Folds[0].Train
		r.streams = trainer.Streams{Seed: s.File.Seed}
	} else {
		delete(values, "early_stopping")
	}
	var err error
	if r.epochs, err = s.refitEpochs(t.Trial, best); err != nil {
		return err
	}
	values[epochs] = int64(r.epochs)
	prep, err := dataset.FitPreprocessing(t.Set.Info, t.Set.Train, rows, s.File.Data.Scale)
	if err != nil {
		return fmt.Errorf("prepare the rows: %w", err)
	}
	if r.config, err = s.config(values, prep.Shape); err != nil {
		return err
	}
	r.trainRows = dataset.NewView(t.Set.Train, rows, prep)
	if rows != nil {
		r.validationRows = dataset.NewView(t.Set.Train, t.Folds[0].Validation, prep)
	}
	return nil
}

// refitEpochs is how long to train, by [refit] epochs.
func (s *Sweep) refitEpochs(t Trial, best []float64) (int, error) {
	switch policy := s.File.Refit.Epochs.(type) {
	case int64:
		return int(policy), nil
	case string:
		if policy != "best" {
			break
		}
		if len(best) == 0 {
			return 0, fmt.Errorf(`epochs = "best" is the median over the folds of the best epoch, and no fold of trial %s is scored`, t.ID()[:8])
		}
		slices.Sort(best)
		middle := len(best) / 2
		median := best[middle]
		if len(best)%2 == 0 {
			median = stat.Mean(best[middle-1:middle+1], nil)
		}
		return int(math.Floor(median + 0.5)), nil
	}
	return s.epochsOf(t.Point.Values), nil
}

// refitPrefix begins the names of refits' checkpoints; those of jobs begin with hex.
const refitPrefix = "refit-"

// digest names all that determines the model's bytes.
func (r *refitting) digest() string {
	s := r.sweep
	text := fmt.Sprintf("espalier refit 1\x00%s\x00%s\x00%d\x00%s\x00%s\x00%s\x00%s",
		s.ID, r.task.Trial.ID(), r.epochs, s.File.Refit.Rows, trainer.Revision(), trainer.Kernel(), r.task.Version)
	r.session = session{
		checkpoints: r.task.Checkpoints, id: s.ID, name: refitPrefix + digestOf([]byte(text))[:32],
		label: "the refit of trial " + r.task.Trial.ID()[:8],
	}
	return digestOf([]byte(text))
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// watch passes on what the refit says of itself; it has no slot.
func (r *refitting) watch(w Watch) {
	w.Trial, w.Slot = r.task.Trial.Key, -1
	r.task.Watch(w)
}

// fit makes the fitter, from a checkpoint where there is a good one.
func (r *refitting) fit() error {
	fresh := func() (err error) {
		r.session.fitter, err = trainer.NewFitter(r.config, trainer.Task{
			Streams: r.streams, Init: r.sweep.weights, Threads: r.task.Threads,
			Progress: func(p trainer.Progress) { r.watch(Watch{Progress: &p}) },
		}, r.trainRows, r.validationRows)
		return err
	}
	if err := fresh(); err != nil {
		return fmt.Errorf("set up training: %w", err)
	}
	r.session.saved = time.Now()
	if err := r.session.restore(); err != nil {
		r.watch(Watch{Warning: err.Error()})
		return fresh()
	}
	if done := len(r.session.fitter.History()); done > 0 {
		r.watch(Watch{Resumed: done})
	}
	return nil
}

// train makes the model and its file.
func (r *refitting) train(ctx context.Context, digest string, result *RefitResult) error {
	needs := func(threads int) int64 { return r.config.Memory(r.trainRows.Len(), threads) }
	gate := newMemoryGate(r.task.FreeMemory)
	err := gate.enter(ctx, r, needs(1), func(warning string) { r.watch(Watch{Warning: "the refit " + warning}) })
	if err != nil {
		return err
	}
	r.task.Threads = gate.widen(r, 1, r.task.Threads, needs)
	if err := r.fit(); err != nil {
		return err
	}
	fitter := r.session.fitter
	for !r.session.fitter.Done() {
		epoch, took, err := r.session.epoch(ctx)
		if err != nil {
			return err
		}
		r.watch(Watch{Epoch: &epoch})
		if !fitter.Done() {
			if err := r.session.keep(took); err != nil {
				return err
			}
		}
	}
	s, t := r.sweep, r.task
	m := fitter.Model()
	m.Classes = s.Data.Classes
	p := &m.Provenance
	p.Sweep, p.SweepID, p.Trial, p.Data = s.File.Name, s.ID.String(), t.Trial.ID(), s.Data.Fingerprint
	p.Seed, p.Version = s.File.Seed, t.Version
	data, err := m.MarshalBinary()
	if err != nil {
		return fmt.Errorf("write the model: %w", err)
	}
	history := fitter.History()
	result.Model, result.Bytes = m, data
	result.Record = RefitRecord{
		Trial: t.Trial.Key, Digest: digest, Epochs: len(history), Model: digestOf(data),
		History: history, Recorded: time.Now(),
	}
	return nil
}
