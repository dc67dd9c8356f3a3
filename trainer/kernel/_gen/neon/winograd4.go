package main

import "fmt"

// The transforms of Winograd's F(4×4, 3×3), four channels at a time; order of operations as in
// ../../winograd4_generic.go. Products with powers of two are exact, so that fusing them with a sum does
// not change the bits. Where 36 values do not fit into the registers, half of the rows is computed, then
// the other half: what a half does not use is left out by the allocator.
func winograds4(u *unit) {
	forward := "func(n int, dst *float32, stride int, src *float32, row int)"
	u.function("wino4InputAsm", forward, func(f *function) { wino4Forward(f, 6, f.sixths) })
	u.function("wino4OutputAsm", "func(n, rows int, dst *float32, dstRow int, src *float32, stride int, bias *[16]float32, floor float32, cols int)", wino4Output)
	u.function("wino4GradAsm", forward, func(f *function) { wino4Forward(f, 4, f.sixfolds) })
	u.function("wino4WeightsAsm", "func(n int, dst *float32, stride int, src *float32)", wino4Weights)
	u.function("wino4WeightGradAsm", "func(n int, dst, src *float32, stride int)", wino4WeightGrad)
}

// sixths is Bᵀ·d.
func (f *function) sixths(d []vec) [6]vec {
	even, odd := f.sub(d[4], d[2]), f.sub(d[3], d[1])
	e, o := f.plus(d[4], -4, d[2]), f.plus(d[3], -4, d[1])
	return [6]vec{
		f.plus(even, 4, f.sub(d[0], d[2])),
		f.add(e, o), f.sub(e, o),
		f.plus(even, 2, odd), f.plus(even, -2, odd),
		f.plus(f.sub(d[5], d[3]), 4, f.sub(d[1], d[3])),
	}
}

// quarters is Aᵀ·m.
func (f *function) quarters(m []vec) [4]vec {
	s1, d1, s2, d2 := f.add(m[1], m[2]), f.sub(m[1], m[2]), f.add(m[3], m[4]), f.sub(m[3], m[4])
	return [4]vec{f.add(f.add(s1, m[0]), s2), f.plus(d1, 2, d2), f.plus(s1, 4, s2), f.add(f.plus(d1, 8, d2), m[5])}
}

// sixfolds is A·y.
func (f *function) sixfolds(y []vec) [6]vec {
	e, o := f.add(y[0], y[2]), f.add(y[1], y[3])
	e4, o4 := f.plus(y[0], 4, y[2]), f.plus(y[1], 4, y[3])
	return [6]vec{y[0], f.add(e, o), f.sub(e, o), f.plus(e4, 2, o4), f.plus(e4, -2, o4), y[3]}
}

// spreads is G·w.
func (f *function) spreads(w []vec) [6]vec {
	e := f.add(w[0], w[2])
	even := f.add(f.mul(w[0], f.float(1./24)), f.mul(w[2], f.float(1./6)))
	odd := f.mul(w[1], f.float(1./12))
	return [6]vec{
		f.mul(w[0], f.float(1./4)),
		f.mul(f.add(e, w[1]), f.float(-1./6)), f.mul(f.sub(e, w[1]), f.float(-1./6)),
		f.add(even, odd), f.sub(even, odd),
		w[2],
	}
}

// thirds is Gᵀ·m.
func (f *function) thirds(m []vec) [3]vec {
	s1, s2 := f.add(m[1], m[2]), f.add(m[3], m[4])
	first := f.sub(f.mul(m[0], f.float(1./4)), f.mul(s1, f.float(1./6)))
	return [3]vec{
		f.add(first, f.mul(s2, f.float(1./24))),
		f.add(f.mul(f.sub(m[2], m[1]), f.float(1./6)), f.mul(f.sub(m[3], m[4]), f.float(1./12))),
		f.add(f.mul(f.sub(s2, s1), f.float(1./6)), m[5]),
	}
}

// quartersOf16 runs body for four times four channels; the pointers move on by 64 bytes in all.
func (f *function) quartersOf16(pointers []gp, body func()) {
	q := f.gp()
	f.line("MOVD $4, %s", q)
	f.loop("quarter", q, func() {
		body()
		for _, p := range pointers {
			f.line("ADD $16, %s, %s", p, p)
		}
	})
}

// below gives the addresses of n rows, the first of which is base.
func (f *function) below(base, row gp, n int) []gp {
	rows := []gp{base}
	for i := 1; i < n; i++ {
		rows = append(rows, f.gp())
		f.line("ADD %s, %s, %s", row, rows[i-1], rows[i])
	}
	return rows
}

// times6 is a stride six times as long.
func (f *function) times6(stride gp) gp {
	six := f.gp()
	f.line("ADD %s<<1, %s, %s", stride, stride, six)
	f.line("LSL $1, %s, %s", six, six)
	return six
}

// wino4Forward writes the transforms of n tiles of size×size pixels, four pixels apart: Bᵀ·d·B of
// windows of six, A·y·Aᵀ of gradients of four.
func wino4Forward(f *function, size int, transform func(v []vec) [6]vec) {
	n, dst, stride, src, row := f.pointer("n"), f.pointer("dst"), f.pointer("stride"), f.pointer("src"), f.pointer("row")
	rows, to := f.below(src, row, size), f.walk(stride)
	f.loop("tile", n, func() {
		f.quartersOf16(append([]gp{dst}, rows...), func() {
			to.begin(dst)
			for half := range 2 {
				var t [3][]vec
				for c := range size {
					var d []vec
					for _, r := range rows {
						d = append(d, f.load(r, 64*c))
					}
					all := transform(d)
					for i := range t {
						t[i] = append(t[i], all[3*half+i])
					}
				}
				for i := range t {
					for _, v := range transform(t[i]) {
						to.store(v, 0)
					}
				}
			}
		})
		for _, r := range rows {
			f.line("ADD $192, %s, %s", r, r)
		}
	})
}

// columns6 loads the six columns of positions from src on: column j holds the positions j, 6+j, …
func (f *function) columns6(src, stride, column gp, from walk, use func(m []vec)) {
	f.line("MOVD %s, %s", src, column)
	for range 6 {
		var m []vec
		from.begin(column)
		for range 6 {
			m = append(m, from.load(0))
		}
		use(m)
		f.line("ADD %s, %s, %s", stride, column, column)
	}
}

// wino4Output writes Aᵀ·m·A + bias, at least floor, of n tiles to rows ≤ 4 rows of pixels; the last tile
// has cols columns.
func wino4Output(f *function) {
	n, rows, dst, dstRow, src, stride, bias, cols := f.pointer("n"), f.pointer("rows"), f.pointer("dst"), f.pointer("dstRow"), f.pointer("src"), f.pointer("stride"), f.pointer("bias"), f.pointer("cols")
	floor := f.parameter("floor")
	to, from, column, limit := f.below(dst, dstRow, 4), f.walk(f.times6(stride)), f.gp(), f.gp()
	f.loop("tile", n, func() {
		f.line("MOVD $4, %s", limit)
		f.line("CMP $1, %s", n)
		f.line("CSEL EQ, %s, %s, %s", cols, limit, limit)
		f.quartersOf16(append([]gp{src, bias}, to...), func() {
			for half := 0; half < 4; half += 2 {
				if half > 0 {
					f.line("CMP $%d, %s", half, rows)
					f.line("BLE done")
				}
				var z [2][]vec
				f.columns6(src, stride, column, from, func(m []vec) {
					all := f.quarters(m)
					for r := range z {
						z[r] = append(z[r], all[half+r])
					}
				})
				for r := range z {
					if r > 0 {
						f.line("CMP $%d, %s", half+r, rows)
						f.line("BLE done")
					}
					row := fmt.Sprintf("row%d", half+r)
					for c, v := range f.quarters(z[r]) {
						if c > 0 {
							f.line("CMP $%d, %s", c, limit)
							f.line("BLE %s", row)
						}
						v = f.add(v, f.load(bias, 0))
						f.store(f.choose(f.greater(floor, v), floor, v), to[half+r], 64*c) // NaN stays
					}
					f.label(row)
				}
			}
			f.label("done")
		})
		f.line("SUB $64, %s, %s", bias, bias)
		for _, r := range to {
			f.line("ADD $192, %s, %s", r, r)
		}
	})
}

// wino4Weights writes G·w·Gᵀ of n rows of 16 floats.
func wino4Weights(f *function) {
	n, dst, stride, src := f.pointer("n"), f.pointer("dst"), f.pointer("stride"), f.pointer("src")
	to := f.walk(stride)
	f.loop("row", n, func() {
		f.quartersOf16([]gp{dst, src}, func() {
			var t [6][]vec
			for x := range 3 {
				var w []vec
				for y := range 3 {
					w = append(w, f.load(src, (3*y+x)*tapStride))
				}
				for i, v := range f.spreads(w) {
					t[i] = append(t[i], v)
				}
			}
			to.begin(dst)
			for i := range t {
				for _, v := range f.spreads(t[i]) {
					to.store(v, 0)
				}
			}
		})
	})
}

// wino4WeightGrad writes Gᵀ·m·G of n rows of 16 floats to the nine taps.
func wino4WeightGrad(f *function) {
	n, dst, src, stride := f.pointer("n"), f.pointer("dst"), f.pointer("src"), f.pointer("stride")
	from, column := f.walk(f.times6(stride)), f.gp()
	f.loop("row", n, func() {
		f.quartersOf16([]gp{dst, src}, func() {
			var a [3][]vec
			f.columns6(src, stride, column, from, func(m []vec) {
				for y, v := range f.thirds(m) {
					a[y] = append(a[y], v)
				}
			})
			for y := range a {
				for x, v := range f.thirds(a[y]) {
					f.store(v, dst, (3*y+x)*tapStride)
				}
			}
		})
	})
}
