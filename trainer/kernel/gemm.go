package kernel

import "fmt"

// Epilogue is what a product does to its result on the way to memory, at no extra pass.
type Epilogue struct {
	Bias       []float32 // Padded(cols) floats with a zero tail, added before the rest; nil: none
	ReLU       bool      // C = max(0, C)
	Mask       *Matrix   // C = Mask > 0 ? C·MaskScale : 0, the backward of ReLU and dropout: the stored post-dropout activation is the mask
	MaskScale  float32
	Accumulate bool // start from C instead of 0; not with Bias
}

const (
	// blockK is how many steps of the reduction run before C goes back to memory. Since the
	// accumulators start from C, the split does not show in the bits.
	blockK = 2048
	// blockATB is the same for MulATB, whose steps are rows: 256 of a panel of B are 16 KB and stay in the
	// first-level cache.
	blockATB = 256
	// blockColumns bounds the floats of A in rows that MulATB reads for one panel of C after the other. The tiles of
	// a panel meet every cache line of them three or four times, so they should not fill the second-level cache.
	blockColumns = 24 << 10
	// blockA bounds the floats of A that one round of panels reads again and again: they stay in the
	// second-level cache.
	blockA = 128 << 10
	// blockWork bounds the multiply-adds of one assembly call, which cannot be preempted: 8 M are
	// 0.16 ms at 100 GF/s.
	blockWork = 8 << 20
)

// MulAB is C[m×n] = A[m×k]·B[k×n]: a dense layer forward, or with the transposed weights its input
// gradient. Every element is one k-ascending chain of multiply-adds, however it is cut.
func MulAB(c, a, b Matrix, e Epilogue) { active().mulAB(c, a, b, &e) }

// MulATB is C[k×n] = Aᵀ·B of A[m×k] and B[m×n]: a weight gradient. Every element is one m-ascending
// chain of multiply-adds, however it is cut.
func MulATB(c, a, b Matrix, e Epilogue) { active().mulATB(c, a, b, &e) }

func (e *Epilogue) check(what string, c *Matrix) {
	if e.Bias != nil && (e.Accumulate || len(e.Bias) < Padded(c.Cols)) {
		panic(fmt.Sprintf("kernel: %s: a bias of %d for %d columns, accumulate %t", what, len(e.Bias), c.Cols, e.Accumulate))
	}
	if e.Mask != nil {
		sameShape("mask of a product", *c, *e.Mask)
	}
}

func checkProduct(what string, c, a, b *Matrix, rows, inner, innerB int) {
	if c.Rows != rows || inner != innerB || c.Cols != b.Cols {
		panic(fmt.Sprintf("kernel: %s: %d×%d and %d×%d do not give %d×%d", what, a.Rows, a.Cols, b.Rows, b.Cols, c.Rows, c.Cols))
	}
	c.check(what)
	a.check(what)
	b.check(what)
}

// ends is what strips do before the first and after the last step of the whole reduction, from a row on. It returns
// what its caller then puts into the strip: if it took a pointer to the strip and stored it there itself, the compiler
// would move bias and mask, whatever they point into, to the heap.
func (e *Epilogue) ends(first, last bool, row int) (flags stripFlags, bias, mask []float32) {
	switch {
	case !first || e.Accumulate:
		flags |= fromC
	case e.Bias != nil:
		flags |= fromBias
		bias = e.Bias
	}
	if last && e.ReLU {
		flags |= relu
	}
	if last && e.Mask != nil {
		flags |= masked
		mask = e.Mask.Data[row*e.Mask.RowStride:]
	}
	return flags, bias, mask
}

// product sets what the strips of a product have in common whichever way A goes.
func (s *strip) product(c, b *Matrix, e *Epilogue) {
	s.panels = c.panels()
	s.bStep, s.bPanel = b.RowStride, b.PanelStride
	s.cRow, s.cPanel = c.RowStride, c.PanelStride
	s.scale = e.MaskScale
	if e.Mask != nil {
		s.maskRow, s.maskPanel = e.Mask.RowStride, e.Mask.PanelStride
	}
}

func (t tier) mulAB(c, a, b Matrix, e *Epilogue) {
	checkProduct("MulAB", &c, &a, &b, a.Rows, a.Cols, b.Rows)
	e.check("MulAB", &c)
	if c.Cols == 0 {
		return
	}
	var s strip
	s.product(&c, &b, e)
	s.groups, s.aRow, s.aStep = 1, a.RowStride, 1
	k := a.Cols
	for k0 := 0; k0 == 0 || k0 < k; k0 += blockK {
		kn := min(blockK, k-k0)
		if a.PanelStride == Width {
			s.segments(1, kn, kn, 0)
		} else {
			n := max(1, (kn+Width-1)/Width)
			s.segments(n, Width, kn-(n-1)*Width, a.PanelStride)
		}
		s.bSeg = s.k * b.RowStride
		rows := rowsWithin(blockA, a.Rows, kn)
		for r0 := 0; r0 < a.Rows; r0 += rows {
			s.rows = min(rows, a.Rows-r0)
			s.a = a.Data[min(len(a.Data), a.index(r0, k0)):]
			s.b = b.Data[min(len(b.Data), k0*b.RowStride):]
			s.c = c.Data[r0*c.RowStride:]
			s.flags, s.bias, s.mask = e.ends(k0 == 0, k0+kn == k, r0)
			t.run(&s)
		}
	}
}

func (t tier) mulATB(c, a, b Matrix, e *Epilogue) {
	checkProduct("MulATB", &c, &a, &b, a.Cols, a.Rows, b.Rows)
	e.check("MulATB", &c)
	if c.Cols == 0 {
		return
	}
	var s strip
	s.product(&c, &b, e)
	s.aRow, s.aStep, s.aGroup = 1, a.RowStride, a.PanelStride
	m, inRows := a.Rows, a.PanelStride == Width
	for m0 := 0; m0 == 0 || m0 < m; m0 += blockATB {
		mn := min(blockATB, m-m0)
		most := blockWork / Width / t.sideBySide() / blockATB / Width * Width
		if inRows {
			most = min(most, max(tallest, blockColumns/max(1, mn)/tallest*tallest))
		}
		s.segments(1, mn, mn, 0)
		s.b = b.Data[min(len(b.Data), m0*b.RowStride):]
		for c0 := 0; c0 < a.Cols; c0 += s.rows * s.groups {
			// Columns of A, which are rows of C: in rows they follow each other, in panels whole ones are groups.
			s.rows, s.groups = min(most, a.Cols-c0), 1
			if !inRows && s.rows > Width {
				s.rows, s.groups = Width, s.rows/Width
			}
			s.cGroup, s.maskGroup = s.rows*c.RowStride, s.rows*s.maskRow
			s.a = a.Data[min(len(a.Data), a.index(m0, c0)):]
			s.c = c.Data[c0*c.RowStride:]
			s.flags, s.bias, s.mask = e.ends(m0 == 0, mn == m-m0, c0)
			t.run(&s)
		}
	}
}
