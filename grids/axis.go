package grids

import (
	"fmt"
	"maps"
	"slices"
)

// Axis is a named list of values or a distribution, over all products of a union.
type Axis struct {
	Name        string
	Path        string   // "grid.optimizer", "grid[1].optimizer": where it stands first
	Values      []any    // in order of writing, every product's once; nil for a distribution
	Paths       []string // of the values: "grid.optimizer[1]", or Path where a range made them
	Min, Max    float64  // ends of a range or distribution, both included; 0 for a list
	Log         bool     // range or distribution on a logarithmic scale
	Integer     bool     // distribution of integers
	Conditional bool     // absent at some points: it has a condition, or not every product has it
}

// maxValues bounds the values of all axes together: two axes of a million.
const maxValues = 2_000_000

// axis is an axis of one product.
type axis struct {
	name   string
	path   string // "grid.momentum"
	node   *node  // for places
	values []any
	spread *spread       // of a range or distribution, else nil
	listed bool          // values stand in the file one by one, so they have paths
	when   []conjunction // any of them; none: always active

	// After naming (see naming.go):
	global int     // number of the name
	own    bool    // no other axis and nothing fixed has the name: an id is the place of a value
	ids    []int32 // of the values; nil where own
	digit  []int32 // of an id: its place among the values, -1 none; nil where own
}

// free tells whether the axis draws from a distribution.
func (a *axis) free() bool { return a.values == nil && a.spread != nil }

// id is the id of the value at a place; absent for a distribution.
func (a *axis) id(digit int) int32 {
	switch {
	case a.own:
		return int32(digit)
	case a.ids == nil:
		return absent
	}
	return a.ids[digit]
}

// index is the place of an id among the axis' values.
func (a *axis) index(id int32) (int, bool) {
	if a.own {
		return int(id), id >= 0 && int(id) < len(a.values)
	}
	if id < 0 || int(id) >= len(a.digit) || a.digit[id] < 0 {
		return 0, false
	}
	return int(a.digit[id]), true
}

// readAxis reads one entry of [grid]; nil where nothing of it is of use. Its
// condition is read later, when all axes are known.
func (r *reader) readAxis(n *node, path, name string, random bool, left *int) *axis {
	r.checkIdentifier(n, path, name)
	a := &axis{name: name, path: path, node: n}
	switch n.kind {
	case scalarKind:
		r.fault(n, path, "an axis is a list of values or a range such as { min = 1, max = 9, steps = 3 }, have %s; what is fixed belongs in [params]", n.describe())
		return nil
	case listKind:
		if !r.readValues(a, n, path, left) {
			return nil
		}
		return a
	}
	s := section{reader: r, node: n, path: path}
	if v := s.get("values"); v != nil {
		for _, name := range []string{"min", "max", "scale", "steps"} {
			s.refuse(name, "an axis has values or a range, not both")
		}
		s.allow("values", "when", "min", "max", "scale", "steps")
		if v.kind != listKind {
			r.fault(v, join(path, "values"), "must be a list, have %s", v.describe())
			return nil
		}
		if !r.readValues(a, v, path, left) {
			return nil
		}
		return a
	}
	if !s.readSpread(a, random, left) {
		return nil
	}
	return a
}

// readValues reads a list of values: at least one, each once.
func (r *reader) readValues(a *axis, n *node, path string, left *int) bool {
	a.listed = true
	if len(n.items) == 0 {
		r.fault(n, path, "an axis needs at least one value")
		return false
	}
	if *left -= len(n.items); *left < 0 {
		r.fault(n, path, "the axes have more than %d values together", maxValues)
		return false
	}
	good := true
	seen := make(map[string]int, len(n.items))
	for i, v := range n.items {
		if !r.checkValue(v, item(path, i)) {
			good = false
			continue
		}
		value := v.plain()
		code := encoded(value)
		if first, ok := seen[code]; ok {
			r.fault(v, item(path, i), "the value %s is there already, at %s", v.describe(), item(path, first))
			good = false
			continue
		}
		seen[code] = i
		a.values = append(a.values, value)
	}
	return good
}

// encoded is a value's canonical encoding as a map key: 3 and 3.0 are one value.
func encoded(value any) string { return string(appendValue(nil, value)) }

// Axes are all axes of the grid by name, over all products of a union: values in
// order of first appearance, the ends of distributions the outermost ones.
func (g *Grid) Axes() []Axis {
	merged := map[string]*Axis{}
	seen := map[string]map[string]bool{}
	count := map[string]int{}
	for i := range g.products {
		for k := range g.products[i].axes {
			a := &g.products[i].axes[k]
			m := merged[a.name]
			if m == nil {
				m = &Axis{Name: a.name, Path: a.path, Values: []any{}}
				merged[a.name], seen[a.name] = m, map[string]bool{}
			}
			count[a.name]++
			m.Conditional = m.Conditional || len(a.when) > 0
			if s := a.spread; s != nil {
				if m.Min == 0 && m.Max == 0 {
					m.Min, m.Max = s.low, s.high
				}
				m.Min, m.Max = min(m.Min, s.low), max(m.Max, s.high)
				m.Log = m.Log || s.log
				m.Integer = m.Integer || s.integer
			}
			if a.free() {
				m.Values, m.Paths = nil, nil
			}
			if m.Values == nil {
				continue
			}
			if len(g.products) == 1 {
				m.Values = slices.Clip(a.values)
				m.Paths = make([]string, len(a.values))
				for digit := range m.Paths {
					m.Paths[digit] = a.valuePath(digit)
				}
				continue
			}
			for digit, v := range a.values {
				if code := encoded(v); !seen[a.name][code] {
					seen[a.name][code] = true
					m.Values = append(m.Values, v)
					m.Paths = append(m.Paths, a.valuePath(digit))
				}
			}
		}
	}
	axes := make([]Axis, 0, len(merged))
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		merged[name].Conditional = merged[name].Conditional || count[name] < len(g.products)
		axes = append(axes, *merged[name])
	}
	return axes
}

// valuePath is where a value stands: by itself in a list, else with its range.
func (a *axis) valuePath(digit int) string {
	if a.listed {
		return item(a.path, digit)
	}
	return a.path
}

// Path is the key path of the value that a point has on an axis, for messages:
// "grid.optimizer[1]"; "grid.learning_rate" where a range made the value;
// "params.momentum" where the axis is inactive at the point.
func (g *Grid) Path(p Point, name string) string {
	value, active := p.Values[name]
	if !active {
		return join("params", name)
	}
	code := encoded(value)
	product := g.productOf(p)
	for i := range g.products {
		if product >= 0 && i != product {
			continue
		}
		a := g.products[i].axis(name)
		if a == nil {
			continue
		}
		if a.free() || !a.listed {
			return a.path
		}
		for k, v := range a.values {
			if encoded(v) == code {
				return item(a.path, k)
			}
		}
	}
	return fmt.Sprintf("grid.%s", name)
}
