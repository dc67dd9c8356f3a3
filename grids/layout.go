package grids

import "slices"

// prepare lays out the products and counts.
func (g *Grid) prepare() {
	g.exact = g.finite
	budget, limit, relaxed := 10*maxWork, maxWork, maxWork
	for _, name := range g.order {
		for i := range g.products {
			if k := g.products[i].at[name]; k >= 0 {
				g.products[i].order = append(g.products[i].order, int(k))
			}
		}
	}
	for i := range g.products {
		p := &g.products[i]
		for _, c := range g.rules {
			if !slices.ContainsFunc(c, func(t test) bool { return p.at[t.name] < 0 }) {
				p.rules = append(p.rules, c)
			}
		}
		if !g.finite {
			continue
		}
		for k := range i {
			if g.mayShare(p, &g.products[k], &budget) {
				p.rivals = append(p.rivals, k)
			}
		}
		p.count = p.raw
		if !p.plain() {
			p.diagram = newDiagram(g, p, false, &limit)
			if p.diagram == nil {
				// An upper bound is better than none: what conditions leave.
				g.exact = false
				p.diagram = newDiagram(g, p, true, &relaxed)
			}
			if p.diagram != nil {
				p.count = p.diagram.root.count
			}
		}
		g.count += p.count
	}
}

// mayShare tells whether two products may have a point in common, looking at one
// name at a time; true in doubt.
func (g *Grid) mayShare(p, q *product, budget *int) bool {
	for k := range p.axes {
		a := &p.axes[k]
		if len(a.when) > 0 {
			continue
		}
		shares := false
		if other := q.at[a.global]; other < 0 {
			_, shares = a.index(g.base[a.global])
		} else if len(q.axes[other].when) > 0 {
			continue
		} else {
			for digit := range a.values {
				*budget--
				if _, shares = q.axes[other].index(a.id(digit)); shares || *budget < 0 {
					break
				}
			}
		}
		if *budget < 0 {
			return true
		}
		if !shares {
			return false
		}
	}
	for k := range q.axes {
		a := &q.axes[k]
		if _, shares := a.index(g.base[a.global]); p.at[a.global] < 0 && len(a.when) == 0 && !shares {
			return false
		}
	}
	return true
}
