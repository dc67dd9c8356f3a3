package kernel

import "fmt"

// Axpy is y += alpha·x, element by element.
func Axpy(y, x []float32, alpha float32) {
	sameLen("Axpy", len(y), len(x))
	active().axpy(y, x, alpha)
}

// ScaleBy is x *= alpha.
func ScaleBy(x []float32, alpha float32) { active().scaleBy(x, alpha) }

// Lerp is y += t·(x - y): a moving average with decay 1-t.
func Lerp(y, x []float32, t float32) {
	sameLen("Lerp", len(y), len(x))
	active().lerp(y, x, t)
}

// SumSquares is Σ x², in float64, of products and sums in a fixed order: eight stripes by index mod 8,
// then a tree.
func SumSquares(x []float32) float64 {
	var s [8]float64
	for len(x) >= 8 {
		for i, v := range (*[8]float32)(x) {
			s[i] += float64(float64(v) * float64(v))
		}
		x = x[8:]
	}
	for i, v := range x {
		s[i] += float64(float64(v) * float64(v))
	}
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

func sameLen(what string, a, b int) {
	if a != b {
		panic(fmt.Sprintf("kernel: %s: lengths %d and %d differ", what, a, b))
	}
}

func axpyGeneric(y, x []float32, alpha float32) {
	for i, v := range x {
		y[i] += float32(alpha * v)
	}
}

func scaleByGeneric(x []float32, alpha float32) {
	for i := range x {
		x[i] *= alpha
	}
}

func lerpGeneric(y, x []float32, t float32) {
	for i, v := range x {
		y[i] += float32(t * (v - y[i]))
	}
}
