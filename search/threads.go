package search

import (
	"runtime"
	"sync"
)

// processors shares them out among the jobs that run. A job gets its share when it starts, and a larger one when jobs
// beside it end with none left to start: the tail of a sweep is as long as its longest job, which would be alone on one
// processor. No number of a result depends on the share.
type processors struct {
	workers int
	fixed   int // threads of every job; 0: its share

	mu      sync.Mutex
	left    int              // jobs to start
	threads map[*attempt]int // of those that run
}

// enter gives a job that is about to start its threads; left are to start behind it.
func (p *processors) enter(a *attempt, left int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = left
	p.threads[a] = 0
	a.job.Threads = p.share()
	p.threads[a] = a.job.Threads
	a.job.More = func() int { return p.of(a) }
}

// leave takes a job out whose work is done, and gives its processors to the others where they are of no use elsewhere.
func (p *processors) leave(a *attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.threads, a)
	if p.left > 0 {
		return
	}
	n := p.share()
	for other, had := range p.threads {
		p.threads[other] = max(n, had)
	}
}

func (p *processors) of(a *attempt) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.threads[a]
}

func (p *processors) share() int {
	if p.fixed > 0 {
		return p.fixed
	}
	return share(runtime.GOMAXPROCS(0), min(p.workers, len(p.threads)+p.left))
}

// share is how many threads each of several jobs gets of the processors: a job that
// is alone, or one of the last, uses those that would be idle.
func share(processors, jobs int) int { return max(1, processors/max(1, jobs)) }

// Threads is how many threads Run gives each job of a pool that starts with so many
// jobs to do.
func Threads(processors, workers, jobs int) int { return share(processors, min(workers, jobs)) }
