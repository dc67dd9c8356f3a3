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
}

func newOptimizer(p Params, size int) *optimizer {
	rule := optimizers[p.Optimizer]
	o := &optimizer{params: p, product: 1}
	if p.Optimizer == "sgd" && p.Momentum == 0 {
		rule.moments = 0
	}
	for range rule.moments {
		m := make([]float32, size)
		if rule.initial != 0 {
			for i := range m {
				m[i] = rule.initial
			}
		}
		o.moments = append(o.moments, m)
	}
	return o
}

// apply is one update with gradients g at a learning rate; step counts from 1.
func (o *optimizer) apply(w, g []float32, rate float64, step uint64) {
	if o.params.WeightDecay != 0 {
		kernel.Decay(w, float32(rate*o.params.WeightDecay))
	}
	t := float64(step)
	root := 1 - math.Pow(beta2, t)
	switch o.params.Optimizer {
	case "sgd":
		var m []float32
		if len(o.moments) > 0 {
			m = o.moments[0]
		}
		kernel.SGD(w, g, m, float32(rate), float32(o.params.Momentum), o.params.Nesterov)
	case "rmsprop":
		kernel.RMSprop(w, g, o.moments[0], float32(rate), rho, epsilon)
	case "adagrad":
		kernel.Adagrad(w, g, o.moments[0], float32(rate), epsilon)
	case "nadam":
		now, next := nadamMomentum(t), nadamMomentum(t+1)
		o.product *= now
		kernel.Nadam(w, g, o.moments[0], o.moments[1], kernel.NadamStep{
			GradRate:      float32(rate * (1 - now) / (1 - o.product)),
			MomentRate:    float32(rate * next / (1 - o.product*next)),
			VarianceScale: float32(1 / root),
			Beta1:         beta1, Beta2: beta2, Epsilon: epsilon,
		})
	default: // adam, adamw
		kernel.Adam(w, g, o.moments[0], o.moments[1], kernel.AdamStep{
			Rate:  float32(rate * math.Sqrt(root) / (1 - math.Pow(beta1, t))),
			Beta1: beta1, Beta2: beta2, Epsilon: epsilon,
		})
	}
}

// nadamMomentum is Keras 2's schedule μ_t = β1·(1 − ½·0.96^t).
func nadamMomentum(t float64) float64 { return beta1 * (1 - 0.5*math.Pow(0.96, t)) }
