package main

// Constants and order of operations as in ../../exp.go and ../../activation.go: the bits must agree.
const (
	expLow     = -87.33654
	expHigh    = 87
	log2e      = 1.44269504
	ln2High    = 0.693359375
	ln2Low     = -2.12194440e-4
	round      = 12582912
	tanhLimit  = 7.90531110763549805
	leakySlope = 0.3
	invSqrt2   = 0.70710678
	invSqrt2Pi = 0.39894228
)

var (
	expCoefficients = []float32{1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1}

	tanhP = []float32{-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08, 1.48572235717979e-05, 6.37261928875436e-04, 4.89352455891786e-03}
	tanhQ = []float32{1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03}
	erfP  = []float32{-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05, -7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02}
	erfQ  = []float32{-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02}
)

func (f *function) exp(x vec) vec {
	gone := f.greater(f.float(expLow), x)
	x = f.atMost(x, f.float(expHigh))
	t := f.add(f.mul(x, f.float(log2e)), f.float(round))
	n := f.sub(t, f.float(round))
	r := f.sub(x, f.mul(n, f.float(ln2High)))
	r = f.sub(r, f.mul(n, f.float(ln2Low)))
	p := f.horner(r, expCoefficients)
	p = f.add(f.mul(p, f.mul(r, r)), r)
	p = f.add(p, f.float(1))
	// t holds n in its low bits: n + 127 becomes the exponent, the rest is shifted out.
	scale := f.shiftLeft(f.addInts(t, f.bits(127)), 23)
	return f.without(f.mul(p, scale), gone)
}

func (f *function) horner(x vec, c []float32) vec {
	p := f.float(c[0])
	for _, k := range c[1:] {
		p = f.add(f.mul(p, x), f.float(k))
	}
	return p
}

func (f *function) rational(x vec, limit float32, p, q []float32) vec {
	x = f.atLeast(f.atMost(x, f.float(limit)), f.float(-limit))
	z := f.mul(x, x)
	return f.div(f.mul(x, f.horner(z, p)), f.horner(z, q))
}

func activations(u *unit) {
	forward(u, "reluAsm", func(f *function, x vec) vec { return f.without(x, f.negative(x)) })
	forward(u, "leakyAsm", func(f *function, x vec) vec {
		return f.choose(f.negative(x), f.mul(x, f.float(leakySlope)), x)
	})
	forward(u, "eluAsm", func(f *function, x vec) vec {
		return f.choose(f.negative(x), f.sub(f.exp(x), f.float(1)), x)
	})
	forward(u, "geluAsm", func(f *function, x vec) vec {
		erf := f.rational(f.mul(x, f.float(invSqrt2)), 4, erfP, erfQ)
		return f.mul(f.mul(x, f.float(0.5)), f.add(f.float(1), erf))
	})
	forward(u, "tanhAsm", func(f *function, x vec) vec { return f.rational(x, tanhLimit, tanhP, tanhQ) })
	forward(u, "sigmoidAsm", func(f *function, x vec) vec {
		return f.div(f.float(1), f.add(f.float(1), f.exp(f.negate(x))))
	})

	backward(u, "reluGradAsm", func(f *function, dy, y vec) vec { return f.and(dy, f.positive(y)) })
	backward(u, "leakyGradAsm", func(f *function, dy, y vec) vec {
		return f.choose(f.positive(y), dy, f.mul(dy, f.float(leakySlope)))
	})
	backward(u, "eluGradAsm", func(f *function, dy, y vec) vec {
		return f.choose(f.positive(y), dy, f.mul(dy, f.add(y, f.float(1))))
	})
	backward(u, "geluGradAsm", func(f *function, dy, x vec) vec {
		erf := f.rational(f.mul(x, f.float(invSqrt2)), 4, erfP, erfQ)
		cdf := f.mul(f.add(f.float(1), erf), f.float(0.5))
		pdf := f.mul(f.exp(f.mul(f.mul(x, f.float(-0.5)), x)), f.float(invSqrt2Pi))
		return f.mul(dy, f.add(cdf, f.mul(x, pdf)))
	})
	backward(u, "tanhGradAsm", func(f *function, dy, y vec) vec {
		return f.mul(dy, f.sub(f.float(1), f.mul(y, y)))
	})
	backward(u, "sigmoidGradAsm", func(f *function, dy, y vec) vec {
		return f.mul(dy, f.mul(y, f.sub(f.float(1), y)))
	})
}

func forward(u *unit, name string, body func(f *function, x vec) vec) {
	u.function(name, "func(n int, y, x *float32)", func(f *function) {
		n, y, x := f.pointer("n"), f.pointer("y"), f.pointer("x")
		f.each8(n, func(at int) { f.store(body(f, f.load(x, at)), y, at) }, y, x)
	})
}

// backward is dx = body(dy, from) where from is the output, or for GELU the input.
func backward(u *unit, name string, body func(f *function, dy, from vec) vec) {
	u.function(name, "func(n int, dx, dy, from *float32)", func(f *function) {
		n, dx, dy, from := f.pointer("n"), f.pointer("dx"), f.pointer("dy"), f.pointer("from")
		f.each8(n, func(at int) { f.store(body(f, f.load(dy, at), f.load(from, at)), dx, at) }, dx, dy, from)
	})
}
