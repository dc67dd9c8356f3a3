package trainer

import "fmt"

// Cost is what training costs, by arithmetic.
type Cost struct {
	FLOPsPerRow int64 // forward and backward, one row, products only
	Parameters  int64
}

// evaluationRows is the batch of evaluation: values do not depend on it.
const evaluationRows = 128

// Cost of the config.
func (c *Config) Cost() Cost {
	cost := Cost{Parameters: c.Summary().Total}
	first := true
	visitLayers(c.layers, func(l *layer) {
		flops := l.flops()
		passes := int64(3) // forward, weight gradient, input gradient
		if flops > 0 && first {
			passes, first = 2, false
		}
		cost.FLOPsPerRow += passes * flops
	})
	return cost
}

// flops of a layer's product for one row, forward.
func (l *layer) flops() int64 {
	switch l.kind {
	case kindDense:
		return saturate(2, size(l.in), int64(l.units))
	case kindConv:
		return saturate(2, size(l.out), int64(l.size[0]), int64(l.size[1]), int64(l.in[2]))
	}
	return 0
}

func size(shape []int) int64 {
	n := int64(1)
	for _, d := range shape {
		n = saturate(n, int64(d))
	}
	return n
}

// memory of the layer in bytes: of its variables values, gradients and two moments, of its output values
// and, where it does not share its input's, gradients.
func (l *layer) memory(rows int) int64 {
	var floats int64
	for i := range l.variables {
		floats += saturate(5, l.variables[i].size())
	}
	width := l.width()
	if l.kind != kindDropout && l.kind != kindBatchNorm && l.kind != kindActivation {
		width = saturate(2, width)
	}
	return saturate(4, min(enough, floats+saturate(int64(rows), width)))
}

// width is the floats of an output of one row.
func (l *layer) width() int64 {
	if len(l.out) == 3 {
		// Maps have a frame for the next kernel; most kernels are 3×3.
		return saturate(int64(l.out[0])+2, int64(l.out[1])+2, padded(l.out[2]))
	}
	return size(l.out)
}

// Memory is the bytes of a Fitter on so many training rows, its batch included, the rows not. A batch larger than
// the rows is cut to them.
func (c *Config) Memory(rows int) int64 { return c.memory(min(c.Params.BatchSize, rows)) }

// memory in bytes of a Fitter with one thread at a batch of so many rows; another takes little more.
func (c *Config) memory(batch int) int64 {
	rows := max(batch, evaluationRows)
	total := saturate(4, int64(rows), size(c.Shape))
	visitLayers(c.layers, func(l *layer) { total = min(enough, total+l.memory(rows)) })
	if total == enough {
		return total
	}
	return total - saved(c.layers, rows)
}

// saved is the bytes that the layers of a list do without because a block of rows is enough: see narrow.
func saved(layers []*layer, rows int) (sum int64) {
	const block = 16
	for i, l := range layers {
		sum += saved(l.inner, rows)
		if l.kind != kindConv && l.kind != kindMaxPool && l.kind != kindAvgPool {
			continue
		}
		rest := layers[i+1:]
		for len(rest) > 0 && rest[0].kind == kindDropout {
			rest = rest[1:]
		}
		if len(rest) == 0 || rest[0].kind != kindConv && !rest[0].pools() && rest[0].kind != kindFlatten && rest[0].kind != kindDense {
			continue
		}
		floats := saturate(4, int64(max(0, rows-block)), l.width())
		sum += floats
		if l.cheap() && rest[0].pools() {
			sum += floats
		}
	}
	return sum
}

// formatBytes shows a size with a unit a person can weigh.
func formatBytes(n int64) string {
	const units = "kMGTPE"
	x := float64(n)
	i := -1
	for x >= 1000 && i < len(units)-1 {
		x /= 1000
		i++
	}
	if i < 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	if n >= enough {
		return fmt.Sprintf("more than %.3g %cB", x, units[i])
	}
	return fmt.Sprintf("%.3g %cB", x, units[i])
}
