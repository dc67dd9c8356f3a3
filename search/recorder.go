package search

import (
	"context"
	"runtime"
	"sync"
)

// batchLimit bounds one commit: what piles up while the disk is busy goes together.
const batchLimit = 1024

// A recorder is the one goroutine that writes to the ledger. Facts that arrive
// while a commit is under way share the next one, so that a pool of workers pays
// for few syncs; each caller returns when its facts are on disk.
type recorder struct {
	in   chan entry
	done sync.WaitGroup
}

type entry struct {
	facts []Fact
	reply chan error
}

func newRecorder(ctx context.Context, l Ledger, id SweepID) *recorder {
	r := &recorder{in: make(chan entry, batchLimit)}
	// What was handed in is written even when the run is being interrupted.
	ctx = context.WithoutCancel(ctx)
	r.done.Go(func() {
		var failed error // after an error nothing is written any more
		for first := range r.in {
			batch := r.gather(first)
			if failed == nil {
				var facts []Fact
				for _, e := range batch {
					facts = append(facts, e.facts...)
				}
				failed = l.Record(ctx, id, facts...)
			}
			for _, e := range batch {
				e.reply <- failed
			}
		}
	})
	return r
}

// gather adds what else is handed in. Those who had an answer from the last commit
// are only about to run, and would each miss the next one: a disk that takes
// milliseconds to sync would then serve one worker in one commit and the others in
// the next. So it lets others run until that brings nothing new.
func (r *recorder) gather(first entry) []entry {
	batch := []entry{first}
	for quiet := 0; quiet < 8 && len(batch) < batchLimit; {
		select {
		case more, open := <-r.in:
			if !open {
				return batch
			}
			batch, quiet = append(batch, more), 0
		default:
			quiet++
			runtime.Gosched()
		}
	}
	return batch
}

// record returns once the facts are on disk, or why they are not.
func (r *recorder) record(facts ...Fact) error {
	reply := make(chan error, 1)
	r.in <- entry{facts, reply}
	return <-reply
}

// close waits for what was handed in. Nothing may be recorded after it.
func (r *recorder) close() {
	close(r.in)
	r.done.Wait()
}
