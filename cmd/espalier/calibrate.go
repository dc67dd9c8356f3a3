package main

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"espalier/search"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// Bounds of what a plan trains: in all, and on one workload.
const (
	calibration     = 10 * time.Second
	calibrationEach = 4 * time.Second
	calibrationMin  = 300 * time.Millisecond
)

// pace is how long the parts of a job take, in seconds.
type pace struct {
	setup    float64 // once
	train    float64 // an epoch's training rows
	validate float64 // a pass over the validation rows
	spread   float64 // relative standard error of train
	measured bool
}

func (p pace) epoch() float64 { return p.train + p.validate }

// times is the pace at another number of operations.
func (p pace) times(factor float64) pace {
	return pace{setup: p.setup, train: p.train * factor, validate: p.validate * factor, spread: p.spread}
}

// stopwatch is how jobs are run while they are timed: as a run would.
type stopwatch struct {
	session *session
	side    int // fits side by side
	threads int // of each
}

// measure trains a point for a while, on the rows it would have, and then validates
// for a while, and gives the pace of one of the fits side by side.
func (b stopwatch) measure(ctx context.Context, t search.Trial, limit time.Duration) (pace, error) {
	limit = max(limit, calibrationMin/2)
	paces := make([]pace, b.side)
	failed := make([]error, b.side)
	var group sync.WaitGroup
	for i := range b.side {
		group.Go(func() { paces[i], failed[i] = b.time(ctx, t, i, time.Now().Add(limit)) })
	}
	group.Wait()
	if err := errors.Join(failed...); err != nil {
		return pace{}, err
	}
	var mean pace
	n := float64(b.side)
	for _, p := range paces {
		mean.setup += p.setup / n
		mean.train += p.train / n
		mean.validate += p.validate / n
		mean.spread += p.spread / n
	}
	mean.spread /= math.Sqrt(n)
	mean.measured = true
	return mean, nil
}

// time is what one of the fits does until a deadline.
func (b stopwatch) time(ctx context.Context, t search.Trial, i int, until time.Time) (pace, error) {
	s := b.session
	begun := time.Now()
	fold := s.folds[i%len(s.folds)]
	values := s.sweep.Effective(t)
	values["epochs"] = int64(1_000_000)
	delete(values, "early_stopping")
	prep, err := dataset.FitPreprocessing(s.set.Info, s.set.Train, fold.Train, s.sweep.File.Data.Scale)
	if err != nil {
		return pace{}, err
	}
	config, problems := trainer.Compile(trainer.Spec{Layers: s.sweep.File.Model.Layers, Values: values}, prep.Shape, len(s.set.Classes))
	if config == nil {
		return pace{}, errors.New(problems[0].String())
	}
	meter := meter{}
	task := trainer.Task{
		Streams: trainer.Streams{Seed: s.sweep.File.Seed, Fold: i % s.sweep.K}, Threads: b.threads,
		Validate: func(int) bool { return false }, Progress: meter.see,
	}
	fitter, err := trainer.NewFitter(config, task, dataset.NewView(s.set.Train, fold.Train, prep), dataset.View{})
	if err != nil {
		return pace{}, err
	}
	p := pace{setup: time.Since(begun).Seconds()}

	// Three quarters of the time train, the rest validates.
	training := time.Until(until) * 3 / 4
	trained, cancel := context.WithTimeout(ctx, training)
	defer cancel()
	meter.began = time.Now()
	for trained.Err() == nil {
		if _, err = fitter.Epoch(trained); err != nil {
			break
		}
		meter.epochs = append(meter.epochs, time.Since(meter.began).Seconds())
	}
	if err != nil && trained.Err() == nil && !errors.Is(err, trainer.ErrDiverged) {
		return pace{}, err
	}
	if p.train, p.spread, err = meter.epoch(); err != nil {
		return pace{}, err
	}
	steps := float64((len(fold.Train) + config.Params.BatchSize - 1) / config.Params.BatchSize)
	p.validate, err = b.validation(ctx, config, fold.Train, fold.Validation, prep, p.train/steps, until)
	return p, err
}

// validation times passes over validation rows: epochs of one batch, less that batch.
func (b stopwatch) validation(ctx context.Context, config *trainer.Config, train, validation []int, prep *dataset.Preprocessing, step float64, until time.Time) (float64, error) {
	s := b.session
	few := train[:min(len(train), config.Params.BatchSize)]
	some := validation[:min(len(validation), validated(step/float64(len(few))))]
	if len(some) == 0 {
		return 0, nil
	}
	task := trainer.Task{Streams: trainer.Streams{Seed: s.sweep.File.Seed}, Threads: b.threads}
	fitter, err := trainer.NewFitter(config, task, dataset.NewView(s.set.Train, few, prep), dataset.NewView(s.set.Train, some, prep))
	if err != nil {
		return 0, err
	}
	var times []float64
	for len(times) < 2 || time.Now().Before(until) && len(times) < 200 {
		start := time.Now()
		_, err := fitter.Epoch(ctx)
		switch {
		case ctx.Err() != nil:
			return 0, context.Cause(ctx)
		case errors.Is(err, trainer.ErrDiverged): // as much as is known: forward is a third of all
			return step * float64(len(validation)) / float64(len(few)) / 3, nil
		case err != nil:
			return 0, err
		}
		times = append(times, time.Since(start).Seconds()-step)
	}
	times = times[1:] // the first warms up
	slices.Sort(times)
	return max(0, times[len(times)/2]) * float64(len(validation)) / float64(len(some)), nil
}

// validated is how many rows to validate at a time, given the seconds that training
// one takes: some tenth of a second's, in whole batches of an evaluation.
func validated(row float64) int {
	const batch = 128
	return batch * int(min(max(0.3/max(row, 1e-9)/batch, 1), 32))
}

// errNoTime is of a fit that ended before its first step did.
var errNoTime = errors.New("training diverges at once: no time can be told")

// meter tells the time of an epoch from what a fitter says within it.
type meter struct {
	began  time.Time
	marks  []mark
	epochs []float64 // when each ended, in seconds
}

// mark is how far a fit was at a moment.
type mark struct{ seconds, epochs float64 }

func (m *meter) see(p trainer.Progress) {
	m.marks = append(m.marks, mark{time.Since(m.began).Seconds(), float64(p.Epoch-1) + float64(p.Step)/float64(max(p.Steps, 1))})
}

// epoch gives the seconds of an epoch of training and their relative standard error.
// What came before the first mark, or a tenth of the time, warms up.
func (m *meter) epoch() (seconds, spread float64, err error) {
	for i, at := range m.epochs {
		m.marks = append(m.marks, mark{at, float64(i + 1)})
	}
	slices.SortFunc(m.marks, func(a, b mark) int { return compare(a.seconds, b.seconds) })
	n := len(m.marks)
	if n == 0 {
		return 0, 0, errNoTime
	}
	last := m.marks[n-1]
	first := m.marks[0]
	for _, at := range m.marks {
		if at.seconds < last.seconds/10 {
			first = at
		}
	}
	var rates []float64 // seconds an epoch, over a tenth of the time each
	from := first
	for _, at := range m.marks {
		if at.seconds-from.seconds >= (last.seconds-first.seconds)/10 && at.epochs > from.epochs {
			rates = append(rates, (at.seconds-from.seconds)/(at.epochs-from.epochs))
			from = at
		}
	}
	if n == 1 || last.epochs <= first.epochs {
		return last.seconds / max(last.epochs, 1e-9), 0.5, nil
	}
	seconds = (last.seconds - first.seconds) / (last.epochs - first.epochs)
	if n := float64(len(rates)); n > 1 {
		if len(rates) > 4 { // the median: what else the machine does for a moment is not the run's
			slices.Sort(rates)
			seconds = rates[len(rates)/2]
		}
		sum := 0.0
		for _, rate := range rates {
			sum += (rate - seconds) * (rate - seconds)
		}
		spread = math.Sqrt(sum/(n-1)/n) / seconds
	}
	return seconds, spread, nil
}

// processors is how many jobs can really go side by side.
func processors() int { return runtime.GOMAXPROCS(0) }
