package kernel

import "math"

// winograd is the working of F(2×2, 3×3) for one convolution: tiles of 2×2 output pixels, a line of
// them for every second row of an image. Lines are taken in blocks that the second-level cache holds,
// as far as blocks that small still keep the products busy.
type winograd struct {
	tilesX, lines int // tiles of a line, lines of an image
	block         int // lines of a block
	in, out       int // panels of the source and of the destination
}

const (
	winoCache = 128 << 10 // floats of a block's transformed tiles, where they are not too few
	winoMin   = 96        // tiles of a block at least
	winoMax   = 192       // and at most
	positions = 16
)

// winogradWins tells whether F(2×2, 3×3) beats the direct convolution: measured, see KERNELS.md.
func winogradWins(oh, ow, in, out int) bool {
	return in >= Width && out >= Width && oh > 3 && ow > 3
}

// lowest is the floor that lets everything pass.
var lowest = float32(math.Inf(-1))

// newWinograd lays out a pass from in panels to out panels of oh×ow pixels.
func newWinograd(oh, ow, in, out int) winograd {
	w := winograd{tilesX: (ow + 1) / 2, lines: (oh + 1) / 2, in: in, out: out}
	tiles := min(winoMax, max(winoMin, winoCache/(positions*Width*(in+out))))
	w.block = max(1, tiles/w.tilesX)
	return w
}

// stride is the distance of positions for a number of panels: all tiles of a block, and a cache line
// so that the sixteen positions of a tile do not fall into one set of the first-level cache.
func (w *winograd) stride(panels int) int { return panels*w.block*w.tilesX*Width + Width }

// weights is the distance of the positions of transformed weights, and their number of floats.
func (w *winograd) weights() (stride, floats int) {
	stride = w.in*w.out*Width*Width + Width
	return stride, positions * stride
}

// scratch is the floats that a forward pass or an input gradient needs.
func (w *winograd) scratch() int { return positions * (w.stride(w.in) + w.stride(w.out)) }

// winoTransform writes the transformed weights of w.in to w.out panels: u[position][output panel][input
// channel][16] of src[output panel][input panel][tap][16][16].
func (t tier) winoTransform(w *winograd, u, src []float32) {
	stride, _ := w.weights()
	for q := range w.out {
		for p := range w.in {
			t.winoWeights(Width, u[(q*w.in+p)*Width*Width:], stride, src[(q*w.in+p)*9*tapStride:])
		}
	}
}

// winoPass is a convolution of src under transformed weights u: dst = finish(bias + …). The windows of
// the first pixel begin at (y0, x0) of src. A mask multiplies as in InputGradient.
func (t tier) winoPass(w *winograd, dst, src Maps, u []float32, y0, x0 int, e MapEpilogue, mask *Maps, scratch []float32) {
	v, m := scratch[:positions*w.stride(w.in)], scratch[positions*w.stride(w.in):w.scratch()]
	total := src.N * w.lines
	for first := 0; first < total; first += w.block {
		n := min(w.block, total-first)
		t.winoLines(w, v, src, first, n, y0, x0)
		t.winoProducts(w, m, v, u, n*w.tilesX)
		t.winoFinish(w, dst, m, first, n, e, mask)
	}
}

// winoLines transforms the windows of n lines.
func (t tier) winoLines(w *winograd, v []float32, src Maps, first, n, y0, x0 int) {
	panel := w.block * w.tilesX * Width
	stride, row, plane := w.stride(w.in), src.row(), src.panel()
	for i := range n {
		line := first + i
		from := src.tail(line/w.lines, 0, y0+2*(line%w.lines), x0)
		for p := range w.in {
			t.winoInput(w.tilesX, v[p*panel+i*w.tilesX*Width:], stride, from[p*plane:], row)
		}
	}
}

// winoProducts multiplies the tiles at every position: m[position][panel][tile] = Σ v·u.
func (t tier) winoProducts(w *winograd, m, v, u []float32, tiles int) {
	var s strip
	s.rows, s.groups = tiles, 1
	panel := w.block * w.tilesX * Width
	s.segments(w.in, Width, Width, panel)
	s.aRow, s.aStep, s.cRow = Width, 1, Width
	s.bStep, s.bSeg = Width, Width*Width
	stride, _ := w.weights()
	for at := range positions {
		s.a = v[at*w.stride(w.in):]
		for q := range w.out {
			s.b = u[at*stride+q*w.in*Width*Width:]
			s.c = m[at*w.stride(w.out)+q*panel:]
			t.run(s)
		}
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
		image, y := (first+i)/w.lines, 2*((first+i)%w.lines)
		for q := range w.out {
			bias := &none
			if e.Bias != nil {
				bias = (*[Width]float32)(e.Bias[q*Width:])
			}
			to := dst.plane(image, q)
			row0 := to.line(y)
			row1 := row0 // of a last line by itself; its second row comes first, so that the first one stays
			if y+1 < dst.H {
				row1 = to.line(y + 1)
			}
			t.winoOutput(w.tilesX, row0, row1, m[q*panel+i*w.tilesX*Width:], stride, bias, floor, dst.W%2 == 1)
			if mask != nil {
				of := mask.plane(image, q)
				t.activateBackwardRun(row0, row0, of.line(y), ReLU)
				if y+1 < dst.H {
					t.activateBackwardRun(row1, row1, of.line(y+1), ReLU)
				}
			}
		}
	}
}

// winoGradient sums dw = Gᵀ·[Σ v ⊙ (A·dy·Aᵀ)]·G for a part. The sums of a block go on where those of
// the block before ended; sums[position][output panel][input channel][16] keep them.
func (t tier) winoGradient(c *Conv, dw Matrix, dy, x Maps, sums, scratch []float32, part Part) {
	w := c.ahead
	stride, _ := w.weights()
	w.out = part.To - part.From
	v, m := scratch[:positions*w.stride(w.in)], scratch[positions*w.stride(w.in):w.scratch()]
	panel := w.block * w.tilesX * Width
	kernel := w.in * Width * Width // floats of an output panel's weights at one position
	var s strip
	s.aRow, s.aStep, s.aGroup = 1, Width, panel
	s.rows, s.groups = Width, w.in
	s.bStep, s.cRow, s.cGroup = Width, Width, Width*Width
	s.flags = fromC
	if part.First {
		for at := range positions {
			clear(sums[at*stride+part.From*kernel : at*stride+part.To*kernel])
		}
	}
	outStride, dyRow, dyPanel := w.stride(w.out), dy.row(), dy.panel()
	total := x.N * w.lines
	for first := 0; first < total; first += w.block {
		n := min(w.block, total-first)
		t.winoLines(&w, v, x, first, n, -c.padTop, -c.padLeft)
		for i := range n {
			grad := dy.tail((first+i)/w.lines, part.From, 2*((first+i)%w.lines), 0)
			for q := range w.out {
				t.winoGrad(w.tilesX, m[q*panel+i*w.tilesX*Width:], outStride, grad[q*dyPanel:], dyRow)
			}
		}
		s.segments(1, n*w.tilesX, n*w.tilesX, 0)
		for at := range positions {
			s.a = v[at*w.stride(w.in):]
			for q := range w.out {
				s.b = m[at*outStride+q*panel:]
				s.c = sums[at*stride+(part.From+q)*kernel:]
				t.run(s)
			}
		}
	}
	if !part.Last {
		return
	}
	for q := part.From; q < part.To; q++ {
		for p := range w.in {
			t.winoWeightGrad(Width, dw.Data[q*dw.PanelStride+p*9*tapStride:], sums[q*kernel+p*Width*Width:], stride)
		}
	}
}
