package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"espalier/trainer/dataset"
	"espalier/trainer/kernel"
)

// ErrDiverged is returned, wrapped with epoch and step, when the loss is not finite.
var ErrDiverged = errors.New("loss is not finite")

// Task is what one fit needs beside config and rows.
type Task struct {
	Streams  Streams
	Validate func(epoch int) bool // nil: every epoch; with early stopping every epoch is validated
	Init     *Weights             // start from these instead of drawing them
	Threads  int                  // 0, 1: one; more split products, bit-equal
	More     func() int           // asked before every batch: threads it may have by now; may be nil
	Progress func(Progress)       // called within an epoch, at most about ten times a second; may be nil
}

// Fitter trains one config on one fold, an epoch at a time; its state can be saved at any batch's
// end. One goroutine uses it at a time.
type Fitter struct {
	config     *Config
	task       Task
	network    *network
	optimizer  *optimizer
	rows       *feeder
	validation *evaluator // nil: none

	order   []int32 // positions of the training rows in the epoch's order
	ordered int     // the epoch that order is of, 0: none yet
	shuffle kernel.Stream
	draws   draws
	passes  []pass // one for each worker
	halted  bool   // no further batch now: all done, diverged, ctx ended, or there are more threads
	offered int    // threads that it may have by now

	now              state
	best, bestMoving []float32 // restore_best: values and moving statistics of the best epoch so far
	average          []float32 // ema: moving average of the values
	diverged         error
	reported         time.Time
}

// state is what a snapshot holds beside floats.
type state struct {
	Finished int     // epochs
	Batch    int     // batches done of the next one
	Step     uint64  // batches done in all
	LossSum  float64 // of the epoch so far, over rows
	Correct  int
	Rows     int
	Rate     float64 // of the last step
	Seconds  float64 // of the epoch so far
	Product  float64 // of Nadam's schedule
	Epochs   []Epoch
}

// NewFitter checks the rows against the config and allocates everything: no allocation happens
// inside a step. validation may be the zero View (none).
func NewFitter(c *Config, t Task, train, validation dataset.View) (*Fitter, error) {
	if train.Len() == 0 {
		return nil, errors.New("fit: no training rows")
	}
	batch := c.batch(train.Len())
	if need := c.Memory(train.Len(), t.Threads); need > memoryLimit {
		return nil, fmt.Errorf("fit: a batch of %d rows would need %s, more than the limit of %s", batch, formatBytes(need), formatBytes(memoryLimit))
	}
	if t.Init != nil {
		if err := problemsError("fit: initial weights", c.CheckWeights(t.Init)); err != nil {
			return nil, err
		}
	}
	feeder, err := newFeeder(c, train, batch, true)
	if err != nil {
		return nil, fmt.Errorf("fit: training rows: %w", err)
	}
	if c.Params.Augment != (Augment{}) && feeder.mul != nil {
		feeder.augment = newAugmenter(c, batch, t.Streams)
	}
	f := &Fitter{
		config: c, task: t, rows: feeder,
		order:   make([]int32, train.Len()),
		shuffle: t.Streams.stream("shuffle"),
	}
	f.staff(min(max(1, t.Threads), threadLimit))
	if validation.Len() > 0 {
		if f.validation, err = newEvaluator(f.network, validation, true); err != nil {
			return nil, fmt.Errorf("fit: validation rows: %w", err)
		}
	}
	if c.Params.EMA > 0 {
		f.average = make([]float32, c.trainable)
	}
	if f.restoresBest() {
		f.best, f.bestMoving = make([]float32, c.trainable), make([]float32, c.moving)
	}
	f.start()
	return f, nil
}

// batch is the size of a batch of so many training rows: it is cut to them.
func (c *Config) batch(rows int) int { return min(c.Params.BatchSize, rows) }

// capacity is how many samples a network that trains on so many rows holds: a batch, or one of an evaluation.
func (c *Config) capacity(rows int) int { return max(c.batch(rows), evaluationRows) }

// staff makes the network for so many threads: what one allocates depends on their number.
func (f *Fitter) staff(threads int) {
	f.network = newNetwork(f.config, f.config.capacity(len(f.order)), true, f.task.Streams, threads)
	f.passes = make([]pass, threads)
}

// widen goes on with the threads that look has found. The network before goes first: two of them need not fit.
func (f *Fitter) widen() {
	values, moving := f.network.values, f.network.moving
	f.network = nil
	if f.validation != nil {
		f.validation.network = nil
	}
	runtime.GC()
	f.staff(f.offered)
	copy(f.network.values, values)
	copy(f.network.moving, moving)
	if f.validation != nil {
		f.validation.network = f.network
	}
}

// start puts the fitter at the start of training.
func (f *Fitter) start() {
	f.now = state{}
	f.diverged, f.ordered = nil, 0
	f.optimizer = newOptimizer(f.config.Params, f.config.trainable)
	f.network.draw(f.task.Streams)
	if f.task.Init != nil {
		f.network.set(f.task.Init)
	}
	copy(f.average, f.network.values)
}

func (f *Fitter) restoresBest() bool {
	e := f.config.Params.EarlyStopping
	return e != nil && e.RestoreBest && f.validation != nil
}

// batches is the number of batches of an epoch; the last may be short.
func (f *Fitter) batches() int {
	return (len(f.order) + f.config.Params.BatchSize - 1) / f.config.Params.BatchSize
}

// Done tells whether all epochs are trained or training stopped early.
func (f *Fitter) Done() bool {
	if f.now.Finished >= f.config.Params.Epochs {
		return true
	}
	e := f.config.Params.EarlyStopping
	return e != nil && e.Stopped(f.now.Epochs) > 0
}

// History are the finished epochs.
func (f *Fitter) History() []Epoch { return slices.Clone(f.now.Epochs) }

// Epoch trains to the end of the current epoch and validates. When ctx ends it stops at the end of the
// batch and returns ctx's error: Snapshot then holds the middle of the epoch. A loss that is not
// finite is ErrDiverged, and stays so.
func (f *Fitter) Epoch(ctx context.Context) (Epoch, error) {
	switch {
	case f.diverged != nil:
		return Epoch{}, f.diverged
	case f.Done():
		return Epoch{}, errors.New("fit: training has ended")
	}
	started := time.Now()
	defer func() { f.now.Seconds += time.Since(started).Seconds() }()
	f.arrange()
	f.trainBatches(ctx)
	for f.offered > f.network.crew.workers {
		f.widen()
		f.trainBatches(ctx)
	}
	switch {
	case f.diverged != nil:
		return Epoch{}, f.diverged
	case f.now.Batch < f.batches():
		return Epoch{}, ctx.Err()
	}
	epoch := Epoch{
		Number: f.now.Finished + 1, LearningRate: f.now.Rate,
		TrainLoss: f.now.LossSum / float64(f.now.Rows), TrainAccuracy: float64(f.now.Correct) / float64(f.now.Rows),
	}
	if err := f.validate(ctx, &epoch); err != nil {
		return Epoch{}, err
	}
	epoch.Seconds = f.now.Seconds + time.Since(started).Seconds()
	f.now.Epochs = append(f.now.Epochs, epoch)
	f.now.Finished++
	f.now.Batch, f.now.LossSum, f.now.Correct, f.now.Rows, f.now.Seconds = 0, 0, 0, 0, 0
	started = time.Now()
	f.keepBest()
	return epoch, nil
}

// arrange makes the order of the current epoch: a function of its number alone, so that a resumed fit
// finds the same.
func (f *Fitter) arrange() {
	epoch := f.now.Finished + 1
	if f.ordered == epoch {
		return
	}
	f.ordered = epoch
	if !f.config.Params.Shuffle {
		for i := range f.order {
			f.order[i] = int32(i)
		}
		return
	}
	f.draws.reset(at(f.shuffle, uint64(epoch)))
	f.draws.permute(f.order)
}

// trainBatches goes on until look ends it.
func (f *Fitter) trainBatches(ctx context.Context) {
	f.look(ctx)
	f.network.crew.run(func(worker int) {
		for !f.halted {
			f.train(worker)
			if worker == 0 {
				f.look(ctx)
			}
			f.network.crew.wait()
		}
	})
}

// look decides between two batches whether there is to be another with these threads.
func (f *Fitter) look(ctx context.Context) {
	if f.now.Batch > 0 {
		f.progress()
	}
	f.halted = f.diverged != nil || f.now.Batch == f.batches() || ctx.Err() != nil
	if f.task.More != nil && !f.halted {
		f.offered = min(f.task.More(), threadLimit)
		f.halted = f.offered > f.network.crew.workers
	}
}

// train trains one batch. All workers call it, and wait for each other before the next; what stands under
// worker 0 only is not worth sharing, or a sum whose order is fixed. It does not allocate.
func (f *Fitter) train(worker int) {
	first := f.now.Batch * f.config.Params.BatchSize
	positions := f.order[first:min(first+f.config.Params.BatchSize, len(f.order))]
	p := &f.passes[worker]
	*p = newPass(f.network.crew, worker, len(positions))
	p.training, p.step = true, f.now.Step
	f.rows.load(f.network.input.value, positions, p)
	f.network.forward(p)
	f.network.judge(p, f.rows.labels)
	f.network.backward(p)
	p.wait()
	if worker == 0 {
		f.score(len(positions))
	}
	f.network.learn(p)
	f.network.penalise(p)
	p.wait()
	if f.diverged != nil {
		return
	}
	f.update(p)
	if worker == 0 {
		f.now.Batch++
	}
}

// score takes the loss of the batch into the epoch's, and the constants of the update to come.
func (f *Fitter) score(rows int) {
	sum, correct := f.network.loss(rows)
	sum += f.network.penalty() * float64(rows)
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		f.diverged = fmt.Errorf("%w at epoch %d, step %d", ErrDiverged, f.now.Finished+1, f.now.Batch+1)
		return
	}
	f.now.LossSum += sum
	f.now.Correct += correct
	f.now.Rows += rows
	p := &f.config.Params
	f.now.Rate = p.Schedule.rate(p.LearningRate, int(f.now.Step), f.batches(), p.Epochs*f.batches())
	f.now.Step++
	f.optimizer.prepare(f.now.Rate, f.now.Step)
}

// update is the optimizer's step on the worker's part of all values: of each variable those whose gradient it
// made, which lie in its own cache.
func (f *Fitter) update(p *pass) {
	if p.crew.workers == 1 {
		f.move(0, f.config.trainable)
		return
	}
	for _, v := range f.config.variables {
		if v.trainable {
			from, to := v.share(p)
			f.move(v.offset+from, v.offset+to)
		}
	}
}

// move is the optimizer's step on the values [from, to).
func (f *Fitter) move(from, to int) {
	f.optimizer.apply(f.network.values, f.network.gradients, from, to)
	if f.average != nil {
		kernel.Lerp(f.average[from:to], f.network.values[from:to], float32(1-f.config.Params.EMA))
	}
}

func (f *Fitter) progress() {
	if f.task.Progress == nil {
		return
	}
	if now := time.Now(); now.Sub(f.reported) >= 100*time.Millisecond {
		f.reported = now
		f.task.Progress(Progress{
			Epoch: f.now.Finished + 1, Step: f.now.Batch, Steps: f.batches(),
			Loss: f.now.LossSum / float64(f.now.Rows), Accuracy: float64(f.now.Correct) / float64(f.now.Rows),
		})
	}
}

// validate makes sure that the epoch's weights are finite, and evaluates them (their moving average with
// ema) on the validation rows. The check comes first and always: whether a fit diverged must not depend on
// which epochs are validated.
func (f *Fitter) validate(ctx context.Context, epoch *Epoch) error {
	if !finite(f.network.values) || !finite(f.network.moving) {
		f.diverged = fmt.Errorf("%w after epoch %d: neither are the weights", ErrDiverged, epoch.Number)
		return f.diverged
	}
	if f.validation == nil || f.task.Validate != nil && f.config.Params.EarlyStopping == nil && !f.task.Validate(epoch.Number) {
		return nil
	}
	f.swapAverage()
	e, err := f.validation.evaluate(ctx)
	f.swapAverage()
	if err != nil {
		return err
	}
	if loss := e.Scores.Loss; math.IsNaN(loss) || math.IsInf(loss, 0) {
		f.diverged = fmt.Errorf("%w on the validation rows after epoch %d", ErrDiverged, epoch.Number)
		return f.diverged
	}
	epoch.Validation, epoch.Classes, epoch.Confusion = &e.Scores, e.Classes, e.Confusion
	return nil
}

// swapAverage puts the moving average where the network reads its values, or back.
func (f *Fitter) swapAverage() {
	for i, v := range f.average {
		f.average[i], f.network.values[i] = f.network.values[i], v
	}
}

// keepBest copies the weights of the last epoch where it is the best so far.
func (f *Fitter) keepBest() {
	if f.best == nil || f.config.Params.EarlyStopping.Best(f.now.Epochs) != f.now.Finished {
		return
	}
	copy(f.best, f.served())
	copy(f.bestMoving, f.network.moving)
}

// served are the values a model of the moment would have.
func (f *Fitter) served() []float32 {
	if f.average != nil {
		return f.average
	}
	return f.network.values
}

// Model is the trained network, a copy; with RestoreBest that of the best epoch so far. Its epochs are those
// trained to reach it.
func (f *Fitter) Model() *Model {
	m := &Model{
		Config: f.config, Prep: f.rows.view.Prep,
		values: slices.Clone(f.served()), moving: slices.Clone(f.network.moving),
		Provenance: Provenance{
			Seed: f.task.Streams.Seed, Revision: Revision(), Kernel: Kernel(),
			Params: Effective(f.config.effective), Epochs: f.now.Finished, Rows: len(f.order),
		},
	}
	if f.best != nil {
		if best := f.config.Params.EarlyStopping.Best(f.now.Epochs); best > 0 {
			m.values, m.moving = slices.Clone(f.best), slices.Clone(f.bestMoving)
			m.Provenance.Epochs = best
		}
	}
	return m
}

// Fit runs a Fitter to the end and calls watch after every epoch; its error ends the fit.
func Fit(ctx context.Context, c *Config, t Task, train, validation dataset.View, watch func(Epoch) error) (*Model, error) {
	f, err := NewFitter(c, t, train, validation)
	if err != nil {
		return nil, err
	}
	for !f.Done() {
		e, err := f.Epoch(ctx)
		if err != nil {
			return nil, err
		}
		if watch != nil {
			if err := watch(e); err != nil {
				return nil, err
			}
		}
	}
	return f.Model(), nil
}

func finite(values []float32) bool {
	s := kernel.SumSquares(values)
	return !math.IsNaN(s) && !math.IsInf(s, 0)
}

// revision changes whenever the same inputs may give other bits: revision_test.go tells when they do.
const revision = "2"

// Revision names the trainer's arithmetic: outcomes of different revisions are not comparable bit for bit.
func Revision() string { return revision }

// Kernel names the instruction-set path in use: "avx2", "neon", "generic".
func Kernel() string { return kernel.Name() }

// Environment tells what is wrong with ESPALIER_SIMD or ESPALIER_CONV, which choose the path: a value that
// means nothing, or one that this processor cannot follow. Training goes on as if it were not set.
func Environment() error { return kernel.Environment() }

// Plain tells whether this processor has none of the fast kernels.
func Plain() bool { return kernel.Plain() }
