package search

import (
	"runtime"
	"sync"
)

// processors shares them out among the jobs that run. A job gets its share when it starts, and a larger one when jobs
// beside it end with none left to start: the tail of a sweep is as long as its longest job, which would be alone on one
// processor. A share is no more than memory holds the threads of. No number of a result depends on it.
type processors struct {
	workers int
	fixed   int // threads of every job; 0: its share
	memory  *memoryGate

	mu      sync.Mutex
	left    int              // jobs to come
	threads map[*attempt]int // of the jobs that have come; 0: not started
}

// enter counts a job in that waits for memory; left are to come behind it.
func (p *processors) enter(a *attempt, left int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.threads[a] = left, 0
}

// start gives a job that the memory has let in, with one thread, its threads.
func (p *processors) start(a *attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a.job.Threads = p.memory.widen(a, 1, p.share(), a.needs)
	a.job.More = func() int { return p.of(a) }
	p.threads[a] = a.job.Threads
	p.spread()
}

// leave takes a job out whose work is done.
func (p *processors) leave(a *attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.threads, a)
	p.spread()
}

// spread gives the processors of jobs that have ended to the others where they are of no use elsewhere.
func (p *processors) spread() {
	if p.left > 0 {
		return
	}
	share := p.share()
	for a, has := range p.threads {
		if has > 0 {
			p.threads[a] = p.memory.widen(a, has, share, a.needs)
		}
	}
}

// of is how many threads a job may have by now; 0: it has left.
func (p *processors) of(a *attempt) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.threads[a]
}

func (p *processors) share() int {
	if p.fixed > 0 {
		return p.fixed
	}
	return Threads(runtime.GOMAXPROCS(0), p.workers, len(p.threads)+p.left)
}

// Threads is how many threads Run gives each of so many jobs in a pool: one that is alone, or one of the last, uses
// the processors that would be idle.
func Threads(processors, workers, jobs int) int {
	return max(1, processors/max(1, min(workers, jobs)))
}
