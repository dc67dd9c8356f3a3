package trainer

// A run of operations on maps goes through a batch in blocks of samples, so that what one writes is still in
// the cache when the next reads it. How many samples depends on the layer: few of the wide maps of the first
// layers fill the cache; the deep ones behind them are small, and their weights, read once a block, are not. So blocks
// lie within blocks: of as many samples as the layer that wants the most, and within them those of each
// group of layers that want alike.

const (
	blockFloats = 1 << 18 // values and gradients of a convolution and of what follows it, in a block
	blockMost   = 64      // samples
)

// wants is how many samples a convolution wants in a block.
func (c *convolution) wants() int {
	perSample := 0
	for _, a := range []array{c.x.value, c.x.grad, c.y.value, c.y.grad} {
		if a.isMaps() {
			perSample += a.maps.Size()
		}
	}
	samples := 1
	for 2*samples*perSample <= blockFloats {
		samples *= 2
	}
	return min(max(samples, c.conv.Images()), blockMost)
}

// groupFrom gives the end of the group that begins at operation i of a run, and its block. What is no
// convolution goes with the one before it, or where there is none with the one behind.
func groupFrom(run []operation, i int) (end, block int) {
	for end = i; end < len(run); end++ {
		c, is := run[end].(*convolution)
		switch {
		case !is:
		case block == 0:
			block = c.block
		case block != c.block:
			return end, block
		}
	}
	if block == 0 {
		block = blockMost / 4
	}
	return end, block
}

// forwardBlocks runs operations on maps over the samples of a pass.
func forwardBlocks(run []operation, p *pass) {
	p.blocks(outerBlock(run), func() {
		for i := 0; i < len(run); {
			end, block := groupFrom(run, i)
			p.blocks(block, func() {
				for _, o := range run[i:end] {
					o.forward(p)
				}
			})
			i = end
		}
	})
}

// backwardBlocks is the same in reverse.
func backwardBlocks(run []operation, p *pass) {
	p.blocks(outerBlock(run), func() {
		for end := len(run); end > 0; {
			begin, block := 0, 0
			for next := 0; next < end; {
				begin = next
				next, block = groupFrom(run, begin)
			}
			p.blocks(block, func() {
				for i := end - 1; i >= begin; i-- {
					backward(run[i], p)
				}
			})
			end = begin
		}
	})
}

// outerBlock is the largest block of a run's groups.
func outerBlock(run []operation) int {
	most := 1
	for i := 0; i < len(run); {
		end, block := groupFrom(run, i)
		most, i = max(most, block), end
	}
	return most
}

// blocks calls f with the pass narrowed to each block of its samples.
func (p *pass) blocks(samples int, f func()) {
	from, to := p.from, p.to
	for p.from = from; p.from < to; p.from = p.to {
		p.to = min(p.from+samples, to)
		f()
	}
	p.from, p.to = from, to
}
