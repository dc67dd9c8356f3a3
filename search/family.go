package search

import (
	"cmp"
	"math"
	"slices"

	"espalier/grids"
	"espalier/trainer"
)

// families group an index's trials: a family is the trials that differ only in
// epochs and pass through the same states, so that one training serves them all.
type families struct {
	index  *index
	keys   []grids.Key // of each family
	flops  []float64   // of each family, a row and epoch
	start  []int32     // family f's trials are members[start[f]:start[f+1]]
	member []int32     // trials, ascending epochs within a family
	epochs []int32     // per trial

	unshared int // trials whose schedule depends on the total of epochs
}

// newFamilies groups trials; with noShare each is a family by itself. Families are
// in the order of their first trial.
func newFamilies(x *index, noShare bool) *families {
	s := x.sweep
	f := &families{index: x, epochs: make([]int32, len(x.keys))}
	k, m := newKeyer(s), newModels(s)
	of := make([]int32, len(x.keys)) // family of each trial
	byKey := make(map[grids.Key]int32)
	var sizes []int32
	for i := range x.keys {
		values := x.point(i).Values
		facts := m.facts(values)
		f.epochs[i] = int32(s.epochsOf(values))
		key := x.keys[i]
		if !noShare && facts.shares {
			key = k.family(values)
		}
		if !facts.shares {
			f.unshared++
		}
		n, known := byKey[key]
		if !known {
			n = int32(len(f.keys))
			byKey[key] = n
			f.keys, f.flops, sizes = append(f.keys, key), append(f.flops, facts.flops), append(sizes, 0)
		}
		of[i] = n
		sizes[n]++
	}
	f.start = make([]int32, len(sizes)+1)
	for n, size := range sizes {
		f.start[n+1] = f.start[n] + size
	}
	f.member = make([]int32, len(of))
	next := slices.Clone(f.start)
	for i, n := range of {
		f.member[next[n]] = int32(i)
		next[n]++
	}
	for n := range f.keys {
		slices.SortStableFunc(f.trials(n), func(a, b int32) int { return cmp.Compare(f.epochs[a], f.epochs[b]) })
	}
	return f
}

// trials of a family, ascending epochs.
func (f *families) trials(n int) []int32 { return f.member[f.start[n]:f.start[n+1]] }

// models answer what of a config families and choices need, compiling each distinct
// model once: FLOPs and parameters follow from the layers, sharing from the schedule.
type models struct {
	sweep *Sweep
	names []string // parameters that the answers depend on
	keyer *keyer   // for its pieces
	known map[string]modelFacts
	sign  []byte
}

type modelFacts struct {
	flops      float64
	parameters int64
	shares     bool
}

func newModels(s *Sweep) *models {
	names := append(trainer.References(s.File.Model.Layers), "schedule")
	return &models{sweep: s, names: names, keyer: newKeyer(s), known: make(map[string]modelFacts)}
}

func (m *models) facts(values map[string]any) modelFacts {
	sign := m.sign[:0]
	for _, name := range m.names {
		if v, given := m.keyer.value(values, name); given {
			sign = append(sign, m.keyer.piece(name, v, false)...)
		}
	}
	m.sign = sign
	if facts, ok := m.known[string(sign)]; ok {
		return facts
	}
	// A model that cannot be compiled is a job that will fail and say why; its
	// cost is nothing and it shares nothing.
	var facts modelFacts
	if c, _ := m.sweep.compile(m.sweep.values(grids.Point{Values: values}), m.sweep.Data.Shape); c != nil {
		cost := c.Cost()
		facts = modelFacts{flops: float64(cost.FLOPsPerRow), parameters: cost.Parameters, shares: c.SharesPrefix()}
	}
	if len(m.known) < memoLimit {
		m.known[string(sign)] = facts
	}
	return facts
}

// epochsOf is how many epochs a point asks for, with the trainer's default.
func (s *Sweep) epochsOf(values map[string]any) int {
	v, given := values[epochs]
	if !given {
		v, given = s.File.Params[epochs]
	}
	n, whole := v.(int64)
	if !whole {
		asked := map[string]any{}
		if given {
			asked[epochs] = v
		}
		n, _ = trainer.Effective(asked)[epochs].(int64)
	}
	return int(max(0, min(n, math.MaxInt32)))
}
