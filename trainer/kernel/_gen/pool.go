package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const equal = 0 // a == b, false for NaN

func pools() {
	for _, size := range []int{2, 0} {
		suffix := "Asm"
		if size > 0 {
			suffix = fmt.Sprintf("%dAsm", size)
		}
		reduce("maxRow"+suffix, size, func(v Mem, acc VecVirtual) { VMAXPS(v, acc, acc) })
		reduce("sumRow"+suffix, size, func(v Mem, acc VecVirtual) { VADDPS(v, acc, acc) })
		maxBackward("maxBack"+suffix, size, false)
		spread("spread"+suffix, size)
	}
	maxBackward("maxBackFresh2Asm", 2, true)
}

// taps runs body for size×size pixels of 64 bytes, rows apart by strides, from the bases on; the first
// tap may be skipped. With size 0 rows and columns are read from registers.
func taps(size int, kh, kw Register, bases, strides []GPVirtual, skip bool, body func(at []Mem)) {
	p := make([]GPVirtual, len(bases))
	m := make([]Mem, len(bases))
	for i := range p {
		p[i] = GP64().(GPVirtual)
		MOVQ(bases[i], p[i])
	}
	if size > 0 {
		for ky := range size {
			for kx := range size {
				for i := range p {
					m[i] = at(p[i], 64*kx)
				}
				if ky+kx > 0 || !skip {
					body(m)
				}
			}
			for i := range p {
				ADDQ(strides[i], p[i])
			}
		}
		return
	}
	ky, kx, off := GP64(), GP64(), GP64().(GPVirtual)
	MOVQ(kh, ky)
	Label("tapRow")
	MOVQ(kw, kx)
	XORQ(off, off)
	Label("tap")
	for i := range p {
		m[i] = Mem{Base: p[i], Index: off, Scale: 1}
	}
	body(m)
	ADDQ(U8(64), off)
	DECQ(kx)
	JNZ(LabelRef("tap"))
	for i := range p {
		ADDQ(strides[i], p[i])
	}
	DECQ(ky)
	JNZ(LabelRef("tapRow"))
}

// reduce writes n pixels of y, each from a window of x; windows are step bytes apart.
func reduce(name string, size int, f func(v Mem, acc VecVirtual)) {
	begin(name, "func(n int, y, x *float32, kh, kw, step, row int)")
	n, y, x, kh, kw, step, row := pointer("n"), pointer("y"), pointer("x"), pointer("kh"), pointer("kw"), pointer("step"), pointer("row")
	Label("pixel")
	acc := pair(x)
	if size == 0 {
		// The loop sees the first tap too: the maximum does not mind, a sum starts at minus nothing.
		if name == "sumRowAsm" {
			VMOVUPS(bits32(0x80000000), acc[0])
			VMOVUPS(bits32(0x80000000), acc[1])
		}
	}
	taps(size, kh, kw, []GPVirtual{x}, []GPVirtual{row}, true, func(m []Mem) {
		f(m[0], acc[0])
		f(m[0].Offset(32), acc[1])
	})
	VMOVUPS(acc[0], at(y, 0))
	VMOVUPS(acc[1], at(y, 32))
	ADDQ(U8(64), y)
	ADDQ(step, x)
	DECQ(n)
	JNZ(LabelRef("pixel"))
	end()
}

// maxBackward adds dy to the first pixel of each window that equals y; with relu (all ones) only
// where y is positive. If fresh, windows are disjoint and dx holds nothing yet: it is written unread.
func maxBackward(name string, size int, fresh bool) {
	begin(name, "func(n int, dx *float32, dxRow int, dy, y, x *float32, xRow, kh, kw, step int, relu uint32)")
	n, dx, dxRow, dy, y, x, xRow := pointer("n"), pointer("dx"), pointer("dxRow"), pointer("dy"), pointer("y"), pointer("x"), pointer("xRow")
	kh, kw, step := pointer("kh"), pointer("kw"), pointer("step")
	relu := parameter("relu")
	none := zero()
	Label("pixel")
	top, grad := pair(y), pair(dy)
	for j := range 2 {
		// Without relu the relation is made true for all lanes.
		dead := YMM()
		VANDNPS(relu, compare(top[j], greater, zero()), dead)
		VANDNPS(grad[j], dead, grad[j])
	}
	taps(size, kh, kw, []GPVirtual{x, dx}, []GPVirtual{xRow, dxRow}, false, func(m []Mem) {
		for j := range 2 {
			hit := compare(top[j], equal, m[0].Offset(32*j))
			g := and(grad[j], hit)
			if fresh {
				g = add(g, none) // as if to zero: no negative zeros
			} else {
				g = add(g, m[1].Offset(32*j))
			}
			VMOVUPS(g, m[1].Offset(32*j))
			VANDNPS(grad[j], hit, grad[j])
		}
	})
	ADDQ(U8(64), y)
	ADDQ(U8(64), dy)
	ADDQ(step, x)
	ADDQ(step, dx)
	DECQ(n)
	JNZ(LabelRef("pixel"))
	end()
}

// spread adds scale·dy to all pixels of its window, window after window.
func spread(name string, size int) {
	begin(name, "func(n int, dx *float32, dxRow int, dy *float32, kh, kw, step int, scale float32)")
	n, dx, dxRow, dy := pointer("n"), pointer("dx"), pointer("dxRow"), pointer("dy")
	kh, kw, step, scale := pointer("kh"), pointer("kw"), pointer("step"), parameter("scale")
	Label("pixel")
	grad := [2]VecVirtual{mul(scale, at(dy, 0)), mul(scale, at(dy, 32))}
	taps(size, kh, kw, []GPVirtual{dx}, []GPVirtual{dxRow}, false, func(m []Mem) {
		for j := range 2 {
			VMOVUPS(add(grad[j], m[0].Offset(32*j)), m[0].Offset(32*j))
		}
	})
	ADDQ(U8(64), dy)
	ADDQ(step, dx)
	DECQ(n)
	JNZ(LabelRef("pixel"))
	end()
}

// pools512 are the usual windows of 2×2 pixels in AVX-512.
func pools512() {
	is512 = true
	maxRow512()
	maxBackFresh512()
}

func maxRow512() {
	begin("maxRow2Asm", "func(n int, y, x *float32, step, row int)")
	n, y, x, step, row := pointer("n"), pointer("y"), pointer("x"), pointer("step"), pointer("row")
	Label("pixel")
	acc := load(at(x, 0))
	for _, m := range []Mem{at(x, 64), {Base: x, Index: row, Scale: 1}, {Base: x, Index: row, Scale: 1, Disp: 64}} {
		VMAXPS(m, acc, acc)
	}
	VMOVUPS(acc, at(y, 0))
	ADDQ(U8(64), y)
	ADDQ(step, x)
	DECQ(n)
	JNZ(LabelRef("pixel"))
	end()
}

// maxBackFresh512 is maxBackward of disjoint windows: a mask of the lanes whose gradient has found no pixel yet takes
// the place of the gradient that is cleared.
func maxBackFresh512() {
	begin("maxBackFresh2Asm", "func(n int, dx *float32, dxRow int, dy, y, x *float32, xRow int, relu uint32)")
	n, dx, dxRow, dy, y, x, xRow := pointer("n"), pointer("dx"), pointer("dxRow"), pointer("dy"), pointer("y"), pointer("x"), pointer("xRow")
	all, relu := K(), GP32()
	Load(Param("relu"), relu)
	NOTL(relu)
	KMOVW(relu, all) // the lanes that pass whatever their sign
	none := zero()
	Label("pixel")
	top, grad := load(at(y, 0)), load(at(dy, 0))
	left, hit := K(), K()
	VCMPPS(U8(less), top, none, left)
	KORW(all, left, left)
	for i := range 4 {
		from, to := at(x, 64*(i%2)), at(dx, 64*(i%2))
		if i > 1 {
			from.Index, from.Scale, to.Index, to.Scale = xRow, 1, dxRow, 1
		}
		VCMPPS(U8(equal), from, top, left, hit)
		g := vector()
		VADDPS_Z(none, grad, hit, g) // as if to zero: no negative zeros
		VMOVUPS(g, to)
		if i < 3 {
			KANDNW(left, hit, left)
		}
	}
	ADDQ(U8(64), y)
	ADDQ(U8(64), dy)
	SUBQ(I8(-128), x)
	SUBQ(I8(-128), dx)
	DECQ(n)
	JNZ(LabelRef("pixel"))
	end()
}
