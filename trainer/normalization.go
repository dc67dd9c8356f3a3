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
	scale, shift, ones     []float32 // ones: 0 in the padding, which so stays zero
}

func (b *batchNorm) forward(p *pass) {
	x, y := b.x.values(p.rows), b.y.values(p.rows)
	mean, variance := b.movingMean, b.movingVar
	if p.training {
		mean, variance = b.mean, b.variance
		if x.isMaps() {
			kernel.MapStats(mean, variance, x.maps)
		} else {
			kernel.BatchStats(mean, variance, x.matrix)
		}
	}
	for i := range b.scale {
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
		b.track(x)
	}
	if x.isMaps() {
		kernel.MapNormalize(y.maps, x.maps, mean, b.scale, b.shift)
	} else {
		kernel.Normalize(y.matrix, x.matrix, mean, b.scale, b.shift)
	}
	if b.relu {
		activate(y, y, kernel.ReLU)
	}
	if b.drop != nil && p.training {
		b.drop.apply(y, p)
	}
}

// track moves the moving averages: m ← momentum·m + (1−momentum)·batch. The batch's own variance
// has served when the scale is made of it, so it is corrected in place after that.
func (b *batchNorm) track(x array) {
	kernel.Lerp(b.movingMean, b.mean, b.decay)
	if x.isMaps() {
		if n := x.maps.N * x.maps.H * x.maps.W; n > 1 {
			kernel.ScaleBy(b.variance, float32(float64(n)/float64(n-1)))
		}
	}
	kernel.Lerp(b.movingVar, b.variance, b.decay)
}

func (b *batchNorm) backward(p *pass) {
	n := kernel.BatchNorm{Mean: b.mean, InvStd: b.invStd, Gamma: b.gamma}
	if b.gamma == nil {
		n.Gamma = b.ones
	}
	dy, x := b.y.grads(p.rows), b.x.values(p.rows)
	if x.isMaps() {
		kernel.MapNormBackward(dy.maps, dy.maps, x.maps, n, b.dgamma, b.dbeta)
	} else {
		kernel.BatchNormBackward(dy.matrix, dy.matrix, x.matrix, n, b.dgamma, b.dbeta)
	}
	if b.x.wantsGrad() {
		b.x.rectify(p.rows)
	}
}
