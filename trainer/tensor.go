package trainer

import "espalier/trainer/kernel"

// tensor is an activation between two operations, with its gradient. A map is a matrix with a
// row for each pixel and a column for each channel; flattened it is the same memory with a row
// for each sample (see layout), so flattening costs nothing.
type tensor struct {
	shape  []int
	layout layout
	pixels int           // matrix rows of one sample
	value  kernel.Matrix // capacity·pixels rows
	grad   kernel.Matrix // Data is nil where nobody needs the gradient

	// rectified: the value came through ReLU, then perhaps dropout, fused into the operation that
	// wrote it. Whoever writes grad multiplies it by keep where the value is above 0 and by 0 elsewhere,
	// which products do on the way to memory.
	rectified bool
	keep      float32
}

// newTensor allocates an activation of the shape for a number of samples.
func newTensor(shape []int, l layout, samples int, gradient bool) *tensor {
	t := &tensor{shape: shape, layout: l, pixels: 1, keep: 1}
	if len(shape) == 3 {
		t.pixels = l.count
	}
	t.value = t.matrix(samples)
	if gradient {
		t.grad = t.matrix(samples)
	}
	return t
}

// matrix allocates a matrix of the tensor's form. Vectors lie in panels, so that they are the packed
// right-hand side of a weight gradient; maps lie in rows, so that flattening them is free.
func (t *tensor) matrix(samples int) kernel.Matrix {
	if len(t.shape) == 3 {
		rows := samples * t.pixels
		return kernel.RowMajor(make([]float32, kernel.PanelLen(rows, t.layout.group)), rows, t.layout.group)
	}
	width := t.layout.width()
	return kernel.Panels(make([]float32, kernel.PanelLen(samples, width)), samples, width)
}

// flat is the tensor with a row for each sample, over the same memory.
func (t *tensor) flat(samples int) *tensor {
	if len(t.shape) == 1 {
		return t
	}
	f := *t
	f.shape, f.pixels = []int{t.layout.features()}, 1
	f.value = kernel.RowMajor(t.value.Data, samples, t.layout.width())
	if t.grad.Data != nil {
		f.grad = kernel.RowMajor(t.grad.Data, samples, t.layout.width())
	}
	return &f
}

func (t *tensor) wantsGrad() bool { return t.grad.Data != nil }

// values and grads are the matrices of the first samples.
func (t *tensor) values(samples int) kernel.Matrix { return t.value.Head(samples * t.pixels) }
func (t *tensor) grads(samples int) kernel.Matrix  { return t.grad.Head(samples * t.pixels) }
