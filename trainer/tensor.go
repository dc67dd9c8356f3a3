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

	// span is how many samples the memory of grad holds. So does that of the value where again is not nil, which
	// computes it once more for the backward pass: of the wide maps of a first layer that is cheaper than
	// fetching them from memory.
	span  span
	again operation
}

// span is how long a gradient is of use: what is read in the block of samples that wrote it needs no more
// memory than a block, which then stays in the cache.
type span uint8

const (
	wholeBatch span = iota
	outerBlock      // of a run of operations on maps
	groupBlock      // of a group within it
)

func (t *tensor) wantsGrad() bool { return t.grad.exists() }

// values are those of a worker's samples.
func (t *tensor) values(p *pass) array {
	if t.again != nil {
		return t.value.slice(p.from-p.begin, p.to-p.begin)
	}
	return t.value.slice(p.from, p.to)
}

// grads are those of a worker's samples, commonGrads those of all workers'.
func (t *tensor) grads(p *pass) array       { return t.gradsOf(p, p.from, p.to) }
func (t *tensor) commonGrads(p *pass) array { return t.gradsOf(p, p.begin, p.end) }

func (t *tensor) gradsOf(p *pass, from, to int) array {
	first := 0
	switch t.span {
	case outerBlock:
		first = p.outer
	case groupBlock:
		first = p.begin
	}
	return t.grad.slice(from-first, to-first)
}

// recall makes the values of a block those of the forward pass again.
func (t *tensor) recall(p *pass) {
	if t.again != nil {
		t.again.forward(p)
	}
}

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
