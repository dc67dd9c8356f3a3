package trainer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// inference walks the layers with the shape of one row, checks that they fit, and
// declares each layer's variables.
type inference struct {
	problems []Problem
	shape    []int // of the row so far
	raw      bool  // the next layer reads the input itself
}

func (n *inference) report(l *layer, format string, args ...any) {
	n.problems = append(n.problems, Problem{Path: l.key, Message: fmt.Sprintf(format, args...)})
}

// walk infers shapes through the layers; false after the first that does not fit, since
// what follows would only repeat the complaint.
func (n *inference) walk(layers []*layer) bool {
	for _, l := range layers {
		l.in = n.shape
		if !n.visit(l) {
			return false
		}
		l.out = n.shape
		n.raw = false
	}
	return true
}

func (n *inference) visit(l *layer) bool {
	switch l.kind {
	case kindDense:
		n.flatten()
		n.declareKernel(l, []int{n.shape[0], l.units}, n.shape[0], n.shape[0], l.units)
		n.shape = []int{l.units}
	case kindFlatten:
		n.flatten()
	case kindConv:
		return n.convolve(l)
	case kindMaxPool, kindAvgPool:
		out, ok := n.window(l, "pool")
		if !ok {
			return false
		}
		n.shape = append(out, n.shape[2])
	case kindGlobalPool:
		if !n.isMap(l) {
			return false
		}
		n.shape = n.shape[2:]
	case kindBatchNorm:
		n.normalise(l)
	case kindResidual:
		return n.residual(l)
	}
	return true
}

func (n *inference) flatten() { n.shape = []int{int(size(n.shape))} }

func (n *inference) isMap(l *layer) bool {
	if len(n.shape) == 3 {
		return true
	}
	n.report(l, "%s needs maps of shape [height width channels], its input is %s", l.kind, formatShape(n.shape))
	return false
}

// window gives the output height and width of a convolution or pool.
func (n *inference) window(l *layer, what string) (out []int, ok bool) {
	if !n.isMap(l) {
		return nil, false
	}
	if l.size[0] > 2*n.shape[0]+1 || l.size[1] > 2*n.shape[1]+1 {
		n.report(l, "a %s of %d×%d is more than twice as large as its input of shape %s", what, l.size[0], l.size[1], formatShape(n.shape))
		return nil, false
	}
	for d := range 2 {
		size := n.shape[d]
		if l.same {
			out = append(out, (size-1)/l.strides[d]+1)
			continue
		}
		if l.size[d] > size {
			n.report(l, "a %s of %d×%d does not fit its input of shape %s", what, l.size[0], l.size[1], formatShape(n.shape))
			return nil, false
		}
		out = append(out, (size-l.size[d])/l.strides[d]+1)
	}
	return out, true
}

// packedLimit is the number of channels below which a convolution reads the input as it is, without
// padding them to whole panels.
const packedLimit = 16

func (n *inference) convolve(l *layer) bool {
	out, ok := n.window(l, "kernel")
	if !ok {
		return false
	}
	area, channels := l.size[0]*l.size[1], n.shape[2]
	l.packed = n.raw && channels < packedLimit
	rows := saturate(int64(area), padded(channels))
	if l.packed {
		rows = int64(area * channels)
	}
	n.declareKernel(l, []int{l.size[0], l.size[1], channels, l.units}, int(rows), int(saturate(int64(area), int64(channels))), int(saturate(int64(area), int64(l.units))))
	n.shape = append(out, l.units)
	return true
}

// normalise declares batch normalisation's four vectors, one value for each channel or feature.
func (n *inference) normalise(l *layer) {
	add := func(name string, constant float32, trainable bool) {
		l.variables = append(l.variables, variable{
			name: l.path + "." + name, shape: n.shape[len(n.shape)-1:], trainable: trainable, constant: constant,
		})
	}
	if l.scale {
		add("gamma", 1, true)
	}
	if l.center {
		add("beta", 0, true)
	}
	add("moving_mean", 0, false)
	add("moving_variance", 1, false)
}

// declareKernel declares a layer's kernel and bias.
func (n *inference) declareKernel(l *layer, shape []int, rows, fanIn, fanOut int) {
	l.variables = append(l.variables, variable{
		name: l.path + ".kernel", shape: shape, rows: rows, cols: l.units, trainable: true, penalised: true,
		initializer: l.initializer, fanIn: fanIn, fanOut: fanOut,
	})
	if l.bias {
		l.variables = append(l.variables, variable{name: l.path + ".bias", shape: []int{l.units}, trainable: true})
	}
}

// residual walks the block's layers and finds what its shortcut must be: the identity, or where
// shapes differ a 1×1 convolution (a dense layer between vectors) with the stride that fits.
func (n *inference) residual(l *layer) bool {
	n.raw = false
	in := inference{shape: n.shape}
	if !n.walk(l.inner) {
		return false
	}
	if slices.Equal(in.shape, n.shape) {
		return true
	}
	p := &layer{path: l.path + ".projection", key: l.key, bias: true, activation: "linear", initializer: l.initializer, units: n.shape[len(n.shape)-1]}
	switch {
	case len(in.shape) != len(n.shape):
		n.report(l, "a residual block turns its input of shape %s into %s, to which it cannot be added", formatShape(in.shape), formatShape(n.shape))
		return false
	case len(in.shape) == 1:
		p.kind = kindDense
	default:
		p.kind, p.size, p.same = kindConv, [2]int{1, 1}, true
		for d := range 2 {
			s := (in.shape[d] + n.shape[d] - 1) / n.shape[d]
			if n.shape[d] > in.shape[d] || (in.shape[d]-1)/s+1 != n.shape[d] {
				n.report(l, "a residual block turns its input of shape %s into %s, and no 1×1 convolution does the same",
					formatShape(in.shape), formatShape(n.shape))
				return false
			}
			p.strides[d] = s
		}
	}
	if !in.walk([]*layer{p}) {
		n.problems = append(n.problems, in.problems...)
		return false
	}
	l.projection = p
	return true
}

// formatShape shows a shape as [28 28 1].
func formatShape(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = strconv.Itoa(d)
	}
	return "[" + strings.Join(parts, " ") + "]"
}
