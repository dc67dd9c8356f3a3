package search

import (
	"context"
	"errors"
	"time"
)

// ErrBudget is what Run returns where the budget ended with work left.
var ErrBudget = errors.New("budget reached")

// Options of Run. The zero value: as many workers as processors, no limits.
type Options struct {
	Workers    int           // 0: GOMAXPROCS
	Threads    int           // per worker; 0: processors left over by workers, shared out
	Budget     time.Duration // 0: none
	JobTimeout time.Duration // 0: none
	NoShare    bool          // train every point by itself
	Mix        bool          // go on beside outcomes of another revision or kernel
	Version    string        // of the program, for the run's record
	Command    string        // that reproduces a failed job, a prefix such as "espalier --store x.db verify"; "" = "espalier verify"
	Events     func(Event)   // progress for the terminal, the log, the socket; called from one goroutine
	Monitor    *Monitor      // live status for other goroutines, may be nil
}

// Result of Run, in (trial, slot)s.
type Result struct {
	Total, Done, Failed, Remaining int // Done includes what earlier runs recorded; Failed are failed attempts, not retracted
	Diverged                       int // of Done
	EpochsTrained                  int // by this run
}

// Run does what is to do: jobs minus recorded facts, longest first, in a pool.
func Run(ctx context.Context, s *Sweep, l Ledger, eval Evaluator, o Options) (Result, error) {
	panic("not built yet")
}
