package grids

import (
	"fmt"
	"slices"
	"sort"
)

// A conjunction is one table of `when` or `exclude`: it holds for a point where
// every axis it names is active and has one of the values given.
type conjunction []test

// test is one name of a conjunction.
type test struct {
	name int     // global number of the axis
	ids  []int32 // sorted
}

func (t test) has(id int32) bool {
	if len(t.ids) == 1 {
		return t.ids[0] == id
	}
	_, found := slices.BinarySearch(t.ids, id)
	return found
}

// holds tells whether a conjunction holds, given the ids and activity by name.
func (c conjunction) holds(active []bool, ids []int32) bool {
	for _, t := range c {
		if !active[t.name] || !t.has(ids[t.name]) {
			return false
		}
	}
	return true
}

// holdAny is holds for a list of conjunctions, any of which is enough.
func holdAny(list []conjunction, active []bool, ids []int32) bool {
	for _, c := range list {
		if c.holds(active, ids) {
			return true
		}
	}
	return false
}

// maxConjunctions bounds the tables of `exclude`, and of one `when`.
const maxConjunctions = 10_000

// conditions reads a table, or a list of tables, of name = value or values.
// among are the products whose axes may be named.
func (b *gridReader) conditions(n *node, path string, among []*product, self string) []conjunction {
	nodes, paths := []*node{n}, []string{path}
	if n.kind == listKind {
		nodes, paths = n.items, nil
		for i := range n.items {
			paths = append(paths, item(path, i))
		}
		if len(nodes) == 0 {
			b.fault(n, path, "must hold at least one table")
		}
		if len(nodes) > maxConjunctions {
			b.fault(n, path, "must hold at most %d tables, have %d", maxConjunctions, len(nodes))
			return nil
		}
	}
	var list []conjunction
	for i, table := range nodes {
		if table.kind != tableKind {
			b.fault(table, paths[i], "must be a table such as { optimizer = \"sgd\" }, have %s", table.describe())
			continue
		}
		if len(table.names) == 0 {
			b.fault(table, paths[i], "must name at least one axis")
			continue
		}
		var c conjunction
		for _, name := range table.names {
			if t, ok := b.test(table.fields[name], join(paths[i], name), name, among, self); ok {
				c = append(c, t)
			}
		}
		if len(c) == len(table.names) {
			list = append(list, c)
		}
	}
	return list
}

// test reads name = value, or name = [values].
func (b *gridReader) test(n *node, path, name string, among []*product, self string) (test, bool) {
	if name == self {
		b.report(n, true, Problem{Path: path, Message: "an axis cannot depend on itself", Key: true})
		return test{}, false
	}
	var axes []*axis
	for _, p := range among {
		if a := p.axis(name); a != nil {
			axes = append(axes, a)
		}
		if p.broken[name] {
			return test{}, false // its own problem is reported
		}
	}
	if len(axes) == 0 {
		b.report(n, true, b.noAxis(path, name, among))
		return test{}, false
	}
	for _, a := range axes {
		if a.free() {
			b.fault(n, path, "%s is a distribution; a condition needs an axis with listed values", quote(name))
			return test{}, false
		}
	}
	values, paths := []*node{n}, []string{path}
	// A list means any of, unless the axis itself has that list as a value.
	if _, whole := b.valueID(axes, n); n.kind == listKind && !whole {
		values, paths = n.items, nil
		for i := range n.items {
			paths = append(paths, item(path, i))
		}
		if len(values) == 0 {
			b.fault(n, path, "must hold at least one value")
			return test{}, false
		}
	}
	t := test{name: axes[0].global}
	good := true
	for i, v := range values {
		id, ok := b.valueID(axes, v)
		if !ok {
			b.report(v, false, Problem{Path: paths[i], Message: fmt.Sprintf("the axis %s has no value %s", quote(name), v.describe()), Known: words(axes)})
			good = false
			continue
		}
		t.ids = append(t.ids, id)
	}
	slices.Sort(t.ids)
	t.ids = slices.Compact(t.ids)
	return t, good
}

// noAxis is the problem of a condition on a name that is no axis.
func (b *gridReader) noAxis(path, name string, among []*product) Problem {
	if _, fixed := b.file.Params[name]; fixed {
		return Problem{Path: path, Message: quote(name) + " is fixed in [params], so nothing can depend on it", Key: true}
	}
	var known []string
	for _, p := range among {
		for k := range p.axes {
			known = append(known, p.axes[k].name)
		}
	}
	slices.Sort(known)
	return Problem{Path: path, Message: "there is no axis " + quote(name), Known: slices.Compact(known), Key: true}
}

// valueID finds the id of a node's value where one of the axes has it.
func (b *gridReader) valueID(axes []*axis, n *node) (int32, bool) {
	name := axes[0].global
	if axes[0].own && axes[0].spread != nil {
		return axes[0].search(n)
	}
	if axes[0].own && b.ids[name] == nil {
		b.ids[name] = make(map[string]int32, len(axes[0].values))
		for digit, v := range axes[0].values {
			b.ids[name][encoded(v)] = int32(digit)
		}
	}
	id, ok := b.ids[name][encoded(n.plain())]
	for _, a := range axes {
		if _, has := a.index(id); ok && has {
			return id, true
		}
	}
	return 0, false
}

// search finds a number among the values of a range, which ascend; their places
// are their ids.
func (a *axis) search(n *node) (int32, bool) {
	v, ok := n.number()
	digit := sort.Search(len(a.values), func(i int) bool { return asFloat(a.values[i]) >= v })
	return int32(digit), ok && digit < len(a.values) && asFloat(a.values[digit]) == v
}

// asFloat is the number that a range made.
func asFloat(v any) float64 {
	if i, ok := v.(int64); ok {
		return float64(i)
	}
	f, _ := v.(float64)
	return f
}

// words are the values of axes as text, for hints.
func words(axes []*axis) []string {
	var list []string
	for _, a := range axes {
		for _, v := range a.values {
			if len(list) > 100 {
				return list
			}
			list = append(list, fmt.Sprint(v))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// sortByDependence orders the names so that each comes after those its
// conditions name, otherwise alphabetically. One order serves all products of a
// union; a circle is reported at its axes.
func (b *gridReader) sortByDependence() {
	g := b.grid
	needs := make([]map[int]bool, len(g.names))
	for i := range g.products {
		for k := range g.products[i].axes {
			a := &g.products[i].axes[k]
			for _, c := range a.when {
				for _, t := range c {
					if needs[a.global] == nil {
						needs[a.global] = map[int]bool{}
					}
					needs[a.global][t.name] = true
				}
			}
		}
	}
	users := make([][]int, len(g.names))
	missing := make([]int, len(g.names))
	for name, set := range needs {
		missing[name] = len(set)
		for other := range set {
			users[other] = append(users[other], name)
		}
	}
	var ready []int
	for name := range g.names {
		if missing[name] == 0 {
			ready = append(ready, name)
		}
	}
	for len(ready) > 0 {
		name := ready[0]
		ready = ready[1:]
		g.order = append(g.order, name)
		slices.Sort(users[name])
		for _, user := range users[name] {
			if missing[user]--; missing[user] == 0 {
				ready = append(ready, user)
			}
		}
	}
	if len(g.order) == len(g.names) {
		return
	}
	for i := range g.products {
		for k := range g.products[i].axes {
			a := &g.products[i].axes[k]
			if missing[a.global] > 0 && len(a.when) > 0 {
				b.fault(a.node.fields["when"], join(a.path, "when"), "the conditions go round in a circle: %s", b.circle(a.global, needs, missing))
				return
			}
		}
	}
}

// circle spells one out, starting from a name that is on or behind it.
func (b *gridReader) circle(name int, needs []map[int]bool, missing []int) string {
	var walk []int
	for !slices.Contains(walk, name) {
		walk = append(walk, name)
		next := -1
		for other := range needs[name] {
			if missing[other] > 0 && (next < 0 || other < next) {
				next = other
			}
		}
		name = next
	}
	walk = append(walk[slices.Index(walk, name):], name)
	text := b.grid.names[walk[0]]
	for _, n := range walk[1:] {
		text += " needs " + b.grid.names[n]
	}
	return shorten(text)
}
