package main

import (
	"encoding/json"
	"fmt"
	"math"

	"espalier/search"
	"espalier/trainer"
)

// space is the room that a run takes, in bytes; what is not exact from a number to
// another.
type space struct {
	memory, disk [2]int64
	checkpoints  int64 // at most
}

// newSpace estimates by arithmetic. Of memory the program, the rows and the largest
// fit of each worker are needed; the collector lets as much again pile up of what is
// no longer used, before it is given back. The store's file doubles as it grows.
func newSpace(s *session, models []distinct, plan search.Plan, workers int) (space, error) {
	largest, _, err := largestFit(s.sweep, mostRows(s, true), search.Threads(processors(), workers, jobsOf(plan)))
	if err != nil {
		return space{}, sweepFailure(err)
	}
	epochs, parameters := 0.0, int64(0)
	for _, m := range models {
		epochs = max(epochs, float64(m.config.Params.Epochs))
		parameters = max(parameters, m.config.Cost().Parameters)
	}
	if plan.Counted && plan.Points > 0 {
		epochs = float64(plan.Asked) / float64(max(plan.Fits, 1))
	}
	sample, err := json.Marshal(trainer.Epoch{Validation: &trainer.Scores{}, Classes: make([]trainer.Class, len(s.set.Classes)),
		Confusion: make([]int, len(s.set.Classes)*len(s.set.Classes))})
	if err != nil {
		return space{}, err
	}
	need := runMemory(s, largest, workers)
	perEpoch := float64(len(sample)) / 2 // compressed, roughly
	records := float64(plan.Fits) * (300 + epochs*perEpoch)
	return space{
		memory:      [2]int64{need, min(need, math.MaxInt64/4)*2 - programMemory},
		disk:        [2]int64{storeFile(records / 1.5), storeFile(records * 1.5)},
		checkpoints: int64(workers) * min(parameters, math.MaxInt64>>20) * 12, // values and two moments
	}, nil
}

// storeFile is the size of a store of so many bytes: bbolt's file doubles from 32 kB
// on, and from 16 MB on grows by as much.
func storeFile(records float64) int64 {
	const first, step = 32 << 10, 16 << 20
	if records > step {
		return int64(min((math.Ceil(records/step)+1)*step, 1e18))
	}
	size := int64(first)
	for float64(size) < records {
		size *= 2
	}
	return size
}

// rangeText writes two sizes, or one where they are the same.
func rangeText(bounds [2]int64) string {
	low, high := bytesText(bounds[0]), bytesText(bounds[1])
	if low == high {
		return "about " + low
	}
	return fmt.Sprintf("%s to %s", low, high)
}
