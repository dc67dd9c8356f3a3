package grids

import (
	"encoding/binary"
)

// A diagram counts the points of one product without visiting them, and finds
// the n-th. It decides one name after the other, in order of dependence. What
// the rest of a point's fate hangs on is a set of claims still undecided:
//
//	exclusion: all its tests so far passed    → the point does not run
//	condition: all its tests so far passed    → its axis will be active
//	member:    an earlier product has the same values so far → the point is a repeat
//	(and, for that twin in the earlier product, its own conditions and exclusions)
//
// A claim that fails a test leaves the set for good, so the sets are few, and the
// number of completions below (level, set) is computed once. Values of an axis
// that no claim tells apart form one class and are multiplied, not visited: 10^12
// points with an exclusion, a condition and an overlap are some dozens of steps.
type diagram struct {
	grid    *Grid
	product *product
	levels  []level
	claims  []claim
	start   []int32 // claims undecided at first, ascending
	memo    map[string]int
	work    int   // steps taken
	limit   int   // steps allowed
	pins    []int // by axis: a digit that is given, -1 free; nil: all free

	// By rival, stamped with the step they are of: no clearing between steps.
	stamp    int
	on, dead []int
}

// maxWork bounds the steps of all diagrams of a grid, a few tenths of a second;
// maxMemo the entries of one, some dozens of megabytes.
const (
	maxWork = 4_000_000
	maxMemo = 200_000
)

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
	rival int // of member and twins: place in product.rivals
	name  int // of conditions: the name it makes active
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

// newDiagram lays out a product's names and claims. Names that neither the product
// nor a rival has as an axis decide nothing and have no level.
func newDiagram(g *Grid, p *product, limit int) *diagram {
	d := &diagram{grid: g, product: p, memo: map[string]int{}, limit: limit}
	d.on, d.dead = make([]int, len(p.rivals)), make([]int, len(p.rivals))
	at := map[int]int{} // level of a name
	for _, name := range g.order {
		used := p.at[name] >= 0
		for _, rival := range p.rivals {
			used = used || g.products[rival].at[name] >= 0
		}
		if d.work += len(p.rivals); used {
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
	addAll := func(q *product, rival int, condition, exclusion claimKind) {
		for k := range q.axes {
			for _, c := range q.axes[k].when {
				add(claim{condition, rival, q.axes[k].global}, c)
			}
		}
		for _, c := range q.rules {
			add(claim{exclusion, rival, -1}, c)
		}
	}
	addAll(p, -1, condition, exclusion)
	for i, rival := range p.rivals {
		if d.spent() {
			return d
		}
		add(claim{member, i, -1}, nil)
		addAll(&g.products[rival], i, twinCondition, twinExclusion)
	}
	for i := range d.levels {
		d.classify(&d.levels[i])
	}
	return d
}

// classify groups an axis' digits by what the claims can tell of them.
func (d *diagram) classify(l *level) {
	if l.axis < 0 || d.spent() {
		return
	}
	a := &d.product.axes[l.axis]
	signs := make([][]byte, len(a.values))
	mark := func(digit int, sign int) {
		signs[digit] = binary.AppendVarint(signs[digit], int64(sign))
		d.work++
	}
	for c := range int32(len(d.claims)) {
		if t, ok := l.tests[c]; ok {
			for _, id := range t.ids {
				if digit, ok := a.index(id); ok {
					mark(digit, int(c))
				}
			}
		}
	}
	for i, rival := range d.product.rivals {
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
	for digit, sign := range signs {
		k, ok := classes[string(sign)]
		if !ok {
			k = len(l.classes)
			classes[string(sign)] = k
			l.classes = append(l.classes, nil)
		}
		l.classes[k] = append(l.classes[k], digit)
	}
}

// total counts the points; false where that would take too long.
func (d *diagram) total() (int, bool) {
	n := d.count(0, d.start)
	return n, !d.spent()
}

// spent tells whether the diagram has become too large.
func (d *diagram) spent() bool { return d.work > d.limit || len(d.memo) > maxMemo }

// count is the number of points below a level, given the undecided claims.
func (d *diagram) count(at int, state []int32) int {
	if at == len(d.levels) {
		return d.end(state)
	}
	if d.spent() {
		return 0
	}
	d.work += len(state) + 1
	key := stateKey(at, state)
	if n, ok := d.memo[key]; ok {
		return n
	}
	l := &d.levels[at]
	n := 0
	if !d.activates(l, state) {
		if d.pins == nil || l.axis < 0 || d.pins[l.axis] <= 0 {
			n = d.below(at, state, false, d.grid.base[l.name])
		}
	} else {
		a := &d.product.axes[l.axis]
		if d.pins != nil && d.pins[l.axis] >= 0 {
			n = d.below(at, state, true, a.id(d.pins[l.axis]))
		} else {
			for _, class := range l.classes {
				n += len(class) * d.below(at, state, true, a.id(class[0]))
			}
		}
	}
	d.memo[key] = n
	return n
}

// end is 1 for a point, 0 where it is a member of an earlier product.
func (d *diagram) end(state []int32) int {
	for _, c := range state {
		if d.claims[c].kind == member {
			return 0
		}
	}
	return 1
}

func stateKey(at int, state []int32) string {
	key := make([]byte, 0, 64)
	key = binary.AppendUvarint(key, uint64(at))
	for _, c := range state {
		key = binary.LittleEndian.AppendUint32(key, uint32(c))
	}
	return string(key)
}

// activates tells whether the product's axis of a level is active.
func (d *diagram) activates(l *level, state []int32) bool {
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

// below counts what follows a decision.
func (d *diagram) below(at int, state []int32, active bool, id int32) int {
	next, ok := d.step(at, state, active, id)
	if !ok {
		return 0
	}
	return d.count(at+1, next)
}

// step decides one name: which claims are still undecided after it. False: an
// exclusion holds.
func (d *diagram) step(at int, state []int32, active bool, id int32) ([]int32, bool) {
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
			q := &d.grid.products[d.product.rivals[k.rival]]
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
