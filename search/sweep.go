package search

import (
	"fmt"
	"maps"
	"sync"

	"espalier/grids"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// Words of the sweep file that decide something here; grids refuses others.
const (
	random  = "random"  // search.strategy
	grouped = "grouped" // folds.scheme
	holdout = "holdout"
	final   = "final" // search.validate
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

	weights *trainer.Weights // Init, read
	index   func() (*index, error)
}

// New checks the file against the trainer and the data and makes the sweep. The
// error is a *grids.Error with every problem in its place; warnings are lines for
// the user. init is the bytes of [model] init, nil without.
//
// It is lazy: no list of points is built. Each axis value is checked once by
// itself, and whole points over a bounded sample, which is all of them for a grid
// that a person would run.
func New(f *grids.File, folder string, data dataset.Info, init []byte) (s *Sweep, warnings []string, err error) {
	s, err = open(f, folder, data, init)
	if err != nil {
		return nil, nil, err
	}
	c := &checker{sweep: s, seen: make(map[[2]string]bool)}
	c.check()
	if err := f.Errors(c.problems); err != nil {
		return nil, nil, err
	}
	return s, f.Warnings(c.problems), nil
}

// open makes a sweep of a file that was checked before.
func open(f *grids.File, folder string, data dataset.Info, init []byte) (*Sweep, error) {
	s := &Sweep{
		File: f, Folder: folder, Data: data, Init: init, Metric: metricOf(f),
		Repeats: max(1, f.Folds.Repeats), K: f.Folds.K,
	}
	if f.Folds.Scheme == holdout {
		s.K = 1
	}
	s.ID = hashIdentity(identity(f, data, init))
	s.index = sync.OnceValues(func() (*index, error) { return newIndex(s) })
	if init != nil {
		w, err := trainer.ReadWeights(init)
		if err != nil {
			return nil, fmt.Errorf("read model.init %q: %w", f.Model.Init, err)
		}
		s.weights = w
	}
	return s, nil
}

// metricOf is the metric as the trainer spells it. On one-hot labels Keras'
// categorical_accuracy is accuracy: one metric, one name in the sweep's identity.
func metricOf(f *grids.File) string {
	if f.Search.Metric == "categorical_accuracy" {
		return "accuracy"
	}
	return f.Search.Metric
}

// scaleOf is data.scale with its default, which depends on the kind of data.
func scaleOf(f *grids.File, data dataset.Info) string {
	switch {
	case f.Data.Scale != "":
		return f.Data.Scale
	case data.Kind == dataset.Images:
		return dataset.Unit
	}
	return dataset.Standard
}

// Slots is folds × repeats: the number of outcomes a finished trial has.
func (s *Sweep) Slots() int { return s.K * s.Repeats }

// values are a point's parameters without defaults: what is fixed, and over it
// the axes that are active at the point.
func (s *Sweep) values(p grids.Point) map[string]any {
	out := make(map[string]any, len(s.File.Params)+len(p.Values))
	maps.Copy(out, s.File.Params)
	maps.Copy(out, p.Values)
	return out
}

// compile gives the trainer's view of some values on rows of a shape.
func (s *Sweep) compile(values map[string]any, shape []int) (*trainer.Config, []trainer.Problem) {
	return trainer.Compile(trainer.Spec{Layers: s.File.Model.Layers, Values: values}, shape, len(s.Data.Classes))
}

// config compiles and turns problems into an error: a point outside the sample
// that New checked may still be one that no model can be made of.
func (s *Sweep) config(values map[string]any, shape []int) (*trainer.Config, error) {
	c, problems := s.compile(values, shape)
	if c == nil {
		for _, p := range problems {
			if !p.Warning {
				return nil, fmt.Errorf("compile the model: %s", p)
			}
		}
		return nil, fmt.Errorf("compile the model: refused without a reason")
	}
	return c, nil
}
