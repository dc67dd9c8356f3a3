package grids

import (
	"encoding/binary"
	"maps"
	"slices"
)

// A decider goes through the names of a product, one after the other, and keeps
// what the rest of a point's fate hangs on: claims that are still undecided.
//
//	exclusion  all its tests so far passed   → the point does not run
//	condition  all its tests so far passed   → its axis will be active
//	member     an earlier product, a rival, has the same values so far → a repeat
//	twin…      the conditions and exclusions of that rival, for the same point there
//
// A claim that fails a test is gone for good, so the sets of undecided claims are
// few, and what follows from (level, set) is worked out once: see diagram.
type decider struct {
	grid    *Grid
	product *product
	rivals  []int // places in grid.products
	rules   []conjunction
	levels  []level
	claims  []claim
	start   []int32 // claims undecided at first, ascending
	memo    map[string]*choice
	work    int // steps taken
	limit   int // steps allowed

	// By rival, stamped with the step they are of: no clearing between steps.
	stamp    int
	on, dead []int
}

type claimKind int8

const (
	exclusion claimKind = iota
	condition
	member
	twinCondition
	twinExclusion
)

type claim struct {
	kind  claimKind
	rival int // of member and twins: place in rivals; else -1
	name  int // of conditions: the name it makes active; else -1
}

// level is the decision on one name.
type level struct {
	name    int
	axis    int // place in the product's axes, -1: it has none
	tests   map[int32]levelTest
	classes [][]int // digits that no claim tells apart
}

type levelTest struct {
	test
	last bool // the claim's last: if it passes, the claim holds
}

// newDecider lays out a product's names and claims. Names that neither the product
// nor a rival has as an axis decide nothing and have no level. relaxed leaves out
// exclusions and rivals: conditions alone.
func newDecider(g *Grid, p *product, limit int, relaxed bool) *decider {
	d := &decider{grid: g, product: p, memo: map[string]*choice{}, limit: limit}
	if !relaxed {
		d.rivals, d.rules = p.rivals, p.rules
	}
	d.on, d.dead = make([]int, len(d.rivals)), make([]int, len(d.rivals))
	at := map[int]int{} // level of a name
	for _, name := range g.order {
		used := p.at[name] >= 0
		for _, rival := range d.rivals {
			used = used || g.products[rival].at[name] >= 0
		}
		if d.work += len(d.rivals); used {
			at[name] = len(d.levels)
			d.levels = append(d.levels, level{name: name, axis: int(p.at[name])})
		}
	}
	add := func(c claim, tests conjunction) {
		id := int32(len(d.claims))
		d.claims = append(d.claims, c)
		d.start = append(d.start, id)
		last := 0
		for _, t := range tests {
			last = max(last, at[t.name])
		}
		for _, t := range tests {
			l := &d.levels[at[t.name]]
			if l.tests == nil {
				l.tests = map[int32]levelTest{}
			}
			l.tests[id] = levelTest{t, at[t.name] == last}
		}
		d.work += len(tests) + 1
	}
	addAll := func(q *product, rules []conjunction, rival int, condition, exclusion claimKind) {
		for k := range q.axes {
			for _, c := range q.axes[k].when {
				add(claim{condition, rival, q.axes[k].global}, c)
			}
		}
		for _, c := range rules {
			add(claim{exclusion, rival, -1}, c)
		}
	}
	addAll(p, d.rules, -1, condition, exclusion)
	for i, rival := range d.rivals {
		if d.spent() {
			return d
		}
		add(claim{member, i, -1}, nil)
		addAll(&g.products[rival], g.products[rival].rules, i, twinCondition, twinExclusion)
	}
	for i := range d.levels {
		d.classify(&d.levels[i])
	}
	return d
}

// classify groups an axis' digits by what the claims can tell of them.
func (d *decider) classify(l *level) {
	if l.axis < 0 || d.spent() {
		return
	}
	a := &d.product.axes[l.axis]
	signs := map[int][]byte{} // by digit
	mark := func(digit int, sign int) {
		signs[digit] = binary.AppendVarint(signs[digit], int64(sign))
		d.work++
	}
	for _, c := range slices.Sorted(maps.Keys(l.tests)) {
		for _, id := range l.tests[c].ids {
			if digit, ok := a.index(id); ok {
				mark(digit, int(c))
			}
		}
	}
	for i, rival := range d.rivals {
		q := &d.grid.products[rival]
		if k := q.at[l.name]; k >= 0 {
			d.work += len(a.values)
			if d.spent() {
				return
			}
			for digit := range a.values {
				if _, ok := q.axes[k].index(a.id(digit)); ok {
					mark(digit, -1-i)
				}
			}
		}
	}
	if digit, ok := a.index(d.grid.base[l.name]); ok {
		mark(digit, len(d.claims))
	}
	classes := map[string]int{}
	for digit := range a.values {
		sign := signs[digit]
		k, ok := classes[string(sign)]
		if !ok {
			k = len(l.classes)
			classes[string(sign)] = k
			l.classes = append(l.classes, nil)
		}
		l.classes[k] = append(l.classes[k], digit)
	}
}

// activates tells whether the product's axis of a level is active.
func (d *decider) activates(l *level, state []int32) bool {
	if l.axis < 0 || len(d.product.axes[l.axis].when) == 0 {
		return l.axis >= 0
	}
	for _, c := range state {
		if d.claims[c].kind == condition && d.claims[c].name == l.name {
			return true
		}
	}
	return false
}

// step decides one name: which claims are still undecided after it. False: an
// exclusion holds.
func (d *decider) step(at int, state []int32, active bool, id int32) ([]int32, bool) {
	l := &d.levels[at]
	d.work += len(state) + 1
	d.stamp++
	// First what the twins are at this name, then which of them are none after all.
	for _, c := range state {
		if k := d.claims[c]; k.kind == twinCondition && k.name == l.name {
			d.on[k.rival] = d.stamp
		}
	}
	for _, c := range state {
		switch k := d.claims[c]; k.kind {
		case member:
			q := &d.grid.products[d.rivals[k.rival]]
			has := q.at[l.name] >= 0
			if has && len(q.axes[q.at[l.name]].when) == 0 {
				d.on[k.rival] = d.stamp
			}
			if d.on[k.rival] == d.stamp {
				_, has = q.axes[q.at[l.name]].index(id)
			} else {
				has = id == d.grid.base[l.name]
			}
			if !has {
				d.dead[k.rival] = d.stamp
			}
		case twinExclusion:
			if t, ok := l.tests[c]; ok && t.last && d.on[k.rival] == d.stamp && t.has(id) {
				d.dead[k.rival] = d.stamp // the twin does not run, so this is no repeat of it
			}
		}
	}
	next := make([]int32, 0, len(state))
	for _, c := range state {
		k := d.claims[c]
		here := active
		if k.rival >= 0 {
			if d.dead[k.rival] == d.stamp {
				continue
			}
			here = d.on[k.rival] == d.stamp
		}
		if k.name == l.name {
			continue // a condition has done its work
		}
		if t, ok := l.tests[c]; ok {
			if !here || !t.has(id) {
				continue
			}
			if t.last && k.kind == exclusion {
				return nil, false
			}
		}
		next = append(next, c)
	}
	return next, true
}
