package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Constants and order of operations as in ../exp.go and ../activation.go: the bits must agree.
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

func exp(x VecVirtual) VecVirtual {
	alive := compare(x, notLess, float(expLow))
	x = atMost(x, float(expHigh))
	t := add(mul(x, float(log2e)), float(round))
	n := sub(t, float(round))
	r := sub(x, mul(n, float(ln2High)))
	r = sub(r, mul(n, float(ln2Low)))
	p := horner(r, expCoefficients)
	p = add(mul(p, mul(r, r)), r)
	p = add(p, float(1))
	// t holds n in its low bits: n + 127 becomes the exponent, the rest is shifted out.
	VPADDD(bits32(127), t, t)
	VPSLLD(U8(23), t, t)
	return and(mul(p, t), alive)
}

func horner(x VecVirtual, c []float32) VecVirtual {
	p := load(float(c[0]))
	for _, k := range c[1:] {
		p = add(mul(p, x), float(k))
	}
	return p
}

func rational(x VecVirtual, limit float32, p, q []float32) VecVirtual {
	x = atLeast(atMost(x, float(limit)), float(-limit))
	z := mul(x, x)
	return div(mul(x, horner(z, p)), horner(z, q))
}

func negate(x VecVirtual) VecVirtual { return xor(x, bits32(0x80000000)) }

func one() VecVirtual { return load(float(1)) }

func zero() VecVirtual { z := vector(); VXORPS(z, z, z); return z }

func activations() {
	forward("reluAsm", func(x VecVirtual) VecVirtual {
		return and(x, compare(x, notLess, zero()))
	})
	forward("leakyAsm", func(x VecVirtual) VecVirtual {
		return choose(compare(x, less, zero()), mul(x, float(leakySlope)), x)
	})
	forward("eluAsm", func(x VecVirtual) VecVirtual {
		return choose(compare(x, less, zero()), sub(exp(x), float(1)), x)
	})
	forward("geluAsm", func(x VecVirtual) VecVirtual {
		return mul(mul(x, float(0.5)), add(one(), rational(mul(x, float(invSqrt2)), 4, erfP, erfQ)))
	})
	forward("tanhAsm", func(x VecVirtual) VecVirtual { return rational(x, tanhLimit, tanhP, tanhQ) })
	forward("sigmoidAsm", func(x VecVirtual) VecVirtual {
		return div(one(), add(one(), exp(negate(x))))
	})

	backward("reluGradAsm", func(dy, y VecVirtual) VecVirtual {
		return and(dy, compare(y, greater, zero()))
	})
	backward("leakyGradAsm", func(dy, y VecVirtual) VecVirtual {
		return choose(compare(y, greater, zero()), dy, mul(dy, float(leakySlope)))
	})
	backward("eluGradAsm", func(dy, y VecVirtual) VecVirtual {
		return choose(compare(y, greater, zero()), dy, mul(dy, add(y, float(1))))
	})
	backward("geluGradAsm", func(dy, x VecVirtual) VecVirtual {
		cdf := mul(add(one(), rational(mul(x, float(invSqrt2)), 4, erfP, erfQ)), float(0.5))
		pdf := mul(exp(mul(mul(x, float(-0.5)), x)), float(invSqrt2Pi))
		return mul(dy, add(cdf, mul(x, pdf)))
	})
	backward("tanhGradAsm", func(dy, y VecVirtual) VecVirtual {
		return mul(dy, sub(one(), mul(y, y)))
	})
	backward("sigmoidGradAsm", func(dy, y VecVirtual) VecVirtual {
		return mul(dy, mul(y, sub(one(), y)))
	})
}

func forward(name string, f func(x VecVirtual) VecVirtual) {
	begin(name, "func(n int, y, x *float32)")
	n, y, x := pointer("n"), pointer("y"), pointer("x")
	each8(n, func(off GPVirtual) { VMOVUPS(f(load(indexed(x, off))), indexed(y, off)) })
}

// backward is dx = f(dy, from) where from is the output, or for GELU the input.
func backward(name string, f func(dy, from VecVirtual) VecVirtual) {
	begin(name, "func(n int, dx, dy, from *float32)")
	n, dx, dy, from := pointer("n"), pointer("dx"), pointer("dy"), pointer("from")
	each8(n, func(off GPVirtual) {
		VMOVUPS(f(load(indexed(dy, off)), load(indexed(from, off))), indexed(dx, off))
	})
}
