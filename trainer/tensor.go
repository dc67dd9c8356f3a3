package trainer

import "espalier/trainer/kernel"

// tensor is an activation between two operations, with its gradient.
type tensor struct {
	shape       []int // of one sample: [features] or [H W C]
	value, grad array // grad does not exist where nobody needs it

	// rectified: the value came through ReLU, then perhaps dropout, as part of the operation that
	// wrote it. Whoever writes grad multiplies it by keep where the value is above 0 and by 0 elsewhere;
	// products do that on the way to memory.
	rectified bool
	keep      float32

	// spare: the operation that wrote the value does not read it in its backward pass, so that a
	// dropout may overwrite it.
	spare bool
}

func (t *tensor) wantsGrad() bool { return t.grad.exists() }

// values and grads are those of a worker's samples.
func (t *tensor) values(p *pass) array { return t.value.slice(p.from, p.to) }
func (t *tensor) grads(p *pass) array  { return t.grad.slice(p.from, p.to) }

// all and allGrads are those of the whole batch.
func (t *tensor) all(p *pass) array      { return t.value.slice(0, p.rows) }
func (t *tensor) allGrads(p *pass) array { return t.grad.slice(0, p.rows) }

// rectify applies the mask of a rectified tensor to a gradient that was written without it.
func (t *tensor) rectify(p *pass) {
	if !t.rectified {
		return
	}
	dx, x := t.grads(p), t.values(p)
	activateBackward(dx, dx, x, x, kernel.ReLU)
	if t.keep != 1 {
		dx.scale(t.keep)
	}
}
