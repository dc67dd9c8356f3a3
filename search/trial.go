package search

import (
	"iter"

	"espalier/grids"
	"espalier/trainer"
)

// Trial is one point of a sweep.
type Trial struct {
	Key   grids.Key
	Order int // position among the sweep's points: breaks ties
	Point grids.Point
}

// Trials yields the sweep's trials in order (grid order, or order of drawing up
// to `trials`).
func (s *Sweep) Trials() iter.Seq[Trial] { panic("not built yet") }

// Config compiles a trial.
func (s *Sweep) Config(t Trial) (*trainer.Config, error) { panic("not built yet") }

// Effective is the parameters a trial runs with: axes, [params] and defaults.
func (s *Sweep) Effective(t Trial) map[string]any { panic("not built yet") }
