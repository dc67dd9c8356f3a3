package search

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"espalier/folds"
)

// ErrMemory is what Run, Refit and Verify wrap where a job needs more memory than there
// is, and nothing of ours will give any back.
var ErrMemory = errors.New("not enough memory")

const (
	// memoryPatience is how long a job that is alone waits for others on the machine to
	// give memory back. With jobs of ours under way there is no limit: they will end.
	memoryPatience = time.Minute
	memoryTick     = time.Second // between two looks
)

// A memoryGate lets jobs start only where their need fits into what is free: a job that
// starts anyway has the system kill the process, and with it all jobs.
type memoryGate struct {
	free func() int64 // bytes that can be had now; 0: not known, nobody waits. Nil: as 0

	mu      sync.Mutex
	running int
	warned  bool
	taking  map[any]int64 // of jobs that started and have not touched all of their memory yet
	ended   chan struct{} // closed and made anew whenever a job ends
}

func newMemoryGate(free func() int64) *memoryGate {
	return &memoryGate{free: free, taking: make(map[any]int64), ended: make(chan struct{})}
}

// enter waits until need fits and counts the job in. warn is told that it waits, once
// in the gate's life: where memory is short, every job does. The error is the context's or wraps ErrMemory.
func (g *memoryGate) enter(ctx context.Context, job any, need int64, warn func(string)) error {
	var alone time.Duration // waited with no other job under way
	for waited := false; ; waited = true {
		free, running, ended := g.look()
		if waited && free > 0 && need > free {
			debug.FreeOSMemory() // what ended jobs left in the heap
			free, running, ended = g.look()
		}
		if free <= 0 || need <= free {
			g.mu.Lock()
			g.running++
			g.taking[job] = need
			g.mu.Unlock()
			return nil
		}
		if !waited {
			continue // to look again with the heap given back
		}
		if g.first() {
			warn(fmt.Sprintf("waits for memory: it needs about %s, and %s are free", megabytes(need), megabytes(free)))
		}
		if running > 0 {
			alone = 0
		} else if alone >= memoryPatience {
			return fmt.Errorf("%w: a job needs about %s, and only %s were free for %s", ErrMemory, megabytes(need), megabytes(free), memoryPatience)
		}
		tick := time.NewTimer(memoryTick)
		select {
		case <-ctx.Done():
			tick.Stop()
			return context.Cause(ctx)
		case <-ended:
		case <-tick.C:
			alone += memoryTick
		}
		tick.Stop()
	}
}

// look tells what is free beyond what started jobs are about to take; 0: not known.
func (g *memoryGate) look() (free int64, running int, ended chan struct{}) {
	if g.free != nil {
		free = g.free()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if free > 0 {
		for _, n := range g.taking {
			free -= n
		}
		free = max(free, 1)
	}
	return free, g.running, g.ended
}

// first tells whether nobody was warned yet.
func (g *memoryGate) first() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	first := !g.warned
	g.warned = true
	return first
}

// widen gives a job that is in, with the memory of as many threads as it has, up to so many: as many as fit into what
// is free. A job runs with few as well; it never waits for more. Where needs is nil the memory is not known.
func (g *memoryGate) widen(job any, has, most int, needs func(threads int) int64) int {
	if g.free == nil || needs == nil || most <= has {
		return max(has, most)
	}
	have := needs(has)
	free, _, _ := g.look()
	if free > 0 && needs(most)-have > free {
		debug.FreeOSMemory() // what ended jobs left in the heap
		free, _, _ = g.look()
	}
	threads := most
	for free > 0 && threads > has && needs(threads)-have > free {
		threads--
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taking[job] += needs(threads) - have
	return threads
}

// settled is told when a job has touched all it needs: what is free shows it from then on.
func (g *memoryGate) settled(job any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.taking, job)
}

// leave counts a job out.
func (g *memoryGate) leave(job any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.taking, job)
	g.running--
	close(g.ended)
	g.ended = make(chan struct{})
}

func megabytes(n int64) string {
	if n < 10e6 {
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.0f MB", float64(n)/1e6)
}

// needs gives how many bytes training a job takes with so many threads, its rows apart: they are shared. The folds say
// how many rows its slot has; without them they may be all.
func (j Job) needs(f []folds.Fold) (func(threads int) int64, error) {
	config, err := j.Sweep.Config(j.Longest())
	if err != nil {
		return nil, err
	}
	rows := j.Sweep.Data.Rows
	if j.Slot < len(f) {
		rows = len(f[j.Slot].Train)
	}
	return func(threads int) int64 { return config.Memory(rows, threads) }, nil
}
