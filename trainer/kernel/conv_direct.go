package kernel

import "fmt"

// The direct convolutions run on strips without copying patches: the taps of one kernel row are
// contiguous floats of a panel (a segment), the kernel rows lie a row apart (the segments), the
// channel panels a panel apart (the bands).

// The rows of a strip are neighbouring pixels of an image row, or the same pixel of several images: a
// row of 7 would leave a tile of 3, which cannot hide the latency of the multiply-adds; a batch seldom
// leaves any.

// byImages tells whether tiles over images are better filled than tiles over a row of width pixels.
func (t tiling) byImages(images, width int) bool { return t.fill(images) > t.fill(width) }

// tiling is how rows are cut into tiles: as few as most rows allow. Those of fewer than least rows
// take the time of least, since they cannot hide the latency of the multiply-adds.
type tiling struct{ most, least int }

// cut gives the number of tiles of n rows; larger of them have one row more than size.
func (t tiling) cut(n int) (tiles, size, larger int) {
	tiles = (n + t.most - 1) / t.most
	return tiles, n / tiles, n % tiles
}

// fill is the share of the peak that tiles of n rows can reach, in thousandths.
func (t tiling) fill(n int) int {
	tiles, size, larger := t.cut(n)
	return 1000 * n / (larger*max(size+1, t.least) + (tiles-larger)*max(size, t.least))
}

func (t tier) forward(c *Conv, y, x Maps, w Matrix, fw []float32, e MapEpilogue, scratch []float32) {
	c.checkInput("Forward", x, c.HaloIn)
	c.checkOutput("Forward", y, x.N, 0)
	c.checkWeights("Forward", w)
	if e.Bias != nil && len(e.Bias) < Padded(c.Out) {
		panic(fmt.Sprintf("kernel: Forward: a bias of %d for %d channels", len(e.Bias), c.Out))
	}
	checkLen("Forward", fw, c.ForwardLen())
	checkLen("Forward scratch", scratch, c.ScratchLen())
	if c.winograd {
		c.checkSlack("Forward", x)
		t.winoPass(&c.ahead, y, x, fw, -c.padTop, -c.padLeft, e, nil, scratch)
		return
	}
	var s strip
	s.bands, s.segs, s.aStep = x.panels(), c.KH, 1
	s.k = c.KW * x.pixel()
	s.kLast = s.k
	s.aSeg, s.aBand = x.row(), x.panel()
	s.bStep, s.bSeg, s.bBand = Width, s.k*Width, c.KH*s.k*Width
	s.bPanel = w.PanelStride
	flags := stripFlags(0)
	if e.Bias != nil {
		flags |= fromBias
	}
	if e.ReLU {
		flags |= relu
	}
	g := grid{dst: y, src: x, rows: c.OH, cols: c.OW, stepY: 1, stepX: 1, srcStepY: c.Stride, srcStepX: c.StrideW, srcY: -c.padTop, srcX: -c.padLeft}
	g.tiling = t.tiling(min(y.panels(), t.sideBySide()))
	for n := 0; n < x.N; n += g.images(x.N - n) {
		for q := 0; q < y.panels(); q += s.panels {
			s.panels = min(t.sideBySide(), y.panels()-q)
			s.b, s.flags = w.Data[q*w.PanelStride:], flags
			if e.Bias != nil {
				s.bias = e.Bias[q*Width:]
			}
			t.overPanels(s, &g, n, q, c.In)
		}
	}
}

// grid is a set of pixels that strips compute: pixel (i, j) of dst, rows × cols of them (stepY, stepX)
// apart from (dstY, dstX) on, reads the window of src that begins at (srcY + i·srcStepY, srcX + j·srcStepX).
type grid struct {
	tiling
	dst, src               Maps
	panel                  int // of src: the first that strips read
	mask                   *Maps
	rows, cols             int
	dstY, dstX, srcY, srcX int
	stepY, stepX           int
	srcStepY, srcStepX     int
}

// images is how many of the images left one round of strips takes: one, unless its rows fill tiles
// badly; then a block that the second-level cache holds.
func (g *grid) images(left int) int {
	if n := min(left, imageBlock); g.byImages(n, g.cols) {
		return n
	}
	return 1
}

// imageBlock is a multiple of six, of four and of twelve.
const imageBlock = 24

// fewChannels is up to how many channels of a last panel are worth strips of their own, without its padding.
const fewChannels = 8

// overPanels runs s, whose bands are the panels of so many channels of src, segments the rows of taps and steps
// their columns, for one panel of dst. Where the last panel has but few channels, its taps follow with a segment
// for each and no step for the padding: 17 channels cost 17, not 32. The chains are those of one strip.
func (t tier) overPanels(s strip, g *grid, n, panel, channels int) {
	few := channels - (s.bands-1)*Width
	if few > fewChannels || s.k == 0 || g.src.Packed {
		t.grid(s, g, n, panel)
		return
	}
	last := s
	last.bands, last.segs, last.k, last.kLast = s.segs, s.k/Width, few, few
	last.aBand, last.aSeg = s.aSeg, Width
	last.bBand, last.bSeg = s.bSeg, Width*Width
	if s.bands > 1 {
		s.bands--
		last.b = s.b[s.bands*s.bBand:]
		last.flags = s.flags&^fromBias | fromC
		s.flags &^= relu | masked
		t.grid(s, g, n, panel)
		g.panel = s.bands
	}
	t.grid(last, g, n, panel)
	g.panel = 0
}

// grid runs s for all pixels of g in one panel of dst, for one image or one block of them.
func (t tier) grid(s strip, g *grid, n, panel int) {
	images := g.images(g.dst.N - n)
	aRow, aGroup := g.srcStepX*g.src.pixel(), g.srcStepY*g.src.row()
	cRow, cGroup := g.stepX*Width, g.stepY*g.dst.row()
	rows, groups, calls := g.cols, g.rows, 1
	if images > 1 {
		// The same pixel of all images are the rows, a row of pixels the groups.
		rows, groups, calls = images, g.cols, g.rows
		aRow, aGroup = g.src.image(), aRow
		cRow, cGroup = g.dst.image(), cRow
	}
	s.aRow, s.cRow, s.aGroup, s.cGroup, s.cPanel = aRow, cRow, aGroup, cGroup, g.dst.panel()
	// A call may not run for long: groups are cut into blocks.
	block := max(1, blockWork/Width/s.panels/max(1, rows*s.steps()))
	s.rows = rows
	for call := range calls {
		for first := 0; first < groups; first += block {
			s.groups = min(block, groups-first)
			i, j := first, 0
			if images > 1 {
				i, j = call, first
			}
			s.a = g.src.tail(n, g.panel, g.srcY+i*g.srcStepY, g.srcX+j*g.srcStepX)
			s.c = g.dst.tail(n, panel, g.dstY+i*g.stepY, g.dstX+j*g.stepX)
			if g.mask != nil {
				s.mask = g.mask.tail(n, panel, g.dstY+i*g.stepY, g.dstX+j*g.stepX)
				s.maskRow, s.maskGroup = g.stepX*Width, g.stepY*g.mask.row()
				s.maskPanel = g.mask.panel()
				if images > 1 {
					s.maskRow, s.maskGroup = g.mask.image(), s.maskRow
				}
			}
			t.run(&s)
		}
	}
}

// phase is the part of an input gradient along one axis whose pixels, a stride apart, see the same taps:
// taps first, first+stride, … of count. Pixel i of the phase is pixel at + i·stride of dx and reads
// count pixels of dy from from + i on, the last tap first.
type phase struct {
	first, count int
	at, pixels   int
	from         int
	halo         int // how far the windows reach beyond dy
}

// newPhase works out phase r of an axis of n input and out output pixels under k taps, more than r of them, after pad
// pixels of padding. The stride is no longer than the axis, so that every phase has a pixel.
func newPhase(n, k, out, pad, stride, r int) phase {
	p := phase{first: r, count: (k-r-1)/stride + 1}
	p.at = ((r-pad)%stride + stride) % stride
	p.pixels = (n-p.at-1)/stride + 1
	p.from = (p.at+pad-r)/stride - p.count + 1
	p.halo = max(0, -p.from, p.from+p.pixels-1+p.count-out)
	return p
}

// phases of rows and of columns are those that see taps: there are no more of them than taps, however long the stride.
func (c *Conv) phases() (rows, columns int) { return min(c.KH, c.Stride), min(c.KW, c.StrideW) }

func (c *Conv) rowPhase(r int) phase { return newPhase(c.H, c.KH, c.OH, c.padTop, c.Stride, r) }

func (c *Conv) columnPhase(r int) phase { return newPhase(c.W, c.KW, c.OW, c.padLeft, c.StrideW, r) }

// eachPhase calls f for every pair of phases and the place of its weights.
func (c *Conv) eachPhase(f func(v, h phase, weights int)) {
	rows, columns := c.phases()
	weights := 0
	for i := range rows {
		v := c.rowPhase(i)
		for j := range columns {
			h := c.columnPhase(j)
			f(v, h, weights)
			weights += v.count * h.count * c.panelsIn * c.panelOut * Width * Width
		}
	}
}

// skips tells whether there are pixels between the phases, which no tap reaches.
func (c *Conv) skips() bool { return c.Stride > c.KH || c.StrideW > c.KW }

// prepareBackward writes for every phase [input panel][output panel][tap row][tap column][output
// channel][input channel], taps reversed.
func (t tier) prepareBackward(c *Conv, bw []float32, w Matrix) {
	c.checkWeights("PrepareBackward", w)
	if c.Packed {
		panic("kernel: PrepareBackward: packed input has no gradient")
	}
	checkLen("PrepareBackward", bw, c.BackwardLen())
	c.eachPhase(func(v, h phase, to int) {
		for p := range c.panelsIn {
			for q := range c.panelOut {
				for i := range v.count * h.count {
					ky := v.first + (v.count-1-i/h.count)*c.Stride
					kx := h.first + (h.count-1-i%h.count)*c.StrideW
					t.transpose16(bw[to:], Width, w.Data[q*w.PanelStride+((p*c.KH+ky)*c.KW+kx)*Width*Width:], Width)
					to += Width * Width
				}
			}
		}
	})
	if c.winograd {
		t.winoTransform(&c.back, bw[c.flippedLen():], bw)
	}
}

func (t tier) prepare(c *Conv, fw []float32, w Matrix) {
	c.checkWeights("Prepare", w)
	checkLen("Prepare", fw, c.ForwardLen())
	if c.winograd {
		t.winoTransform(&c.ahead, fw, w.Data)
	}
}

func (t tier) inputGradient(c *Conv, dx, dy Maps, bw []float32, mask *Maps, scratch []float32) {
	c.checkInput("InputGradient", dx, 0)
	c.checkOutput("InputGradient", dy, dx.N, c.HaloOut)
	if c.Packed {
		panic("kernel: InputGradient: packed input has no gradient")
	}
	checkLen("InputGradient", bw, c.BackwardLen())
	checkLen("InputGradient scratch", scratch, c.ScratchLen())
	var s strip
	if mask != nil {
		checkMaps("InputGradient mask", dx, *mask)
		s.flags, s.scale = masked, 1
	}
	if c.winograd {
		c.checkSlack("InputGradient", dy)
		t.winoPass(&c.back, dx, dy, bw[c.flippedLen():], c.padTop-2, c.padLeft-2, MapEpilogue{}, mask, scratch)
		return
	}
	if c.skips() {
		dx.clear()
	}
	s.aStep, s.bStep = 1, Width
	s.aSeg, s.aBand = dy.row(), dy.panel()
	c.eachPhase(func(v, h phase, weights int) {
		s.bands, s.segs, s.k = c.panelOut, v.count, h.count*Width
		s.kLast = s.k
		s.bSeg, s.bBand = s.k*Width, s.segs*s.k*Width
		g := grid{dst: dx, src: dy, mask: mask, rows: v.pixels, cols: h.pixels, stepY: c.Stride, stepX: c.StrideW, dstY: v.at, dstX: h.at, srcStepY: 1, srcStepX: 1, srcY: v.from, srcX: h.from}
		g.tiling, s.bPanel = t.tiling(min(c.panelsIn, t.sideBySide())), s.bands*s.bBand
		for n := 0; n < dx.N; n += g.images(dx.N - n) {
			for p := 0; p < c.panelsIn; p += s.panels {
				s.panels = min(t.sideBySide(), c.panelsIn-p)
				s.b = bw[weights+p*s.bands*s.bBand:]
				t.overPanels(s, &g, n, p, c.Out)
			}
		}
	})
}

// gradientSteps bounds the pixels of one strip of a weight gradient, where images are small those of several with
// what the taps reach beyond: as many of x and dy stay in the first-level cache while the tiles go over them.
const gradientSteps = 256

func (t tier) weightGradient(c *Conv, dw Matrix, db []float32, dy, x Maps, sums, scratch []float32, part Part) {
	c.checkInput("WeightGradient", x, c.HaloIn)
	c.checkOutput("WeightGradient", dy, x.N, 0)
	c.checkWeights("WeightGradient", dw)
	checkLen("WeightGradient sums", sums, c.SumsLen())
	checkLen("WeightGradient scratch", scratch, c.ScratchLen())
	for _, r := range []struct {
		part Range
		of   int
	}{{part.In, c.panelsIn}, {part.Out, c.panelOut}, {part.Bias, c.panelOut}} {
		if r.part.From < 0 || r.part.To > r.of {
			panic(fmt.Sprintf("kernel: WeightGradient: panels [%d, %d) of %d", r.part.From, r.part.To, r.of))
		}
	}
	if db != nil {
		checkChannels("WeightGradient", dy, db)
		t.addBias(sums[:2*Padded(c.Out)], db, dy, part)
	}
	if c.winograd {
		c.checkOutput("WeightGradient", dy, x.N, c.HaloOut)
		c.checkSlack("WeightGradient", x)
		c.checkSlack("WeightGradient", dy)
		t.winoGradient(c, dw, dy, x, sums[2*Padded(c.Out):], scratch, part)
		return
	}
	out := part.Out
	if out.len() <= 0 {
		return
	}
	if part.First {
		clear(dw.Data[out.From*dw.PanelStride : out.To*dw.PanelStride])
	}
	var s strip
	s.k, s.kLast, s.aStep, s.bStep = c.OW, c.OW, c.StrideW*x.pixel(), Width
	s.aSeg, s.bSeg = c.Stride*x.row(), dy.row()
	s.aBand, s.bBand = x.image(), dy.image()
	s.bPanel, s.cPanel = dy.panel(), dw.PanelStride
	s.cRow, s.flags = Width, fromC
	rows := c.gradientRows()
	images := 1
	if rows == c.OH && !c.shifted() {
		images = max(1, gradientSteps/((c.OW+c.KW-1)*(c.OH+c.KH-1)))
	}
	for n := 0; n < x.N; n += images {
		s.bands = min(images, x.N-n)
		for y := 0; y < c.OH; y += rows {
			s.segs = min(rows, c.OH-y)
			if c.shifted() {
				t.shiftedGradient(c, s, dw, dy, x, n, y, scratch, out)
				continue
			}
			s.rows, s.aRow, s.aGroup, s.cGroup = c.KW*x.pixel(), 1, x.row(), c.KW*x.pixel()*Width
			for q := out.From; q < out.To; q += s.panels {
				s.panels = min(t.sideBySide(), out.To-q)
				s.b = dy.tail(n, q, y, 0)
				for p := range x.panels() {
					if few := c.In - p*Width; few <= fewChannels && !c.Packed {
						t.fewRows(c, s, dw, x, n, y, p, q, few)
						continue
					}
					block := max(1, blockWork/Width/s.panels/(s.rows*s.steps()))
					for ky := 0; ky < c.KH; ky += block {
						s.groups = min(block, c.KH-ky)
						s.a = x.tail(n, p, y*c.Stride-c.padTop+ky, -c.padLeft)
						s.c = dw.Data[q*dw.PanelStride+(p*c.KH+ky)*s.cGroup:]
						t.run(&s)
					}
				}
			}
		}
	}
}

// fewRows is the gradient of the weights of a last panel with few channels: a group for each tap of a kernel row, of as
// many rows as there are channels, or the other way round: the more rows, the more of a tile is filled.
func (t tier) fewRows(c *Conv, s strip, dw Matrix, x Maps, n, y, p, q, few int) {
	s.rows, s.aRow, s.cRow = few, 1, Width
	s.groups, s.aGroup, s.cGroup = c.KW, Width, Width*Width
	if c.KW > few {
		s.rows, s.aRow, s.cRow, s.groups, s.aGroup, s.cGroup = s.groups, s.aGroup, s.cGroup, s.rows, s.aRow, s.cRow
	}
	for ky := range c.KH {
		s.a = x.tail(n, p, y*c.Stride-c.padTop+ky, -c.padLeft)
		s.c = dw.Data[q*dw.PanelStride+(p*c.KH+ky)*c.KW*Width*Width:]
		t.run(&s)
	}
}

// gradientRows is how many rows of an image go together, in strips of about as many each.
func (c *Conv) gradientRows() int {
	strips := (c.OH*c.OW + gradientSteps - 1) / gradientSteps
	return max(1, (c.OH+strips-1)/strips)
}

// shifted tells whether a kernel row is too few floats for a tile. The weight gradient then sees all taps at
// once, in copies of the input shifted by each: the rows of a kernel lie no equal distance apart.
func (c *Conv) shifted() bool { return c.Packed && c.KH > 1 && c.KW*c.In < 8 && c.WeightRows() <= 64 }

// shiftedGradient adds the pixels of image n from row y on, s.segs rows, to the gradient of all taps.
func (t tier) shiftedGradient(c *Conv, s strip, dw Matrix, dy, x Maps, n, y int, copies []float32, out Range) {
	taps, step := c.KW*c.In, s.aStep
	s.rows, s.groups, s.aRow, s.aStep, s.aSeg = c.WeightRows(), 1, s.segs*c.OW, 1, c.OW
	window, row := x.tail(n, 0, y*c.Stride-c.padTop, -c.padLeft), x.row()
	for seg := range s.segs {
		for ky := range c.KH {
			from := window[(seg*c.Stride+ky)*row:]
			for i := range taps {
				to := copies[(ky*taps+i)*s.aRow+seg*c.OW:][:c.OW]
				if step == 1 {
					copy(to, from[i:][:c.OW])
					continue
				}
				for j := range to {
					to[j] = from[i+j*step]
				}
			}
		}
	}
	s.a = copies[:s.rows*s.aRow]
	for q := out.From; q < out.To; q += s.panels {
		s.panels = min(t.sideBySide(), out.To-q)
		s.b = dy.tail(n, q, y, 0)
		s.c = dw.Data[q*dw.PanelStride:]
		t.run(&s)
	}
}

// BiasGradient is the sum of dy over all pixels by channel: float32 within an image, then 48 bits over
// images, so that batches may be summed in parts. dst is padded; its tail gets zeros.
func BiasGradient(dst []float32, dy Maps) { BiasGradientPanels(dst, dy, 0, dy.panels()) }

// BiasGradientPanels is BiasGradient for the panels [from, to) of channels: the share of one thread.
func BiasGradientPanels(dst []float32, dy Maps, from, to int) {
	checkChannels("BiasGradient", dy, dst)
	t := active()
	for p := from; p < to; p++ {
		var high, low [Width]float32
		t.addImages(&high, &low, dy, p)
		*(*[Width]float32)(dst[p*Width:]) = high
	}
}

// addBias adds the images of a part to sums, which hold for each panel the high and the low halves of
// sixteen sums.
func (t tier) addBias(sums, db []float32, dy Maps, part Part) {
	for p := part.Bias.From; p < part.Bias.To; p++ {
		high, low := (*[Width]float32)(sums[2*p*Width:]), (*[Width]float32)(sums[(2*p+1)*Width:])
		if part.First {
			*high, *low = [Width]float32{}, [Width]float32{}
		}
		t.addImages(high, low, dy, p)
		if part.Last {
			*(*[Width]float32)(db[p*Width:]) = *high
		}
	}
}

// addImages adds a panel's pixels image by image; high + low is the sum, high its rounding.
func (t tier) addImages(high, low *[Width]float32, x Maps, panel int) {
	for n := range x.N {
		var image [Width]float32
		from := x.plane(n, panel)
		t.sumPlane(&image, &from)
		for i, v := range image {
			sum := float64(high[i]) + float64(low[i]) + float64(v)
			high[i] = float32(sum)
			low[i] = float32(sum - float64(high[i]))
		}
	}
}

// sumFloats bounds one call of a sum, which cannot be preempted.
const sumFloats = 1 << 17

// sumPlane adds the pixels of a plane. The halo between its lines is zero: it is added too, so that a
// plane is one run.
func (t tier) sumPlane(sum *[Width]float32, p *plane) {
	for rest := p.data; len(rest) > 0; {
		n := min(len(rest), sumFloats)
		t.sumPanel(sum, n/Width, rest, Width)
		rest = rest[n:]
	}
}

// sumMaps adds all pixels of a panel.
func (t tier) sumMaps(total *[Width]float64, x Maps, panel int) {
	for n := range x.N {
		var part [Width]float32
		from := x.plane(n, panel)
		t.sumPlane(&part, &from)
		addWide(total, &part)
	}
}
