package main

import "fmt"

func pools(u *unit) {
	for _, size := range []int{2, 0} {
		suffix := "Asm"
		if size > 0 {
			suffix = fmt.Sprintf("%dAsm", size)
		}
		reduction := "func(n int, y, x *float32, kh, kw, step, row int)"
		u.function("maxRow"+suffix, reduction, func(f *function) {
			// The general loop sees the first tap twice, which the maximum does not mind.
			reduce(f, size, func(x gp) wide { return f.wide(x, 0) }, func(acc, v vec) {
				f.move(acc, f.choose(f.greater(acc, v), acc, v))
			})
		})
		u.function("sumRow"+suffix, reduction, func(f *function) {
			reduce(f, size, func(x gp) wide {
				if size > 0 {
					return f.wide(x, 0)
				}
				var w wide // minus nothing: the general loop adds the first tap too
				for j := range w {
					w[j] = f.move(f.vec(), f.bits(0x80000000))
				}
				return w
			}, f.addIn)
		})
		u.function("maxBack"+suffix, "func(n int, dx *float32, dxRow int, dy, y, x *float32, xRow, kh, kw, step int, relu uint32)", func(f *function) {
			maxBackward(f, size, false)
		})
		u.function("spread"+suffix, "func(n int, dx *float32, dxRow int, dy *float32, kh, kw, step int, scale float32)", func(f *function) {
			spread(f, size)
		})
	}
	u.function("maxBackFresh2Asm", "func(n int, dx *float32, dxRow int, dy, y, x *float32, xRow, kh, kw, step int, relu uint32)", func(f *function) {
		maxBackward(f, 2, true)
	})
}

// taps runs body for size×size pixels of 64 bytes, rows apart by strides, from the bases on; at are the
// pixel's addresses, disp is to be added. The first tap may be skipped, where the size is not 0. With size
// 0 rows and columns are read from registers.
func (f *function) taps(size int, kh, kw gp, bases, strides []gp, skip bool, body func(at []gp, disp int)) {
	var rows, at []gp
	for _, b := range bases {
		rows = append(rows, f.gp())
		f.line("MOVD %s, %s", b, rows[len(rows)-1])
	}
	next := func() {
		for i := range rows {
			f.line("ADD %s, %s, %s", strides[i], rows[i], rows[i])
		}
	}
	if size > 0 {
		for ky := range size {
			for kx := range size {
				if ky+kx > 0 || !skip {
					body(rows, 64*kx)
				}
			}
			next()
		}
		return
	}
	ky, kx := f.gp(), f.gp()
	for range bases {
		at = append(at, f.gp())
	}
	f.line("MOVD %s, %s", kh, ky)
	f.loop("tapRow", ky, func() {
		f.line("MOVD %s, %s", kw, kx)
		for i := range at {
			f.line("MOVD %s, %s", rows[i], at[i])
		}
		f.loop("tap", kx, func() {
			body(at, 0)
			for i := range at {
				f.line("ADD $64, %s, %s", at[i], at[i])
			}
		})
		next()
	})
}

// reduce writes n pixels of y, each from a window of x; windows are step bytes apart.
func reduce(f *function, size int, begin func(x gp) wide, combine func(acc, v vec)) {
	n, y, x, kh, kw, step, row := f.pointer("n"), f.pointer("y"), f.pointer("x"), f.pointer("kh"), f.pointer("kw"), f.pointer("step"), f.pointer("row")
	width := f.gp()
	f.line("MOVD $64, %s", width)
	f.rows(n, func() {
		acc := begin(x)
		f.taps(size, kh, kw, []gp{x}, []gp{row}, true, func(at []gp, disp int) {
			for j, v := range f.wide(at[0], disp) {
				combine(acc[j], v)
			}
		})
		f.storeWide(acc, y, 0)
	}, []gp{y, x}, []gp{width, step})
}

// maxBackward adds dy to the first pixel of each window that equals y; with relu (all ones) only
// where y is positive. What is fresh is written and not read: windows are then disjoint.
func maxBackward(f *function, size int, fresh bool) {
	n, dx, dxRow, dy, y, x, xRow := f.pointer("n"), f.pointer("dx"), f.pointer("dxRow"), f.pointer("dy"), f.pointer("y"), f.pointer("x"), f.pointer("xRow")
	kh, kw, step, width := f.pointer("kh"), f.pointer("kw"), f.pointer("step"), f.gp()
	relu, zero := f.parameter("relu"), f.zero()
	f.line("MOVD $64, %s", width)
	f.rows(n, func() {
		top, grad := f.wide(y, 0), f.wide(dy, 0)
		for j := range grad {
			f.withoutIn(grad[j], f.without(relu, f.positive(top[j])))
		}
		f.taps(size, kh, kw, []gp{x, dx}, []gp{xRow, dxRow}, false, func(at []gp, disp int) {
			for j := range grad {
				hit := f.equal(top[j], f.load(at[0], disp+16*j))
				was := zero // as if to zero: no negative zeros
				if !fresh {
					was = f.load(at[1], disp+16*j)
				}
				f.store(f.add(was, f.and(grad[j], hit)), at[1], disp+16*j)
				f.withoutIn(grad[j], hit)
			}
		})
	}, []gp{y, dy, x, dx}, []gp{width, width, step, step})
}

// spread adds scale·dy to all pixels of its window, window after window.
func spread(f *function, size int) {
	n, dx, dxRow, dy := f.pointer("n"), f.pointer("dx"), f.pointer("dxRow"), f.pointer("dy")
	kh, kw, step, width := f.pointer("kh"), f.pointer("kw"), f.pointer("step"), f.gp()
	scale := f.parameter("scale")
	f.line("MOVD $64, %s", width)
	f.rows(n, func() {
		grad := f.wide(dy, 0)
		for j := range grad {
			f.mulIn(grad[j], scale)
		}
		f.taps(size, kh, kw, []gp{dx}, []gp{dxRow}, false, func(at []gp, disp int) {
			w := f.wide(at[0], disp)
			for j := range w {
				f.addIn(w[j], grad[j])
			}
			f.storeWide(w, at[0], disp)
		})
	}, []gp{dy, dx}, []gp{width, step})
}
