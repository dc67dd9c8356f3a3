package trainer

import (
	"math"

	"espalier/trainer/kernel"
)

// initializerNames are Keras' initial distributions of kernels. uniform: ±limit; normal: a
// normal truncated at two standard deviations, its scale corrected for the truncation.
var initializerNames = []string{
	"glorot_normal", "glorot_uniform", "he_normal", "he_uniform",
	"lecun_normal", "lecun_uniform", "random_normal", "random_uniform", "zeros",
}

// truncation is the standard deviation of a standard normal truncated at ±2.
const truncation = 0.87962566103423978

// drawInitial fills values (a kernel in C order) from an initializer. Element i is a function
// of word i of the stream, so a wider layer does not shift the numbers of the next.
func drawInitial(values []float32, initializer string, fanIn, fanOut int, s kernel.Stream) {
	in, out := float64(fanIn), float64(fanOut)
	var uniform, normal float64
	switch initializer {
	case "glorot_uniform":
		uniform = math.Sqrt(6 / (in + out))
	case "glorot_normal":
		normal = math.Sqrt(2/(in+out)) / truncation
	case "he_uniform":
		uniform = math.Sqrt(6 / in)
	case "he_normal":
		normal = math.Sqrt(2/in) / truncation
	case "lecun_uniform":
		uniform = math.Sqrt(3 / in)
	case "lecun_normal":
		normal = math.Sqrt(1/in) / truncation
	case "random_uniform":
		uniform = 0.05
	case "random_normal":
		normal = 0.05
	}
	d := draws{stream: s}
	for i := range values {
		u := (float64(d.word()) + 0.5) / (1 << 32) // in (0, 1)
		switch {
		case uniform > 0:
			values[i] = float32(uniform * (2*u - 1))
		case normal > 0:
			values[i] = float32(normal * truncatedNormal(u))
		default:
			values[i] = 0
		}
	}
}

// truncatedNormal is the quantile function of the standard normal truncated at ±2.
func truncatedNormal(u float64) float64 {
	tail := 0.5 * math.Erfc(2/math.Sqrt2)
	return math.Sqrt2 * math.Erfinv(2*(tail+u*(1-2*tail))-1)
}
