package main

import "fmt"

// The transforms of Winograd's F(2×2, 3×3) on vectors of 16 channels, four at a time; order of
// operations as in ../../winograd_generic.go. Positions of a transformed tile lie a stride apart: a
// pointer walks over all 16 of them in order.
func winograds(u *unit) {
	u.function("winoInputAsm", "func(n int, dst *float32, stride int, src *float32, row int)", winoInput)
	u.function("winoOutputAsm", "func(n int, row0, row1, src *float32, stride int, bias *[16]float32, floor float32, odd int)", winoOutput)
	u.function("winoGradAsm", "func(n int, dst *float32, stride int, src *float32, row int)", winoGrad)
	u.function("winoWeightsAsm", "func(n int, dst *float32, stride int, src *float32)", winoWeights)
	u.function("winoWeightGradAsm", "func(n int, dst, src *float32, stride int)", winoWeightGrad)
}

// walk is a pointer that moves on by a stride after every access.
type walk struct {
	f         *function
	p, stride gp
}

func (f *function) walk(stride gp) walk { return walk{f, f.gp(), stride} }

func (w walk) begin(base gp) { w.f.line("MOVD %s, %s", base, w.p) }

func (w walk) next() { w.f.line("ADD %s, %s, %s", w.stride, w.p, w.p) }

func (w walk) store(v vec, disp int) {
	w.f.store(v, w.p, disp)
	w.next()
}

func (w walk) load(disp int) vec {
	v := w.f.load(w.p, disp)
	w.next()
	return v
}

// tiles loops over n tiles, whose transforms lie 64 bytes apart and whose pixels 128.
func (f *function) tiles(n, transformed gp, pixels []gp, body func()) {
	f.loop("tile", n, func() {
		body()
		for _, p := range pixels {
			f.line("ADD $128, %s, %s", p, p)
		}
		f.line("ADD $64, %s, %s", transformed, transformed)
	})
}

// winoInput writes V = Bᵀ·d·B of n tiles: windows of 4×4 pixels, two pixels apart.
func winoInput(f *function) {
	n, dst, stride, src, row := f.pointer("n"), f.pointer("dst"), f.pointer("stride"), f.pointer("src"), f.pointer("row")
	rows := []gp{src, f.gp(), f.gp(), f.gp()}
	for i := 1; i < 4; i++ {
		f.line("ADD %s, %s, %s", row, rows[i-1], rows[i])
	}
	to := f.walk(stride)
	f.tiles(n, dst, rows, func() {
		for at := 0; at < 64; at += 16 {
			var t [4][4]vec
			for c := range 4 {
				var d [4]vec
				for r := range d {
					d[r] = f.load(rows[r], 64*c+at)
				}
				t[0][c], t[1][c], t[2][c], t[3][c] = f.sub(d[0], d[2]), f.add(d[1], d[2]), f.sub(d[2], d[1]), f.sub(d[1], d[3])
			}
			to.begin(dst)
			for i := range t {
				to.store(f.sub(t[i][0], t[i][2]), at)
				to.store(f.add(t[i][1], t[i][2]), at)
				to.store(f.sub(t[i][2], t[i][1]), at)
				to.store(f.sub(t[i][1], t[i][3]), at)
			}
		}
	})
}

// winoOutput writes Y = Aᵀ·m·A + bias of n tiles to two rows of pixels, the second row first; floor is
// 0 for a ReLU, else minus infinity. With odd the last tile has one column only.
func winoOutput(f *function) {
	n, row0, row1, src, stride, odd := f.pointer("n"), f.pointer("row0"), f.pointer("row1"), f.pointer("src"), f.pointer("stride"), f.pointer("odd")
	bias, floor := f.wide(f.pointer("bias"), 0), f.parameter("floor")
	from, both := f.walk(stride), f.gp()
	f.tiles(n, src, []gp{row0, row1}, func() {
		f.line("CMP %s, %s", odd, n) // odd is 1 or 0, n is at least 1: equal at an odd last tile only
		f.line("CSET NE, %s", both)
		for q, b := range bias {
			var z [2][4]vec
			from.begin(src)
			for j := range 4 {
				z[0][j] = from.load(16 * q)
			}
			for j := range 4 {
				z[1][j] = from.load(16 * q)
				z[0][j] = f.add(z[0][j], z[1][j])
			}
			for j := range 4 {
				m := from.load(16 * q)
				z[0][j], z[1][j] = f.add(z[0][j], m), f.sub(z[1][j], m)
			}
			for j := range 4 {
				z[1][j] = f.sub(z[1][j], from.load(16*q))
			}
			raise := func(v vec) vec { return f.choose(f.greater(floor, v), floor, v) } // NaN stays
			for r := range z {
				z[r][0], z[r][1] = f.add(f.add(z[r][0], z[r][1]), z[r][2]), f.sub(f.sub(z[r][1], z[r][2]), z[r][3])
				z[r][0], z[r][1] = raise(f.add(z[r][0], b)), raise(f.add(z[r][1], b))
			}
			f.store(z[1][0], row1, 16*q)
			f.store(z[0][0], row0, 16*q)
			f.line("CBZ %s, last%d", both, q)
			f.store(z[1][1], row1, 64+16*q)
			f.store(z[0][1], row0, 64+16*q)
			f.label(fmt.Sprintf("last%d", q))
		}
	})
}

// winoGrad writes A·d·Aᵀ of n tiles of 2×2 pixels.
func winoGrad(f *function) {
	n, dst, stride, src, row := f.pointer("n"), f.pointer("dst"), f.pointer("stride"), f.pointer("src"), f.pointer("row")
	below := f.gp()
	f.line("ADD %s, %s, %s", row, src, below)
	to := f.walk(stride)
	f.tiles(n, dst, []gp{src, below}, func() {
		for at := 0; at < 64; at += 16 {
			a, b, c, d := f.load(src, at), f.load(src, 64+at), f.load(below, at), f.load(below, 64+at)
			to.begin(dst)
			for _, r := range [4][2]vec{{a, b}, {f.add(a, c), f.add(b, d)}, {f.sub(a, c), f.sub(b, d)}, {f.negate(c), f.negate(d)}} {
				to.store(r[0], at)
				to.store(f.add(r[0], r[1]), at)
				to.store(f.sub(r[0], r[1]), at)
				to.store(f.negate(r[1]), at)
			}
		}
	})
}

// tapStride is the distance of a kernel's taps in bytes: 16 channels of 16 floats.
const tapStride = 16 * 16 * 4

// winoWeights writes U = G·w·Gᵀ of n rows of 16 floats.
func winoWeights(f *function) {
	n, dst, stride, src := f.pointer("n"), f.pointer("dst"), f.pointer("stride"), f.pointer("src")
	to := f.walk(stride)
	// halves gives ½·((a+c)+b) and ½·((a+c)-b).
	halves := func(a, b, c vec) (plus, minus vec) {
		e := f.add(a, c)
		return f.mul(f.add(e, b), f.float(.5)), f.mul(f.sub(e, b), f.float(.5))
	}
	f.loop("row", n, func() {
		for at := 0; at < 64; at += 16 {
			var t [4][3]vec
			for x := range 3 {
				tap := func(y int) vec { return f.load(src, (3*y+x)*tapStride+at) }
				t[0][x], t[3][x] = tap(0), tap(2)
				t[1][x], t[2][x] = halves(t[0][x], tap(1), t[3][x])
			}
			to.begin(dst)
			for i := range t {
				plus, minus := halves(t[i][0], t[i][1], t[i][2])
				to.store(t[i][0], at)
				to.store(plus, at)
				to.store(minus, at)
				to.store(t[i][2], at)
			}
		}
		f.line("ADD $64, %s, %s", src, src)
		f.line("ADD $64, %s, %s", dst, dst)
	})
}

// winoWeightGrad writes Gᵀ·m·G of n rows of 16 floats to the nine taps.
func winoWeightGrad(f *function) {
	n, dst, src, stride := f.pointer("n"), f.pointer("dst"), f.pointer("src"), f.pointer("stride")
	from := f.walk(stride)
	// thirds gives a + ½(b+c), ½(b-c) and ½(b+c) + d.
	thirds := func(a, b, c, d vec) [3]vec {
		e := f.mul(f.add(b, c), f.float(.5))
		return [3]vec{f.add(a, e), f.mul(f.sub(b, c), f.float(.5)), f.add(e, d)}
	}
	f.loop("row", n, func() {
		for at := 0; at < 64; at += 16 {
			var m [4][4]vec
			from.begin(src)
			for i := range m {
				for j := range m[i] {
					m[i][j] = from.load(at)
				}
			}
			var a [4][3]vec
			for j := range a {
				a[j] = thirds(m[0][j], m[1][j], m[2][j], m[3][j])
			}
			for y := range 3 {
				for x, w := range thirds(a[0][y], a[1][y], a[2][y], a[3][y]) {
					f.store(w, dst, (3*y+x)*tapStride+at)
				}
			}
		}
		f.line("ADD $64, %s, %s", src, src)
		f.line("ADD $64, %s, %s", dst, dst)
	})
}
