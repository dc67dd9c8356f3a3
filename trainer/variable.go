package trainer

import (
	"slices"

	"espalier/trainer/kernel"
)

// variable is one named tensor of a model. In memory kernels are panel matrices (see
// kernel.Matrix) for ever: optimizers are elementwise, so the layout is theirs too; only
// files have C order. Every variable starts at a multiple of 16 floats.
type variable struct {
	name   string       // "layers.0.kernel", the name in exchange files
	shape  []int        // as in exchange files, C order
	rows   int          // of a kernel's matrix
	cols   int          // of a kernel; 0: a vector
	filter *kernel.Conv // of a convolution's kernel: its matrix has an order of its own

	trainable      bool // else a moving statistic, kept apart from what optimizers see
	penalised      bool // l2 counts it: kernels
	initializer    string
	fanIn, fanOut  int
	constant       float32 // initial value where there is no initializer
	offset, length int     // in the flat slice of trainable or of moving values, padding included
}

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
	if flat == nil { // planned
		return kernel.Matrix{}
	}
	return kernel.Panels(v.slice(flat), v.rows, v.cols)
}

// slice is the variable's part of a flat slice, padding included.
func (v *variable) slice(flat []float32) []float32 {
	if flat == nil { // planned
		return nil
	}
	return flat[v.offset : v.offset+v.length : v.offset+v.length]
}

// share is the worker's part of the variable, in floats from its start: the panels of a kernel whose gradient it
// makes, or where there are fewer panels than workers, and of a vector, as many lines of 16.
func (v *variable) share(p *pass) (from, to int) {
	piece := kernel.Width
	if panel := v.rows * kernel.Width; v.cols > 0 && v.length/panel >= p.crew.workers {
		piece = panel
	}
	from, to = p.share(v.length / piece)
	return from * piece, to * piece
}

// pack writes values in C order into a flat slice; padding stays zero.
func (v *variable) pack(flat, values []float32) {
	switch {
	case v.cols == 0:
		copy(v.slice(flat), values)
	case v.filter != nil:
		v.filter.PackWeights(v.matrix(flat), values)
	default:
		v.matrix(flat).Pack(values)
	}
}

// unpack appends the values in C order.
func (v *variable) unpack(to, flat []float32) []float32 {
	n := len(to)
	to = slices.Grow(to, v.elements())[:n+v.elements()]
	switch {
	case v.cols == 0:
		copy(to[n:], v.slice(flat))
	case v.filter != nil:
		v.filter.UnpackWeights(to[n:], v.matrix(flat))
	default:
		v.matrix(flat).Unpack(to[n:])
	}
	return to
}

// size gives the floats the variable takes in memory, saturating.
func (v *variable) size() int64 {
	if v.cols == 0 {
		return padded(v.shape[0])
	}
	return saturate(int64(v.rows), padded(v.cols))
}

func padded(n int) int64 { return (int64(n) + 15) &^ 15 }

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
