package grids

import (
	"fmt"
	"slices"
	"strings"
)

// Canonical is a text of all that the grid expands to: axes with their values or
// ends, conditions and exclusions, product by product. Grids with the same text
// have the same points and the same draws; the order of axes, 3 or 3.0, and a
// condition's way of writing do not show. Under random search it is part of what
// a sweep is.
func (g *Grid) Canonical() string {
	var b strings.Builder
	for i := range g.products {
		p := &g.products[i]
		fmt.Fprintf(&b, "grid %d\n", i)
		for k := range p.axes {
			a := &p.axes[k]
			fmt.Fprintf(&b, "axis %q", a.name)
			switch {
			case a.spread != nil:
				s := a.spread
				fmt.Fprintf(&b, " from %v to %v log %t integer %t values %d", s.low, s.high, s.log, s.integer, len(a.values))
			default:
				for _, v := range a.values {
					fmt.Fprintf(&b, " %q", encoded(v))
				}
			}
			if len(a.when) > 0 {
				b.WriteString(" when" + g.canonicalAny(p, a.when))
			}
			b.WriteByte('\n')
		}
		if len(p.rules) > 0 {
			b.WriteString("exclude" + g.canonicalAny(p, p.rules) + "\n")
		}
	}
	return b.String()
}

// Conditions are what ties the axes together, in words, a line each: "momentum only
// where optimizer = sgd", "without dropout = 0.5 and optimizer = adam". Of a union
// each line begins with the number of its product.
func (g *Grid) Conditions() (lines []string) {
	for i := range g.products {
		p := &g.products[i]
		prefix := ""
		if len(g.products) > 1 {
			prefix = fmt.Sprintf("grid[%d]: ", i)
		}
		for k := range p.axes {
			if a := &p.axes[k]; len(a.when) > 0 {
				lines = append(lines, prefix+a.name+" only where "+g.words(p, a.when))
			}
		}
		if len(p.rules) > 0 {
			lines = append(lines, prefix+"without "+g.words(p, p.rules))
		}
	}
	return lines
}

// words writes conjunctions as people would.
func (g *Grid) words(p *product, list []conjunction) string {
	var texts []string
	for _, c := range list {
		var tests []string
		for _, t := range c {
			a := &p.axes[p.at[t.name]]
			var values []string
			for _, id := range t.ids {
				if digit, ok := a.index(id); ok && digit < len(a.values) {
					values = append(values, fmt.Sprint(a.values[digit]))
				}
			}
			tests = append(tests, a.name+" = "+strings.Join(values, " or "))
		}
		slices.Sort(tests)
		texts = append(texts, strings.Join(tests, " and "))
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), "; or ")
}

// canonicalAny writes conjunctions sorted, each once, their values by their place
// on the product's axes: values that the product does not have cannot matter.
func (g *Grid) canonicalAny(p *product, list []conjunction) string {
	var texts []string
	for _, c := range list {
		var tests []string
		for _, t := range c {
			a := &p.axes[p.at[t.name]]
			var digits []int
			for _, id := range t.ids {
				if digit, ok := a.index(id); ok {
					digits = append(digits, digit)
				}
			}
			slices.Sort(digits)
			tests = append(tests, fmt.Sprintf("%q in %v", a.name, digits))
		}
		slices.Sort(tests)
		texts = append(texts, " ("+strings.Join(tests, " and ")+")")
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), " or")
}
