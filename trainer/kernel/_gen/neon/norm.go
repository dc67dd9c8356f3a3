package main

import "fmt"

func norms(u *unit) {
	u.function("squarePanelAsm", "func(sum, mean *[16]float32, rows int, x *float32, xRow int)", squarePanel)
	u.function("normalizePanelAsm", "func(rows int, y *float32, yRow int, x *float32, xRow int, mean, scale, shift *[16]float32)", normalizePanel)
	u.function("gradPanelAsm", "func(sum, cross, mean *[16]float32, rows int, dy *float32, dyRow int, x *float32, xRow int)", gradPanel)
	u.function("gradInputPanelAsm", "func(k *float32, mean *[16]float32, rows int, dx *float32, dxRow int, dy *float32, dyRow int, x *float32, xRow int)", gradInputPanel)
	u.function("softmaxRowAsm", "func(panels int, dst *float32, dstPanel int, src *float32, srcPanel int, valid *[16]uint32, share, inv float32, out *[2]float32)", softmaxRow)
}

func squarePanel(f *function) {
	sum, mean, rows, x, xRow := f.pointer("sum"), f.pointer("mean"), f.pointer("rows"), f.pointer("x"), f.pointer("xRow")
	s, m := f.wide(sum, 0), f.wide(mean, 0)
	f.rows(rows, func() {
		for j, v := range f.wide(x, 0) {
			d := f.sub(v, m[j])
			f.addIn(s[j], f.mul(d, d))
		}
	}, []gp{x}, []gp{xRow})
	f.storeWide(s, sum, 0)
}

func normalizePanel(f *function) {
	rows, y, yRow, x, xRow := f.pointer("rows"), f.pointer("y"), f.pointer("yRow"), f.pointer("x"), f.pointer("xRow")
	m, k, b := f.wide(f.pointer("mean"), 0), f.wide(f.pointer("scale"), 0), f.wide(f.pointer("shift"), 0)
	f.rows(rows, func() {
		w := f.wide(x, 0)
		for j, v := range w {
			w[j] = f.add(f.mul(f.sub(v, m[j]), k[j]), b[j])
		}
		f.storeWide(w, y, 0)
	}, []gp{x, y}, []gp{xRow, yRow})
}

func gradPanel(f *function) {
	sum, cross := f.pointer("sum"), f.pointer("cross")
	m := f.wide(f.pointer("mean"), 0)
	rows, dy, dyRow, x, xRow := f.pointer("rows"), f.pointer("dy"), f.pointer("dyRow"), f.pointer("x"), f.pointer("xRow")
	s, c := f.wide(sum, 0), f.wide(cross, 0)
	f.rows(rows, func() {
		for j := range s {
			d := f.load(dy, 16*j)
			f.addIn(s[j], d)
			f.addIn(c[j], f.mul(d, f.sub(f.load(x, 16*j), m[j])))
		}
	}, []gp{x, dy}, []gp{xRow, dyRow})
	f.storeWide(s, sum, 0)
	f.storeWide(c, cross, 0)
}

// gradInputPanel reads scale, shift and slope, 16 floats each, from k.
func gradInputPanel(f *function) {
	k := f.pointer("k")
	scale, shift, slope := f.wide(k, 0), f.wide(k, 64), f.wide(k, 128)
	m := f.wide(f.pointer("mean"), 0)
	rows, dx, dxRow, dy, dyRow, x, xRow := f.pointer("rows"), f.pointer("dx"), f.pointer("dxRow"), f.pointer("dy"), f.pointer("dyRow"), f.pointer("x"), f.pointer("xRow")
	f.rows(rows, func() {
		for j := range m {
			d := f.sub(f.load(dy, 16*j), shift[j])
			h := f.mul(f.sub(f.load(x, 16*j), m[j]), slope[j])
			f.store(f.mul(f.sub(d, h), scale[j]), dx, 16*j)
		}
	}, []gp{x, dy, dx}, []gp{xRow, dyRow, dxRow})
}

// softmaxRow treats one row of panels ≥ 1 panels; valid masks the columns of the last one. It writes
// (exp(x - max)/Σ - share)·inv to the valid columns, zero to the others, and stores max and Σ.
func softmaxRow(f *function) {
	panels, valid, out := f.pointer("panels"), f.pointer("valid"), f.pointer("out")
	dstPanel, srcPanel := f.pointer("dstPanel"), f.pointer("srcPanel")
	n, src, dst := f.gp(), f.gp(), f.gp()
	// walk runs body for all panels but the last, then for the last.
	walk := func(name string, body func(last bool)) {
		f.line("SUB $1, %s, %s", panels, n)
		f.line("MOVD src+%d(FP), %s", f.offset("src"), src)
		f.line("MOVD dst+%d(FP), %s", f.offset("dst"), dst)
		f.line("CBZ %s, %sLast", n, name)
		f.loop(name, n, func() {
			body(false)
			f.line("ADD %s, %s, %s", srcPanel, src, src)
			f.line("ADD %s, %s, %s", dstPanel, dst, dst)
		})
		f.label(name + "Last")
		body(true)
	}
	// larger is a where a > b, else b, in b: as the plain twin decides for NaN and zeros.
	larger := func(a, b vec) vec { return f.choose(f.greater(a, b), a, b) }

	lowest := f.bits(0xff800000) // -Inf
	var most, sum wide
	for j := range most {
		most[j] = f.move(f.vec(), lowest)
	}
	walk("max", func(last bool) {
		for j := range most {
			v := f.load(src, 16*j)
			if last {
				v = f.choose(f.load(valid, 16*j), v, most[j]) // the others stay
			}
			f.move(most[j], larger(most[j], v))
		}
	})
	top := f.fold(most, larger)
	f.code = append(f.code, storeFirst(top, out, 0))
	top = f.first(top)

	for j := range sum {
		sum[j] = f.zero()
	}
	walk("exp", func(last bool) {
		for j := range sum {
			e := f.exp(f.sub(f.load(src, 16*j), top))
			if last {
				e = f.and(e, f.load(valid, 16*j))
			}
			f.store(e, dst, 16*j)
			f.addIn(sum[j], e)
		}
	})
	total := f.fold(sum, f.add)
	f.code = append(f.code, storeFirst(total, out, 4))
	total = f.first(total)

	share, inv := f.parameter("share"), f.parameter("inv")
	walk("scale", func(last bool) {
		for j := range sum {
			p := f.mul(f.sub(f.div(f.load(dst, 16*j), total), share), inv)
			if last {
				p = f.and(p, f.load(valid, 16*j))
			}
			f.store(p, dst, 16*j)
		}
	})
}

// fold combines 16 lanes: halves onto each other four times; the result lies in lane 0.
func (f *function) fold(w wide, combine func(a, b vec) vec) vec {
	v := combine(combine(w[0], w[2]), combine(w[1], w[3]))
	v = combine(v, f.op("VDUP V%[2]d.D[1], V%[1]d.D2", f.vec(), v))
	return combine(v, f.op("VDUP V%[2]d.S[1], V%[1]d.S4", f.vec(), v))
}

// storeFirst writes lane 0.
func storeFirst(v vec, base gp, disp int) instruction {
	return instruction{reads: []vec{v}, text: func(number func(vec) int) string {
		return fmt.Sprintf("FMOVS F%d, %d(%s)", number(v), disp, base)
	}}
}
