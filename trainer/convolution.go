package trainer

import "espalier/trainer/kernel"

// convolution is y = f(x ∗ W + b) over maps.
type convolution struct {
	finish
	x       *tensor
	conv    kernel.Conv
	w, dw   kernel.Matrix
	b, db   []float32
	fw, bw  []float32   // weights as the kernels want them
	sums    []float32   // of the weight gradient, over the blocks of a batch
	scratch [][]float32 // one for each worker
	masks   []kernel.Maps
	block   int // samples that go through it together
}

func (c *convolution) prepare(p *pass, i int) {
	if !p.mine(i) || !p.training && !p.first {
		return
	}
	c.conv.Prepare(c.fw, c.w)
	if p.training && c.x.wantsGrad() {
		c.conv.PrepareBackward(c.bw, c.w)
		if c.x.rectified && c.x.keep != 1 {
			kernel.ScaleBy(c.bw, c.x.keep) // the mask's factor: of fewer weights than there are pixels
		}
	}
}

func (c *convolution) onMaps() bool { return true }

func (c *convolution) forward(p *pass) {
	e := kernel.MapEpilogue{Bias: c.b, ReLU: c.activation == kernel.ReLU}
	c.conv.Forward(c.target(p).maps, c.x.values(p).maps, c.w, c.fw, e, c.scratch[p.worker])
	c.finish.forward(p)
}

func (c *convolution) backward(p *pass) {
	dy := c.finish.backward(p).maps
	if !c.x.wantsGrad() {
		return
	}
	var mask *kernel.Maps
	if c.x.rectified {
		mask = &c.masks[p.worker]
		*mask = c.x.values(p).maps
	}
	c.conv.InputGradient(c.x.grads(p).maps, dy, c.bw, mask, c.scratch[p.worker])
}

// gradients adds the samples of a block in, each worker for some channels; the blocks of a batch come in order.
func (c *convolution) gradients(p *pass) {
	part := c.conv.Share(p.worker, p.crew.workers)
	part.First, part.Last = p.begin == 0, p.end == p.rows
	x, dy := c.x.value.slice(p.begin, p.end).maps, c.y.commonGrads(p).maps
	c.conv.WeightGradientPart(c.dw, c.db, dy, x, c.sums, c.scratch[p.worker], part)
}

// maxPool is the largest value of each window. A mask passes through: the largest of rectified values is
// above 0 where the one it came from is.
type maxPool struct {
	x, y *tensor
	pool kernel.Pool
}

func (m *maxPool) onMaps() bool { return true }

func (m *maxPool) forward(p *pass) {
	m.pool.Max(m.y.values(p).maps, m.x.values(p).maps)
}

func (m *maxPool) backward(p *pass) {
	if m.x.wantsGrad() {
		m.x.recall(p)
		x, y := m.x.values(p).maps, m.y.values(p).maps
		m.pool.MaxBackward(m.x.grads(p).maps, m.y.grads(p).maps, x, y, false)
	}
}

// averagePool is the mean of each window, of what lies within the map.
type averagePool struct {
	x, y *tensor
	pool kernel.Pool
}

func (a *averagePool) onMaps() bool { return true }

func (a *averagePool) forward(p *pass) {
	a.pool.Average(a.y.values(p).maps, a.x.values(p).maps)
}

func (a *averagePool) backward(p *pass) {
	if a.x.wantsGrad() {
		a.pool.AverageBackward(a.x.grads(p).maps, a.y.grads(p).maps)
		a.x.recall(p)
		a.x.rectify(p)
	}
}

// globalPool is the mean of each channel over all pixels.
type globalPool struct{ x, y *tensor }

func (g *globalPool) onMaps() bool { return true }

func (g *globalPool) forward(p *pass) {
	kernel.GlobalAverage(g.y.values(p).matrix, g.x.values(p).maps)
}

func (g *globalPool) backward(p *pass) {
	if g.x.wantsGrad() {
		kernel.GlobalAverageBackward(g.x.grads(p).maps, g.y.grads(p).matrix)
		g.x.recall(p)
		g.x.rectify(p)
	}
}
