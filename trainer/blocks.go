package trainer

import (
	"slices"

	"espalier/trainer/kernel"
)

// A run of operations on maps goes through a batch in blocks of samples, so that what one writes is still in
// the cache when the next reads it. How many samples depends on the layer: few of the wide maps of the first
// layers fill the cache; the deep ones behind them are small, and their weights, read once a block, are not. So blocks
// lie within blocks: of as many samples as the layer that wants the most, and within them those of each
// group of layers that want alike.

// Variables, so that tests may have small ones.
var (
	blockFloats int64 = 1 << 18 // values and gradients of a convolution's maps, in a block
	blockMost         = 64      // samples
)

// cheap tells whether a convolution is rather computed once more for the backward pass than kept: one of
// the input itself, with few weights an output.
func (l *layer) cheap() bool {
	const most = 32
	return l.packed && l.size[0]*l.size[1]*l.in[2] <= most
}

// block is how many samples a convolution wants in a block.
func (l *layer) block(c *kernel.Conv) int {
	perSample := 2 * (saturate(int64(l.in[0]), int64(l.in[1]), padded(l.in[2])) + saturate(int64(l.out[0]), int64(l.out[1]), padded(l.out[2])))
	samples := 1
	for saturate(2, int64(samples), perSample) <= blockFloats {
		samples *= 2
	}
	return min(max(samples, c.Images()), blockMost)
}

// pools tells whether a layer's output is made of windows of its input.
func (l *layer) pools() bool {
	return l.kind == kindMaxPool || l.kind == kindAvgPool || l.kind == kindGlobalPool
}

// groupFrom gives the end of the group that begins at operation i of a run, and its block. What does not
// mind goes with the one before it, or where there is none with the one behind.
func groupFrom(run []operation, i int) (end, block int) {
	for end = i; end < len(run); end++ {
		want := wantedBlock(run[end], block)
		switch {
		case want == 0:
		case block == 0:
			block = want
		case block != want:
			return end, block
		}
	}
	if block == 0 {
		block = anyBlock()
	}
	return end, block
}

// wantedBlock is how many samples an operation wants in a block behind others that have one of so many, 0: it does not
// mind. Flattening goes through as many pages of memory as a row has panels for every block, and finds the samples of
// one side by side in each. Where pixels are no whole panels it does that again and again, and does not go with fewer
// than some; else the samples should come from the cache.
func wantedBlock(o operation, before int) int {
	switch o := o.(type) {
	case *convolution:
		return o.block
	case *flatten:
		if shape := o.x.shape; shape[len(shape)-1]%kernel.Width != 0 {
			return max(before, anyBlock())
		}
	}
	return 0
}

// anyBlock is the block of operations that have no convolution among them.
func anyBlock() int { return max(1, blockMost/4) }

// forwardBlocks runs operations on maps over the samples of a pass. Each worker goes through blocks of its own
// samples.
func forwardBlocks(run []operation, p *pass) {
	p.ownBlocks(largestBlock(run), func() {
		for i := 0; i < len(run); {
			end, block := groupFrom(run, i)
			p.ownBlocks(block, func() {
				for _, o := range run[i:end] {
					o.forward(p)
				}
			})
			i = end
		}
	})
}

// backwardBlocks is the same in reverse, and makes the gradients of the variables. The workers go through blocks of
// the batch together, so many times as large: when all are through with their samples of one, what the
// weights' gradients are made of is still in their caches.
func backwardBlocks(run []operation, p *pass) {
	p.wait() // other workers have written gradients of these samples
	p.commonBlocks(largestBlock(run), func() {
		p.outer = p.begin
		for end := len(run); end > 0; {
			begin, block := 0, 0
			for next := 0; next < end; {
				begin = next
				next, block = groupFrom(run, begin)
			}
			group := run[begin:end]
			p.commonBlocks(block, func() { backwardGroup(group, p) })
			end = begin
		}
	})
}

// backwardGroup takes a block through a group of operations.
func backwardGroup(group []operation, p *pass) {
	if p.crew.workers == 1 {
		for _, o := range slices.Backward(group) {
			backward(o, p)
		}
		return
	}
	if p.from < p.to {
		for _, o := range slices.Backward(group) {
			o.backward(p)
		}
	}
	p.wait()
	learned := false
	for _, o := range slices.Backward(group) {
		if l, is := o.(learner); is {
			l.gradients(p)
			learned = true
		}
	}
	if learned {
		p.wait() // the next block's gradients take the memory of this one's
	}
}

// largestBlock is the largest block of a run's groups.
func largestBlock(run []operation) int {
	most := 1
	for i := 0; i < len(run); {
		end, block := groupFrom(run, i)
		most, i = max(most, block), end
	}
	return most
}

// ownBlocks calls f with the pass narrowed to each block of the worker's samples.
func (p *pass) ownBlocks(samples int, f func()) {
	whole := *p
	for p.from < whole.to {
		p.to = min(p.from+samples, whole.to)
		p.begin = p.from - p.worker*samples // each worker has a place of its own in memory for a block
		f()
		p.from = p.to
	}
	*p = whole
}

// commonBlocks calls f with the pass narrowed to the worker's part of each block of all workers' samples, of so
// many samples for each.
func (p *pass) commonBlocks(samples int, f func()) {
	whole := *p
	for begin := whole.begin; begin < whole.end; begin = p.end {
		p.among(begin, min(begin+samples*p.crew.workers, whole.end))
		f()
	}
	*p = whole
}

// eachRun calls f for every run of operations on maps of a stage that goes in blocks.
func eachRun(stage []operation, f func(run []operation)) {
	if _, is := stage[0].(collective); is {
		stage = stage[1:]
	}
	for i := 0; i < len(stage); i++ {
		maps := 0
		for maps < len(stage)-i && stage[i+maps].onMaps() {
			maps++
		}
		if maps > 1 {
			f(stage[i : i+maps])
		}
		i += maps
	}
}

// narrow lets go of the gradients that no more than a block of samples is ever needed of: those between two
// operations of a run.
func (n *network) narrow(m *memory) {
	for _, stage := range n.stages {
		eachRun(stage, func(run []operation) {
			block := min(largestBlock(run)*n.crew.workers, n.capacity)
			for i, o := range run {
				t := output(o)
				if t == nil || t.span != wholeBatch {
					continue
				}
				same := readAt(run[i+1:], t)
				if same == nil {
					continue
				}
				halo := t.grad.maps.Halo
				m.release(arrayFloats(n.capacity, t.shape, halo))
				grad := m.array(block, t.shape, halo)
				for _, t := range same {
					t.grad, t.span = grad, outerBlock
				}
			}
		})
	}
}

// output is what an operation writes whose gradient it needs in its own backward pass only.
func output(o operation) *tensor {
	switch o := o.(type) {
	case *convolution:
		return o.y
	case *maxPool:
		return o.y
	case *averagePool:
		return o.y
	}
	return nil
}

// readAt follows a tensor through dropouts, whose outputs share its gradient, to the one operation of a run
// that writes its gradient. It gives all tensors of that gradient; none where another kind of operation may come by.
func readAt(run []operation, t *tensor) []*tensor {
	same := []*tensor{t}
	for _, o := range run {
		var x *tensor
		switch o := o.(type) {
		case *dropout:
			if o.x == t {
				t = o.y
				same = append(same, t)
				continue
			}
		case *convolution:
			x = o.x
		case *maxPool:
			x = o.x
		case *averagePool:
			x = o.x
		case *globalPool:
			x = o.x
		case *flatten:
			x = o.x
		}
		if x == t && t.grad.isMaps() {
			return same
		}
		return nil
	}
	return nil
}
