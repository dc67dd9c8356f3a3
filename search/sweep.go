package search

import (
	"espalier/grids"
	"espalier/trainer/dataset"
)

// Sweep is a named search: the checked file and what it needs to know of its
// data, without rows. Treat it as read-only; it is shared by every worker.
type Sweep struct {
	ID      SweepID
	File    *grids.File
	Folder  string // where relative paths start
	Data    dataset.Info
	Init    []byte // bytes of [model] init, nil without
	Metric  string // as the trainer spells it
	Repeats int
	K       int // folds per repeat
}

// New checks the file against the trainer and the data and makes the sweep.
func New(f *grids.File, folder string, data dataset.Info, init []byte) (s *Sweep, warnings []string, err error) {
	panic("not built yet")
}

// Slots is folds × repeats: the number of outcomes a finished trial has.
func (s *Sweep) Slots() int { return s.K * s.Repeats }
