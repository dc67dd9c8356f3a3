package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The transforms of Winograd's F(2×2, 3×3) on vectors of 16 channels; order of operations as in
// ../winograd_generic.go. Positions of a transformed tile lie a stride apart: 4·i + j.
func winograds512() {
	is512 = true
	winograds()
	winograds4()
	wino4OutputMasked()
}

func winograds() {
	winoInput()
	winoOutput()
	winoGrad()
	winoWeights()
	winoWeightGrad()
}

// grid4 addresses 4×4 positions a stride apart: rows begins at base and is moved on row by row.
type grid4 struct{ base, stride, stride3 GPVirtual }

func newGrid4(base, stride GPVirtual) grid4 {
	g := grid4{base, stride, GP64().(GPVirtual)}
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, g.stride3)
	return g
}

// in is position j of the row that begins at row.
func (g grid4) in(row GPVirtual, j, disp int) Mem {
	switch j {
	case 1, 2:
		return Mem{Base: row, Index: g.stride, Scale: uint8(j), Disp: disp}
	case 3:
		return Mem{Base: row, Index: g.stride3, Scale: 1, Disp: disp}
	}
	return at(row, disp)
}

// next moves row on to the next four positions.
func (g grid4) next(row GPVirtual) { LEAQ(Mem{Base: row, Index: g.stride, Scale: 4}, row) }

// winoInput writes V = Bᵀ·d·B of n tiles: windows of 4×4 pixels, two pixels apart.
func winoInput() {
	begin("winoInputAsm", "func(n int, dst *float32, stride int, src *float32, row int)")
	n, dst, stride, src, row := pointer("n"), pointer("dst"), pointer("stride"), pointer("src"), pointer("row")
	g := newGrid4(dst, stride)
	rows := grid4{src, row, GP64().(GPVirtual)}
	LEAQ(Mem{Base: row, Index: row, Scale: 2}, rows.stride3)
	p := GP64().(GPVirtual)
	Label("tile")
	// The next line of tiles reads two rows more.
	LEAQ(Mem{Base: src, Index: row, Scale: 4}, p)
	PREFETCHT0(at(p, 0))
	PREFETCHT0(at(p, 64))
	PREFETCHT0(Mem{Base: p, Index: row, Scale: 1})
	PREFETCHT0(Mem{Base: p, Index: row, Scale: 1, Disp: 64})
	for half := range halves16() {
		MOVQ(g.base, p)
		d := func(r, c int) Mem { return rows.in(src, r, 64*c+32*half) }
		for i := range 4 {
			var t [4]VecVirtual
			for c := range t {
				switch i {
				case 0:
					t[c] = sub(load(d(0, c)), d(2, c))
				case 1:
					t[c] = add(load(d(1, c)), d(2, c))
				case 2:
					t[c] = sub(load(d(2, c)), d(1, c))
				case 3:
					t[c] = sub(load(d(1, c)), d(3, c))
				}
			}
			VMOVUPS(sub(t[0], t[2]), g.in(p, 0, 32*half))
			VMOVUPS(add(t[1], t[2]), g.in(p, 1, 32*half))
			VMOVUPS(sub(t[2], t[1]), g.in(p, 2, 32*half))
			VMOVUPS(sub(t[1], t[3]), g.in(p, 3, 32*half))
			if i < 3 {
				g.next(p)
			}
		}
	}
	ADDQ(U32(128), src)
	ADDQ(U8(64), dst)
	DECQ(n)
	JNZ(LabelRef("tile"))
	end()
}

// winoOutput writes Y = Aᵀ·m·A + bias of n tiles to two rows of pixels, the second row first; floor is 0 for a ReLU, else
// minus infinity. With odd the last tile has one column only.
func winoOutput() {
	begin("winoOutputAsm", "func(n int, row0, row1, src *float32, stride int, bias *[16]float32, floor float32, odd int)")
	n, row0, row1, src, stride, bias, odd := pointer("n"), pointer("row0"), pointer("row1"), pointer("src"), pointer("stride"), pointer("bias"), pointer("odd")
	floor := parameter("floor")
	g := newGrid4(src, stride)
	p := GP64().(GPVirtual)
	Label("tile")
	var y [2][2][2]VecVirtual // half, row, column
	PREFETCHT0(at(row0, 512))
	PREFETCHT0(at(row0, 576))
	PREFETCHT0(at(row1, 512))
	PREFETCHT0(at(row1, 576))
	for half := range halves16() {
		var z [2][4]VecVirtual
		MOVQ(src, p)
		for j := range 4 {
			z[0][j] = load(g.in(p, j, 32*half))
		}
		g.next(p)
		for j := range 4 {
			z[1][j] = load(g.in(p, j, 32*half))
			VADDPS(z[1][j], z[0][j], z[0][j])
		}
		g.next(p)
		for j := range 4 {
			m := load(g.in(p, j, 32*half))
			VADDPS(m, z[0][j], z[0][j])
			VSUBPS(m, z[1][j], z[1][j])
		}
		g.next(p)
		for j := range 4 {
			VSUBPS(g.in(p, j, 32*half), z[1][j], z[1][j])
		}
		for r := range 2 {
			y[half][r][0] = add(add(add(z[r][0], z[r][1]), z[r][2]), at(bias, 32*half))
			y[half][r][1] = add(sub(sub(z[r][1], z[r][2]), z[r][3]), at(bias, 32*half))
			for c := range 2 {
				VMAXPS(y[half][r][c], floor, y[half][r][c]) // NaN stays
			}
		}
		VMOVUPS(y[half][1][0], at(row1, 32*half))
		VMOVUPS(y[half][0][0], at(row0, 32*half))
	}
	CMPQ(n, odd) // odd is 1 or 0, n is at least 1: equal at an odd last tile only
	JEQ(LabelRef("last"))
	for half := range halves16() {
		VMOVUPS(y[half][1][1], at(row1, 64+32*half))
		VMOVUPS(y[half][0][1], at(row0, 64+32*half))
	}
	Label("last")
	ADDQ(U32(128), row0)
	ADDQ(U32(128), row1)
	ADDQ(U8(64), src)
	DECQ(n)
	JNZ(LabelRef("tile"))
	end()
}

// winoGrad writes A·d·Aᵀ of n tiles of 2×2 pixels.
func winoGrad() {
	begin("winoGradAsm", "func(n int, dst *float32, stride int, src *float32, row int)")
	n, dst, stride, src, row := pointer("n"), pointer("dst"), pointer("stride"), pointer("src"), pointer("row")
	g := newGrid4(dst, stride)
	p := GP64().(GPVirtual)
	Label("tile")
	for half := range halves16() {
		a, b := load(at(src, 32*half)), load(at(src, 64+32*half))
		c, d := load(Mem{Base: src, Index: row, Scale: 1, Disp: 32 * half}), load(Mem{Base: src, Index: row, Scale: 1, Disp: 64 + 32*half})
		MOVQ(dst, p)
		for i, r := range [4][2]VecVirtual{{a, b}, {add(a, c), add(b, d)}, {sub(a, c), sub(b, d)}, {negate(c), negate(d)}} {
			VMOVUPS(r[0], g.in(p, 0, 32*half))
			VMOVUPS(add(r[0], r[1]), g.in(p, 1, 32*half))
			VMOVUPS(sub(r[0], r[1]), g.in(p, 2, 32*half))
			VMOVUPS(negate(r[1]), g.in(p, 3, 32*half))
			if i < 3 {
				g.next(p)
			}
		}
	}
	ADDQ(U32(128), src)
	ADDQ(U8(64), dst)
	DECQ(n)
	JNZ(LabelRef("tile"))
	end()
}

// tapStride is the distance of a kernel's taps in bytes: 16 channels of 16 floats.
const tapStride = 16 * 16 * 4

// winoWeights writes U = G·w·Gᵀ of n rows of 16 floats.
func winoWeights() {
	begin("winoWeightsAsm", "func(n int, dst *float32, stride int, src *float32)")
	n, dst, stride, src := pointer("n"), pointer("dst"), pointer("stride"), pointer("src")
	g := newGrid4(dst, stride)
	p := GP64().(GPVirtual)
	Label("row")
	for half := range halves16() {
		var t [4][3]VecVirtual
		for x := range 3 {
			tap := func(y int) Mem { return at(src, (3*y+x)*tapStride+32*half) }
			t[0][x], t[3][x] = load(tap(0)), load(tap(2))
			t[1][x], t[2][x] = halves(t[0][x], tap(1), t[3][x])
		}
		MOVQ(dst, p)
		for i := range 4 {
			VMOVUPS(t[i][0], g.in(p, 0, 32*half))
			plus, minus := halves(t[i][0], t[i][1], t[i][2])
			VMOVUPS(plus, g.in(p, 1, 32*half))
			VMOVUPS(minus, g.in(p, 2, 32*half))
			VMOVUPS(t[i][2], g.in(p, 3, 32*half))
			if i < 3 {
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

// halves gives ½·((a+c)+b) and ½·((a+c)-b).
func halves(a VecVirtual, b Op, c VecVirtual) (plus, minus VecVirtual) {
	e := add(a, c)
	return mul(add(e, b), float(.5)), mul(sub(e, b), float(.5))
}

// winoWeightGrad writes Gᵀ·m·G of n rows of 16 floats to the nine taps.
func winoWeightGrad() {
	begin("winoWeightGradAsm", "func(n int, dst, src *float32, stride int)")
	n, dst, src, stride := pointer("n"), pointer("dst"), pointer("src"), pointer("stride")
	g := newGrid4(src, stride)
	p := GP64().(GPVirtual)
	Label("row")
	for half := range halves16() {
		var a [3][4]VecVirtual
		for j := range 4 {
			MOVQ(src, p)
			m := make([]VecVirtual, 4)
			for i := range m {
				m[i] = load(g.in(p, j, 32*half))
				if i < 3 {
					g.next(p)
				}
			}
			a[0][j], a[1][j], a[2][j] = thirds(m[0], m[1], m[2], m[3])
		}
		for y := range 3 {
			w := [3]VecVirtual{}
			w[0], w[1], w[2] = thirds(a[y][0], a[y][1], a[y][2], a[y][3])
			for x := range w {
				VMOVUPS(w[x], at(dst, (3*y+x)*tapStride+32*half))
			}
		}
	}
	ADDQ(U8(64), src)
	ADDQ(U8(64), dst)
	DECQ(n)
	JNZ(LabelRef("row"))
	end()
}

// thirds gives a + ½(b+c), ½(b-c) and ½(b+c) + d.
func thirds(a, b, c, d VecVirtual) (x, y, z VecVirtual) {
	e := mul(add(b, c), float(.5))
	return add(a, e), mul(sub(b, c), float(.5)), add(e, d)
}
