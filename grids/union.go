package grids

import (
	"math/bits"
	"slices"
	"strings"
)

// gridReader makes a Grid of [grid] or of [[grid]] … [[grid]].
type gridReader struct {
	*reader
	grid *Grid
	ids  []map[string]int32 // by name: id of a value's canonical encoding
}

// maxProducts bounds a union, maxAxes the axes of all its products.
const (
	maxProducts = 256
	maxAxes     = 10_000
)

// readGrid reads the axes, then what refers to them. A file without [grid] has
// one point.
func (r *reader) readGrid(top, search, params section) *Grid {
	b := &gridReader{reader: r, grid: &Grid{finite: true}}
	before := len(r.err.Problems)
	n := top.get("grid")
	switch {
	case n == nil:
		b.grid.products = []product{{path: "grid"}}
	case n.kind == tableKind:
		b.grid.products = []product{{path: "grid"}}
		b.readProducts([]*node{n})
	case n.kind == scalarKind || len(n.items) == 0:
		b.fault(n, "grid", "must be a table of axes, or several under [[grid]], have %s", n.describe())
	case len(n.items) > maxProducts:
		b.fault(n, "grid", "a union of at most %d grids, have %d", maxProducts, len(n.items))
	default:
		for i := range n.items {
			b.grid.products = append(b.grid.products, product{path: item("grid", i)})
		}
		b.readProducts(n.items)
	}
	b.nameValues()
	b.readConditions(search)
	b.checkFixed(params)
	if b.err.More > 0 || len(r.err.Problems) > before {
		return b.grid // for its axes alone, as part of Error.Rest
	}
	b.checkFree(search)
	if b.measure(n, top); len(r.err.Problems) > before {
		return b.grid
	}
	b.grid.prepare()
	if b.grid.exact && b.grid.count == 0 {
		b.fault(search.get("exclude"), "search.exclude", "nothing is left of the grid: every point is excluded")
	}
	return b.grid
}

// readProducts reads the axes of each product.
func (b *gridReader) readProducts(nodes []*node) {
	random := b.file.Search.Strategy == "random"
	left, axes := maxValues, 0
	for i, n := range nodes {
		p := &b.grid.products[i]
		p.broken = map[string]bool{}
		if n.kind != tableKind {
			b.fault(n, p.path, "must be a table of axes, have %s", n.describe())
			continue
		}
		if axes += len(n.names); axes > maxAxes {
			b.fault(n, p.path, "more than %d axes", maxAxes)
			return
		}
		for _, name := range n.names {
			a := b.readAxis(n.fields[name], join(p.path, name), name, random, &left)
			if a == nil {
				p.broken[name] = true
				continue
			}
			p.axes = append(p.axes, *a)
		}
		slices.SortFunc(p.axes, func(a, c axis) int { return strings.Compare(a.name, c.name) })
	}
	b.listIntegers(left)
}

// listIntegers turns linear distributions of integers into lists where that
// makes the grid finite: a draw is then without replacement, and `trials` above
// the number of points means all of them.
func (b *gridReader) listIntegers(left int) {
	var found []*axis
	for i := range b.grid.products {
		for k := range b.grid.products[i].axes {
			a := &b.grid.products[i].axes[k]
			if !a.free() {
				continue
			}
			n := a.spread.whole()
			if n < 2 || n > float64(left) {
				return
			}
			left -= int(n)
			found = append(found, a)
		}
	}
	for _, a := range found {
		for v := int64(a.spread.low); v <= int64(a.spread.high); v++ {
			a.values = append(a.values, v)
		}
	}
}

// nameValues numbers the names and, under each name, the values, so that points
// are compared by integers.
func (b *gridReader) nameValues() {
	g := b.grid
	g.collect()
	b.ids = make([]map[string]int32, len(g.names))
	g.base = make([]int32, len(g.names))
	id := func(name int, value any) int32 {
		if b.ids[name] == nil {
			b.ids[name] = map[string]int32{}
		}
		code := encoded(value)
		n, ok := b.ids[name][code]
		if !ok {
			n = int32(len(b.ids[name]))
			b.ids[name][code] = n
		}
		return n
	}
	for name, text := range g.names {
		g.base[name] = absent
		if fixed, ok := b.file.Params[text]; ok {
			g.base[name] = id(name, fixed)
		}
	}
	users := make([]int, len(g.names))
	for i := range g.products {
		for k := range g.products[i].axes {
			name, _ := slices.BinarySearch(g.names, g.products[i].axes[k].name)
			users[name]++
		}
	}
	for i := range g.products {
		p := &g.products[i]
		p.at = slices.Repeat([]int32{-1}, len(g.names))
		for k := range p.axes {
			a := &p.axes[k]
			a.global, _ = slices.BinarySearch(g.names, a.name)
			p.at[a.global] = int32(k)
			if a.own = users[a.global] == 1 && g.base[a.global] == absent; a.own {
				continue
			}
			for _, v := range a.values {
				a.ids = append(a.ids, id(a.global, v))
			}
			// Sized by the largest id it has: a value of a later product is simply not in it.
			if len(a.ids) > 0 {
				a.digit = slices.Repeat([]int32{-1}, int(slices.Max(a.ids))+1)
			}
			for digit, v := range a.ids {
				a.digit[v] = int32(digit)
			}
		}
	}
}

// readConditions reads every `when`, and `exclude`.
func (b *gridReader) readConditions(search section) {
	g := b.grid
	for i := range g.products {
		p := &g.products[i]
		for k := range p.axes {
			a := &p.axes[k]
			if a.node.kind != tableKind || a.node.fields["when"] == nil {
				continue
			}
			a.when = b.conditions(a.node.fields["when"], join(a.path, "when"), []*product{p}, a.name)
			p.conditional = true
		}
	}
	b.sortByDependence()
	n := search.get("exclude")
	if n == nil {
		return
	}
	all := make([]*product, len(g.products))
	for i := range g.products {
		all[i] = &g.products[i]
	}
	g.rules = b.conditions(n, "search.exclude", all, "")
}

// checkFixed reports names that are both axis and fixed, unless some point has
// use for the fixed value: where the axis is inactive or its product has none.
func (b *gridReader) checkFixed(params section) {
	for name, text := range b.grid.names {
		if _, fixed := b.file.Params[text]; !fixed {
			continue
		}
		needed, path := false, ""
		for i := range b.grid.products {
			p := &b.grid.products[i]
			if k := p.at[name]; k < 0 || p.axes[k].node.kind == tableKind && p.axes[k].node.fields["when"] != nil {
				needed = true
			} else if path == "" {
				path = p.axes[k].path
			}
		}
		if !needed {
			params.refuse(text, "both fixed here and an axis, at "+path+"; only an axis with `when` may have a fixed value for where it is inactive")
		}
	}
}

// checkFree notes distributions; they need a number of trials.
func (b *gridReader) checkFree(search section) {
	for i := range b.grid.products {
		for k := range b.grid.products[i].axes {
			if b.grid.products[i].axes[k].free() {
				b.grid.finite = false
			}
		}
	}
	if !b.grid.finite && b.file.Search.Trials == 0 && search.get("trials") == nil {
		search.require("trials", "40")
	}
}

// measure computes the lengths; a grid whose points an int cannot number is
// reported.
func (b *gridReader) measure(n *node, top section) {
	g := b.grid
	if !g.finite {
		return
	}
	const limit = 1<<63 - 1
	var total uint64
	for i := range g.products {
		p := &g.products[i]
		size := uint64(1)
		for k := range p.axes {
			high, low := bits.Mul64(size, uint64(len(p.axes[k].values)))
			if size = low; high > 0 || size > limit {
				b.fault(n, p.path, "more than 2^63-1 points")
				return
			}
		}
		p.raw, p.offset = int(size), int(total)
		if total += size; total > limit {
			b.fault(n, "grid", "more than 2^63-1 points")
			return
		}
	}
	g.raw = int(total)
}
