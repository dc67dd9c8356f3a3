package kernel

import "fmt"

// Matrix is a float32 matrix cut into panels of 16 columns: element (r, c) lies at
// Data[(c/16)*PanelStride + r*RowStride + c%16]. The last panel is padded with zeros to 16
// columns; kernels rely on that and keep it. Two layouts are in use: panels (RowStride 16,
// PanelStride 16·rows), and rows (RowStride = padded columns, PanelStride 16).
type Matrix struct {
	Data                   []float32
	Rows, Cols             int
	RowStride, PanelStride int
}

// Width is the number of columns of a panel: two AVX2 registers, one cache line.
const Width = 16

// Padded rounds columns up to whole panels.
func Padded(cols int) int { return (cols + Width - 1) / Width * Width }

// PanelLen is the number of floats that a matrix of either layout needs.
func PanelLen(rows, cols int) int { return rows * Padded(cols) }

// Panels lays a rows×cols matrix in panels over data, which holds PanelLen(rows, cols) floats or more.
func Panels(data []float32, rows, cols int) Matrix {
	m := Matrix{Data: data, Rows: rows, Cols: cols, RowStride: Width, PanelStride: Width * rows}
	m.check("Panels")
	return m
}

// RowMajor lays a rows×cols matrix in padded rows over data, which holds PanelLen(rows, cols) floats or more.
func RowMajor(data []float32, rows, cols int) Matrix {
	m := Matrix{Data: data, Rows: rows, Cols: cols, RowStride: Padded(cols), PanelStride: Width}
	m.check("RowMajor")
	return m
}

// check panics where the matrix reaches beyond its data: the assembly trusts the strides.
func (m *Matrix) check(what string) {
	if m.Rows <= 0 || m.Cols <= 0 || min(m.RowStride, m.PanelStride) < Width || m.end() > len(m.Data) {
		m.refuse(what)
	}
}

// refuse panics unless what check found unusual is sound: no elements, or a stride that nothing uses.
func (m *Matrix) refuse(what string) {
	if m.Rows < 0 || m.Cols < 0 {
		panic(fmt.Sprintf("kernel: %s: negative shape %d×%d", what, m.Rows, m.Cols))
	}
	if m.Rows == 0 || m.Cols == 0 {
		return
	}
	if need := m.end(); m.RowStride < Width && m.Rows > 1 || m.PanelStride < Width && m.Cols > Width || need > len(m.Data) {
		panic(fmt.Sprintf("kernel: %s: a %d×%d matrix of strides %d and %d needs %d floats, has %d",
			what, m.Rows, m.Cols, m.RowStride, m.PanelStride, need, len(m.Data)))
	}
}

// end is one past the last float that the matrix touches, padding included.
func (m *Matrix) end() int {
	return (m.panels()-1)*m.PanelStride + (m.Rows-1)*m.RowStride + Width
}

func (m *Matrix) panels() int { return (m.Cols + Width - 1) / Width }

func (m *Matrix) index(r, c int) int { return c/Width*m.PanelStride + r*m.RowStride + c%Width }

// At reads element (r, c).
func (m Matrix) At(r, c int) float32 { return m.Data[m.index(r, c)] }

// Set writes element (r, c).
func (m Matrix) Set(r, c int, v float32) { m.Data[m.index(r, c)] = v }

// Head is the first rows of m with the same strides: the short last batch of an epoch.
func (m Matrix) Head(rows int) Matrix { return m.Slice(0, rows) }

// Slice is the rows [from, to) of m over the same data: the share of one of several threads.
func (m Matrix) Slice(from, to int) Matrix {
	if from < 0 || to < from || to > m.Rows {
		panic(fmt.Sprintf("kernel: rows [%d, %d) of a matrix with %d", from, to, m.Rows))
	}
	if to > from {
		m.Data = m.Data[from*m.RowStride:]
	}
	m.Rows = to - from
	return m
}

// SlicePanels is the panels [from, to) of m, that is its columns [16·from, 16·to), over the same data.
func (m Matrix) SlicePanels(from, to int) Matrix {
	if from < 0 || to < from || to > m.panels() {
		panic(fmt.Sprintf("kernel: panels [%d, %d) of a matrix with %d", from, to, m.panels()))
	}
	if to > from {
		m.Data = m.Data[from*m.PanelStride:]
	}
	m.Cols = min(m.Cols, to*Width) - from*Width
	if to == from {
		m.Cols = 0
	}
	return m
}

// Pack fills m from src, which is rows×cols in C order, and zeroes the padding.
func (m Matrix) Pack(src []float32) {
	for r := range m.Rows {
		row := src[r*m.Cols : (r+1)*m.Cols]
		for p := range m.panels() {
			d := m.Data[p*m.PanelStride+r*m.RowStride:][:Width]
			clear(d[copy(d, row[p*Width:]):])
		}
	}
}

// Unpack writes m to dst, rows×cols in C order.
func (m Matrix) Unpack(dst []float32) {
	for r := range m.Rows {
		row := dst[r*m.Cols : (r+1)*m.Cols]
		for p := range m.panels() {
			copy(row[p*Width:], m.Data[p*m.PanelStride+r*m.RowStride:][:Width])
		}
	}
}

// runs is one matrix, or several of one shape, seen as contiguous pieces: outer × inner of them.
type runs struct {
	outer, inner, length     int
	outerStride, innerStride int
	joint                    bool // the strides above hold for all; else every matrix uses its own
}

// runs gives the matrix in as few pieces as its layout allows: all of it, whole panels, whole rows,
// or single panel rows.
func (m Matrix) runs() runs {
	np := m.panels()
	switch {
	case m.Rows == 0 || np == 0:
		return runs{}
	case m.RowStride == Width && (m.PanelStride == Width*m.Rows || np == 1),
		m.PanelStride == Width && (m.RowStride == Width*np || m.Rows == 1):
		return runs{outer: 1, inner: 1, length: Width * m.Rows * np, joint: true}
	case m.RowStride == Width:
		return runs{outer: np, outerStride: m.PanelStride, inner: 1, length: Width * m.Rows, joint: true}
	case m.PanelStride == Width:
		return runs{outer: m.Rows, outerStride: m.RowStride, inner: 1, length: Width * np, joint: true}
	}
	return m.panelRows()
}

func (m Matrix) panelRows() runs {
	return runs{outer: m.panels(), inner: m.Rows, length: Width}
}

// pieces gives the runs that suit two matrices: those of the first where the layouts coincide, else
// single panel rows. It panics unless both have one shape.
func pieces(what string, a, b Matrix) runs {
	sameShape(what, a, b)
	if a.RowStride == b.RowStride && a.PanelStride == b.PanelStride {
		return a.runs()
	}
	return a.panelRows()
}

// and narrows the runs to what a further matrix allows.
func (r runs) and(what string, a, b Matrix) runs {
	sameShape(what, a, b)
	if r.joint && a.RowStride == b.RowStride && a.PanelStride == b.PanelStride {
		return r
	}
	return a.panelRows()
}

// piece is the piece (o, i) of m under r.
func (m Matrix) piece(r runs, o, i int) []float32 {
	at := o*m.PanelStride + i*m.RowStride
	if r.joint {
		at = o*r.outerStride + i*r.innerStride
	}
	return m.Data[at : at+r.length]
}

func sameShape(what string, a, b Matrix) {
	if a.Rows != b.Rows || a.Cols != b.Cols {
		panic(fmt.Sprintf("kernel: %s: shapes %d×%d and %d×%d differ", what, a.Rows, a.Cols, b.Rows, b.Cols))
	}
	a.check(what)
	b.check(what)
}

// clearPadding restores the zeros beyond the last column where a function does not map 0 to 0.
func (m Matrix) clearPadding() {
	tail := m.Cols % Width
	if tail == 0 || m.Rows == 0 {
		return
	}
	last := m.Data[(m.panels()-1)*m.PanelStride:]
	for r := range m.Rows {
		clear(last[r*m.RowStride+tail : r*m.RowStride+Width])
	}
}
