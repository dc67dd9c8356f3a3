package trainer

import "espalier/trainer/kernel"

// A residual block is y = f(inner(x) + shortcut(x)). It becomes a fork, the operations of both
// branches, and a join. Each branch has a gradient of x for itself; the fork adds them.

// fork hands x to the branches, which share its values.
type fork struct {
	x        *tensor
	branches [2]*tensor
}

// newFork makes the branches of x.
func (b *builder) newFork(x *tensor) *fork {
	f := &fork{x: x}
	for i := range f.branches {
		t := *x
		t.rectified, t.keep, t.spare = false, 1, false // x is masked when the branches' gradients are added
		if x.wantsGrad() {
			t.grad = b.memory.array(b.network.capacity, x.shape, 0)
		}
		f.branches[i] = &t
	}
	return f
}

func (f *fork) onMaps() bool { return f.x.value.isMaps() }

func (f *fork) forward(*pass) {}

func (f *fork) backward(p *pass) {
	if !f.x.wantsGrad() {
		return
	}
	dx := f.x.grads(p)
	dx.copyFrom(f.branches[0].grads(p))
	dx.add(f.branches[1].grads(p))
	f.x.rectify(p)
}

// join is y = a + b, rectified if wanted.
type join struct {
	a, b, y *tensor
}

func (j *join) onMaps() bool { return j.y.value.isMaps() }

func (j *join) forward(p *pass) {
	y := j.y.values(p)
	y.copyFrom(j.a.values(p))
	y.add(j.b.values(p))
	if j.y.rectified {
		activate(y, y, kernel.ReLU)
	}
}

func (j *join) backward(p *pass) {
	for _, t := range []*tensor{j.a, j.b} {
		if t.wantsGrad() {
			t.grads(p).copyFrom(j.y.grads(p))
			t.rectify(p)
		}
	}
}

func (b *builder) residual(l *layer, rest []*layer, x *tensor) *tensor {
	x = b.regular(x)
	f := b.newFork(x)
	b.push(f)
	inner := b.regular(b.chain(l.inner, nil, f.branches[0]))
	shortcut := f.branches[1]
	if l.projection != nil {
		shortcut = b.chain([]*layer{l.projection}, nil, shortcut)
	}
	y := &tensor{shape: inner.shape, keep: 1}
	b.allocate(y, b.halo(rest), 0, b.network.capacity, b.network.capacity)
	y.rectified, y.spare = l.activation == "relu", l.activation != "relu"
	b.push(&join{a: inner, b: shortcut, y: y})
	if y.rectified {
		return y
	}
	return b.activation(l.activation, rest, y)
}

// regular gives a vector in panels, as operations write them: the raw input lies in rows, and sums need
// two of a kind.
func (b *builder) regular(x *tensor) *tensor {
	if x.value.isMaps() || x.value.matrix.RowStride == kernel.Width {
		return x
	}
	y := b.behind(x, x.shape, 0)
	b.push(&relayout{x: x, y: y})
	return y
}
