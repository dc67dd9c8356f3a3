package trainer

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"espalier/trainer/kernel"
)

// crew is the threads of one fit. They run the same code, each on its share of the rows of a batch, of
// the panels of a weight gradient or of the values of an optimizer's step, and wait for each other where
// one needs what another wrote. No sum is ever split, so the bits do not depend on their number.
//
// A step of the reported MLP takes half a millisecond, so what counts is how often they wait and what moves from
// one core's cache to the other's. Four waits a step instead of seven, each thread judging its own rows, wide
// layers shared out by outputs, and the optimizer's step by what the thread made the gradient of: from 1.3 times
// one thread's speed to 1.8 (cmd/race -only threads).
type crew struct {
	workers int
	arrived atomic.Int32
	round   atomic.Uint32
	broken  atomic.Bool // a worker panicked: nobody waits any more
	failure *Panic
	mend    sync.Once
}

// wait returns when all workers have called it.
func (c *crew) wait() {
	if c.workers == 1 {
		return
	}
	round := c.round.Load()
	if int(c.arrived.Add(1)) == c.workers {
		c.arrived.Store(0)
		c.round.Add(1)
		return
	}
	// Waits are short: less than a millisecond, where a sleeping goroutine costs ten microseconds.
	for spins := 0; c.round.Load() == round; spins++ {
		if c.broken.Load() {
			panic(brokenCrew{})
		}
		switch {
		case spins > 5000:
			time.Sleep(20 * time.Microsecond) // the other's thread has no core of its own
		case spins > 100:
			runtime.Gosched()
		}
	}
}

// Panic is what a panic in one of several threads becomes on the caller's: the value and the stack of where
// it was.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprint(p.Value) }

// brokenCrew is what ends the workers that did not panic themselves.
type brokenCrew struct{}

// run calls work once for each worker, worker 0 on the caller's goroutine, and returns when all are done.
// A panic of any worker becomes one of the caller's.
func (c *crew) run(work func(worker int)) {
	if c.workers == 1 {
		work(0)
		return
	}
	c.arrived.Store(0)
	c.broken.Store(false)
	c.failure, c.mend = nil, sync.Once{}
	var others sync.WaitGroup
	for worker := 1; worker < c.workers; worker++ {
		others.Go(func() { c.guard(worker, work) })
	}
	c.guard(0, work)
	others.Wait()
	if c.failure != nil {
		panic(c.failure)
	}
}

func (c *crew) guard(worker int, work func(worker int)) {
	defer func() {
		if r := recover(); r != nil {
			if _, follower := r.(brokenCrew); !follower {
				c.mend.Do(func() { c.failure = &Panic{Value: r, Stack: debug.Stack()} })
			}
			c.broken.Store(true)
		}
	}()
	work(worker)
}

// threadLimit bounds the threads of one fit, each of which has buffers of its own.
const threadLimit = 256

// portion is the part of n that falls to one of several workers.
func portion(n, worker, workers int) (from, to int) {
	r := kernel.ShareOf(n, worker, workers)
	return r.From, r.To
}
