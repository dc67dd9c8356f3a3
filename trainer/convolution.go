package trainer

import "espalier/trainer/kernel"

// convolution is y = f(x ∗ W + b) over maps.
type convolution struct {
	finish
	x       *tensor
	conv    kernel.Conv
	w, dw   kernel.Matrix
	b, db   []float32
	fw, bw  []float32 // weights as the kernels want them
	scratch []float32
	mask    kernel.Maps
}

func (c *convolution) forward(p *pass) {
	if p.training || p.first {
		c.conv.Prepare(c.fw, c.w)
	}
	e := kernel.MapEpilogue{Bias: c.b, ReLU: c.activation == kernel.ReLU}
	c.conv.Forward(c.target(p.rows).maps, c.x.values(p.rows).maps, c.w, c.fw, e, c.scratch)
	c.finish.forward(p)
}

func (c *convolution) backward(p *pass) {
	dy := c.finish.backward(p).maps
	c.conv.WeightGradient(c.dw, dy, c.x.values(p.rows).maps, c.scratch)
	if c.db != nil {
		kernel.BiasGradient(c.db, dy)
	}
	if !c.x.wantsGrad() {
		return
	}
	c.conv.PrepareBackward(c.bw, c.w)
	var mask *kernel.Maps
	if c.x.rectified {
		c.mask = c.x.values(p.rows).maps
		mask = &c.mask
	}
	c.conv.InputGradient(c.x.grads(p.rows).maps, dy, c.bw, mask, c.scratch)
	c.x.rescale(p.rows)
}

// maxPool is the largest value of each window.
type maxPool struct {
	x, y         *tensor
	size, stride int
}

func (m *maxPool) forward(p *pass) {
	kernel.MaxPool(m.y.values(p.rows).maps, m.x.values(p.rows).maps, m.size, m.stride)
}

func (m *maxPool) backward(p *pass) {
	if m.x.wantsGrad() {
		x, y := m.x.values(p.rows).maps, m.y.values(p.rows).maps
		kernel.MaxPoolBackward(m.x.grads(p.rows).maps, m.y.grads(p.rows).maps, x, y, m.size, m.stride, m.x.rectified)
		m.x.rescale(p.rows)
	}
}

// averagePool is the mean of each window, of what lies within the map.
type averagePool struct {
	x, y         *tensor
	size, stride int
}

func (a *averagePool) forward(p *pass) {
	kernel.AveragePool(a.y.values(p.rows).maps, a.x.values(p.rows).maps, a.size, a.stride)
}

func (a *averagePool) backward(p *pass) {
	if a.x.wantsGrad() {
		kernel.AveragePoolBackward(a.x.grads(p.rows).maps, a.y.grads(p.rows).maps, a.size, a.stride)
		a.x.rectify(p.rows)
	}
}

// globalPool is the mean of each channel over all pixels.
type globalPool struct{ x, y *tensor }

func (g *globalPool) forward(p *pass) {
	kernel.GlobalAverage(g.y.values(p.rows).matrix, g.x.values(p.rows).maps)
}

func (g *globalPool) backward(p *pass) {
	if g.x.wantsGrad() {
		kernel.GlobalAverageBackward(g.x.grads(p.rows).maps, g.y.grads(p.rows).matrix)
		g.x.rectify(p.rows)
	}
}
