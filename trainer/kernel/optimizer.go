package kernel

import "math"

// The optimizers follow Keras' formulas over flat slices of equal length: parameters w, gradients g
// and moments. Products are rounded before sums, so all tiers give the same bits.
//
// Pixels that are always zero let moments decay into denormals, which cost a microcode trap each;
// moments of at most tiny in size are therefore stored as zero.
const tiny = 1.6e-30

// AdamStep are the constants of one step t of Adam, counted from 1.
type AdamStep struct {
	Rate         float32 // lr·sqrt(1-β2^t)/(1-β1^t)
	Beta1, Beta2 float64 // 1-β is taken before rounding: float32(1)-.999 would be off by 5e-5
	Epsilon      float32 // added to the uncorrected root
}

// NadamStep are the constants of one step t of Nadam, where μ_t is the momentum schedule and
// Π_t the product of μ_1 … μ_t.
type NadamStep struct {
	GradRate      float32 // lr·(1-μ_t)/(1-Π_t)
	MomentRate    float32 // lr·μ_(t+1)/(1-Π_(t+1))
	VarianceScale float32 // 1/(1-β2^t)
	Beta1, Beta2  float64
	Epsilon       float32
}

// SGD is w ← w - lr·g without momentum (m is nil), w ← w + m with m ← momentum·m - lr·g, and with
// Nesterov's look-ahead w ← w - lr·g + momentum·m.
func SGD(w, g, m []float32, lr, momentum float32, nesterov bool) {
	sameLen("SGD", len(w), len(g))
	if m == nil {
		active().axpy(w, g, -lr)
		return
	}
	sameLen("SGD", len(w), len(m))
	active().sgd(w, g, m, lr, momentum, nesterov)
}

// Adam is m ← β1·m + (1-β1)·g, v ← β2·v + (1-β2)·g², w ← w - rate·m/(√v + ε).
func Adam(w, g, m, v []float32, c AdamStep) {
	sameLens("Adam", w, g, m, v)
	active().adam(w, g, m, v, c)
}

// Nadam has Adam's moments and w ← w - (gradRate·g + momentRate·m)/(√(v·varianceScale) + ε).
func Nadam(w, g, m, v []float32, c NadamStep) {
	sameLens("Nadam", w, g, m, v)
	active().nadam(w, g, m, v, c)
}

// RMSprop is v ← rho·v + (1-rho)·g², w ← w - lr·g/√(v + ε): ε lies inside the root.
func RMSprop(w, g, v []float32, lr float32, rho float64, epsilon float32) {
	sameLens("RMSprop", w, g, v, v)
	active().rmsprop(w, g, v, lr, rho, epsilon)
}

// Adagrad is v ← v + g², w ← w - lr·g/√(v + ε).
func Adagrad(w, g, v []float32, lr, epsilon float32) {
	sameLens("Adagrad", w, g, v, v)
	active().adagrad(w, g, v, lr, epsilon)
}

// Decay is decoupled weight decay: w ← w - factor·w.
func Decay(w []float32, factor float32) { active().scaleBy(w, 1-factor) }

func sameLens(what string, w, g, m, v []float32) {
	sameLen(what, len(w), len(g))
	sameLen(what, len(w), len(m))
	sameLen(what, len(w), len(v))
}

func flush(x float32) float32 {
	if x <= tiny && x >= -tiny {
		return 0
	}
	return x
}

// split is a decay and what it leaves for the new value.
func split(decay float64) (keep, take float32) { return float32(decay), float32(1 - decay) }

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

func sgdGeneric(w, g, m []float32, lr, momentum float32, nesterov bool) {
	for i, gi := range g {
		step := float32(lr * gi)
		mi := flush(float32(momentum*m[i]) - step)
		m[i] = mi
		if nesterov {
			w[i] = (w[i] - step) + float32(momentum*mi)
		} else {
			w[i] += mi
		}
	}
}

func adamGeneric(w, g, m, v []float32, c AdamStep) {
	keep1, take1 := split(c.Beta1)
	keep2, take2 := split(c.Beta2)
	for i, gi := range g {
		mi := flush(float32(keep1*m[i]) + float32(take1*gi))
		vi := flush(float32(keep2*v[i]) + float32(take2*float32(gi*gi)))
		m[i], v[i] = mi, vi
		w[i] -= float32(c.Rate*mi) / (sqrt(vi) + c.Epsilon)
	}
}

func nadamGeneric(w, g, m, v []float32, c NadamStep) {
	keep1, take1 := split(c.Beta1)
	keep2, take2 := split(c.Beta2)
	for i, gi := range g {
		mi := flush(float32(keep1*m[i]) + float32(take1*gi))
		vi := flush(float32(keep2*v[i]) + float32(take2*float32(gi*gi)))
		m[i], v[i] = mi, vi
		w[i] -= (float32(c.GradRate*gi) + float32(c.MomentRate*mi)) / (sqrt(float32(vi*c.VarianceScale)) + c.Epsilon)
	}
}

func rmspropGeneric(w, g, v []float32, lr float32, rho float64, epsilon float32) {
	keep, take := split(rho)
	for i, gi := range g {
		vi := flush(float32(keep*v[i]) + float32(take*float32(gi*gi)))
		v[i] = vi
		w[i] -= float32(lr*gi) / sqrt(vi+epsilon)
	}
}

func adagradGeneric(w, g, v []float32, lr, epsilon float32) {
	for i, gi := range g {
		vi := v[i] + float32(gi*gi)
		v[i] = vi
		w[i] -= float32(lr*gi) / sqrt(vi+epsilon)
	}
}
