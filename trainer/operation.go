package trainer

import "espalier/trainer/kernel"

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
func (f *finish) target(p *pass) array {
	if f.pre.exists() {
		return f.pre.slice(p.from, p.to)
	}
	return f.y.values(p)
}

func (f *finish) forward(p *pass) {
	y := f.y.values(p)
	if f.activation != kernel.Linear && f.activation != kernel.ReLU {
		activate(y, f.target(p), f.activation)
	}
	if f.drop != nil && p.training {
		f.drop.apply(y, p)
	}
}

// backward turns the output's gradient into that of the product. ReLU's was masked by who wrote it.
func (f *finish) backward(p *pass) array {
	dy := f.y.grads(p)
	if f.activation != kernel.Linear && f.activation != kernel.ReLU {
		activateBackward(dy, dy, f.target(p), f.y.values(p), f.activation)
	}
	return dy
}

// dense is y = f(x·W + b).
type dense struct {
	finish
	x     *tensor
	w, dw kernel.Matrix
	b, db []float32       // nil without bias
	wt    kernel.Matrix   // transposed for the input gradient
	masks []kernel.Matrix // one for each worker
}

func (d *dense) prepare(p *pass, i int) {
	if !p.training || !d.x.wantsGrad() {
		return
	}
	panels := kernel.Padded(d.w.Cols) / kernel.Width
	if panels < p.crew.workers {
		if p.mine(i) {
			kernel.Transpose(d.wt, d.w)
		}
		return
	}
	if from, to := p.share(panels); from < to {
		kernel.Transpose(d.wt.Slice(from*kernel.Width, min(to*kernel.Width, d.w.Cols)), d.w.SlicePanels(from, to))
	}
}

func (d *dense) onMaps() bool { return false }

func (d *dense) forward(p *pass) {
	e := kernel.Epilogue{Bias: d.b, ReLU: d.activation == kernel.ReLU}
	kernel.MulAB(d.target(p).matrix, d.x.values(p).matrix, d.w, e)
	d.finish.forward(p)
}

func (d *dense) backward(p *pass) {
	dy := d.finish.backward(p).matrix
	if !d.x.wantsGrad() {
		return
	}
	e := kernel.Epilogue{}
	if d.x.rectified {
		mask := &d.masks[p.worker]
		*mask = d.x.values(p).matrix
		e.Mask, e.MaskScale = mask, d.x.keep
	}
	kernel.MulAB(d.x.grads(p).matrix, dy, d.wt, e)
}

func (d *dense) gradients(p *pass) {
	dy := d.y.allGrads(p).matrix
	x := d.x.all(p).matrix
	outs := kernel.Padded(d.dw.Cols) / kernel.Width
	if outs < p.crew.workers {
		// Few outputs: the inputs are shared out.
		from, to := p.share(kernel.Padded(x.Cols) / kernel.Width)
		if from < to {
			kernel.MulATB(d.dw.Slice(from*kernel.Width, min(to*kernel.Width, x.Cols)), x.SlicePanels(from, to), dy, kernel.Epilogue{})
		}
		if d.db != nil && p.worker == 0 {
			kernel.ColumnSums(d.db, dy)
		}
		return
	}
	from, to := p.share(outs)
	dy = dy.SlicePanels(from, to)
	kernel.MulATB(d.dw.SlicePanels(from, to), x, dy, kernel.Epilogue{})
	if d.db != nil {
		kernel.ColumnSums(d.db[from*kernel.Width:], dy)
	}
}

// wideDense is a dense layer whose forward pass several workers share out by outputs instead of rows. Each then
// reads the part of the weights that is in its own cache, since it was the one to update them, and not the
// other's; the rows of x it needs all of for the weights' gradient anyway.
type wideDense struct{ dense }

// wideFrom is the number of weights from which on that is worth two more waits.
const wideFrom = 1 << 15

func (d *wideDense) collect(p *pass) {
	from, to := p.share(kernel.Padded(d.w.Cols) / kernel.Width)
	e := kernel.Epilogue{ReLU: d.activation == kernel.ReLU}
	if d.b != nil {
		e.Bias = d.b[from*kernel.Width : to*kernel.Width]
	}
	y := d.y.all(p)
	if d.pre.exists() {
		y = d.pre.slice(0, p.rows)
	}
	kernel.MulAB(y.matrix.SlicePanels(from, to), d.x.all(p).matrix, d.w.SlicePanels(from, to), e)
}

func (d *wideDense) forward(p *pass) { d.finish.forward(p) }

// drop draws a dropout mask. Nothing is stored: the same stream gives the same mask again.
type drop struct {
	stream kernel.Stream
	rate   float32
}

func (d *drop) apply(a array, p *pass) { a.dropout(at(d.stream, p.step), d.rate, p.from) }

// dropout is a dropout layer that no other operation took over. Its gradients are one memory. Behind a
// rectified value its mask and the value's are one, applied by who writes the gradient; elsewhere it is drawn again.
type dropout struct {
	x, y *tensor
	drop drop
}

func (d *dropout) onMaps() bool { return d.x.value.isMaps() }

func (d *dropout) forward(p *pass) {
	y := d.y.values(p)
	if !d.x.spare {
		y.copyFrom(d.x.values(p))
	}
	if p.training {
		d.drop.apply(y, p)
	}
}

func (d *dropout) backward(p *pass) {
	if d.x.wantsGrad() && !d.y.rectified {
		d.drop.apply(d.x.grads(p), p)
	}
}

// activation is an activation layer that no other operation took over. Its gradients are one memory.
type activation struct {
	x, y *tensor
	kind kernel.Activation
}

func (a *activation) onMaps() bool { return a.x.value.isMaps() }

func (a *activation) forward(p *pass) { activate(a.y.values(p), a.x.values(p), a.kind) }

func (a *activation) backward(p *pass) {
	if a.x.wantsGrad() {
		dx := a.x.grads(p)
		activateBackward(dx, dx, a.x.values(p), a.y.values(p), a.kind)
		a.x.rectify(p)
	}
}

// flatten makes vectors of maps, in the order height, width, channel. A mask passes through.
type flatten struct{ x, y *tensor }

func (f *flatten) onMaps() bool { return true }

func (f *flatten) forward(p *pass) {
	kernel.Flatten(f.y.values(p).matrix, f.x.values(p).maps)
}

func (f *flatten) backward(p *pass) {
	if f.x.wantsGrad() {
		kernel.Unflatten(f.x.grads(p).maps, f.y.grads(p).matrix)
	}
}

// relayout copies a vector from rows to panels.
type relayout struct{ x, y *tensor }

func (r *relayout) onMaps() bool { return false }

func (r *relayout) forward(p *pass) { r.y.values(p).copyFrom(r.x.values(p)) }

func (r *relayout) backward(p *pass) {
	if r.x.wantsGrad() {
		r.x.grads(p).copyFrom(r.y.grads(p))
		r.x.rectify(p)
	}
}
