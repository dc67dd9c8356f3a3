package main

import (
	"fmt"
	"maps"
	"slices"

	"espalier/search"
	"espalier/trainer"
)

// distinct is a model that several points may share: the same layers of the
// same shapes. Rates of dropout and the like make no other model.
type distinct struct {
	config *trainer.Config
	values map[string]any // of the axes that tell it from the others
	points int            // that train it; 0: not counted
}

// Bounds of how many distinct models are told apart, and of how many points that
// differ on a layer's axis are compiled to find them.
const (
	modelLimit   = 100
	compileLimit = 4000
)

// distinctModels gives the models of a sweep, in order of its points; complete
// is false where there are more than modelLimit. In a grid too large to be
// visited (not counted, as a Plan says) they are found on the axes that change a model, without their counts.
func distinctModels(s *search.Sweep, counted bool) (models []distinct, complete bool, err error) {
	used := trainer.References(s.File.Model.Layers)
	if !counted {
		return modelsOfAxes(s, used)
	}
	places := map[string]int{} // by the values of the axes in use
	c := collector{signatures: map[string]int{}, complete: true}
	for t := range s.Trials() {
		values := pick(t.Point.Values, used)
		key := paramsText(values)
		at, known := places[key]
		if !known {
			if len(places) == compileLimit { // draws of a distribution are all different
				c.complete = false
				continue
			}
			config, err := s.Config(t)
			if err != nil {
				return nil, false, err
			}
			at = c.add(config, values)
			places[key] = at
		}
		if at >= 0 {
			c.models[at].points++
		}
	}
	return c.finish(), c.complete, nil
}

// collector gathers distinct models.
type collector struct {
	models     []distinct
	signatures map[string]int
	within     map[string]bool // axes of which one model was seen with two values
	complete   bool
}

// add gives the number of a config's model, −1 where there are too many.
func (c *collector) add(config *trainer.Config, values map[string]any) int {
	signature := fmt.Sprint(config.Summary(), config.Cost().FLOPsPerRow)
	at, known := c.signatures[signature]
	if !known {
		if len(c.models) == modelLimit {
			c.complete = false
			return -1
		}
		c.signatures[signature] = len(c.models)
		c.models = append(c.models, distinct{config: config, values: values})
		return len(c.models) - 1
	}
	if c.within == nil {
		c.within = map[string]bool{}
	}
	for name, v := range values {
		if compare(scalar(v), scalar(c.models[at].values[name])) != 0 {
			c.within[name] = true
		}
	}
	return at
}

// finish leaves only the axes in the values that tell models apart.
func (c *collector) finish() []distinct {
	for i := range c.models {
		maps.DeleteFunc(c.models[i].values, func(name string, _ any) bool { return c.within[name] })
	}
	return c.models
}

// modelsOfAxes varies each axis by itself to see whether it changes the model,
// and then takes the product of those that do.
func modelsOfAxes(s *search.Sweep, used []string) ([]distinct, bool, error) {
	var first search.Trial
	for t := range s.Trials() {
		first = t
		break
	}
	config := func(values map[string]any) (*trainer.Config, error) {
		t := first
		t.Point.Values = values
		return s.Config(t)
	}
	var telling []string // axes that change the model
	combinations := []map[string]any{first.Point.Values}
	c := collector{signatures: map[string]int{}, complete: true}
	for _, a := range s.File.Grid.Axes() {
		if !slices.Contains(used, a.Name) || len(a.Values) == 0 {
			continue
		}
		alone := collector{signatures: map[string]int{}}
		for _, v := range a.Values[:min(len(a.Values), modelLimit)] {
			made, err := config(with(first.Point.Values, a.Name, v))
			if err != nil {
				return nil, false, err
			}
			alone.add(made, nil)
		}
		if len(alone.models) < 2 {
			continue
		}
		var next []map[string]any
		for _, values := range combinations {
			for _, v := range a.Values {
				if len(next) == modelLimit {
					c.complete = false
					break
				}
				next = append(next, with(values, a.Name, v))
			}
		}
		combinations, telling = next, append(telling, a.Name)
	}
	for _, values := range combinations {
		made, err := config(values)
		if err != nil {
			return nil, false, err
		}
		c.add(made, pick(values, telling))
	}
	return c.finish(), c.complete, nil
}

// with is a point with one value changed.
func with(values map[string]any, name string, v any) map[string]any {
	out := maps.Clone(values)
	out[name] = v
	return out
}

// pick is the part of a point on some axes.
func pick(values map[string]any, names []string) map[string]any {
	out := map[string]any{}
	for _, n := range names {
		if v, ok := values[n]; ok {
			out[n] = v
		}
	}
	return out
}
