package trainer

import "espalier/trainer/kernel"

// variable is one named tensor of a model. In memory kernels are panel matrices (see
// kernel.Matrix) for ever: optimizers are elementwise, so the layout is theirs too; only
// files have C order. Every variable starts at a multiple of 16 floats.
type variable struct {
	name   string // "layers.0.kernel", the name in exchange files
	shape  []int  // as in exchange files, C order
	layout layout // of the rows of a kernel, of the elements of a vector
	cols   int    // of a kernel; 0: a vector

	trainable      bool // else a moving statistic, kept apart from what optimizers see
	penalised      bool // l2 counts it: kernels
	initializer    string
	fanIn, fanOut  int
	constant       float32 // initial value where there is no initializer
	offset, length int     // in the flat slice of trainable or of moving values, padding included
}

// layout is how the features of a row lie in memory: count groups (pixels) of group features
// (channels), each padded to a multiple of 16. A plain vector is one group.
type layout struct {
	count, group, padded int
}

func vectorLayout(n int) layout { return layout{count: 1, group: n, padded: n} }

func mapLayout(shape []int) layout {
	return layout{count: shape[0] * shape[1], group: shape[2], padded: pad16(shape[2])}
}

// width is the number of matrix columns (or kernel rows) the features take.
func (l layout) width() int {
	if l.count == 1 {
		return l.group
	}
	return l.count * l.padded
}

// place is where feature i lies.
func (l layout) place(i int) int { return i/l.group*l.padded + i%l.group }

func (l layout) features() int { return l.count * l.group }

func pad16(n int) int { return (n + 15) &^ 15 }

// elements is the number of values, without padding.
func (v *variable) elements() int {
	n := 1
	for _, d := range v.shape {
		n *= d
	}
	return n
}

// matrix is the variable as the kernels see it: a panel matrix over its part of a flat slice.
func (v *variable) matrix(flat []float32) kernel.Matrix {
	return kernel.Panels(v.slice(flat), v.layout.width(), v.cols)
}

// slice is the variable's part of a flat slice, padding included.
func (v *variable) slice(flat []float32) []float32 {
	return flat[v.offset : v.offset+v.length : v.offset+v.length]
}

// pack writes values in C order into a flat slice; padding stays zero.
func (v *variable) pack(flat, values []float32) {
	part := v.slice(flat)
	clear(part)
	if v.cols == 0 {
		for i, x := range values {
			part[v.layout.place(i)] = x
		}
		return
	}
	m := v.matrix(flat)
	for i := range len(values) / v.cols {
		r := v.layout.place(i)
		for c, x := range values[i*v.cols : (i+1)*v.cols] {
			m.Data[c/16*m.PanelStride+r*m.RowStride+c%16] = x
		}
	}
}

// unpack appends the values in C order.
func (v *variable) unpack(to, flat []float32) []float32 {
	if v.cols == 0 {
		part := v.slice(flat)
		for i := range v.elements() {
			to = append(to, part[v.layout.place(i)])
		}
		return to
	}
	m := v.matrix(flat)
	for i := range v.elements() / v.cols {
		r := v.layout.place(i)
		for c := range v.cols {
			to = append(to, m.Data[c/16*m.PanelStride+r*m.RowStride+c%16])
		}
	}
	return to
}

// size gives the floats the variable takes in memory, saturating.
func (v *variable) size() int64 {
	rows := saturate(int64(v.layout.count), int64(v.layout.padded))
	if v.layout.count == 1 {
		rows = int64(v.layout.group)
	}
	if v.cols == 0 {
		return (rows + 15) &^ 15
	}
	return saturate(rows, (int64(v.cols)+15)&^15)
}

// enough is where saturating arithmetic ends: above any memory, below any overflow of a sum.
const enough = 1 << 56

// saturate multiplies non-negative numbers without overflow.
func saturate(factors ...int64) int64 {
	p := int64(1)
	for _, f := range factors {
		if f == 0 {
			return 0
		}
		if p > enough/f {
			return enough
		}
		p *= f
	}
	return p
}
