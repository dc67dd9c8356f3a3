package trainer

import "espalier/trainer/kernel"

// operation is one step of the forward and backward pass. It reads and writes the tensors it was
// built with; backward leaves the gradients of its variables and, where wanted, of its input.
type operation interface {
	forward(p *pass)
	backward(p *pass)
}

// pass is one run through the operations.
type pass struct {
	rows     int    // samples in the batch
	training bool   // dropout and batch statistics on
	step     uint64 // counts batches from the start of training: keys dropout
	crew     *crew
}

// activations maps names to kernels; softmax is the loss's, not an activation here.
var activations = map[string]kernel.Activation{
	"linear": kernel.Linear, "relu": kernel.ReLU, "leaky_relu": kernel.LeakyReLU, "elu": kernel.ELU,
	"gelu": kernel.GELU, "tanh": kernel.Tanh, "sigmoid": kernel.Sigmoid, "softmax": kernel.Linear,
}

// dense is y = f(x·W + b). ReLU and a dropout behind it are part of it: ReLU costs nothing in the
// product's epilogue, and the mask of both is the stored output.
type dense struct {
	x, y       *tensor
	w, dw      kernel.Matrix
	b, db      []float32     // nil without bias
	wt         kernel.Matrix // transposed for the input gradient
	activation kernel.Activation
	pre        kernel.Matrix // the activation's input, where its derivative needs that
	drop       *drop
	mask       kernel.Matrix
}

func (d *dense) forward(p *pass) {
	y := d.y.values(p.rows)
	to := y
	if d.pre.Data != nil {
		to = d.pre.Head(p.rows)
	}
	p.crew.mulAB(to, d.x.values(p.rows), d.w, kernel.Epilogue{Bias: d.b, ReLU: d.activation == kernel.ReLU})
	if d.activation != kernel.Linear && d.activation != kernel.ReLU {
		kernel.Activate(y, to, d.activation)
	}
	if d.drop != nil && p.training {
		d.drop.apply(y, p)
	}
}

func (d *dense) backward(p *pass) {
	dy := d.y.grads(p.rows)
	if !d.y.rectified {
		y := d.y.values(p.rows)
		pre := y
		if d.pre.Data != nil {
			pre = d.pre.Head(p.rows)
		}
		kernel.ActivateBackward(dy, dy, pre, y, d.activation)
	}
	p.crew.mulATB(d.dw, d.x.values(p.rows), dy, kernel.Epilogue{})
	if d.db != nil {
		kernel.ColumnSums(d.db, dy)
	}
	if !d.x.wantsGrad() {
		return
	}
	kernel.Transpose(d.wt, d.w)
	e := kernel.Epilogue{}
	if d.x.rectified {
		d.mask = d.x.values(p.rows)
		e.Mask, e.MaskScale = &d.mask, d.x.keep
	}
	p.crew.mulAB(d.x.grads(p.rows), dy, d.wt, e)
}

// drop draws a dropout mask. Nothing is stored: the same stream gives the same mask again.
type drop struct {
	stream kernel.Stream
	rate   float32
}

func (d *drop) apply(m kernel.Matrix, p *pass) { kernel.Dropout(m, at(d.stream, p.step), d.rate) }

// dropout is a dropout layer that no other operation took over.
type dropout struct {
	x, y *tensor
	drop drop
}

func (d *dropout) forward(p *pass) {
	y := d.y.values(p.rows)
	copyMatrix(y, d.x.values(p.rows))
	if p.training {
		d.drop.apply(y, p)
	}
}

func (d *dropout) backward(p *pass) {
	if !d.x.wantsGrad() {
		return
	}
	dx := d.x.grads(p.rows)
	copyMatrix(dx, d.y.grads(p.rows))
	d.drop.apply(dx, p)
	d.x.rectify(p)
}

// activation is an activation layer that no other operation took over.
type activation struct {
	x, y *tensor
	kind kernel.Activation
}

func (a *activation) forward(p *pass) {
	kernel.Activate(a.y.values(p.rows), a.x.values(p.rows), a.kind)
}

func (a *activation) backward(p *pass) {
	if a.x.wantsGrad() {
		kernel.ActivateBackward(a.x.grads(p.rows), a.y.grads(p.rows), a.x.values(p.rows), a.y.values(p.rows), a.kind)
		a.x.rectify(p)
	}
}

// rectify applies the mask of a rectified tensor to a gradient that was written without it.
func (t *tensor) rectify(p *pass) {
	if !t.rectified {
		return
	}
	dx, x := t.grads(p.rows), t.values(p.rows)
	kernel.ActivateBackward(dx, dx, x, x, kernel.ReLU)
	if t.keep != 1 {
		scaleMatrix(dx, t.keep)
	}
}

// copyMatrix copies a matrix to one of the same layout; with fewer rows than panels are tall, panel by panel.
func copyMatrix(dst, src kernel.Matrix) {
	eachRun(dst, func(from, to int) { copy(dst.Data[from:to], src.Data[from:to]) })
}

func scaleMatrix(m kernel.Matrix, factor float32) {
	eachRun(m, func(from, to int) { kernel.ScaleBy(m.Data[from:to], factor) })
}

// eachRun visits the contiguous pieces of a matrix of either layout.
func eachRun(m kernel.Matrix, visit func(from, to int)) {
	width := kernel.Padded(m.Cols)
	if m.PanelStride == kernel.Width {
		visit(0, m.Rows*width)
		return
	}
	for p := range width / kernel.Width {
		visit(p*m.PanelStride, p*m.PanelStride+m.Rows*kernel.Width)
	}
}
