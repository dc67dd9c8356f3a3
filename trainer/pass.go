package trainer

// pass is one run through the operations as one worker sees it.
type pass struct {
	rows       int    // samples in the batch
	from, to   int    // those the worker has to do
	begin, end int    // of all workers: the batch, within runs of operations on maps a block
	outer      int    // where the outer block began
	training   bool   // dropout and batch statistics on
	step       uint64 // counts batches from the start of training: keys dropout
	first      bool   // first pass of an evaluation: the weights may have changed since the last pass

	crew   *crew
	worker int

	_ [64]byte // workers' passes lie side by side and change all the time: not in one line of the cache
}

// newPass gives a worker's pass over a batch.
func newPass(c *crew, worker, rows int) pass {
	p := pass{rows: rows, crew: c, worker: worker}
	p.among(0, rows)
	return p
}

// among makes the pass the worker's part of the samples [begin, end).
func (p *pass) among(begin, end int) {
	p.begin, p.end = begin, end
	from, to := p.share(end - begin)
	p.from, p.to = begin+from, begin+to
}

// share is the worker's part of n panels or values.
func (p *pass) share(n int) (from, to int) { return portion(n, p.worker, p.crew.workers) }

// mine deals out whole pieces of work: one worker gets the i-th.
func (p *pass) mine(i int) bool { return i%p.crew.workers == p.worker }

func (p *pass) wait() { p.crew.wait() }

// operation is one step of the forward and backward pass over the samples [p.from, p.to). It reads and writes
// the tensors it was built with.
type operation interface {
	forward(p *pass)
	backward(p *pass) // leaves the gradient of its input, where wanted
	onMaps() bool     // reads maps
}

// learner is an operation with a kernel.
type learner interface {
	prepare(p *pass, i int) // before the forward pass: the weights may have changed; i numbers the learners
	gradients(p *pass)      // of its variables, after backward of all workers: the worker's part of them, for [p.begin, p.end)
}

// collective is an operation that needs all rows of the batch before it can do one.
type collective interface {
	collect(p *pass) // before forward
}

// collectiveBackward is one that needs the gradients of all rows as well.
type collectiveBackward interface {
	collectBackward(p *pass) // before backward
}
