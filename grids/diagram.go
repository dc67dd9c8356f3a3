package grids

import "encoding/binary"

// A diagram counts the points of one product without visiting them, and finds the
// n-th, and the next after a raw index. It is a decision diagram: a node decides
// the digit of one axis, and nodes from which the same choices remain are one node.
// Digits that nothing tells apart share an edge and are multiplied, not visited. So
// 10^12 points with an exclusion, a condition and an overlap are some dozens of
// nodes. Axes are decided in order of dependence; see decider for how.
type diagram struct {
	product *product
	root    *choice
	nodes   int
	classes [][][]int // by axis: digits that nothing tells apart, each class ascending
}

// choice is a node of the diagram; the last ones have no edges.
type choice struct {
	id    int
	axis  int
	count int // points below
	edges []edge
}

// edge is one way to decide: any digit of a class, or none, where the axis is inactive and
// at its first value.
type edge struct {
	class []int // nil: inactive
	to    *choice
}

// times is how many choices an edge stands for.
func (e edge) times() int { return max(1, len(e.class)) }

// maxWork bounds the steps of building all diagrams of a grid, a few tenths of a
// second; maxNodes the size of one, some dozens of megabytes.
const (
	maxWork  = 4_000_000
	maxNodes = 200_000
)

// newDiagram builds a product's diagram, taking its steps from a budget; nil where
// that would take too long. relaxed counts what conditions alone leave.
func newDiagram(g *Grid, p *product, relaxed bool, budget *int) *diagram {
	b := newDecider(g, p, *budget, relaxed)
	d := &diagram{product: p, classes: make([][][]int, len(p.axes))}
	for _, l := range b.levels {
		if l.axis >= 0 {
			d.classes[l.axis] = l.classes
		}
	}
	d.root = b.build(0, b.start)
	*budget -= b.work
	if b.spent() {
		return nil
	}
	d.nodes = len(b.memo)
	return d
}

// spent tells whether the diagram has become too large.
func (d *decider) spent() bool { return d.work > d.limit || len(d.memo) > maxNodes }

// build makes the node of a level and a set of undecided claims.
func (d *decider) build(at int, state []int32) *choice {
	key := stateKey(at, state)
	d.work += len(state) + 1
	if n, ok := d.memo[key]; ok || d.spent() {
		return n
	}
	n := &choice{axis: -1}
	switch {
	case at == len(d.levels):
		n.count = d.end(state)
	case !d.activates(&d.levels[at], state):
		next, ok := d.step(at, state, false, d.grid.base[d.levels[at].name])
		if n.axis = d.levels[at].axis; ok {
			n.add(nil, d.build(at+1, next))
		}
	default:
		l := &d.levels[at]
		n.axis = l.axis
		for _, class := range l.classes {
			next, ok := d.step(at, state, true, d.product.axes[l.axis].id(class[0]))
			if ok {
				n.add(class, d.build(at+1, next))
			}
		}
	}
	n.id = len(d.memo)
	d.memo[key] = n
	return n
}

// add adds a choice, if any point follows from it.
func (n *choice) add(class []int, to *choice) {
	if to == nil || to.count == 0 {
		return // nil: the budget is spent, and the diagram will not be used
	}
	e := edge{class, to}
	n.edges = append(n.edges, e)
	n.count += e.times() * to.count
}

// end is 1 for a point, 0 where it is a member of an earlier product.
func (d *decider) end(state []int32) int {
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

// pick writes the digits of the n-th point, in the diagram's own order: by node,
// then by class.
func (d *diagram) pick(n int, digits []int) {
	clear(digits)
	for at := d.root; len(at.edges) > 0; {
		for _, e := range at.edges {
			if all := e.times() * e.to.count; n >= all {
				n -= all
				continue
			}
			if e.class != nil {
				digits[at.axis] = e.class[n/e.to.count]
			}
			at, n = e.to, n%e.to.count
			break
		}
	}
}
