package kernel

import "fmt"

// Activation is an elementwise non-linearity.
type Activation uint8

const (
	Linear    Activation = iota
	ReLU                 // max(0, x)
	LeakyReLU            // x, or leakySlope·x below 0
	ELU                  // x, or exp(x) - 1 below 0
	GELU                 // x·Φ(x) with the exact Φ
	Tanh
	Sigmoid
)

const (
	leakySlope     = 0.3 // Keras 2
	invSqrt2       = 0.70710678
	invSqrtTwoPi   = 0.39894228
	activationsEnd = Sigmoid + 1
)

// Activate is y = f(x); y may be x. The padding stays zero.
func Activate(y, x Matrix, a Activation) { active().activate(y, x, a) }

// ActivateBackward is dx = dy·f'(x); dx may be dy. All but GELU read f' from the output y, GELU reads
// it from the input x: the other matrix may be zero, and Linear needs neither.
func ActivateBackward(dx, dy, x, y Matrix, a Activation) { active().activateBackward(dx, dy, x, y, a) }

// NeedsInput tells whether ActivateBackward reads the input of the activation rather than its output.
func (a Activation) NeedsInput() bool { return a == GELU }

func (a Activation) check() {
	if a >= activationsEnd {
		panic(fmt.Sprintf("kernel: activation %d", a))
	}
}

func (t tier) activate(y, x Matrix, a Activation) {
	a.check()
	rs := pieces("Activate", x, y)
	for o := range rs.outer {
		for i := range rs.inner {
			t.activateRun(y.piece(rs, o, i), x.piece(rs, o, i), a)
		}
	}
	if a == Sigmoid {
		y.clearPadding()
	}
}

func (t tier) activateBackward(dx, dy, x, y Matrix, a Activation) {
	a.check()
	from := y
	switch {
	case a.NeedsInput():
		from = x
	case a == Linear:
		from = dy
	}
	rs := pieces("ActivateBackward", dy, dx).and("ActivateBackward", dy, from)
	for o := range rs.outer {
		for i := range rs.inner {
			t.activateBackwardRun(dx.piece(rs, o, i), dy.piece(rs, o, i), from.piece(rs, o, i), a)
		}
	}
}

func activateGeneric(y, x []float32, a Activation) {
	switch a {
	case Linear:
		copy(y, x)
	case ReLU:
		for i, v := range x {
			if v < 0 {
				v = 0
			}
			y[i] = v
		}
	case LeakyReLU:
		for i, v := range x {
			if v < 0 {
				v *= leakySlope
			}
			y[i] = v
		}
	case ELU:
		for i, v := range x {
			if v < 0 {
				v = exp32(v) - 1
			}
			y[i] = v
		}
	case GELU:
		for i, v := range x {
			y[i] = float32(0.5*v) * (1 + erf32(float32(v*invSqrt2)))
		}
	case Tanh:
		for i, v := range x {
			y[i] = tanh32(v)
		}
	case Sigmoid:
		for i, v := range x {
			y[i] = sigmoid32(v)
		}
	}
}

// activateBackwardGeneric multiplies by f', read from the output v, for GELU from the input v.
func activateBackwardGeneric(dx, dy, from []float32, a Activation) {
	switch a {
	case Linear:
		copy(dx, dy)
	case ReLU:
		for i, v := range from {
			d := dy[i]
			if !(v > 0) {
				d = 0
			}
			dx[i] = d
		}
	case LeakyReLU:
		for i, v := range from {
			d := dy[i]
			if !(v > 0) {
				d *= leakySlope
			}
			dx[i] = d
		}
	case ELU:
		for i, v := range from {
			d := dy[i]
			if !(v > 0) {
				d *= v + 1
			}
			dx[i] = d
		}
	case GELU:
		for i, v := range from {
			cdf := float32(0.5 * (1 + erf32(float32(v*invSqrt2))))
			pdf := float32(invSqrtTwoPi * exp32(float32(-0.5*v)*v))
			dx[i] = dy[i] * (cdf + float32(v*pdf))
		}
	case Tanh:
		for i, v := range from {
			dx[i] = dy[i] * (1 - float32(v*v))
		}
	case Sigmoid:
		for i, v := range from {
			dx[i] = dy[i] * float32(v*(1-v))
		}
	}
}
