package search

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"espalier/folds"
)

var (
	// ErrBudget is what Run returns where the budget ended with work left.
	ErrBudget = errors.New("budget reached")
	// ErrOrigin is what Run wraps where outcomes were recorded by another trainer
	// revision or on another kernel path, and Options.Mix is off.
	ErrOrigin = errors.New("recorded by another trainer")

	// ErrFailures is what Run wraps where Options.MaxFailures or Breaker ended it.
	ErrFailures = errors.New("too many failed jobs")

	errJobTimeout = errors.New("job limit reached")
)

// Options of Run. The zero value: as many workers as processors, no limits.
type Options struct {
	Workers    int           // 0: GOMAXPROCS; never more than there are jobs
	Threads    int           // per job at most; 0: the processors, shared out among the jobs that run side by side
	Budget     time.Duration // 0: none
	JobTimeout time.Duration // 0: none
	NoShare    bool          // train every point by itself
	// A run that only fails is stopped: after so many failed jobs in all, and after so
	// many in a row with no outcome between them. 0: never.
	MaxFailures, Breaker int
	Mix                  bool        // go on beside outcomes of another revision or kernel
	Version              string      // of the program, for the run's record
	Command              string      // that trains one fold again, for failures; "" is "espalier verify"
	Events               func(Event) // progress for the terminal and the log; called from one goroutine; nil: dropped
	Monitor              *Monitor    // live status for other goroutines, may be nil
	// FreeMemory is how many bytes can be had now, 0 where that is not known: a job
	// starts only where its need fits, and waits until then. Nil: jobs start at once.
	FreeMemory func() int64
	// Folds are the evaluator's: a job needs memory for the rows of its fold. Nil: for all rows.
	Folds []folds.Fold
	// Checkpoints are the evaluator's. With nothing left to do, Run removes those of
	// jobs that were edited away. Nil: it does not.
	Checkpoints Checkpoints
}

// Result of Run, in (trial, slot)s.
type Result struct {
	Total, Done, Failed, Remaining int // Done includes what earlier runs recorded; Failed are failed attempts, not retracted
	Diverged                       int // of Done
	EpochsTrained                  int // by this run
}

// Run does what is to do: jobs minus recorded facts, longest first, in a pool.
// It enrolls the sweep first, which is nothing new for one that is enrolled.
//
// When ctx ends, jobs stop at the end of their batch and leave checkpoints; what is
// trained is flushed, and the error is ctx's cause. ErrBudget: the same, by
// Options.Budget; ErrFailures: by MaxFailures or Breaker; ErrMemory: a job does not fit. An error of the ledger or of checkpoints ends the run with that
// error. Failed jobs are no error; Result counts them.
func Run(ctx context.Context, s *Sweep, l Ledger, eval Evaluator, o Options) (Result, error) {
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Command == "" {
		o.Command = "espalier verify"
	}
	if o.Monitor == nil {
		o.Monitor = new(Monitor)
	}
	x, err := s.index() // before anything is written: a sweep too large stays out of the ledger
	if err != nil {
		return Result{}, err
	}
	if err := l.Enroll(ctx, s, false); err != nil {
		return Result{}, err
	}
	t, err := newTally(ctx, s, x, l)
	if err != nil {
		return Result{}, err
	}
	f := newFamilies(x, o.NoShare)
	tasks := f.todo(t)
	// A worker without a job is of no use, and an absurd number must not size anything.
	o.Workers = max(1, min(o.Workers, len(tasks)))
	r := &runner{sweep: s, ledger: l, eval: eval, options: o, families: f, tally: t, tasks: tasks, started: time.Now()}
	if len(r.tasks) > 0 && !o.Mix {
		if err := checkOrigins(t.foreign()); err != nil {
			return r.result(), fmt.Errorf("resume sweep %q: %w", s.File.Name, err)
		}
	}
	return r.run(ctx)
}

// checkOrigins refuses to mix numbers that need not be equal bit for bit.
func checkOrigins(foreign map[origin]int) error {
	if len(foreign) == 0 {
		return nil
	}
	var names []string
	n := 0
	for o, outcomes := range foreign {
		names = append(names, fmt.Sprintf("revision %s on kernel %s", o.revision, o.kernel))
		n += outcomes
	}
	slices.Sort(names)
	here := thisOrigin()
	return fmt.Errorf("%s: %w: %s; this is revision %s on kernel %s; --mix goes on beside them, --new starts over",
		count(n, "outcome"), ErrOrigin, strings.Join(names, ", "), here.revision, here.kernel)
}

// A runner is one Run.
type runner struct {
	sweep    *Sweep
	ledger   Ledger
	eval     Evaluator
	options  Options
	families *families
	tally    *tally
	tasks    []task
	started  time.Time

	memory     *memoryGate
	processors *processors
	recorder   *recorder
	events     chan Event
	stop       context.CancelCauseFunc // ends all jobs; the first cause stays

	mu            sync.Mutex // guards tally and what is below while jobs run
	epochs        int
	failed, inRow int   // jobs of this run; in a row
	broke         error // what ended the run: the ledger or the disk
}

// A broken error ends the run: it is the disk's, not the sweep's.
type broken struct{ error }

func (b broken) Unwrap() error { return b.error }

func (r *runner) run(outer context.Context) (Result, error) {
	ctx, stop := context.WithCancelCause(outer)
	defer stop(nil)
	r.stop = stop
	r.events = make(chan Event, 256)
	r.memory = newMemoryGate(r.options.FreeMemory)
	r.processors = &processors{workers: r.options.Workers, fixed: r.options.Threads, memory: r.memory, threads: make(map[*attempt]int)}
	r.recorder = newRecorder(outer, r.ledger, r.sweep.ID)
	r.options.Monitor.begin(r)

	var display sync.WaitGroup
	display.Go(func() {
		for e := range r.events {
			if r.options.Events != nil {
				r.options.Events(e)
			}
		}
	})
	if r.options.Budget > 0 {
		timer := time.AfterFunc(r.options.Budget, func() { stop(ErrBudget) })
		defer timer.Stop()
	}
	unhook := context.AfterFunc(ctx, r.options.Monitor.stopping)
	defer unhook()

	before := r.options.Monitor.Status()
	r.emit(Event{Kind: EventStarted, Status: &before, Message: r.sweep.planOf(r.families).String()})
	r.dispatch(ctx)

	result := r.result()
	r.sweepOut(result)
	err := r.ending(ctx, result)
	if len(r.tasks) > 0 {
		if recorded := r.recordRun(result, err); err == nil {
			err = recorded
		}
	}
	r.recorder.close()
	message := "finished"
	if err != nil {
		message = err.Error()
	}
	r.options.Monitor.end()
	r.emit(Event{Kind: EventFinished, Message: message})
	close(r.events)
	display.Wait()
	return result, err
}

// sweepOut removes checkpoints that no job will ever come back to: it went with an
// edit of the file. Failed jobs may be made due again, and go on from theirs.
func (r *runner) sweepOut(result Result) {
	if r.options.Checkpoints == nil || result.Remaining > 0 || result.Failed > 0 {
		return
	}
	if err := r.options.Checkpoints.RemoveOthers(r.sweep.ID, refitPrefix); err != nil {
		r.emit(Event{Kind: EventWarning, Message: fmt.Sprintf("old checkpoints stay: %v", err)})
	}
}

// ending is the error of the run: what broke, else why it was stopped with work left.
func (r *runner) ending(ctx context.Context, result Result) error {
	if r.broke != nil {
		return r.broke
	}
	if result.Remaining == 0 {
		return nil
	}
	return context.Cause(ctx)
}

// abort ends the run because of the ledger or the disk.
func (r *runner) abort(err error) {
	r.mu.Lock()
	if r.broke == nil {
		r.broke = err
	}
	r.mu.Unlock()
	r.stop(err)
}

// recordRun leaves the run's record; where the ledger is broken it cannot.
func (r *runner) recordRun(result Result, err error) error {
	exit := "done"
	switch {
	case err != nil:
		exit = err.Error()
	case result.Failed > 0:
		exit = "failed jobs"
	}
	return r.recorder.record(Fact{Run: &RunRecord{
		Version: r.options.Version, Workers: r.options.Workers,
		Started: r.started, Ended: time.Now(), Trained: result.EpochsTrained, Exit: exit,
	}})
}

func (r *runner) result() Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tally
	done, bad := t.count(finished), t.count(diverged)
	return Result{
		Total: len(t.marks), Done: done + bad, Diverged: bad, Failed: t.count(failed),
		Remaining: t.count(due), EpochsTrained: r.epochs,
	}
}

// emit tells the monitor at once and the display when it gets to it. Progress is
// dropped where the display lags; nothing else is.
func (r *runner) emit(e Event) {
	r.options.Monitor.see(e)
	if e.Kind == EventProgress {
		select {
		case r.events <- e:
		default:
		}
		return
	}
	r.events <- e
}
