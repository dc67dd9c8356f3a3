package kernel

import "math"

// The functions below are our own so that their bits depend neither on the processor nor on the Go
// release: every product is rounded before it is added, in the order written here, and the assembly
// does the same operations eight at a time.

const (
	expLow  = -87.33654 // below: 0, where exp leaves the normal numbers
	expHigh = 87        // above: exp(87), so that 1/(1+exp) stays normal
	log2e   = 1.44269504
	ln2High = 0.693359375 // ln 2 in two parts: n·ln2High is exact
	ln2Low  = -2.12194440e-4
	round   = 12582912 // 1.5·2²³: adding it rounds to an integer, to even on ties
)

// expCoefficients of Cephes' expf: exp(r) = 1 + r + r²·p(r) for |r| ≤ ln 2/2.
var expCoefficients = [...]float32{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1}

// exp32 is exp(x) within 2 ulp for x in [-87.3, 87], 0 below, exp(87) above; NaN stays NaN.
func exp32(x float32) float32 {
	if x < expLow {
		return 0
	}
	if x > expHigh {
		x = expHigh
	}
	t := float32(x*log2e) + round
	n := t - round
	r := x - float32(n*ln2High)
	r -= float32(n * ln2Low)
	p := horner(r, expCoefficients[:])
	p = float32(p*float32(r*r)) + r
	p++
	return p * math.Float32frombits((math.Float32bits(t)-math.Float32bits(round)+127)<<23)
}

// horner evaluates a polynomial, highest coefficient first.
func horner(x float32, c []float32) float32 {
	p := c[0]
	for _, k := range c[1:] {
		p = float32(p*x) + k
	}
	return p
}

// log64 is the natural logarithm of a positive x within 1e-15, and x itself where x is infinite or NaN, by the series of
// 2·artanh((m-1)/(m+1)) for x = m·2^e, m in [√½, √2).
func log64(x float64) float64 {
	if x != x || x > math.MaxFloat64 {
		return x
	}
	b := math.Float64bits(x)
	e := int(b>>52) - 1023
	m := math.Float64frombits(b&(1<<52-1) | 1023<<52)
	if m > math.Sqrt2 {
		m /= 2
		e++
	}
	s := (m - 1) / (m + 1)
	z := float64(s * s)
	p := 0.0
	for _, c := range logSeries {
		p = float64(p*z) + c
	}
	return float64(float64(e)*math.Ln2) + float64(2*s*p)
}

// logSeries are the reciprocals of the odd numbers: a division each would take half the time of log64.
var logSeries = [...]float64{1. / 21, 1. / 19, 1. / 17, 1. / 15, 1. / 13, 1. / 11, 1. / 9, 1. / 7, 1. / 5, 1. / 3, 1}

// tanhLimit is where tanh rounds to 1.
const tanhLimit = 7.90531110763549805

// Rational minimax approximations in x² (odd numerators), as in Eigen.
var (
	tanhP = [...]float32{-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08, 1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03}
	tanhQ = [...]float32{1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03}
	erfP  = [...]float32{-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05, -7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02}
	erfQ  = [...]float32{-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02}
)

func clamp(x, limit float32) float32 {
	if x > limit {
		return limit
	}
	if x < -limit {
		return -limit
	}
	return x
}

func rational(x float32, p, q []float32) float32 {
	z := float32(x * x)
	return float32(x*horner(z, p)) / horner(z, q)
}

func tanh32(x float32) float32 { return rational(clamp(x, tanhLimit), tanhP[:], tanhQ[:]) }

func erf32(x float32) float32 { return rational(clamp(x, 4), erfP[:], erfQ[:]) }

func sigmoid32(x float32) float32 { return 1 / (1 + exp32(-x)) }
