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

// values and grads are those of the first samples.
func (t *tensor) values(samples int) array { return t.value.head(samples) }
func (t *tensor) grads(samples int) array  { return t.grad.head(samples) }

// rectify applies the mask of a rectified tensor to a gradient that was written without it.
func (t *tensor) rectify(rows int) {
	if !t.rectified {
		return
	}
	dx, x := t.grads(rows), t.values(rows)
	activateBackward(dx, dx, x, x, kernel.ReLU)
	t.rescale(rows)
}

// rescale is the part of the mask that writers of zeros and ones leave over.
func (t *tensor) rescale(rows int) {
	if t.rectified && t.keep != 1 {
		t.grads(rows).scale(t.keep)
	}
}
