package trainer

import (
	"math"

	"espalier/trainer/kernel"
)

// optimizerRule says what an optimizer needs. The formulas are Keras 2's: see the kernels.
type optimizerRule struct {
	learningRate float64 // default
	weightDecay  float64 // default
	moments      int     // flat slices of state
	initial      float32 // value of the state at the start
}

var optimizerNames = []string{"adagrad", "adam", "adamw", "nadam", "rmsprop", "sgd"}

var optimizers = map[string]optimizerRule{
	"sgd":     {learningRate: 0.01, moments: 1},
	"rmsprop": {learningRate: 0.001, moments: 1},
	"adam":    {learningRate: 0.001, moments: 2},
	"adamw":   {learningRate: 0.001, moments: 2, weightDecay: 0.004},
	"nadam":   {learningRate: 0.001, moments: 2},
	"adagrad": {learningRate: 0.001, moments: 1, initial: 0.1},
}

const (
	beta1   = 0.9
	beta2   = 0.999
	rho     = 0.9
	epsilon = 1e-7
)

// optimizer updates all trainable variables in one loop over the flat slices.
type optimizer struct {
	params  Params
	moments [][]float32
	product float64 // nadam: Π of its momentum schedule so far

	// constants of the step
	rate, decay float32
	adam        kernel.AdamStep
	nadam       kernel.NadamStep
}

// moments is how many flat slices of state the optimizer has.
func (p *Params) moments() int {
	if p.Optimizer == "sgd" && p.Momentum == 0 {
		return 0
	}
	return optimizers[p.Optimizer].moments
}

func newOptimizer(p Params, size int) *optimizer {
	o := &optimizer{params: p, product: 1}
	for range p.moments() {
		m := make([]float32, size)
		if initial := optimizers[p.Optimizer].initial; initial != 0 {
			for i := range m {
				m[i] = initial
			}
		}
		o.moments = append(o.moments, m)
	}
	return o
}

// prepare works out the constants of an update at a learning rate; step counts from 1.
func (o *optimizer) prepare(rate float64, step uint64) {
	t := float64(step)
	root := 1 - math.Pow(beta2, t)
	o.rate = float32(rate)
	o.decay = float32(rate * o.params.WeightDecay)
	switch o.params.Optimizer {
	case "nadam":
		now, next := nadamMomentum(t), nadamMomentum(t+1)
		o.product *= now
		o.nadam = kernel.NadamStep{
			GradRate:      float32(rate * (1 - now) / (1 - o.product)),
			MomentRate:    float32(rate * next / (1 - o.product*next)),
			VarianceScale: float32(1 / root),
			Beta1:         beta1, Beta2: beta2, Epsilon: epsilon,
		}
	case "adam", "adamw":
		o.adam = kernel.AdamStep{
			Rate:  float32(rate * math.Sqrt(root) / (1 - math.Pow(beta1, t))),
			Beta1: beta1, Beta2: beta2, Epsilon: epsilon,
		}
	}
}

// apply updates the values [from, to) of w with gradients g, as prepared.
func (o *optimizer) apply(w, g []float32, from, to int) {
	w, g = w[from:to], g[from:to]
	var m, v []float32
	if len(o.moments) > 0 {
		m = o.moments[0][from:to]
	}
	if len(o.moments) > 1 {
		v = o.moments[1][from:to]
	}
	if o.decay != 0 {
		kernel.Decay(w, o.decay)
	}
	switch o.params.Optimizer {
	case "sgd":
		kernel.SGD(w, g, m, o.rate, float32(o.params.Momentum), o.params.Nesterov)
	case "rmsprop":
		kernel.RMSprop(w, g, m, o.rate, rho, epsilon)
	case "adagrad":
		kernel.Adagrad(w, g, m, o.rate, epsilon)
	case "nadam":
		kernel.Nadam(w, g, m, v, o.nadam)
	default:
		kernel.Adam(w, g, m, v, o.adam)
	}
}

// nadamMomentum is Keras 2's schedule μ_t = β1·(1 − ½·0.96^t).
func nadamMomentum(t float64) float64 { return beta1 * (1 - 0.5*math.Pow(0.96, t)) }
