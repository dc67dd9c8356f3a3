package trainer

import (
	"fmt"

	"espalier/trainer/kernel"
)

// builder turns layers into operations, fusing what belongs together: an activation layer and a
// dropout layer behind ReLU become part of the layer before them.
type builder struct {
	network  *network
	memory   *memory
	training bool
	streams  Streams
}

// newInput allocates what batches are copied into, in the form that the first layer wants.
func (b *builder) newInput() *tensor {
	c := b.network.config
	samples, shape := b.network.capacity, c.Shape
	first := c.layers[0]
	switch {
	case len(shape) == 1 || first.kind == kindDense || first.kind == kindFlatten:
		features := int(size(shape))
		return &tensor{shape: []int{features}, keep: 1, value: b.memory.rows(samples, features)}
	case first.packed:
		return &tensor{shape: shape, keep: 1, value: b.memory.images(samples, shape, first.convolution().HaloIn)}
	}
	return &tensor{shape: shape, keep: 1, value: b.memory.array(samples, shape, b.halo(c.layers))}
}

// behind is the output of an operation without variables: nobody needs its gradient where nobody needs that of its
// input x.
func (b *builder) behind(x *tensor, shape []int, halo int) *tensor {
	t := &tensor{shape: shape, keep: 1, value: b.memory.array(b.network.capacity, shape, halo)}
	if x.wantsGrad() {
		t.grad = b.memory.array(b.network.capacity, shape, 0)
	}
	return t
}

// allocate gives a tensor memory for so many samples of values and of gradients. Maps get frames of zeros: that of
// the value is for the operation that reads it, that of the gradient for the one that wrote the value.
func (b *builder) allocate(t *tensor, halo, gradHalo, values, grads int) {
	t.value = b.memory.array(values, t.shape, halo)
	if b.training {
		t.grad = b.memory.array(grads, t.shape, gradHalo)
	}
}

func (b *builder) push(o operation) { b.network.operations = append(b.network.operations, o) }

// chain builds the operations of layers one after the other and gives the last output. after are the layers
// that read it.
func (b *builder) chain(layers, after []*layer, x *tensor) *tensor {
	for len(layers) > 0 {
		l := layers[0]
		layers = layers[1:]
		rest := layers
		if len(rest) == 0 {
			rest = after
		}
		fused := 0
		switch l.kind {
		case kindDense:
			x, fused = b.dense(l, layers, x)
		case kindConv:
			x, fused = b.convolution(l, layers, x)
		case kindMaxPool, kindAvgPool, kindGlobalPool:
			x = b.pool(l, rest, x)
		case kindBatchNorm:
			x, fused = b.batchNorm(l, layers, x)
		case kindActivation:
			x = b.activation(l.activation, rest, x)
		case kindDropout:
			x = b.dropout(l, rest, x)
		case kindResidual:
			x = b.residual(l, rest, x)
		case kindFlatten:
			x = b.flatten(x)
		}
		layers = layers[fused:]
	}
	return x
}

// halo is the frame that the next layers want around their input maps.
func (b *builder) halo(rest []*layer) int {
	for i, l := range rest {
		switch {
		case l.kind == kindConv:
			return l.convolution().HaloIn
		case l.kind == kindResidual:
			halo := b.halo(l.inner)
			if l.projection != nil {
				halo = max(halo, b.halo([]*layer{l.projection}))
			}
			return halo
		case l.passes():
			return b.halo(rest[i+1:])
		default:
			return 0
		}
	}
	return 0
}

// passes tells whether a layer hands on its input tensor itself.
func (l *layer) passes() bool {
	return l.kind == kindDropout && l.rate == 0 || l.kind == kindActivation && l.activation == "linear"
}

// follow takes what may be fused from the layers behind one: an activation layer, and behind ReLU a
// dropout layer. own is the layer's own activation.
func (b *builder) follow(own string, rest []*layer) (kind kernel.Activation, d *drop, fused int) {
	if own == "linear" && len(rest) > 0 && rest[0].kind == kindActivation {
		own, fused = rest[0].activation, 1
	}
	kind = activations[own]
	if rest = rest[fused:]; kind == kernel.ReLU && len(rest) > 0 && rest[0].kind == kindDropout {
		fused++
		if rest[0].rate > 0 {
			d = b.newDrop(rest[0])
		}
	}
	return kind, d, fused
}

func (b *builder) newDrop(l *layer) *drop {
	return &drop{stream: b.streams.stream("dropout " + l.path), rate: float32(l.rate)}
}

// newFinish is what a layer with a kernel ends with. Its output has no memory yet.
func (b *builder) newFinish(l *layer, rest []*layer) (f finish, fused int) {
	kind, d, fused := b.follow(l.activation, rest)
	f = finish{y: &tensor{shape: l.out, keep: 1}, activation: kind, drop: d}
	f.y.rectifiedBy(kind == kernel.ReLU, d)
	f.y.spare = kind == kernel.Linear
	if kind.NeedsInput() {
		f.pre = b.memory.array(b.network.capacity, l.out, 0)
	}
	return f, fused
}

// rectifiedBy marks a tensor as written through ReLU and a dropout.
func (t *tensor) rectifiedBy(relu bool, d *drop) {
	t.rectified = relu
	if d != nil {
		t.keep = 1 / (1 - d.rate)
	}
}

func (b *builder) dense(l *layer, rest []*layer, x *tensor) (y *tensor, fused int) {
	x = b.flatten(x)
	d := &dense{x: x, masks: make([]kernel.Matrix, b.network.crew.workers)}
	d.finish, fused = b.newFinish(l, rest)
	b.allocate(d.y, 0, 0, b.network.capacity, b.network.capacity)
	d.w, d.dw = b.kernel(l)
	if l.bias {
		d.b, d.db = b.vector(l, 1)
	}
	if b.training && x.wantsGrad() {
		d.wt = b.memory.vectors(l.units, l.variables[0].rows).matrix
	}
	if workers := b.network.crew.workers; workers > 1 && l.variables[0].size() >= wideFrom && kernel.Padded(l.units)/kernel.Width >= workers {
		b.push(&wideDense{*d})
	} else {
		b.push(d)
	}
	return d.y, fused
}

func (b *builder) convolution(l *layer, rest []*layer, x *tensor) (y *tensor, fused int) {
	workers := b.network.crew.workers
	c := &convolution{x: x, conv: l.convolution(), masks: make([]kernel.Maps, workers), scratch: make([][]float32, workers)}
	c.finish, fused = b.newFinish(l, rest)
	values, grads := b.network.capacity, b.network.capacity
	c.block = min(l.block(&c.conv), b.network.capacity)
	if len(rest) > fused && rest[fused].pools() {
		c.y.span, grads = groupBlock, c.block*workers
		if l.cheap() && !c.activation.NeedsInput() {
			c.y.again, values = c, c.block*workers
		}
	}
	b.allocate(c.y, b.halo(rest[fused:]), c.conv.HaloOut, values, grads)
	c.w, c.dw = b.kernel(l)
	if l.bias {
		c.b, c.db = b.vector(l, 1)
	}
	c.fw = b.memory.floats(int64(c.conv.ForwardLen()))
	for i := range c.scratch {
		c.scratch[i] = b.memory.floats(int64(c.conv.ScratchLen()))
	}
	if b.training && x.wantsGrad() {
		c.bw = b.memory.floats(int64(c.conv.BackwardLen()))
	}
	if b.training {
		c.sums = b.memory.floats(int64(c.conv.SumsLen()))
	}
	b.push(c)
	return c.y, fused
}

// convolution is the geometry of a conv2d layer.
func (l *layer) convolution() kernel.Conv {
	c, err := kernel.NewConv(kernel.ConvShape{
		H: l.in[0], W: l.in[1], In: l.in[2], KH: l.size[0], KW: l.size[1], Out: l.units, Stride: l.strides[0], StrideW: l.strides[1],
		Same: l.same, Packed: l.packed,
	})
	if err != nil {
		panic(fmt.Sprintf("trainer: %s was checked and yet: %v", l.key, err))
	}
	return c
}

// steps are the strides, as far as the map goes: a longer one finds no second window either.
func (l *layer) steps() [2]int {
	return [2]int{min(l.strides[0], l.in[0]), min(l.strides[1], l.in[1])}
}

// kernel gives a layer's kernel and its gradient as matrices.
func (b *builder) kernel(l *layer) (w, dw kernel.Matrix) {
	v := &l.variables[0]
	w = v.matrix(b.network.values)
	if b.training {
		dw = v.matrix(b.network.gradients)
	}
	return w, dw
}

// vector gives a layer's i-th variable and its gradient.
func (b *builder) vector(l *layer, i int) (v, dv []float32) {
	u := &l.variables[i]
	if b.training {
		dv = u.slice(b.network.gradients)
	}
	return u.slice(b.network.values), dv
}

func (b *builder) batchNorm(l *layer, rest []*layer, x *tensor) (y *tensor, fused int) {
	n := &batchNorm{x: x, decay: float32(1 - l.momentum), epsilon: l.epsilon}
	kind, d, fused := b.follow("linear", rest)
	if kind == kernel.ReLU {
		n.relu, n.drop = true, d
	} else {
		fused = 0
	}
	n.y = b.over(x, b.halo(rest[fused:]))
	if b.training && !x.wantsGrad() {
		n.y.grad = b.memory.array(b.network.capacity, x.shape, 0) // gamma's and beta's gradients need it
	}
	n.y.rectifiedBy(n.relu, n.drop)
	n.y.spare = !n.relu
	next := 0
	if l.scale {
		n.gamma, n.dgamma = b.vector(l, next)
		next++
	}
	if l.center {
		n.beta, n.dbeta = b.vector(l, next)
		next++
	}
	n.movingMean = l.variables[next].slice(b.network.moving)
	n.movingVar = l.variables[next+1].slice(b.network.moving)
	size := l.variables[next].size()
	for _, v := range []*[]float32{&n.mean, &n.variance, &n.invStd, &n.center, &n.scale, &n.shift, &n.ones} {
		*v = b.memory.floats(size)
	}
	for i := range min(l.variables[next].elements(), len(n.ones)) {
		n.ones[i] = 1
	}
	if !l.scale {
		n.dgamma = b.memory.floats(size)
	}
	if !l.center {
		n.dbeta = b.memory.floats(size)
	}
	b.push(n)
	return n.y, fused
}

// over gives an output of the form of x that shares its gradient: what is written there is the
// output's until the operation's backward pass makes it x's.
func (b *builder) over(x *tensor, halo int) *tensor {
	return &tensor{shape: x.shape, keep: 1, value: b.memory.array(b.network.capacity, x.shape, halo), grad: x.grad}
}

func (b *builder) activation(name string, rest []*layer, x *tensor) *tensor {
	kind := activations[name]
	if kind == kernel.Linear {
		return x
	}
	y := b.over(x, b.halo(rest))
	b.push(&activation{x: x, y: y, kind: kind})
	return y
}

func (b *builder) dropout(l *layer, rest []*layer, x *tensor) *tensor {
	if l.rate == 0 {
		return x
	}
	halo := b.halo(rest)
	spare := x.spare && (!x.value.isMaps() || x.value.maps.Halo >= halo)
	var y *tensor
	if spare {
		shared := *x
		y = &shared
	} else {
		x.spare = false
		y = b.over(x, halo)
	}
	y.keep, y.spare = 1, false
	if y.rectified = x.rectified; y.rectified {
		y.keep = x.keep / (1 - float32(l.rate))
	}
	b.push(&dropout{x: x, y: y, drop: *b.newDrop(l)})
	return y
}

func (b *builder) pool(l *layer, rest []*layer, x *tensor) *tensor {
	y := b.behind(x, l.out, b.halo(rest))
	pooling := kernel.Pool{Size: l.size, Stride: l.steps(), Same: l.same}
	switch l.kind {
	case kindMaxPool:
		y.rectified, y.keep = x.rectified, x.keep
		b.push(&maxPool{x: x, y: y, pool: pooling})
	case kindAvgPool:
		y.spare = true
		b.push(&averagePool{x: x, y: y, pool: pooling})
	default:
		y.spare = true
		b.push(&globalPool{x: x, y: y})
	}
	return y
}

func (b *builder) flatten(x *tensor) *tensor {
	if !x.value.isMaps() {
		return x
	}
	y := b.behind(x, []int{int(size(x.shape))}, 0)
	y.rectified, y.keep, y.spare = x.rectified, x.keep, true
	b.push(&flatten{x: x, y: y})
	return y
}
