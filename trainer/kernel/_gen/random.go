package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets in philoxArgs of ../random_asm.go.
const (
	rndN         = 0
	rndDst       = 8
	rndStep      = 16
	rndCounter   = 24 // eight words
	rndAdvance   = 56
	rndHigh      = 60
	rndHi0       = 64
	rndHi1       = 68
	rndKey0      = 72
	rndKey1      = 76
	rndThreshold = 80
	rndScale     = 84
)

func randoms() {
	blocks()
	dropGroups()
}

// blocks writes n rounds of eight blocks, 32 words, in order. The counters come as block numbers
// 0 2 4 6 1 3 5 7: the order that philox gives back row by row.
func blocks() {
	begin("philoxAsm", "func(args *uint64)")
	args := pointer("args")
	f := func(o int) Mem { return at(args, o) }
	n, dst := GP64(), GP64().(GPVirtual)
	MOVQ(f(rndN), n)
	MOVQ(f(rndDst), dst)
	counter := load(f(rndCounter))
	Label("loop")
	for i, v := range philox(f, counter) {
		VMOVUPS(v, at(dst, 32*i))
	}
	ADDQ(U8(128), dst)
	DECQ(n)
	JNZ(LabelRef("loop"))
	end()
}

// dropGroups treats n times four groups of 16 floats, rndStep bytes apart, in place. Lane i of the
// counters is the first block of group i, lane i + 4 the second.
func dropGroups() {
	begin("dropAsm", "func(args *uint64)")
	args := pointer("args")
	f := func(o int) Mem { return at(args, o) }
	n, x, step := GP64(), GP64().(GPVirtual), GP64()
	MOVQ(f(rndN), n)
	MOVQ(f(rndDst), x)
	MOVQ(f(rndStep), step)
	counter := load(f(rndCounter))
	Label("loop")
	for _, v := range philox(f, counter) {
		threshold, keep := YMM(), YMM()
		VPBROADCASTW(f(rndThreshold), threshold)
		VPMAXUW(threshold, v, threshold)
		VPCMPEQW(threshold, v, keep) // the draw is at least the threshold
		scale := broadcast(f(rndScale))
		lanes, half := YMM(), XMM()
		VPMOVSXWD(keep.AsX(), lanes)
		VMOVUPS(and(mul(scale, at(x, 0)), lanes), at(x, 0))
		VEXTRACTI128(U8(1), keep, half)
		VPMOVSXWD(half, lanes)
		VMOVUPS(and(mul(scale, at(x, 32)), lanes), at(x, 32))
		ADDQ(step, x)
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	end()
}

// philox runs ten rounds on eight counters, advances them, and transposes: row i of the result holds
// the four words of lane i and then those of lane i + 4.
func philox(f func(int) Mem, counter VecVirtual) (rows [4]VecVirtual) {
	c := [4]VecVirtual{YMM(), broadcast(f(rndHigh)), broadcast(f(rndHi0)), broadcast(f(rndHi1))}
	VMOVUPS(counter, c[0])
	k0, k1 := broadcast(f(rndKey0)), broadcast(f(rndKey1))
	m0, m1 := load(bits32(0xD2511F53)), load(bits32(0xCD9E8D57))
	for r := range 10 {
		h0, l0 := wide(c[0], m0)
		h1, l1 := wide(c[2], m1)
		VPXOR(c[1], h1, h1)
		VPXOR(k0, h1, h1)
		VPXOR(c[3], h0, h0)
		VPXOR(k1, h0, h0)
		c = [4]VecVirtual{h1, l1, h0, l0}
		if r < 9 {
			VPADDD(bits32(0x9E3779B9), k0, k0)
			VPADDD(bits32(0xBB67AE85), k1, k1)
		}
	}
	advance := broadcast(f(rndAdvance))
	VPADDD(advance, counter, counter)
	var t [4]VecVirtual
	for i := range t {
		t[i], rows[i] = YMM(), YMM()
	}
	VPUNPCKLDQ(c[1], c[0], t[0])
	VPUNPCKHDQ(c[1], c[0], t[1])
	VPUNPCKLDQ(c[3], c[2], t[2])
	VPUNPCKHDQ(c[3], c[2], t[3])
	VPUNPCKLQDQ(t[2], t[0], rows[0])
	VPUNPCKHQDQ(t[2], t[0], rows[1])
	VPUNPCKLQDQ(t[3], t[1], rows[2])
	VPUNPCKHQDQ(t[3], t[1], rows[3])
	return rows
}

// wide gives the high and the low words of eight 32×32-bit products.
func wide(x, m VecVirtual) (high, low VecVirtual) {
	even, odd, s := YMM(), YMM(), YMM()
	high, low = YMM(), YMM()
	VPSRLQ(U8(32), x, s)
	VPMULUDQ(m, s, odd)
	VPMULUDQ(m, x, even)
	VPSLLQ(U8(32), odd, s)
	VPBLENDD(U8(0xAA), s, even, low)
	VPSRLQ(U8(32), even, s)
	VPBLENDD(U8(0xAA), odd, s, high)
	return high, low
}
