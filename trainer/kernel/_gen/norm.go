package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func norms() {
	squarePanel()
	normalizePanel()
	gradPanel()
	gradInputPanel()
	softmaxRow()
}

// pair is the 16 floats at a place, in two registers.
func pair(base GPVirtual) [2]VecVirtual {
	return [2]VecVirtual{load(at(base, 0)), load(at(base, 32))}
}

// rowLoop runs body for every row and moves the bases on by their strides.
func rowLoop(rows Register, body func(), bases, strides []GPVirtual) {
	Label("loop")
	body()
	for i := range bases {
		ADDQ(strides[i], bases[i])
	}
	DECQ(rows)
	JNZ(LabelRef("loop"))
}

func squarePanel() {
	begin("squarePanelAsm", "func(sum, mean *[16]float32, rows int, x *float32, xRow int)")
	sum, mean, rows, x, xRow := pointer("sum"), pointer("mean"), pointer("rows"), pointer("x"), pointer("xRow")
	s, m := pair(sum), pair(mean)
	rowLoop(rows, func() {
		for j := range 2 {
			d := sub(load(at(x, 32*j)), m[j])
			VADDPS(mul(d, d), s[j], s[j])
		}
	}, []GPVirtual{x}, []GPVirtual{xRow})
	VMOVUPS(s[0], at(sum, 0))
	VMOVUPS(s[1], at(sum, 32))
	end()
}

func normalizePanel() {
	begin("normalizePanelAsm", "func(rows int, y *float32, yRow int, x *float32, xRow int, mean, scale, shift *[16]float32)")
	rows, y, yRow, x, xRow := pointer("rows"), pointer("y"), pointer("yRow"), pointer("x"), pointer("xRow")
	m, k, b := pair(pointer("mean")), pair(pointer("scale")), pair(pointer("shift"))
	rowLoop(rows, func() {
		for j := range 2 {
			VMOVUPS(add(mul(sub(load(at(x, 32*j)), m[j]), k[j]), b[j]), at(y, 32*j))
		}
	}, []GPVirtual{x, y}, []GPVirtual{xRow, yRow})
	end()
}

func gradPanel() {
	begin("gradPanelAsm", "func(sum, cross, mean *[16]float32, rows int, dy *float32, dyRow int, x *float32, xRow int)")
	sum, cross := pointer("sum"), pointer("cross")
	m := pair(pointer("mean"))
	rows, dy, dyRow, x, xRow := pointer("rows"), pointer("dy"), pointer("dyRow"), pointer("x"), pointer("xRow")
	s, c := pair(sum), pair(cross)
	rowLoop(rows, func() {
		for j := range 2 {
			d := load(at(dy, 32*j))
			VADDPS(d, s[j], s[j])
			VADDPS(mul(d, sub(load(at(x, 32*j)), m[j])), c[j], c[j])
		}
	}, []GPVirtual{x, dy}, []GPVirtual{xRow, dyRow})
	for j := range 2 {
		VMOVUPS(s[j], at(sum, 32*j))
		VMOVUPS(c[j], at(cross, 32*j))
	}
	end()
}

// gradInputPanel reads scale, shift and slope, 16 floats each, from k.
func gradInputPanel() {
	begin("gradInputPanelAsm", "func(k *float32, mean *[16]float32, rows int, dx *float32, dxRow int, dy *float32, dyRow int, x *float32, xRow int)")
	k := pointer("k")
	scale, shift, slope := pair(k), [2]VecVirtual{load(at(k, 64)), load(at(k, 96))}, [2]VecVirtual{load(at(k, 128)), load(at(k, 160))}
	m := pair(pointer("mean"))
	rows, dx, dxRow, dy, dyRow, x, xRow := pointer("rows"), pointer("dx"), pointer("dxRow"), pointer("dy"), pointer("dyRow"), pointer("x"), pointer("xRow")
	rowLoop(rows, func() {
		for j := range 2 {
			d := sub(load(at(dy, 32*j)), shift[j])
			h := mul(sub(load(at(x, 32*j)), m[j]), slope[j])
			VMOVUPS(mul(sub(d, h), scale[j]), at(dx, 32*j))
		}
	}, []GPVirtual{x, dy, dx}, []GPVirtual{xRow, dyRow, dxRow})
	end()
}

// softmaxRow treats one row of panels ≥ 1 panels; valid masks the columns of the last one. It writes
// (exp(x - max)/Σ - share)·inv to the valid columns, zero to the others, and stores max and Σ.
func softmaxRow() {
	begin("softmaxRowAsm", "func(panels int, dst *float32, dstPanel int, src *float32, srcPanel int, valid *[16]uint32, share, inv float32, out *[2]float32)")
	panels, valid, out := pointer("panels"), pointer("valid"), pointer("out")
	dstPanel, srcPanel := pointer("dstPanel"), pointer("srcPanel")
	n, src, dst := GP64(), GP64().(GPVirtual), GP64().(GPVirtual)
	walk := func(label string, body func(last bool)) {
		MOVQ(panels, n)
		Load(Param("src"), src)
		Load(Param("dst"), dst)
		Label(label)
		DECQ(n)
		JZ(LabelRef(label + "Last"))
		body(false)
		ADDQ(srcPanel, src)
		ADDQ(dstPanel, dst)
		JMP(LabelRef(label))
		Label(label + "Last")
		body(true)
	}
	lowest := load(bits32(0xff800000)) // -Inf
	most := [2]VecVirtual{YMM(), YMM()}
	VMOVAPS(lowest, most[0])
	VMOVAPS(lowest, most[1])
	walk("max", func(last bool) {
		for j, v := range pair(src) {
			if last {
				v = choose(load(at(valid, 32*j)), v, most[j])
			}
			VMAXPS(v, most[j], most[j])
		}
	})
	top := fold(most, func(src2 Op, src1, dst Op) { VMAXPS(src2, src1, dst) })
	VMOVSS(top.AsX(), at(out, 0))
	VBROADCASTSS(top.AsX(), top)
	sum := [2]VecVirtual{zero(), zero()}
	walk("exp", func(last bool) {
		for j, v := range pair(src) {
			e := exp(sub(v, top))
			if last {
				e = and(e, at(valid, 32*j))
			}
			VMOVUPS(e, at(dst, 32*j))
			VADDPS(e, sum[j], sum[j])
		}
	})
	total := fold(sum, func(src2 Op, src1, dst Op) { VADDPS(src2, src1, dst) })
	VMOVSS(total.AsX(), at(out, 4))
	VBROADCASTSS(total.AsX(), total)
	share, inv := parameter("share"), parameter("inv")
	walk("scale", func(last bool) {
		for j, e := range pair(dst) {
			p := mul(sub(div(e, total), share), inv)
			if last {
				p = and(p, at(valid, 32*j))
			}
			VMOVUPS(p, at(dst, 32*j))
		}
	})
	end()
}

// fold combines 16 lanes: halves onto each other four times; the result lies in lane 0.
func fold(v [2]VecVirtual, f func(src2 Op, src1, dst Op)) VecVirtual {
	s, h := YMM(), YMM()
	f(v[1], v[0], s)
	VEXTRACTF128(U8(1), s, h.AsX())
	f(h.AsX(), s.AsX(), s.AsX())
	VMOVHLPS(s.AsX(), s.AsX(), h.AsX())
	f(h.AsX(), s.AsX(), s.AsX())
	VMOVSHDUP(s.AsX(), h.AsX())
	f(h.AsX(), s.AsX(), s.AsX())
	return s
}
