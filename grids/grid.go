package grids

import (
	"iter"
	"slices"
	"sort"
)

// Grid is the union of one or more products of axes: arithmetic, never
// materialised. It is read-only and safe for use by many goroutines.
type Grid struct {
	products []product
	names    []string // of all axes, sorted; a name's number is its place here
	base     []int32  // by name: id of the fixed value, absent where there is none
	order    []int    // names, each after those its conditions need
	rules    []conjunction
	raw      int
	finite   bool
	count    int
	exact    bool
}

// absent is the id of a name without a value.
const absent int32 = -1

// product is one [grid] table.
type product struct {
	path        string
	axes        []axis  // sorted by name
	at          []int32 // by global name: place in axes, -1 none
	order       []int   // places in axes, each after those its conditions need
	raw, offset int     // length, and raw index of its first point
	conditional bool
	rules       []conjunction   // of the grid's, those whose axes are all here
	rivals      []int           // earlier products that may share points
	diagram     *diagram        // nil where raw indices and points are the same, or too large
	count       int             // points, by the diagram
	broken      map[string]bool // axes that could not be read, while reading
}

// axis finds an axis by name, nil where the product has none.
func (p *product) axis(name string) *axis {
	i := sort.Search(len(p.axes), func(i int) bool { return p.axes[i].name >= name })
	if i < len(p.axes) && p.axes[i].name == name {
		return &p.axes[i]
	}
	return nil
}

// plain tells whether every raw index of the product is a point.
func (p *product) plain() bool {
	return !p.conditional && len(p.rules) == 0 && len(p.rivals) == 0
}

// Point is one value on every active axis.
type Point struct {
	Index  int            // raw index in the grid (random search over distributions: number of the draw)
	Values map[string]any // active axes only; values are shared, do not change them
}

// Len is the raw length: the products added up, excluded and repeated points
// included; exact up to 2^63-1 (Parse refuses more). 0 where an axis is a distribution.
func (g *Grid) Len() int { return g.raw }

// Finite tells whether no axis is a distribution.
func (g *Grid) Finite() bool { return g.finite }

// Count is the number of points that run (Points' length). It is found by
// arithmetic when the file is parsed, see diagram; where that would take too
// long it is an upper bound, and Exact is false.
func (g *Grid) Count() int { return g.count }

// Exact tells whether Count is exact. It is not for a grid of distributions,
// where Count is 0, and where conditions, exclusions and unions are entangled
// beyond what Parse is willing to work through.
func (g *Grid) Exact() bool { return g.exact }

// productOf finds a finite point's product by its raw index, -1 where it has none.
func (g *Grid) productOf(p Point) int {
	if !g.finite || p.Index < 0 || p.Index >= g.raw {
		return -1
	}
	return sort.Search(len(g.products), func(i int) bool { return g.products[i].offset > p.Index }) - 1
}

// At is the point of a raw index; false: excluded, a repeat of an earlier point,
// an inactive axis not at its first value, or out of range. It takes time in the
// number of axes, conditions and exclusions, and keeps no state.
func (g *Grid) At(i int) (Point, bool) {
	s := newScratch(g)
	p := g.locate(i, s)
	if p == nil {
		return Point{}, false
	}
	values := make(map[string]any, len(p.axes))
	p.fill(values, s)
	return Point{Index: i, Values: values}, true
}

// Block visits the points of the raw indices in [from, to), in order. The map is
// visit's only until it returns: who goes through many points needs room for one.
func (g *Grid) Block(from, to int, visit func(index int, values map[string]any)) {
	s, values := newScratch(g), make(map[string]any, len(g.names))
	for i := from; i < to; i++ {
		if p := g.locate(i, s); p != nil {
			clear(values)
			p.fill(values, s)
			visit(i, values)
		}
	}
}

// locate works out what is active at a raw index; nil: no point that runs.
func (g *Grid) locate(i int, s *scratch) *product {
	k := g.productOf(Point{Index: i})
	if k < 0 {
		return nil
	}
	p := &g.products[k]
	p.decode(i-p.offset, s.digits)
	if !g.visit(p, s) {
		return nil
	}
	return p
}

// scratch is the working room of At: one entry a name. It lives on the stack for
// grids of ordinary size.
type scratch struct {
	digits   []int   // by place in the product's axes
	ids      []int32 // by global name: effective value
	active   []bool  // by global name
	twin     []bool  // active, of the twin in an earlier product
	digits16 [16]int
	ids16    [16]int32
	bools32  [32]bool
}

func newScratch(g *Grid) *scratch {
	s := &scratch{}
	n := len(g.names)
	if n <= 16 {
		s.digits, s.ids = s.digits16[:n], s.ids16[:n]
		s.active, s.twin = s.bools32[:n], s.bools32[16:16+n]
	} else {
		s.digits, s.ids = make([]int, n), make([]int32, n)
		s.active, s.twin = make([]bool, n), make([]bool, n)
	}
	return s
}

// decode writes a raw index as digits, the last axis the fastest.
func (p *product) decode(i int, digits []int) {
	for k := len(p.axes) - 1; k >= 0; k-- {
		n := len(p.axes[k].values)
		digits[k], i = i%n, i/n
	}
}

// encode is the inverse of decode.
func (p *product) encode(digits []int) int {
	i := 0
	for k := range p.axes {
		i = i*len(p.axes[k].values) + digits[k]
	}
	return i
}

// visit finds what is active and effective at the digits; false where they are no
// point that runs.
func (g *Grid) visit(p *product, s *scratch) bool {
	if !g.activate(p, s) {
		return false
	}
	if holdAny(p.rules, s.active, s.ids) {
		return false
	}
	for _, k := range p.rivals {
		if g.repeats(&g.products[k], p, s) {
			return false
		}
	}
	return true
}

// activate fills ids and active; false where an inactive axis is not at its
// first value. Axes come in order of dependence, so one pass is enough.
func (g *Grid) activate(p *product, s *scratch) bool {
	copy(s.ids, g.base)
	clear(s.active)
	first := true
	for _, k := range p.order {
		a := &p.axes[k]
		if len(a.when) > 0 && !holdAny(a.when, s.active, s.ids) {
			first = first && s.digits[k] == 0
			continue
		}
		s.active[a.global] = true
		s.ids[a.global] = a.id(s.digits[k])
	}
	return first
}

// repeats tells whether an earlier product runs the same point of a product: the
// same value under every name, be it of an axis or fixed.
func (g *Grid) repeats(rival, p *product, s *scratch) bool {
	for k := range p.axes {
		if name := p.axes[k].global; rival.at[name] < 0 && s.ids[name] != g.base[name] {
			return false
		}
	}
	clear(s.twin)
	for _, k := range rival.order {
		a := &rival.axes[k]
		if len(a.when) > 0 && !holdAny(a.when, s.twin, s.ids) {
			if s.ids[a.global] != g.base[a.global] {
				return false
			}
			continue
		}
		if _, ok := a.index(s.ids[a.global]); !ok {
			return false
		}
		s.twin[a.global] = true
	}
	return !holdAny(rival.rules, s.twin, s.ids)
}

// fill writes the active values into a point's map.
func (p *product) fill(values map[string]any, s *scratch) {
	for k := range p.axes {
		if a := &p.axes[k]; s.active[a.global] {
			values[a.name] = a.values[s.digits[k]]
		}
	}
}

// Points yields the points in order: scikit-learn's ParameterGrid (axes sorted,
// the last fastest), products of a union one after the other. Nothing where an
// axis is a distribution.
func (g *Grid) Points() iter.Seq[Point] {
	return func(yield func(Point) bool) {
		if !g.finite {
			return
		}
		for k := range g.products {
			p := &g.products[k]
			var seek *seeker
			misses, patience := 0, 0
			if p.diagram != nil {
				seek = newSeeker(p.diagram)
				patience = 16 + p.diagram.nodes/8
			}
			for i := 0; i < p.raw; i++ {
				// Passing indices one by one is fine for as long as it costs less than
				// a search.
				if seek != nil && misses >= patience {
					next, ok := seek.next(i)
					if !ok {
						break
					}
					i, misses = next, 0
				}
				point, ok := g.At(p.offset + i)
				if !ok {
					misses++
					continue
				}
				misses = 0
				if !yield(point) {
					return
				}
			}
		}
	}
}

// collect gathers the names of all axes.
func (g *Grid) collect() {
	for i := range g.products {
		for k := range g.products[i].axes {
			g.names = append(g.names, g.products[i].axes[k].name)
		}
	}
	slices.Sort(g.names)
	g.names = slices.Compact(g.names)
}
