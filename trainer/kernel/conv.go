package kernel

import "fmt"

// ConvShape is what a convolution is asked to be.
type ConvShape struct {
	H, W, In    int  // input maps
	KH, KW, Out int  // kernel and output channels
	Stride      int  // of rows, and of columns unless StrideW says otherwise
	StrideW     int  // of columns; 0: Stride
	Same        bool // pad as Keras' "same": outputs are ⌈H/Stride⌉; else "valid", no padding
	Packed      bool // the input is packed maps (Images); such a convolution has no InputGradient
	Direct      bool // never use Winograd's algorithm
}

// Conv is a convolution with its geometry worked out. The zero value is of no use; NewConv makes one.
//
// Weights are a matrix in the panel layout of WeightRows rows and Out columns. The rows run over input
// panel, kernel row, kernel column, channel of the panel, which is the order in which the forward pass
// adds; the rows of padding channels are zero, get zero gradients, and so stay zero under elementwise
// optimizers.
type Conv struct {
	ConvShape
	OH, OW             int // output maps
	HaloIn, HaloOut    int // halos that the input, for InputGradient the gradient of the output, need at least
	padTop, padLeft    int
	panelsIn, panelOut int
	winograd           bool     // by tiles
	ahead, back        winograd // of Forward, of InputGradient
}

// MapEpilogue is what a forward convolution does to its result on the way to memory.
type MapEpilogue struct {
	Bias []float32 // Padded(Out) floats with a zero tail, or nil
	ReLU bool
}

// NewConv works out the geometry of a convolution.
func NewConv(s ConvShape) (Conv, error) {
	if s.StrideW == 0 {
		s.StrideW = s.Stride
	}
	c := Conv{ConvShape: s}
	for _, v := range []int{s.H, s.W, s.In, s.KH, s.KW, s.Out, s.Stride, s.StrideW} {
		if v < 1 {
			return Conv{}, fmt.Errorf("convolution of %d×%d×%d maps to %d channels, kernel %d×%d, strides %d and %d: every size must be at least 1", s.H, s.W, s.In, s.Out, s.KH, s.KW, s.Stride, s.StrideW)
		}
	}
	if !s.Same && (s.KH > s.H || s.KW > s.W) {
		return Conv{}, fmt.Errorf("a kernel of %d×%d is larger than its input of %d×%d", s.KH, s.KW, s.H, s.W)
	}
	c.Stride, c.StrideW = min(s.Stride, s.H), min(s.StrideW, s.W) // a longer one finds no second window either
	var below, right int
	c.OH, c.padTop, below = extent(s.H, s.KH, c.Stride, s.Same)
	c.OW, c.padLeft, right = extent(s.W, s.KW, c.StrideW, s.Same)
	c.HaloIn = max(c.padTop, c.padLeft, below, right)
	rows, columns := c.phases()
	for r := range rows {
		c.HaloOut = max(c.HaloOut, c.rowPhase(r).halo)
	}
	for r := range columns {
		c.HaloOut = max(c.HaloOut, c.columnPhase(r).halo)
	}
	c.panelsIn, c.panelOut = Padded(s.In)/Width, Padded(s.Out)/Width
	if s.KH == 3 && s.KW == 3 && c.Stride == 1 && c.StrideW == 1 && !s.Packed && !s.Direct && !directOnly() {
		c.tile(tileSize(c.OH, c.OW, s.In, s.Out))
	}
	return c, nil
}

// tile makes the convolution go by Winograd's algorithm on tiles of a size, 0: not.
func (c *Conv) tile(size int) {
	c.winograd = size != 0
	if !c.winograd {
		return
	}
	c.ahead = newWinograd(size, c.OH, c.OW, c.In, c.panelOut)
	c.back = newWinograd(size, c.H, c.W, c.Out, c.panelsIn)
	c.HaloIn = max(c.HaloIn, c.ahead.halo(c.H, c.W, -c.padTop, -c.padLeft, 2))
	c.HaloOut = max(c.HaloOut, c.back.halo(c.OH, c.OW, c.padTop-2, c.padLeft-2, 2), c.ahead.halo(c.OH, c.OW, 0, 0, 0))
}

// extent is the output size along one axis, the padding before it, and how many pixels past its end
// the last window reaches.
func extent(n, k, stride int, same bool) (out, before, after int) {
	out = (n-k)/stride + 1
	if same {
		out = (n + stride - 1) / stride
		before = max((out-1)*stride+k-n, 0) / 2
	}
	return out, before, max((out-1)*stride+k-before-n, 0)
}

// WeightRows is the number of rows of the weight matrix, padding channels included.
func (c *Conv) WeightRows() int {
	if c.Packed {
		return c.KH * c.KW * c.In
	}
	return c.KH * c.KW * Padded(c.In)
}

// weightRow is the row of the weights of a tap and an input channel.
func (c *Conv) weightRow(ky, kx, channel int) int {
	if c.Packed {
		return (ky*c.KW+kx)*c.In + channel
	}
	return ((channel/Width*c.KH+ky)*c.KW+kx)*Width + channel%Width
}

// PackWeights fills w from src, [KH][KW][In][Out] in C order, and zeroes the padding.
func (c *Conv) PackWeights(w Matrix, src []float32) {
	c.checkWeights("PackWeights", w)
	clear(w.Data[:PanelLen(w.Rows, w.Cols)])
	for i := range c.KH * c.KW * c.In {
		row := c.weightRow(i/c.In/c.KW, i/c.In%c.KW, i%c.In)
		for o := range c.Out {
			w.Set(row, o, src[i*c.Out+o])
		}
	}
}

// UnpackWeights writes w to dst, [KH][KW][In][Out] in C order.
func (c *Conv) UnpackWeights(dst []float32, w Matrix) {
	c.checkWeights("UnpackWeights", w)
	for i := range c.KH * c.KW * c.In {
		row := c.weightRow(i/c.In/c.KW, i/c.In%c.KW, i%c.In)
		for o := range c.Out {
			dst[i*c.Out+o] = w.At(row, o)
		}
	}
}

func (c *Conv) checkWeights(what string, w Matrix) {
	w.check(what)
	if w.Rows != c.WeightRows() || w.Cols != c.Out || w.RowStride != Width || w.PanelStride != Width*w.Rows {
		panic(fmt.Sprintf("kernel: %s: weights of %d×%d, strides %d and %d, want panels of %d×%d", what, w.Rows, w.Cols, w.RowStride, w.PanelStride, c.WeightRows(), c.Out))
	}
}

// checkInput panics unless x can be the input, or with dx the gradient of the input.
func (c *Conv) checkInput(what string, x Maps, halo int) {
	x.check(what)
	if x.H != c.H || x.W != c.W || x.C != c.In || x.Packed != c.Packed || x.Halo < halo {
		panic(fmt.Sprintf("kernel: %s: input maps of %d×%d×%d, halo %d, packed %t, want %d×%d×%d, halo %d, packed %t",
			what, x.H, x.W, x.C, x.Halo, x.Packed, c.H, c.W, c.In, halo, c.Packed))
	}
}

func (c *Conv) checkOutput(what string, y Maps, images, halo int) {
	y.check(what)
	if y.N != images || y.H != c.OH || y.W != c.OW || y.C != c.Out || y.Packed || y.Halo < halo {
		panic(fmt.Sprintf("kernel: %s: %d output maps of %d×%d×%d, halo %d, packed %t, want %d of %d×%d×%d, halo %d",
			what, y.N, y.H, y.W, y.C, y.Halo, y.Packed, images, c.OH, c.OW, c.Out, halo))
	}
}

// Images is how many images a call should get at least: with fewer the weights are read too often for
// what is done with them, or tiles over images are not filled.
func (c *Conv) Images() int {
	if c.winograd {
		tiles := c.ahead.tilesX * c.ahead.lines
		return (winoMin + tiles - 1) / tiles
	}
	if active().tiling(1).byImages(imageBlock, c.OW) {
		return imageBlock
	}
	return 1
}

// ForwardLen is the number of floats of the buffer of Prepare and Forward; 0 where Forward reads the
// weights as they are.
func (c *Conv) ForwardLen() int {
	if !c.winograd {
		return 0
	}
	_, floats := c.ahead.weights()
	return floats
}

// BackwardLen is the number of floats of the buffer of PrepareBackward and InputGradient: all weights
// with rows and columns exchanged, and their transform.
func (c *Conv) BackwardLen() int {
	if c.Packed {
		return 0
	}
	if c.winograd {
		_, floats := c.back.weights()
		return c.flippedLen() + floats
	}
	return c.flippedLen()
}

func (c *Conv) flippedLen() int { return c.KH * c.KW * Padded(c.In) * Padded(c.Out) }

// ScratchLen is the number of floats that a call of Forward, InputGradient or WeightGradient needs for
// itself: one buffer for each thread.
func (c *Conv) ScratchLen() int {
	switch {
	case c.shifted():
		return c.WeightRows() * c.gradientRows() * c.OW
	case !c.winograd:
		return 0
	}
	return max(c.ahead.scratch(), c.back.scratch())
}

// checkLen panics where a buffer is too short.
func checkLen(what string, buffer []float32, want int) {
	if len(buffer) < want {
		panic(fmt.Sprintf("kernel: %s: a buffer of %d floats, want %d", what, len(buffer), want))
	}
}

// Prepare brings the weights into the form that Forward wants, after every change of them.
func (c *Conv) Prepare(fw []float32, w Matrix) { active().prepare(c, fw, w) }

// Forward is y = x ∗ w. The halo of x must be at least HaloIn.
func (c *Conv) Forward(y, x Maps, w Matrix, fw []float32, e MapEpilogue, scratch []float32) {
	active().forward(c, y, x, w, fw, e, scratch)
}

// InputGradient is dx = dy ∗ wᵀ, with a mask 0 where the mask is not positive: the backward of the
// ReLU whose output x was. bw is PrepareBackward's; the halo of dy must be at least HaloOut.
func (c *Conv) InputGradient(dx, dy Maps, bw []float32, mask *Maps, scratch []float32) {
	active().inputGradient(c, dx, dy, bw, mask, scratch)
}

// PrepareBackward brings the weights into the form that InputGradient wants.
func (c *Conv) PrepareBackward(bw []float32, w Matrix) { active().prepareBackward(c, bw, w) }

// WeightGradient is dw[tap] = Σ x·dy over all pixels of all images, in the layout of the weights. The
// halos must be those of Forward and InputGradient, sums a buffer of SumsLen.
func (c *Conv) WeightGradient(dw Matrix, dy, x Maps, sums, scratch []float32) {
	part := c.Share(0, 1)
	part.First, part.Last = true, true
	c.WeightGradientPart(dw, nil, dy, x, sums, scratch, part)
}

// Part is a share of a weight gradient: the weights between some panels of input channels and some of output
// channels, which threads may divide, for some images of a batch, which come block by block while they are
// still in the cache. The bits do not depend on the shares as long as the blocks come in order.
type Part struct {
	In, Out     Range // panels of channels; In is all of them but for Winograd's algorithm
	Bias        Range // panels of the bias gradient
	First, Last bool  // the first and the last block
}

// Range is From to To, without it.
type Range struct{ From, To int }

func (r Range) len() int { return r.To - r.From }

// ShareOf is the part of n that falls to one of several workers.
func ShareOf(n, worker, workers int) Range {
	return Range{n * worker / workers, n * (worker + 1) / workers}
}

// Share is one worker's part of a weight gradient, for all images. They divide the output channels, or with Winograd's
// algorithm, where every one of them has to transform what it multiplies, the input channels where those
// cost more to transform.
func (c *Conv) Share(worker, workers int) Part {
	part := Part{In: Range{0, c.panelsIn}, Out: ShareOf(c.panelOut, worker, workers)}
	part.Bias = part.Out
	if c.winograd && c.divideInputs(workers) {
		part.In, part.Out = ShareOf(c.panelsIn, worker, workers), Range{0, c.panelOut}
	}
	return part
}

// divideInputs tells whether the slowest of several workers has less to do when they divide the input channels. In
// units of a transformed panel of the gradient one of the input is two, its windows being larger and overlapping; a
// product of two panels is of the same order.
func (c *Conv) divideInputs(workers int) bool {
	cost := func(in, out int) int { return 2*in + out + in*out }
	most := func(n int) int { return (n + workers - 1) / workers }
	return cost(most(c.panelsIn), c.panelOut) < cost(c.panelsIn, most(c.panelOut))
}

// WeightGradientPart is WeightGradient of one part, and unless db is nil the bias gradient of the same
// channels. Before the last block only sums, which threads share, hold anything of use; dw and db are
// whole after it.
func (c *Conv) WeightGradientPart(dw Matrix, db []float32, dy, x Maps, sums, scratch []float32, p Part) {
	active().weightGradient(c, dw, db, dy, x, sums, scratch, p)
}

// SumsLen is the number of floats of the buffer in which WeightGradientPart keeps sums between blocks.
func (c *Conv) SumsLen() int {
	n := 2 * Padded(c.Out)
	if c.winograd {
		_, floats := c.ahead.weights()
		n += floats
	}
	return n
}

// checkSlack panics unless maps were allocated with the slack of MapsLen.
func (c *Conv) checkSlack(what string, m Maps) {
	if need := m.N*m.image() + slack(m.W, m.Halo); need > len(m.Data) {
		panic(fmt.Sprintf("kernel: %s: maps of %d floats, want the %d of MapsLen", what, len(m.Data), need))
	}
}
