package trainer

import (
	"slices"

	"espalier/trainer/kernel"
)

// network is a config with memory: variables in flat slices, activations, and the operations
// between them. One goroutine drives it at a time.
type network struct {
	config   *Config
	capacity int // samples the activations hold

	values    []float32 // all trainable variables, one after the other
	gradients []float32 // likewise; nil in a network that only predicts
	moving    []float32 // moving statistics

	operations []operation
	stages     [][]operation
	learners   []learner
	late       []learner // those whose gradients several workers make of the whole batch at once
	input      *tensor
	logits     *tensor
	lossGrad   array     // where evaluation's loss may leave the gradient nobody wants
	losses     []float64 // of each row of the last batch
	correct    []int     // rows that each worker found right in it
	crew       *crew
}

// newNetwork allocates a network for batches of up to capacity samples. streams key its dropout.
// threads share the work of a batch.
func newNetwork(c *Config, capacity int, training bool, streams Streams, threads int) *network {
	return buildNetwork(c, capacity, training, streams, threads, new(memory))
}

// buildNetwork is newNetwork over a memory.
func buildNetwork(c *Config, capacity int, training bool, streams Streams, threads int, m *memory) *network {
	n := &network{
		config: c, capacity: capacity, crew: &crew{workers: max(1, threads)},
		values: m.floats(int64(c.trainable)), moving: m.floats(int64(c.moving)),
		losses: make([]float64, m.samples(capacity)), correct: make([]int, max(1, threads)),
	}
	if training {
		n.gradients = m.floats(int64(c.trainable))
	}
	b := builder{network: n, memory: m, training: training, streams: streams}
	n.input = b.newInput()
	n.logits = b.chain(c.layers, nil, n.input)
	n.sort()
	if training {
		n.narrow(m)
	}
	n.lossGrad = n.logits.grad
	if !training {
		n.lossGrad = m.vectors(capacity, c.Classes)
	}
	return n
}

// sort finds the learners, and the stages: runs of operations that can go through the batch in blocks of
// samples, since none but the first needs all rows.
func (n *network) sort() {
	begin := 0
	for i, o := range n.operations {
		if l, is := o.(learner); is {
			n.learners = append(n.learners, l)
		}
		if _, is := o.(collective); is && i > begin {
			n.stages = append(n.stages, n.operations[begin:i])
			begin = i
		}
	}
	n.stages = append(n.stages, n.operations[begin:])
	n.late = slices.Clone(n.learners)
	for _, stage := range n.stages {
		eachRun(stage, func(run []operation) {
			n.late = slices.DeleteFunc(n.late, func(l learner) bool { return slices.Contains(run, l.(operation)) })
		})
	}
}

// forward computes the logits of the batch in the input. All workers call it, after each has loaded its rows.
func (n *network) forward(p *pass) {
	for i, l := range n.learners {
		l.prepare(p, i)
	}
	p.wait()
	for i, stage := range n.stages {
		if c, is := stage[0].(collective); is {
			if i > 0 {
				p.wait()
			}
			c.collect(p)
			p.wait()
		}
		n.forwardStage(stage, p)
	}
}

// forwardStage takes the operations on maps in blocks of samples, the others at once: for a product the
// weights are what should be read but once.
func (n *network) forwardStage(stage []operation, p *pass) {
	for i := 0; i < len(stage); {
		maps := 0
		for maps < len(stage)-i && stage[i+maps].onMaps() {
			maps++
		}
		if maps < 2 {
			stage[i].forward(p)
			i++
			continue
		}
		forwardBlocks(stage[i:i+maps], p)
		i += maps
	}
}

// backward turns the gradient of the logits into that of all other tensors, and into that of the variables where
// there is but one worker or operations on maps go in blocks. All workers call it.
func (n *network) backward(p *pass) {
	n.logits.rectify(p) // the loss knows nothing of a ReLU before the softmax
	for s := len(n.stages) - 1; s >= 0; s-- {
		n.backwardStage(n.stages[s], p)
		head := n.stages[s][0]
		if c, is := head.(collectiveBackward); is {
			p.wait()
			c.collectBackward(p)
			p.wait()
		}
		if _, is := head.(collective); is {
			head.backward(p)
		}
	}
}

// learn is the gradient of the variables that backward left to it, each worker's part of them. All workers call
// it, after each has passed through backward and all have waited.
func (n *network) learn(p *pass) {
	if p.crew.workers == 1 {
		return
	}
	for _, l := range slices.Backward(n.late) {
		l.gradients(p)
	}
}

// backwardStage goes through a stage in reverse as forwardStage does, a collective at its head left out.
func (n *network) backwardStage(stage []operation, p *pass) {
	if _, is := stage[0].(collective); is {
		stage = stage[1:]
	}
	for i := len(stage); i > 0; {
		maps := 0
		for maps < i && stage[i-1-maps].onMaps() {
			maps++
		}
		if maps < 2 {
			backward(stage[i-1], p)
			i--
			continue
		}
		backwardBlocks(stage[i-maps:i], p)
		i -= maps
	}
}

// backward is an operation's backward pass, and where there is but one worker the gradient of its variables,
// while what it is made of is in the cache.
func backward(o operation, p *pass) {
	o.backward(p)
	if l, is := o.(learner); is && p.crew.workers == 1 {
		l.gradients(p)
	}
}

// judge takes the cross-entropy of the worker's rows of the last forward pass, whose labels are the batch's,
// and leaves the gradient of the mean loss in the logits' gradient.
func (n *network) judge(p *pass, labels []int32) {
	n.correct[p.worker] = kernel.SoftmaxCrossEntropy(n.lossGrad.slice(p.from, p.to).matrix, n.logits.values(p).matrix,
		n.losses[p.from:p.to], labels[p.from:p.to], float32(n.config.Params.LabelSmoothing), p.rows)
}

// loss is the sum over a batch that all workers have judged, in the order of its rows, and the number of rows
// that were right.
func (n *network) loss(rows int) (sum float64, correct int) {
	for _, l := range n.losses[:rows] {
		sum += l
	}
	for _, c := range n.correct {
		correct += c
	}
	return sum, correct
}

// penalty is the l2 loss λΣw² of the kernels.
func (n *network) penalty() float64 {
	lambda := n.config.Params.L2
	if lambda == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range n.config.variables {
		if v.penalised {
			sum += kernel.SumSquares(v.slice(n.values))
		}
	}
	return lambda * sum
}

// penalise adds the penalty's gradient 2λw. All workers call it, after the gradients are complete.
func (n *network) penalise(p *pass) {
	lambda := n.config.Params.L2
	if lambda == 0 {
		return
	}
	p.wait()
	for i, v := range n.config.variables {
		if v.penalised && p.mine(i) {
			kernel.Axpy(v.slice(n.gradients), v.slice(n.values), float32(2*lambda))
		}
	}
}

// draw sets all variables to their initial values.
func (n *network) draw(s Streams) {
	for _, v := range n.config.variables {
		values := make([]float32, v.elements())
		if v.initializer != "" {
			drawInitial(values, v.initializer, v.fanIn, v.fanOut, s.stream("initial "+v.name))
		} else {
			for i := range values {
				values[i] = v.constant
			}
		}
		v.pack(n.flat(v), values)
	}
}

// flat is the slice a variable lives in.
func (n *network) flat(v *variable) []float32 {
	if v.trainable {
		return n.values
	}
	return n.moving
}
