package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The transforms of Winograd's F(4×4, 3×3) on vectors of 16 channels; order of operations as in
// ../winograd4_generic.go. Products with powers of two are exact, so that fusing them with a sum does
// not change the bits. No intermediate is kept: reading again is cheaper than storing.
func winograds4() {
	wino4Input()
	wino4Output()
	wino4Grad()
	wino4Weights()
	wino4WeightGrad()
}

// grid6 addresses 6×6 places a stride apart.
type grid6 struct{ stride, stride3, stride5 GPVirtual }

func newGrid6(stride GPVirtual) grid6 {
	g := grid6{stride, GP64().(GPVirtual), GP64().(GPVirtual)}
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, g.stride3)
	LEAQ(Mem{Base: stride, Index: stride, Scale: 4}, g.stride5)
	return g
}

// in is place j after base.
func (g grid6) in(base GPVirtual, j, disp int) Mem {
	switch j {
	case 1, 2, 4:
		return Mem{Base: base, Index: g.stride, Scale: uint8(j), Disp: disp}
	case 3:
		return Mem{Base: base, Index: g.stride3, Scale: 1, Disp: disp}
	case 5:
		return Mem{Base: base, Index: g.stride5, Scale: 1, Disp: disp}
	}
	return at(base, disp)
}

// next moves base six places on.
func (g grid6) next(base GPVirtual) { LEAQ(Mem{Base: base, Index: g.stride3, Scale: 2}, base) }

// fma is a + k·b for a power of two k.
func fma(a VecVirtual, k float32, b VecVirtual) VecVirtual {
	VFMADD231PS(float(k), b, a)
	return a
}

// sixth gives element i of Bᵀ·d, whose six elements d loads.
func sixth(i int, d func(int) Mem) VecVirtual {
	switch i {
	case 0:
		return fma(sub(load(d(4)), d(2)), 4, sub(load(d(0)), d(2)))
	case 1:
		return add2(fma(load(d(4)), -4, load(d(2))), fma(load(d(3)), -4, load(d(1))))
	case 2:
		return sub2(fma(load(d(4)), -4, load(d(2))), fma(load(d(3)), -4, load(d(1))))
	case 3:
		return fma(sub(load(d(4)), d(2)), 2, sub(load(d(3)), d(1)))
	case 4:
		return fma(sub(load(d(4)), d(2)), -2, sub(load(d(3)), d(1)))
	}
	return fma(sub(load(d(5)), d(3)), 4, sub(load(d(1)), d(3)))
}

func add2(a, b VecVirtual) VecVirtual { VADDPS(b, a, a); return a }
func sub2(a, b VecVirtual) VecVirtual { VSUBPS(b, a, a); return a }

func wino4Input() {
	begin("wino4InputAsm", "func(n int, dst *float32, stride int, src *float32, row int)")
	n, dst, src := pointer("n"), pointer("dst"), pointer("src")
	g, rows := newGrid6(pointer("stride")), newGrid6(pointer("row"))
	p := GP64().(GPVirtual)
	Label("tile")
	// The next line of tiles reads four rows more.
	LEAQ(Mem{Base: src, Index: rows.stride3, Scale: 2}, p)
	for r := range 4 {
		for x := range 4 {
			PREFETCHT0(rows.in(p, r, 64*x))
		}
	}
	for half := range halves16() {
		MOVQ(dst, p)
		for i := range 6 {
			var t [6]VecVirtual
			for c := range t {
				t[c] = sixth(i, func(r int) Mem { return rows.in(src, r, 64*c+32*half) })
			}
			even, odd := sub(t[4], t[2]), sub(t[3], t[1])
			VMOVUPS(fma(copied(even), 4, sub(t[0], t[2])), g.in(p, 0, 32*half))
			VMOVUPS(fma(sub(t[5], t[3]), 4, sub(t[1], t[3])), g.in(p, 5, 32*half))
			VMOVUPS(fma(copied(even), 2, odd), g.in(p, 3, 32*half))
			VMOVUPS(fma(even, -2, odd), g.in(p, 4, 32*half))
			e, o := fma(t[4], -4, t[2]), fma(t[3], -4, t[1])
			VMOVUPS(add(e, o), g.in(p, 1, 32*half))
			VMOVUPS(sub(e, o), g.in(p, 2, 32*half))
			if i < 5 {
				g.next(p)
			}
		}
	}
	ADDQ(U32(256), src)
	ADDQ(U8(64), dst)
	DECQ(n)
	JNZ(LabelRef("tile"))
	end()
}

// quarter gives element r of Aᵀ·m, whose six elements m loads.
func quarter(r int, m func(int) Mem) VecVirtual {
	switch r {
	case 0:
		s1 := add(load(m(1)), m(2))
		return add2(add2(s1, load(m(0))), add(load(m(3)), m(4)))
	case 1:
		return fma(sub(load(m(1)), m(2)), 2, sub(load(m(3)), m(4)))
	case 2:
		return fma(add(load(m(1)), m(2)), 4, add(load(m(3)), m(4)))
	}
	return add2(fma(sub(load(m(1)), m(2)), 8, sub(load(m(3)), m(4))), load(m(5)))
}

func copied(v VecVirtual) VecVirtual { d := vector(); VMOVAPS(v, d); return d }

// columns6 is the grid of the rows of positions: place i after the base of column j is position 6·i + j.
func columns6(stride GPVirtual) grid6 {
	six := GP64().(GPVirtual)
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, six)
	ADDQ(six, six)
	return newGrid6(six)
}

// wino4Output writes Aᵀ·m·A + bias, at least floor, of n tiles to rows ≤ 4 rows of pixels; the last tile
// has cols columns.
func wino4Output() {
	begin("wino4OutputAsm", "func(n, rows int, dst *float32, dstRow int, src *float32, stride int, bias *[16]float32, floor float32, cols int)")
	n, rows, dst, dstRow, src, stride, bias := pointer("n"), pointer("rows"), pointer("dst"), pointer("dstRow"), pointer("src"), pointer("stride"), pointer("bias")
	g := columns6(stride)
	to, column, limit := GP64().(GPVirtual), GP64().(GPVirtual), GP64().(GPVirtual)
	Label("tile")
	Load(Param("cols"), limit)
	MOVQ(U32(4), column)
	CMPQ(n, U8(1))
	CMOVQNE(column, limit)
	MOVQ(dst, to)
	for r := range 4 {
		for half := range halves16() {
			var z [6]VecVirtual
			MOVQ(src, column)
			for j := range z {
				z[j] = quarter(r, func(i int) Mem { return g.in(column, i, 32*half) })
				if j < 5 {
					ADDQ(stride, column)
				}
			}
			s1, d1, s2, d2 := add(z[1], z[2]), sub(z[1], z[2]), add(z[3], z[4]), sub(z[3], z[4])
			skip := fmt.Sprintf("row%dhalf%d", r, half)
			floor := parameter("floor")
			store := func(c int, v VecVirtual) {
				if c > 0 {
					CMPQ(limit, U8(c))
					JE(LabelRef(skip))
				}
				VADDPS(at(bias, 32*half), v, v)
				VMAXPS(v, floor, v) // NaN stays
				VMOVUPS(v, at(to, 64*c+32*half))
			}
			store(0, add2(add(s1, z[0]), s2))
			store(1, fma(copied(d1), 2, d2))
			store(2, fma(s1, 4, s2))
			store(3, add2(fma(d1, 8, d2), z[5]))
			Label(skip)
		}
		if r < 3 {
			CMPQ(rows, U8(r+1))
			JE(LabelRef("done"))
			ADDQ(dstRow, to)
		}
	}
	Label("done")
	ADDQ(U32(256), dst)
	ADDQ(U8(64), src)
	DECQ(n)
	JNZ(LabelRef("tile"))
	end()
}

// wino4OutputMasked is wino4Output without bias and floor, zero where the mask is not positive: of AVX-512, whose
// comparisons need no register.
func wino4OutputMasked() {
	begin("wino4OutputMaskedAsm", "func(n, rows int, dst *float32, dstRow int, src *float32, stride int, mask *float32, maskRow, cols int)")
	n, dst, dstRow, src, stride, mask := pointer("n"), pointer("dst"), pointer("dstRow"), pointer("src"), pointer("stride"), pointer("mask")
	memory := func(name string) Mem {
		b, err := Param(name).Resolve()
		if err != nil {
			panic(err)
		}
		return b.Addr
	}
	g := columns6(stride)
	to, of, column, limit := GP64().(GPVirtual), GP64().(GPVirtual), GP64().(GPVirtual), GP64().(GPVirtual)
	none, positive := zero(), K()
	Label("tile")
	Load(Param("cols"), limit)
	MOVQ(U32(4), column)
	CMPQ(n, U8(1))
	CMOVQNE(column, limit)
	MOVQ(dst, to)
	MOVQ(mask, of)
	for r := range 4 {
		var z [6]VecVirtual
		MOVQ(src, column)
		for j := range z {
			z[j] = quarter(r, func(i int) Mem { return g.in(column, i, 0) })
			if j < 5 {
				ADDQ(stride, column)
			}
		}
		s1, d1, s2, d2 := add(z[1], z[2]), sub(z[1], z[2]), add(z[3], z[4]), sub(z[3], z[4])
		skip := fmt.Sprintf("row%d", r)
		store := func(c int, v VecVirtual) {
			if c > 0 {
				CMPQ(limit, U8(c))
				JE(LabelRef(skip))
			}
			VCMPPS(U8(less), at(of, 64*c), none, positive)
			VADDPS_Z(none, v, positive, v) // as if a bias of zero: no negative zeros
			VMOVUPS(v, at(to, 64*c))
		}
		store(0, add2(add(s1, z[0]), s2))
		store(1, fma(copied(d1), 2, d2))
		store(2, fma(s1, 4, s2))
		store(3, add2(fma(d1, 8, d2), z[5]))
		Label(skip)
		if r < 3 {
			CMPQ(memory("rows"), U8(r+1))
			JE(LabelRef("done"))
			ADDQ(dstRow, to)
			ADDQ(memory("maskRow"), of)
		}
	}
	Label("done")
	ADDQ(U32(256), dst)
	ADDQ(U32(256), mask)
	ADDQ(U8(64), src)
	DECQ(n)
	JNZ(LabelRef("tile"))
	end()
}

// sixfold gives element i of A·y, whose four elements y loads.
func sixfold(i int, y func(int) Mem) VecVirtual {
	switch i {
	case 0:
		return load(y(0))
	case 1:
		return add2(add(load(y(0)), y(2)), add(load(y(1)), y(3)))
	case 2:
		return sub2(add(load(y(0)), y(2)), add(load(y(1)), y(3)))
	case 3, 4:
		e, o := fma(load(y(0)), 4, load(y(2))), fma(load(y(1)), 4, load(y(3)))
		if i == 4 {
			return fma(e, -2, o)
		}
		return fma(e, 2, o)
	}
	return load(y(3))
}

// wino4Grad writes A·y·Aᵀ of n tiles of 4×4 pixels.
func wino4Grad() {
	begin("wino4GradAsm", "func(n int, dst *float32, stride int, src *float32, row int)")
	n, dst, src := pointer("n"), pointer("dst"), pointer("src")
	g, rows := newGrid6(pointer("stride")), newGrid6(pointer("row"))
	p := GP64().(GPVirtual)
	Label("tile")
	for half := range halves16() {
		MOVQ(dst, p)
		for i := range 6 {
			var t [4]VecVirtual
			for c := range t {
				t[c] = sixfold(i, func(r int) Mem { return rows.in(src, r, 64*c+32*half) })
			}
			VMOVUPS(t[0], g.in(p, 0, 32*half))
			VMOVUPS(t[3], g.in(p, 5, 32*half))
			e, o := add(t[0], t[2]), add(t[1], t[3])
			VMOVUPS(add(e, o), g.in(p, 1, 32*half))
			VMOVUPS(sub(e, o), g.in(p, 2, 32*half))
			e, o = fma(t[0], 4, t[2]), fma(t[1], 4, t[3])
			VMOVUPS(fma(copied(e), 2, o), g.in(p, 3, 32*half))
			VMOVUPS(fma(e, -2, o), g.in(p, 4, 32*half))
			if i < 5 {
				g.next(p)
			}
		}
	}
	ADDQ(U32(256), src)
	ADDQ(U8(64), dst)
	DECQ(n)
	JNZ(LabelRef("tile"))
	end()
}

// wino4Weights writes G·w·Gᵀ of n rows of 16 floats.
func wino4Weights() {
	begin("wino4WeightsAsm", "func(n int, dst *float32, stride int, src *float32)")
	n, dst, src := pointer("n"), pointer("dst"), pointer("src")
	g := newGrid6(pointer("stride"))
	p := GP64().(GPVirtual)
	Label("row")
	for half := range halves16() {
		MOVQ(dst, p)
		for i := range 6 {
			var t [3]VecVirtual
			for x := range t {
				tap := func(y int) VecVirtual { return load(at(src, (3*y+x)*tapStride+32*half)) }
				t[x] = spread6(i, tap)
			}
			for j := range 6 {
				VMOVUPS(spread6(j, func(x int) VecVirtual { return copied(t[x]) }), g.in(p, j, 32*half))
			}
			if i < 5 {
				g.next(p)
			}
		}
	}
	ADDQ(U8(64), src)
	ADDQ(U8(64), dst)
	DECQ(n)
	JNZ(LabelRef("row"))
	end()
}

// spread6 gives element i of G·w, whose three elements w gives afresh.
func spread6(i int, w func(int) VecVirtual) VecVirtual {
	switch i {
	case 0:
		return mul(w(0), float(1./4))
	case 1:
		return mul(add2(add2(w(0), w(2)), w(1)), float(-1./6))
	case 2:
		return mul(sub2(add2(w(0), w(2)), w(1)), float(-1./6))
	case 3, 4:
		e, o := add2(mul(w(0), float(1./24)), mul(w(2), float(1./6))), mul(w(1), float(1./12))
		if i == 4 {
			return sub2(e, o)
		}
		return add2(e, o)
	}
	return w(2)
}

// third gives element y of Gᵀ·m, whose six elements m gives afresh.
func third(y int, m func(int) VecVirtual) VecVirtual {
	switch y {
	case 0:
		a := sub2(mul(m(0), float(1./4)), mul(add2(m(1), m(2)), float(1./6)))
		return add2(a, mul(add2(m(3), m(4)), float(1./24)))
	case 1:
		return add2(mul(sub2(m(2), m(1)), float(1./6)), mul(sub2(m(3), m(4)), float(1./12)))
	}
	return add2(mul(sub2(add2(m(3), m(4)), add2(m(1), m(2))), float(1./6)), m(5))
}

// wino4WeightGrad writes Gᵀ·m·G of n rows of 16 floats to the nine taps.
func wino4WeightGrad() {
	begin("wino4WeightGradAsm", "func(n int, dst, src *float32, stride int)")
	n, dst, src, stride := pointer("n"), pointer("dst"), pointer("src"), pointer("stride")
	g := columns6(stride)
	column := GP64().(GPVirtual)
	Label("row")
	for half := range halves16() {
		for y := range 3 {
			var a [6]VecVirtual
			MOVQ(src, column)
			for j := range a {
				a[j] = third(y, func(i int) VecVirtual { return load(g.in(column, i, 32*half)) })
				if j < 5 {
					ADDQ(stride, column)
				}
			}
			for x := range 3 {
				VMOVUPS(third(x, func(j int) VecVirtual { return copied(a[j]) }), at(dst, (3*y+x)*tapStride+32*half))
			}
		}
	}
	ADDQ(U8(64), src)
	ADDQ(U8(64), dst)
	DECQ(n)
	JNZ(LabelRef("row"))
	end()
}
