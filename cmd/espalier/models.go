package main

import (
	"maps"
	"slices"

	"espalier/search"
	"espalier/trainer"
)

// distinct is a model that several points may share, with the values that make it.
type distinct struct {
	config *trainer.Config
	values map[string]any // of the axes that the layers refer to
	points int            // that train it; 0: not counted
	trial  search.Trial   // one of them
}

// modelLimit bounds how many distinct models are looked at.
const modelLimit = 100

// distinctModels gives the models of a sweep, in order of its points; complete
// is false where there are more than limit. In a grid too large to be visited
// they are found on the axes that the layers refer to, without their counts.
func distinctModels(s *search.Sweep, limit int) (models []distinct, complete bool, err error) {
	used := trainer.References(s.File.Model.Layers)
	if !s.Plan(false).Counted {
		return modelsOfAxes(s, used, limit)
	}
	places := map[string]int{}
	complete = true
	for t := range s.Trials() {
		values := pick(t.Point.Values, used)
		key := paramsText(values)
		at, known := places[key]
		if !known {
			if len(models) == limit {
				complete = false
				continue
			}
			config, err := s.Config(t)
			if err != nil {
				return nil, false, err
			}
			at = len(models)
			places[key] = at
			models = append(models, distinct{config: config, values: values, trial: t})
		}
		models[at].points++
	}
	return models, complete, nil
}

// modelsOfAxes makes the models from the product of the axes in use alone.
func modelsOfAxes(s *search.Sweep, used []string, limit int) ([]distinct, bool, error) {
	var first search.Trial
	for t := range s.Trials() {
		first = t
		break
	}
	combinations := []map[string]any{first.Point.Values}
	complete := true
	for _, a := range s.File.Grid.Axes() {
		if !slices.Contains(used, a.Name) || len(a.Values) == 0 {
			continue
		}
		var next []map[string]any
		for _, c := range combinations {
			for _, v := range a.Values {
				if len(next) == limit {
					complete = false
					break
				}
				with := maps.Clone(c)
				with[a.Name] = v
				next = append(next, with)
			}
		}
		combinations = next
	}
	var models []distinct
	for _, c := range combinations {
		t := first
		t.Point.Values = c
		config, err := s.Config(t)
		if err != nil {
			return nil, false, err
		}
		models = append(models, distinct{config: config, values: pick(c, used), trial: t})
	}
	return models, complete, nil
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
