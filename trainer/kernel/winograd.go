package kernel

import "math"

// winograd is the working of F(2×2, 3×3) or F(4×4, 3×3) for one convolution: tiles of 2×2 or 4×4 output
// pixels, a line of them for as many rows of an image. Lines are taken in blocks that the second-level cache holds,
// as far as blocks that small still keep the products busy.
type winograd struct {
	size          int // of a tile: 2 or 4
	tilesX, lines int // tiles of a line, lines of an image
	block         int // lines of a block
	in, out       int // panels of the source and of the destination
	last          int // channels of the source's last panel
}

const (
	winoCache = 128 << 10 // floats of a block's transformed tiles, where they are not too few
	winoMin   = 64        // tiles of a block at least, less what is left over beside whole lines
	winoMax   = 192       // and at most, but for a line that is longer
)

// tileSize is the tile for maps of oh×ow pixels: the one with the fewest products, 0 where none beats
// the direct convolution. The factor stands for the transforms; see KERNELS.md.
func tileSize(oh, ow, in, out int) int {
	if in < Width || out < Width {
		return 0
	}
	size, cost := 0, float64(9*oh*ow)
	for _, m := range []int{2, 4} {
		tiles := ((oh + m - 1) / m) * ((ow + m - 1) / m)
		if c := 1.2 * float64((m+2)*(m+2)*tiles); c < cost {
			size, cost = m, c
		}
	}
	return size
}

// lowest is the floor that lets everything pass.
var lowest = float32(math.Inf(-1))

// newWinograd lays out a pass from in channels to out panels of oh×ow pixels.
func newWinograd(size, oh, ow, in, out int) winograd {
	w := winograd{size: size, tilesX: (ow + size - 1) / size, lines: (oh + size - 1) / size, in: Padded(in) / Width, out: out}
	w.last = in - (w.in-1)*Width
	tiles := min(winoMax, max(winoMin, winoCache/(w.positions()*Width*(w.in+out))))
	w.block = max(1, tiles/w.tilesX)
	return w
}

// positions of a transformed tile.
func (w *winograd) positions() int { return (w.size + 2) * (w.size + 2) }

// halo is what maps of h×w pixels need if windows of reach pixels more than a tile begin at (y, x) of
// them: windows may reach beyond the edge over the halo and, since the next row or panel begins with
// one, as far again.
func (w *winograd) halo(h, width, y, x, reach int) int {
	past := max(y+w.lines*w.size+reach-h, x+w.tilesX*w.size+reach-width)
	return max(-y, -x, (past+1)/2)
}

// stride is the distance of positions for a number of panels: all tiles of a block, and a cache line
// so that the sixteen positions of a tile do not fall into one set of the first-level cache.
func (w *winograd) stride(panels int) int { return panels*w.block*w.tilesX*Width + Width }

// weights is the distance of the positions of transformed weights, and their number of floats.
func (w *winograd) weights() (stride, floats int) {
	stride = w.in*w.out*Width*Width + Width
	return stride, w.positions() * stride
}

// scratch is the floats that a forward pass or an input gradient needs.
func (w *winograd) scratch() int { return w.positions() * (w.stride(w.in) + w.stride(w.out)) }

// divide gives the parts of scratch for the transformed tiles of source and destination.
func (w *winograd) divide(scratch []float32) (v, m []float32) {
	n := w.positions() * w.stride(w.in)
	return scratch[:n], scratch[n:w.scratch()]
}

// winoTransform writes the transformed weights of w.in to w.out panels: u[position][output panel][input
// channel][16] of src[output panel][input panel][tap][16][16].
func (t tier) winoTransform(w *winograd, u, src []float32) {
	stride, _ := w.weights()
	for q := range w.out {
		for p := range w.in {
			to, from := u[(q*w.in+p)*Width*Width:], src[(q*w.in+p)*9*tapStride:]
			if w.size == 2 {
				t.winoWeights(Width, to, stride, from)
			} else {
				t.wino4Weights(Width, to, stride, from)
			}
		}
	}
}

// winoPass is a convolution of src under transformed weights u: dst = finish(bias + …). The windows of
// the first pixel begin at (y0, x0) of src. A mask multiplies as in InputGradient.
func (t tier) winoPass(w *winograd, dst, src Maps, u []float32, y0, x0 int, e MapEpilogue, mask *Maps, scratch []float32) {
	v, m := w.divide(scratch)
	total := src.N * w.lines
	for first := 0; first < total; first += w.block {
		n := min(w.block, total-first)
		t.winoLines(w, v, src, first, n, 0, y0, x0)
		t.winoProducts(w, m, v, u, n*w.tilesX)
		t.winoFinish(w, dst, m, first, n, e, mask)
	}
}

// winoLines transforms the windows of n lines, of w.in panels from one on.
func (t tier) winoLines(w *winograd, v []float32, src Maps, first, n, from, y0, x0 int) {
	panel := w.block * w.tilesX * Width
	stride, row, plane := w.stride(w.in), src.row(), src.panel()
	for i := range n {
		line := first + i
		window := src.tail(line/w.lines, from, y0+w.size*(line%w.lines), x0)
		for p := range w.in {
			if w.size == 2 {
				t.winoInput(w.tilesX, v[p*panel+i*w.tilesX*Width:], stride, window[p*plane:], row)
			} else {
				t.wino4Input(w.tilesX, v[p*panel+i*w.tilesX*Width:], stride, window[p*plane:], row)
			}
		}
	}
}

// winoProducts multiplies the tiles at every position: m[position][panel][tile] = Σ v·u.
func (t tier) winoProducts(w *winograd, m, v, u []float32, tiles int) {
	var s strip
	s.rows, s.groups, s.panels = tiles, 1, w.out
	panel := w.block * w.tilesX * Width
	s.segments(w.in, Width, w.last, panel)
	s.aRow, s.aStep, s.cRow = Width, 1, Width
	s.bStep, s.bSeg = Width, Width*Width
	s.bPanel, s.cPanel = w.in*Width*Width, panel
	stride, _ := w.weights()
	for at := range w.positions() {
		s.a = v[at*w.stride(w.in):]
		s.b, s.c = u[at*stride:], m[at*w.stride(w.out):]
		t.run(&s)
	}
}

// winoFinish transforms the products of n lines back.
func (t tier) winoFinish(w *winograd, dst Maps, m []float32, first, n int, e MapEpilogue, mask *Maps) {
	panel := w.block * w.tilesX * Width
	floor := lowest
	if e.ReLU {
		floor = 0
	}
	var none [Width]float32
	stride := w.stride(w.out)
	for i := range n {
		image, y := (first+i)/w.lines, w.size*((first+i)%w.lines)
		rows := min(w.size, dst.H-y)
		for q := range w.out {
			bias := &none
			if e.Bias != nil {
				bias = (*[Width]float32)(e.Bias[q*Width:])
			}
			to := dst.plane(image, q)
			from := m[q*panel+i*w.tilesX*Width:]
			var of plane
			if mask != nil {
				of = mask.plane(image, q)
			}
			switch {
			case w.size == 4 && mask != nil && e.Bias == nil && !e.ReLU &&
				t.wino4Masked(w.tilesX, rows, to.data[y*to.row:], to.row, from, stride, of.data[y*of.row:], of.row, dst.W-4*(w.tilesX-1)):
				continue
			case w.size == 4:
				t.wino4Output(w.tilesX, rows, to.data[y*to.row:], to.row, from, stride, bias, floor, dst.W-4*(w.tilesX-1))
			case rows == 2:
				t.winoOutput(w.tilesX, to.line(y), to.line(y+1), from, stride, bias, floor, dst.W%2 == 1)
			default: // the second row comes first, so that the first one stays
				t.winoOutput(w.tilesX, to.line(y), to.line(y), from, stride, bias, floor, dst.W%2 == 1)
			}
			if mask == nil {
				continue
			}
			for r := y; r < y+rows; r++ {
				t.activateBackwardRun(to.line(r), to.line(r), of.line(r), ReLU)
			}
		}
	}
}

// winoGradient sums dw = Gᵀ·[Σ v ⊙ (A·dy·Aᵀ)]·G for a part. The sums of a block go on where those of
// the block before ended; sums[position][output panel][input channel][16] keep them.
func (t tier) winoGradient(c *Conv, dw Matrix, dy, x Maps, sums, scratch []float32, part Part) {
	in, out := part.In, part.Out
	if in.len() <= 0 || out.len() <= 0 {
		return
	}
	w := c.ahead
	stride, _ := w.weights()
	kernel := w.in * Width * Width // floats of an output panel's weights at one position
	at := func(position, q int) int { return position*stride + q*kernel + in.From*Width*Width }
	w.in, w.out = in.len(), out.len()
	v, m := w.divide(scratch)
	panel := w.block * w.tilesX * Width
	own := w.in * Width * Width // those of them that belong to the part
	var s strip
	s.aRow, s.aStep, s.aGroup = 1, Width, panel
	full, rest := w.in, 0 // panels, channels of one that is not full
	if in.To == c.panelsIn && w.last < Width {
		full, rest = full-1, w.last
	}
	s.bStep, s.cRow, s.cGroup = Width, Width, Width*Width
	s.panels, s.bPanel, s.cPanel = w.out, panel, kernel
	s.flags = fromC
	if part.First {
		for position := range w.positions() {
			for q := out.From; q < out.To; q++ {
				clear(sums[at(position, q):][:own])
			}
		}
	}
	outStride, dyRow, dyPanel := w.stride(w.out), dy.row(), dy.panel()
	total := x.N * w.lines
	for first := 0; first < total; first += w.block {
		n := min(w.block, total-first)
		t.winoLines(&w, v, x, first, n, in.From, -c.padTop, -c.padLeft)
		for i := range n {
			grad := dy.tail((first+i)/w.lines, out.From, w.size*((first+i)%w.lines), 0)
			for q := range w.out {
				if w.size == 2 {
					t.winoGrad(w.tilesX, m[q*panel+i*w.tilesX*Width:], outStride, grad[q*dyPanel:], dyRow)
				} else {
					t.wino4Grad(w.tilesX, m[q*panel+i*w.tilesX*Width:], outStride, grad[q*dyPanel:], dyRow)
				}
			}
		}
		s.segments(1, n*w.tilesX, n*w.tilesX, 0)
		for position := range w.positions() {
			s.a, s.b, s.c = v[position*w.stride(w.in):], m[position*outStride:], sums[at(position, out.From):]
			s.rows, s.groups = Width, full
			t.run(&s)
			if rest > 0 {
				s.rows, s.groups = rest, 1
				s.a, s.c = s.a[full*panel:], s.c[full*Width*Width:]
				t.run(&s)
			}
		}
	}
	if !part.Last {
		return
	}
	for q := out.From; q < out.To; q++ {
		for p := in.From; p < in.To; p++ {
			to, from := dw.Data[q*dw.PanelStride+p*9*tapStride:], sums[q*kernel+p*Width*Width:]
			if w.size == 2 {
				t.winoWeightGrad(Width, to, from, stride)
			} else {
				t.wino4WeightGrad(Width, to, from, stride)
			}
		}
	}
}
