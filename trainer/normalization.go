package trainer

import (
	"math"

	"espalier/trainer/kernel"
)

// batchNorm normalises each feature of a vector, or each channel of a map over all pixels, by the
// mean and variance of the batch; in inference by moving averages of them. As in Keras 2 the moving
// variance of maps takes the Bessel-corrected variance (its fused kernel), that of vectors the biased
// one. ReLU and a dropout behind it are part of it. Its gradients are one memory.
type batchNorm struct {
	x, y                  *tensor
	gamma, beta           []float32 // nil: not scaled, not shifted
	dgamma, dbeta         []float32
	movingMean, movingVar []float32
	decay                 float32 // 1 − momentum
	epsilon               float64
	relu                  bool
	drop                  *drop

	mean, variance, invStd []float32 // of the batch
	center, scale, shift   []float32 // what forward applies
	ones                   []float32 // 0 in the padding, which so stays zero
}

// panels are the worker's part of the features, in whole panels.
func (b *batchNorm) panels(p *pass) (from, to int) { return p.share(len(b.mean) / kernel.Width) }

// collect takes the statistics of the batch and makes of them what forward multiplies and adds.
func (b *batchNorm) collect(p *pass) {
	first, last := b.panels(p)
	if first == last {
		return
	}
	from, to := first*kernel.Width, last*kernel.Width
	mean, variance := b.movingMean, b.movingVar
	if p.training {
		mean, variance = b.mean, b.variance
		if x := b.x.all(p); x.isMaps() {
			kernel.MapStatsPanels(mean, variance, x.maps, first, last)
		} else {
			kernel.BatchStats(mean[from:to], variance[from:to], x.matrix.SlicePanels(first, last))
		}
	}
	for i := from; i < to; i++ {
		b.center[i] = mean[i]
		b.invStd[i] = float32(1 / math.Sqrt(float64(variance[i])+b.epsilon))
		b.scale[i] = b.invStd[i] * b.ones[i]
		if b.gamma != nil {
			b.scale[i] = b.invStd[i] * b.gamma[i]
		}
		if b.beta != nil {
			b.shift[i] = b.beta[i]
		}
	}
	if p.training {
		b.track(from, to, p.rows)
	}
}

// track moves the moving averages: m ← momentum·m + (1−momentum)·batch. The batch's own variance
// has served when the scale is made of it, so it is corrected in place after that.
func (b *batchNorm) track(from, to, rows int) {
	kernel.Lerp(b.movingMean[from:to], b.mean[from:to], b.decay)
	if b.x.value.isMaps() {
		if n := rows * b.x.shape[0] * b.x.shape[1]; n > 1 {
			kernel.ScaleBy(b.variance[from:to], float32(float64(n)/float64(n-1)))
		}
	}
	kernel.Lerp(b.movingVar[from:to], b.variance[from:to], b.decay)
}

func (b *batchNorm) onMaps() bool { return b.x.value.isMaps() }

func (b *batchNorm) forward(p *pass) {
	x, y := b.x.values(p), b.y.values(p)
	if x.isMaps() {
		kernel.MapNormalize(y.maps, x.maps, b.center, b.scale, b.shift)
	} else {
		kernel.Normalize(y.matrix, x.matrix, b.center, b.scale, b.shift)
	}
	if b.relu {
		activate(y, y, kernel.ReLU)
	}
	if b.drop != nil && p.training {
		b.drop.apply(y, p)
	}
}

// collectBackward takes the sums over the batch that the gradient is made of; for vectors it makes the
// gradient as well, since a feature's is of that feature alone.
func (b *batchNorm) collectBackward(p *pass) {
	first, last := b.panels(p)
	if first == last {
		return
	}
	dy, x := b.y.allGrads(p), b.x.all(p)
	if x.isMaps() {
		kernel.MapNormSums(b.dgamma, b.dbeta, dy.maps, x.maps, b.norm(0, len(b.mean)), first, last)
		return
	}
	from, to := first*kernel.Width, last*kernel.Width
	dx := dy.matrix.SlicePanels(first, last)
	kernel.BatchNormBackward(dx, dx, x.matrix.SlicePanels(first, last), b.norm(from, to), b.dgamma[from:to], b.dbeta[from:to])
}

// norm is what the kernels want to know of the forward pass.
func (b *batchNorm) norm(from, to int) kernel.BatchNorm {
	n := kernel.BatchNorm{Mean: b.mean[from:to], InvStd: b.invStd[from:to], Gamma: b.ones[from:to]}
	if b.gamma != nil {
		n.Gamma = b.gamma[from:to]
	}
	return n
}

func (b *batchNorm) backward(p *pass) {
	if !b.x.wantsGrad() {
		return
	}
	if dy := b.y.grads(p); dy.isMaps() {
		count := p.rows * b.x.shape[0] * b.x.shape[1]
		kernel.MapNormInput(dy.maps, dy.maps, b.x.values(p).maps, b.norm(0, len(b.mean)), b.dgamma, b.dbeta, count)
	}
	b.x.rectify(p)
}
