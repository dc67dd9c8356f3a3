package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func vectors() {
	axpy()
	scaleBy()
	lerp()
	sumPanel()
	scaleBytes()
	transpose16()
	fetch()
}

func axpy() {
	begin("axpyAsm", "func(n int, y, x *float32, alpha float32)")
	n, y, x, alpha := pointer("n"), pointer("y"), pointer("x"), parameter("alpha")
	each8(n, func(off GPVirtual) {
		VMOVUPS(add(mul(alpha, indexed(x, off)), indexed(y, off)), indexed(y, off))
	})
}

func scaleBy() {
	begin("scaleAsm", "func(n int, x *float32, alpha float32)")
	n, x, alpha := pointer("n"), pointer("x"), parameter("alpha")
	each8(n, func(off GPVirtual) { VMOVUPS(mul(alpha, indexed(x, off)), indexed(x, off)) })
}

func lerp() {
	begin("lerpAsm", "func(n int, y, x *float32, t float32)")
	n, y, x, t := pointer("n"), pointer("y"), pointer("x"), parameter("t")
	each8(n, func(off GPVirtual) {
		was := load(indexed(y, off))
		VMOVUPS(add(was, mul(t, sub(load(indexed(x, off)), was))), indexed(y, off))
	})
}

// sumPanel adds rows of 16 onto sum.
func sumPanel() {
	begin("sumPanelAsm", "func(sum *[16]float32, rows int, x *float32, xRow int)")
	sum, rows, x, xRow := pointer("sum"), pointer("rows"), pointer("x"), pointer("xRow")
	s0, s1 := load(at(sum, 0)), load(at(sum, 32))
	Label("loop")
	VADDPS(at(x, 0), s0, s0)
	VADDPS(at(x, 32), s1, s1)
	ADDQ(xRow, x)
	DECQ(rows)
	JNZ(LabelRef("loop"))
	VMOVUPS(s0, at(sum, 0))
	VMOVUPS(s1, at(sum, 32))
	end()
}

// scaleBytes turns panels of 16 bytes into floats times mul plus add, vectors that advance by step bytes.
func scaleBytes() {
	begin("scaleBytesAsm", "func(panels int, dst *float32, dstPanel int, src *byte, mul, add *float32, step int)")
	n, dst, dstPanel, src := pointer("panels"), pointer("dst"), pointer("dstPanel"), pointer("src")
	m, a, step := pointer("mul"), pointer("add"), pointer("step")
	Label("loop")
	for j := range 2 {
		v := YMM()
		VPMOVZXBD(at(src, 8*j), v)
		VCVTDQ2PS(v, v)
		VMOVUPS(add(mul(v, at(m, 32*j)), at(a, 32*j)), at(dst, 32*j))
	}
	ADDQ(U8(16), src)
	ADDQ(dstPanel, dst)
	ADDQ(step, m)
	ADDQ(step, a)
	DECQ(n)
	JNZ(LabelRef("loop"))
	end()
}

// transpose16 transposes 16×16 floats as four blocks of 8×8.
func transpose16() {
	begin("transpose16Asm", "func(dst *float32, dstRow int, src *float32, srcRow int)")
	dst, dstRow, src, srcRow := pointer("dst"), pointer("dstRow"), pointer("src"), pointer("srcRow")
	s, d := GP64().(GPVirtual), GP64().(GPVirtual)
	for block := range 4 {
		// Block (i, j) of src, eight rows down and eight columns right, becomes block (j, i) of dst.
		i, j := block/2, block%2
		LEAQ(at(src, 32*j), s)
		if i == 1 {
			t := GP64()
			MOVQ(srcRow, t)
			SHLQ(U8(3), t)
			ADDQ(t, s)
		}
		LEAQ(at(dst, 32*i), d)
		if j == 1 {
			t := GP64()
			MOVQ(dstRow, t)
			SHLQ(U8(3), t)
			ADDQ(t, d)
		}
		var v [8]VecVirtual
		for r := range v {
			v[r] = load(at(s, 0))
			ADDQ(srcRow, s)
		}
		v = transpose8(v)
		for r := range v {
			VMOVUPS(v[r], at(d, 0))
			ADDQ(dstRow, d)
		}
	}
	end()
}

// transpose8 transposes eight rows of eight: pairs, quadruples, halves.
func transpose8(v [8]VecVirtual) (out [8]VecVirtual) {
	var t, u [8]VecVirtual
	for i := 0; i < 8; i += 2 {
		t[i], t[i+1] = YMM(), YMM()
		VUNPCKLPS(v[i+1], v[i], t[i])
		VUNPCKHPS(v[i+1], v[i], t[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for j := range 2 {
			u[i+2*j], u[i+2*j+1] = YMM(), YMM()
			VSHUFPS(U8(0x44), t[i+2+j], t[i+j], u[i+2*j])
			VSHUFPS(U8(0xEE), t[i+2+j], t[i+j], u[i+2*j+1])
		}
	}
	for i := range 4 {
		out[i], out[i+4] = YMM(), YMM()
		VPERM2F128(U8(0x20), u[i+4], u[i], out[i])
		VPERM2F128(U8(0x31), u[i+4], u[i], out[i+4])
	}
	return out
}

// fetch asks for lines of the cache from p on.
func fetch() {
	begin("fetchAsm", "func(lines int, p *byte)")
	n, p := pointer("lines"), pointer("p")
	Label("loop")
	PREFETCHT0(at(p, 0))
	ADDQ(U8(64), p)
	DECQ(n)
	JNZ(LabelRef("loop"))
	RET()
}
