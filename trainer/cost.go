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

// Memory is the bytes of a Fitter on so many training rows with so many threads, its batch included, the rows not. A
// batch larger than the rows is cut to them. It lays out the network that would train without its arrays, so that
// what it sums is what a Fitter makes.
func (c *Config) Memory(rows, threads int) int64 {
	batch := c.batch(rows)
	samples := c.capacity(rows)
	m := memory{planned: true}
	buildNetwork(c, samples, true, Streams{}, min(max(1, threads), threadLimit), &m)

	weights := int64(c.Params.moments())
	if c.Params.EMA > 0 {
		weights++
	}
	floats := saturate(weights, int64(c.trainable))
	if e := c.Params.EarlyStopping; e != nil && e.RestoreBest {
		floats += int64(c.trainable + c.moving)
	}
	perBatch := int64(8) // its rows' numbers and labels
	if c.Params.Augment != (Augment{}) && len(c.Shape) == 3 {
		perBatch += size(c.Shape)
	}
	bytes := saturate(4, int64(rows)) + saturate(perBatch, int64(batch)) + saturate(8, int64(samples)) // their order, losses
	return min(enough, saturate(4, min(enough, m.taken+floats))+bytes)
}

// least is a lower bound of the floats of a layer in any fit, by arithmetic that no size overflows: weights with
// their gradients, and the output of one row.
func (l *layer) least() int64 {
	var floats int64
	for i := range l.variables {
		floats = min(enough, floats+saturate(2, l.variables[i].size()))
	}
	switch l.kind {
	case kindDense:
		floats += size(l.out)
	case kindConv:
		floats += saturate(int64(l.out[0]), int64(l.out[1]), padded(l.out[2]))
	}
	return min(enough, floats)
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
