package search

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"espalier/trainer"
)

// lingering is how many jobs per worker may wait for the disk with their last
// outcome while their worker is on the next job already. Without it a pool of
// quick jobs would have at most one outcome a worker in a commit.
const lingering = 16

// dispatch hands out the tasks in order and returns when all jobs have ended.
func (r *runner) dispatch(ctx context.Context) {
	workers := make(chan int, r.options.Workers) // numbers of idle ones
	for w := range r.options.Workers {
		workers <- w
	}
	inFlight := make(chan struct{}, r.options.Workers*(1+lingering))
	var jobs sync.WaitGroup
	defer jobs.Wait()
	for i, k := range r.tasks {
		select {
		case inFlight <- struct{}{}:
		case <-ctx.Done():
			return
		}
		var worker int
		select {
		case worker = <-workers:
		case <-ctx.Done():
			return
		}
		if ctx.Err() != nil { // both were ready
			return
		}
		r.mu.Lock()
		job := r.families.job(k, r.tally)
		r.mu.Unlock()
		a := &attempt{runner: r, job: job, worker: worker, missing: make(map[[16]byte]bool, len(job.Trials))}
		r.processors.enter(a, len(r.tasks)-i-1)
		for _, t := range job.Trials {
			a.missing[t.Key] = true
		}
		if err := a.awaitMemory(ctx); err != nil {
			r.processors.leave(a)
			r.stop(err)
			return
		}
		r.processors.start(a)
		a.release = sync.OnceFunc(func() {
			r.memory.leave(a)
			r.processors.leave(a)
			r.emit(a.event(EventJobDone))
			workers <- worker
		})
		jobs.Go(func() {
			a.run(ctx)
			a.release()
			<-inFlight
		})
	}
}

// awaitMemory waits until the job fits beside those that run. A job whose need cannot
// be computed fails by itself, with a reason of its own.
func (a *attempt) awaitMemory(ctx context.Context) error {
	r := a.runner
	var need int64
	if r.options.FreeMemory != nil {
		if needs, err := a.job.needs(r.options.Folds); err == nil {
			a.needs, need = needs, needs(1)
		}
	}
	return r.memory.enter(ctx, a, need, func(warning string) {
		e := a.event(EventWarning)
		e.Message = fmt.Sprintf("trial %s, slot %d, %s", a.job.Longest().ID()[:8], a.job.Slot, warning)
		r.emit(e)
	})
}

// An attempt is one job in the hands of one worker.
type attempt struct {
	runner  *runner
	job     Job
	worker  int
	release func()                  // the worker is free
	needs   func(threads int) int64 // bytes; nil: not known

	mu      sync.Mutex
	missing map[[16]byte]bool // trials without outcome yet
	lost    error             // of the ledger
}

func (a *attempt) event(kind EventKind) Event {
	return Event{Kind: kind, Worker: a.worker, Trial: a.job.Longest().Key, Slot: a.job.Slot}
}

// run evaluates the job and sorts out how it ended.
func (a *attempt) run(ctx context.Context) {
	r := a.runner
	r.options.Monitor.take(a.worker, a.job, r.sweep.epochsOf(a.job.Longest().Point.Values))
	r.emit(a.event(EventJob))
	jobCtx := ctx
	if limit := r.options.JobTimeout; limit > 0 {
		var cancel context.CancelFunc
		jobCtx, cancel = context.WithTimeoutCause(ctx, limit, errJobTimeout)
		defer cancel()
	}
	stack, err := a.evaluate(jobCtx)

	var b broken
	switch {
	case a.lost != nil:
		r.abort(a.lost)
	case stack != "":
		a.fail(err.Error(), stack)
	case errors.As(err, &b):
		r.abort(b.error)
	case len(a.missing) == 0:
		// All outcomes are there; what went wrong after the last of them is of no account.
	case ctx.Err() != nil:
		r.emit(a.event(EventPaused))
	case errors.Is(context.Cause(jobCtx), errJobTimeout):
		a.fail(fmt.Sprintf("exceeded the limit of %v for one job", r.options.JobTimeout), "")
	case err != nil:
		a.fail(err.Error(), "")
	default:
		a.fail("the trainer ended without an outcome", "")
	}
}

// evaluate calls the evaluator and turns a panic into an error with its stack.
func (a *attempt) evaluate(ctx context.Context) (stack string, err error) {
	defer func() {
		if p := recover(); p != nil {
			trace := debug.Stack()
			if thread, ok := p.(*trainer.Panic); ok {
				trace = thread.Stack // of where it was, not of who waited for it
			}
			stack, err = trimStack(string(trace)), fmt.Errorf("panic: %v", p)
		}
	}()
	return "", a.runner.eval(ctx, a.job, a.record, a.watch)
}

// trimStack leaves out the frames of the recovery itself.
func trimStack(stack string) string {
	if _, rest, found := strings.Cut(stack, "\npanic("); found {
		if _, frames, found := strings.Cut(rest, "\n\t"); found {
			if _, frames, found := strings.Cut(frames, "\n"); found {
				return frames
			}
		}
	}
	return stack
}

// record takes an outcome from the evaluator and returns once it is on disk. With
// the last one the worker is free for the next job.
func (a *attempt) record(o Outcome) error {
	r := a.runner
	a.mu.Lock()
	wanted := o.Slot == a.job.Slot && a.missing[o.Trial]
	if wanted {
		delete(a.missing, o.Trial)
	}
	last := len(a.missing) == 0
	a.mu.Unlock()
	if !wanted {
		return fmt.Errorf("record an outcome of trial %x, slot %d: it is not due in this job", o.Trial[:4], o.Slot)
	}
	o.Revision, o.Kernel, o.Recorded = trainer.Revision(), trainer.Kernel(), time.Now()
	if last {
		a.release()
	}
	if err := r.recorder.record(Fact{Outcome: &o}); err != nil {
		a.mu.Lock()
		a.lost = err
		a.mu.Unlock()
		return err
	}
	r.settle(o.Trial, o.Slot, markOf(&o), scoreOf(r.sweep, &o))
	r.mu.Lock()
	r.inRow = 0
	r.mu.Unlock()
	e := a.event(EventOutcome)
	e.Trial, e.Outcome = o.Trial, &o
	r.emit(e)
	return nil
}

// fail leaves a failed attempt for every trial without outcome.
func (a *attempt) fail(reason, stack string) {
	r := a.runner
	defer r.countFailure(reason)
	slot := a.job.Slot
	seed := r.sweep.File.Seed
	for _, t := range a.job.Trials {
		if !a.missing[t.Key] {
			continue
		}
		f := Failure{
			Trial: t.Key, Slot: slot, Stack: stack, Recorded: time.Now(),
			Reason: fmt.Sprintf("%s (trial %s, repeat %d, fold %d, seed %d); again with: %s %s --slot %d",
				reason, t.ID()[:8], slot/r.sweep.K, slot%r.sweep.K, seed, r.options.Command, t.ID()[:8], slot),
		}
		if err := r.recorder.record(Fact{Failure: &f}); err != nil {
			r.abort(err)
			return
		}
		r.settle(t.Key, slot, failed, 0)
		e := a.event(EventFailure)
		e.Trial, e.Failure = t.Key, &f
		r.emit(e)
	}
}

// countFailure ends a run that only fails.
func (r *runner) countFailure(reason string) {
	r.mu.Lock()
	r.failed++
	r.inRow++
	failed, inRow := r.failed, r.inRow
	r.mu.Unlock()
	switch o := r.options; {
	case o.Breaker > 0 && inRow >= o.Breaker:
		r.stop(fmt.Errorf("%w: %d in a row, the last: %s", ErrFailures, inRow, reason))
	case o.MaxFailures > 0 && failed >= o.MaxFailures:
		r.stop(fmt.Errorf("%w: %d, the last: %s", ErrFailures, failed, reason))
	}
}

// watch passes on what the evaluator says of itself.
func (a *attempt) watch(w Watch) {
	r := a.runner
	if w.Progress != nil || w.Epoch != nil { // past its first step
		r.memory.settled(a)
	}
	e := a.event(EventProgress)
	e.Resumed, e.Past, e.Progress = w.Resumed, w.Past, w.Progress
	switch {
	case w.Warning != "":
		e.Kind, e.Message = EventWarning, w.Warning
	case w.Epoch != nil:
		e.Kind, e.Epoch = EventEpoch, w.Epoch
		r.mu.Lock()
		r.epochs++
		r.mu.Unlock()
	case w.Resumed > 0:
		e.Kind = EventResumed
	}
	r.emit(e)
}

// settle marks what is on disk.
func (r *runner) settle(trial [16]byte, slot int, m mark, score float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i, ok := r.families.index.orders()[trial]; ok && r.tally.settle(int(i), slot, m, score) {
		r.options.Monitor.settle(int(i), m, r.tally)
	}
}
