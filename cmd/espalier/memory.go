package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"

	"espalier/search"
	"espalier/trainer"
)

// programMemory is what the process takes before it trains, measured.
const programMemory = 25 << 20

// runMemory is the memory of a run in bytes: program, rows, and the largest fit
// in each worker.
func runMemory(s *session, largest int64, workers int) int64 {
	total := programMemory + float64(s.set.Bytes) + float64(workers)*float64(largest)
	return int64(min(total, math.MaxInt64/2))
}

// memoryAxes are the trainer's parameters that a fit's memory depends on.
var memoryAxes = []string{"augment_cutout", "augment_flip", "augment_shift", "batch_size", "early_stopping", "ema", "momentum", "optimizer"}

// largestFit is the most bytes that training a point on so many rows takes, with so many threads, and the point. In
// a grid with many models it looks at points all over the grid.
func largestFit(s *search.Sweep, rows, threads int) (bytes int64, at search.Trial, err error) {
	axes := append(slices.Clone(memoryAxes), trainer.References(s.File.Model.Layers)...)
	seen := map[string]bool{}
	look := func(t search.Trial) error {
		key := paramsText(pick(t.Point.Values, axes))
		if seen[key] {
			return nil
		}
		seen[key] = true
		config, err := s.Config(t)
		if err != nil {
			return err
		}
		if m := config.Memory(rows, threads); m > bytes {
			bytes, at = m, t
		}
		return nil
	}
	visited := 0
	for t := range s.Trials() {
		if visited++; visited > compileLimit {
			break
		}
		if err := look(t); err != nil {
			return 0, at, err
		}
	}
	if visited > compileLimit {
		for _, t := range spreadPoints(s, 1000) {
			if err := look(t); err != nil {
				return 0, at, err
			}
		}
	}
	return bytes, at, nil
}

// mostRows is how many training rows the largest of the folds has, or the refit where there is to be one.
func mostRows(s *session, refit bool) int {
	if refit && s.sweep.File.Refit.Enabled && s.sweep.File.Refit.Rows != "train" {
		return s.sweep.Data.Rows
	}
	most := 0
	for _, fold := range s.folds {
		most = max(most, len(fold.Train))
	}
	return most
}

// checkMemory refuses a run with a job that the machine cannot hold even alone: where
// memory runs out the system kills the process, and no job that would fit is finished.
// Where only some of the workers fit at a time it says so; the others wait. Unknown
// memory, 0, refuses nothing.
func (p *program) checkMemory(s *session, f *runFlags, have int64) error {
	if have <= 0 {
		return nil
	}
	// One thread: a job has more only where memory is left for them.
	largest, at, err := largestFit(s.sweep, mostRows(s, !f.noRefit), 1)
	if err != nil {
		return sweepFailure(err)
	}
	if need := runMemory(s, largest, 1); need > have {
		values := briefParams(at.Point.Values)
		if values == "" {
			values = "the only one"
		}
		err := usage(fmt.Errorf("run sweep %q: training its largest point (%s) needs about %s of memory, this machine has %s",
			s.sweep.File.Name, values, bytesText(need), bytesText(have)))
		return hint(err, "a smaller model or batch_size; espalier plan shows the models")
	}
	workers := f.workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if runMemory(s, largest, workers) <= have {
		return nil
	}
	if plan := s.sweep.Plan(f.noShare); plan.Counted { // workers without a job take nothing
		workers = min(workers, max(plan.Jobs, 1))
	}
	if runMemory(s, largest, workers) > have {
		p.say("memory for %s of the largest point at a time: other workers wait (a fit needs about %s, this machine has %s)",
			plural(fitsAtOnce(s, largest, have), "fit"), bytesText(largest), bytesText(have))
	}
	return nil
}

// fitsAtOnce is how many of the largest fits the memory holds side by side.
func fitsAtOnce(s *session, largest, have int64) int {
	return int(max(0, have-runMemory(s, 0, 0)) / max(largest, 1))
}

// rowMemory is what the rows of a source may take: what is free, less a tenth for what is made of them. 0: not known.
func rowMemory() int64 {
	free := freeMemory()
	return free - free/10
}

// boundHeap has the collector work harder before the heap outgrows the machine: by its
// own measure it may let it double. Who sets GOMEMLIMIT knows better.
func boundHeap(have int64) {
	if have > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(have - have/10)
	}
}
