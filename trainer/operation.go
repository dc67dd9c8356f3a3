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
	first    bool   // first pass of an evaluation: the weights may have changed since the last pass
	crew     *crew
}

// activations maps names to kernels; softmax is the loss's, not an activation here.
var activations = map[string]kernel.Activation{
	"linear": kernel.Linear, "relu": kernel.ReLU, "leaky_relu": kernel.LeakyReLU, "elu": kernel.ELU,
	"gelu": kernel.GELU, "tanh": kernel.Tanh, "sigmoid": kernel.Sigmoid, "softmax": kernel.Linear,
}

// finish is what a layer with a kernel does to the result of its product: an activation and, behind ReLU,
// a dropout. ReLU itself is free in the product's epilogue, and the mask of both is the stored output.
type finish struct {
	y          *tensor
	activation kernel.Activation
	pre        array // the activation's input, where its derivative needs that
	drop       *drop
}

// target is where the product is to go.
func (f *finish) target(rows int) array {
	if f.pre.exists() {
		return f.pre.head(rows)
	}
	return f.y.values(rows)
}

func (f *finish) forward(p *pass) {
	y := f.y.values(p.rows)
	if f.activation != kernel.Linear && f.activation != kernel.ReLU {
		activate(y, f.target(p.rows), f.activation)
	}
	if f.drop != nil && p.training {
		f.drop.apply(y, p)
	}
}

// backward turns the output's gradient into that of the product. ReLU's was masked by who wrote it.
func (f *finish) backward(p *pass) array {
	dy := f.y.grads(p.rows)
	if f.activation != kernel.Linear && f.activation != kernel.ReLU {
		activateBackward(dy, dy, f.target(p.rows), f.y.values(p.rows), f.activation)
	}
	return dy
}

// dense is y = f(x·W + b).
type dense struct {
	finish
	x     *tensor
	w, dw kernel.Matrix
	b, db []float32     // nil without bias
	wt    kernel.Matrix // transposed for the input gradient
	mask  kernel.Matrix
}

func (d *dense) forward(p *pass) {
	e := kernel.Epilogue{Bias: d.b, ReLU: d.activation == kernel.ReLU}
	p.crew.mulAB(d.target(p.rows).matrix, d.x.values(p.rows).matrix, d.w, e)
	d.finish.forward(p)
}

func (d *dense) backward(p *pass) {
	dy := d.finish.backward(p).matrix
	p.crew.mulATB(d.dw, d.x.values(p.rows).matrix, dy, kernel.Epilogue{})
	if d.db != nil {
		kernel.ColumnSums(d.db, dy)
	}
	if !d.x.wantsGrad() {
		return
	}
	kernel.Transpose(d.wt, d.w)
	e := kernel.Epilogue{}
	if d.x.rectified {
		d.mask = d.x.values(p.rows).matrix
		e.Mask, e.MaskScale = &d.mask, d.x.keep
	}
	p.crew.mulAB(d.x.grads(p.rows).matrix, dy, d.wt, e)
}

// drop draws a dropout mask. Nothing is stored: the same stream gives the same mask again.
type drop struct {
	stream kernel.Stream
	rate   float32
}

func (d *drop) apply(a array, p *pass) { a.dropout(at(d.stream, p.step), d.rate) }

// dropout is a dropout layer that no other operation took over. Its gradients are one memory.
type dropout struct {
	x, y *tensor
	drop drop
}

func (d *dropout) forward(p *pass) {
	y := d.y.values(p.rows)
	if !d.x.spare {
		y.copyFrom(d.x.values(p.rows))
	}
	if p.training {
		d.drop.apply(y, p)
	}
}

func (d *dropout) backward(p *pass) {
	if d.x.wantsGrad() {
		d.drop.apply(d.x.grads(p.rows), p)
		d.x.rectify(p.rows)
	}
}

// activation is an activation layer that no other operation took over. Its gradients are one memory.
type activation struct {
	x, y *tensor
	kind kernel.Activation
}

func (a *activation) forward(p *pass) { activate(a.y.values(p.rows), a.x.values(p.rows), a.kind) }

func (a *activation) backward(p *pass) {
	if a.x.wantsGrad() {
		dx := a.x.grads(p.rows)
		activateBackward(dx, dx, a.x.values(p.rows), a.y.values(p.rows), a.kind)
		a.x.rectify(p.rows)
	}
}

// flatten makes vectors of maps, in the order height, width, channel. A mask passes through.
type flatten struct{ x, y *tensor }

func (f *flatten) forward(p *pass) {
	kernel.Flatten(f.y.values(p.rows).matrix, f.x.values(p.rows).maps)
}

func (f *flatten) backward(p *pass) {
	if f.x.wantsGrad() {
		kernel.Unflatten(f.x.grads(p.rows).maps, f.y.grads(p.rows).matrix)
	}
}

// relayout copies a vector from rows to panels.
type relayout struct{ x, y *tensor }

func (r *relayout) forward(p *pass) { r.y.values(p.rows).copyFrom(r.x.values(p.rows)) }

func (r *relayout) backward(p *pass) {
	if r.x.wantsGrad() {
		r.x.grads(p.rows).copyFrom(r.y.grads(p.rows))
		r.x.rectify(p.rows)
	}
}
