package grids

import "slices"

// prepare lays out the products and counts.
func (g *Grid) prepare() {
	g.exact = g.finite
	budget, limit := 10*maxWork, maxWork
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
			p.diagram = newDiagram(g, p, limit)
			count, ok := p.diagram.total()
			limit -= p.diagram.work
			// Passing indices by one by one is worth it for as long as it costs less
			// than a search, which is one count for every prefix and class.
			p.patience = 256 + p.diagram.work*len(p.axes)/4
			if !ok {
				p.diagram, count, g.exact = nil, p.raw, false
			}
			p.count = count
		}
		g.count += p.count
	}
	if !g.finite {
		return
	}
	if !g.exact {
		g.count = g.raw
	}
}

// mayShare tells whether two products may have a point in common, looking at one
// name at a time; true in doubt.
func (g *Grid) mayShare(p, q *product, budget *int) bool {
	for name := range g.names {
		i, k := p.at[name], q.at[name]
		if i < 0 && k < 0 || i >= 0 && len(p.axes[i].when) > 0 || k >= 0 && len(q.axes[k].when) > 0 {
			continue
		}
		shares := false
		switch {
		case i < 0:
			_, shares = q.axes[k].index(g.base[name])
		case k < 0:
			_, shares = p.axes[i].index(g.base[name])
		default:
			for digit := range p.axes[i].values {
				*budget--
				if _, shares = q.axes[k].index(p.axes[i].id(digit)); shares {
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
	return true
}
