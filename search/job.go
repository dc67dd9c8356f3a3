package search

import (
	"cmp"
	"slices"

	"espalier/grids"
)

// Job is the unit of work: one (family, fold).
type Job struct {
	Sweep   *Sweep
	Family  grids.Key // key of the point without epochs (without sharing: the trial's own)
	Trials  []Trial   // still without outcome for this slot, ascending epochs
	Slot    int       // repeat·K + fold
	Cost    float64   // estimated FLOPs: longest first
	Threads int       // goroutines one product may use; 0, 1: one
	// More is how many it may use by now: jobs beside it may have ended with none left to start. 0: the job has left.
	// May be nil.
	More func() int
}

// Longest is the trial of the most epochs: the one that is trained.
func (j Job) Longest() Trial { return j.Trials[len(j.Trials)-1] }

// A task is a job that is not made yet: 16 bytes instead of a list of points.
type task struct {
	family int32
	slot   int32
	cost   float64
}

// todo is the subtraction: families × slots without those that nothing is due of,
// the longest first, then in order of the sweep. Resume is this and nothing else.
func (f *families) todo(t *tally) []task {
	var tasks []task
	rows := float64(f.index.sweep.Data.Rows)
	for n := range f.keys {
		for slot := range t.slots {
			if last := f.lastDue(n, slot, t); last >= 0 {
				cost := max(1, f.flops[n]) * rows * float64(f.epochs[last])
				tasks = append(tasks, task{int32(n), int32(slot), cost})
			}
		}
	}
	slices.SortStableFunc(tasks, func(a, b task) int { return cmp.Compare(b.cost, a.cost) })
	return tasks
}

// lastDue is the trial of the most epochs that is due in a family and slot; −1: none.
func (f *families) lastDue(n, slot int, t *tally) int32 {
	trials := f.trials(n)
	for i := len(trials) - 1; i >= 0; i-- {
		if t.marks[int(trials[i])*t.slots+slot] == due {
			return trials[i]
		}
	}
	return -1
}

// job makes a task's job.
func (f *families) job(k task, t *tally) Job {
	j := Job{Sweep: f.index.sweep, Family: f.keys[k.family], Slot: int(k.slot), Cost: k.cost}
	for _, i := range f.trials(int(k.family)) {
		if t.marks[int(i)*t.slots+j.Slot] == due {
			j.Trials = append(j.Trials, f.index.trial(int(i)))
		}
	}
	return j
}
