package trainer

import "espalier/trainer/kernel"

// builder turns layers into operations, fusing what belongs together: an activation layer and a
// dropout layer behind ReLU become part of the layer before them.
type builder struct {
	network  *network
	training bool
	streams  Streams
}

func (b *builder) newInput() *tensor {
	shape := b.network.config.Shape
	features := 1
	for _, d := range shape {
		features *= d
	}
	// Rows of the data are copied as they are: one matrix row for each sample.
	t := &tensor{shape: []int{features}, layout: vectorLayout(features), pixels: 1, keep: 1}
	t.value = kernel.RowMajor(make([]float32, kernel.PanelLen(b.network.capacity, features)), b.network.capacity, features)
	return t
}

func (b *builder) newTensor(shape []int, l layout) *tensor {
	return newTensor(shape, l, b.network.capacity, b.training)
}

func (b *builder) push(o operation) { b.network.operations = append(b.network.operations, o) }

// chain builds the operations of layers one after the other and gives the last output.
func (b *builder) chain(layers []*layer, x *tensor) *tensor {
	for i := 0; i < len(layers); i++ {
		l := layers[i]
		rest := layers[i+1:]
		fused := 0
		switch l.kind {
		case kindDense:
			x, fused = b.dense(l, rest, x)
		case kindBatchNorm:
			x, fused = b.batchNorm(l, rest, x)
		case kindActivation:
			x = b.activation(l.activation, x)
		case kindDropout:
			x = b.dropout(l, x)
		case kindResidual:
			x = b.residual(l, x)
		case kindFlatten:
			x = x.flat(b.network.capacity)
		}
		i += fused
	}
	return x
}

// follow gives the activation that a layer and the activation layer behind it amount to, and
// how many layers of rest it took.
func follow(own string, rest []*layer) (activation string, taken int) {
	if own == "linear" && len(rest) > 0 && rest[0].kind == kindActivation {
		return rest[0].activation, 1
	}
	return own, 0
}

func (b *builder) dense(l *layer, rest []*layer, x *tensor) (y *tensor, fused int) {
	x = x.flat(b.network.capacity)
	name, fused := follow(l.activation, rest)
	y = b.newTensor(l.out, vectorLayout(l.units))
	d := &dense{x: x, y: y, activation: activations[name]}
	d.w, d.dw = b.kernel(l)
	if l.bias {
		d.b, d.db = b.vector(l, 1)
	}
	if d.activation.NeedsInput() {
		d.pre = y.matrix(b.network.capacity)
	}
	if b.training && x.wantsGrad() {
		d.wt = kernel.Panels(make([]float32, kernel.PanelLen(l.units, d.w.Rows)), l.units, d.w.Rows)
	}
	if d.activation == kernel.ReLU {
		y.rectified = true
		if rest = rest[fused:]; len(rest) > 0 && rest[0].kind == kindDropout {
			fused++
			if rate := float32(rest[0].rate); rate > 0 {
				d.drop = &drop{stream: b.streams.stream("dropout " + rest[0].path), rate: rate}
				y.keep = 1 / (1 - rate)
			}
		}
	}
	b.push(d)
	return y, fused
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
	y = b.newTensor(x.shape, x.layout)
	n := &batchNorm{x: x, y: y, decay: float32(1 - l.momentum), epsilon: l.epsilon, maps: len(l.out) == 3}
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
	size := len(n.movingMean)
	n.mean, n.variance, n.invStd = make([]float32, size), make([]float32, size), make([]float32, size)
	n.scale, n.shift, n.ones = make([]float32, size), make([]float32, size), make([]float32, size)
	if b.training && n.gamma == nil {
		n.dgamma = make([]float32, size)
	}
	if b.training && n.beta == nil {
		n.dbeta = make([]float32, size)
	}
	v := &l.variables[next]
	for i := range v.elements() {
		n.ones[v.layout.place(i)] = 1
	}
	name, taken := follow("linear", rest)
	if name == "relu" {
		n.relu, y.rectified, fused = true, true, taken
	}
	b.push(n)
	return y, fused
}

func (b *builder) activation(name string, x *tensor) *tensor {
	kind := activations[name]
	if kind == kernel.Linear {
		return x
	}
	y := b.newTensor(x.shape, x.layout)
	b.push(&activation{x: x, y: y, kind: kind})
	return y
}

func (b *builder) dropout(l *layer, x *tensor) *tensor {
	if l.rate == 0 {
		return x
	}
	y := b.newTensor(x.shape, x.layout)
	b.push(&dropout{x: x, y: y, drop: drop{stream: b.streams.stream("dropout " + l.path), rate: float32(l.rate)}})
	return y
}
