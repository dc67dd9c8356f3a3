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
		t.rectified, t.keep = false, 1 // x is masked when the branches' gradients are added
		if x.wantsGrad() {
			t.grad = x.matrix(b.network.capacity)
		}
		f.branches[i] = &t
	}
	return f
}

func (f *fork) forward(*pass) {}

func (f *fork) backward(p *pass) {
	if !f.x.wantsGrad() {
		return
	}
	dx := f.x.grads(p.rows)
	copyMatrix(dx, f.branches[0].grads(p.rows))
	addMatrix(dx, f.branches[1].grads(p.rows))
	f.x.rectify(p)
}

// join is y = a + b, rectified if wanted.
type join struct {
	a, b, y *tensor
}

func (j *join) forward(p *pass) {
	y := j.y.values(p.rows)
	copyMatrix(y, j.a.values(p.rows))
	addMatrix(y, j.b.values(p.rows))
	if j.y.rectified {
		kernel.Activate(y, y, kernel.ReLU)
	}
}

func (j *join) backward(p *pass) {
	for _, t := range []*tensor{j.a, j.b} {
		if t.wantsGrad() {
			copyMatrix(t.grads(p.rows), j.y.grads(p.rows))
			t.rectify(p)
		}
	}
}

func addMatrix(dst, src kernel.Matrix) {
	eachRun(dst, func(from, to int) { kernel.Axpy(dst.Data[from:to], src.Data[from:to], 1) })
}

func (b *builder) residual(l *layer, x *tensor) *tensor {
	x = b.regular(x)
	f := b.newFork(x)
	b.push(f)
	inner := b.chain(l.inner, f.branches[0])
	shortcut := f.branches[1]
	if l.projection != nil {
		shortcut = b.chain([]*layer{l.projection}, shortcut)
	}
	y := b.newTensor(inner.shape, inner.layout)
	y.rectified = l.activation == "relu"
	b.push(&join{a: b.regular(inner), b: shortcut, y: y})
	if y.rectified {
		return y
	}
	return b.activation(l.activation, y)
}

// regular gives a vector in panels, as operations write them: the raw input and flattened maps lie in
// rows, and sums need two of a kind.
func (b *builder) regular(x *tensor) *tensor {
	if x.pixels > 1 || x.value.RowStride == kernel.Width {
		return x
	}
	y := newTensor(x.shape, x.layout, b.network.capacity, x.wantsGrad())
	b.push(&activation{x: x, y: y, kind: kernel.Linear})
	return y
}
