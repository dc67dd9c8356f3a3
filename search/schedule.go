package search

import "iter"

// Jobs yields all jobs of a finite sweep in the order in which Run hands them out when
// nothing is recorded yet: the longest first. With noShare every trial is its own job.
func (s *Sweep) Jobs(noShare bool) (iter.Seq[Job], error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	f := newFamilies(x, noShare)
	t := &tally{slots: s.Slots(), marks: make([]mark, len(x.keys)*s.Slots())}
	return func(yield func(Job) bool) {
		for _, k := range f.todo(t) {
			if !yield(f.job(k, t)) {
				return
			}
		}
	}, nil
}

// Makespan plays a pool of workers that take jobs in order, each the next as it gets
// free, and gives the seconds until the last has ended. Jobs are in seconds at speed 1;
// speed says how fast each of n jobs side by side goes, so that it can tell of
// processors that are shared and of the end, when some workers have nothing left to do.
func Makespan(jobs iter.Seq[float64], workers int, speed func(running int) float64) float64 {
	left := make([]float64, 0, max(1, workers)) // of the jobs that run
	clock := 0.0
	step := func() { // to the end of the shortest
		shortest := left[0]
		for _, x := range left {
			shortest = min(shortest, x)
		}
		clock += shortest / speed(len(left))
		kept := left[:0]
		for _, x := range left {
			if x > shortest {
				kept = append(kept, x-shortest)
			}
		}
		left = kept
	}
	for job := range jobs {
		for len(left) >= max(1, workers) {
			step()
		}
		left = append(left, max(0, job))
	}
	for len(left) > 0 {
		step()
	}
	return clock
}
