package main

func vectors(u *unit) {
	u.function("axpyAsm", "func(n int, y, x *float32, alpha float32)", func(f *function) {
		n, y, x, alpha := f.pointer("n"), f.pointer("y"), f.pointer("x"), f.parameter("alpha")
		f.each8(n, func(at int) {
			f.store(f.add(f.mul(alpha, f.load(x, at)), f.load(y, at)), y, at)
		}, y, x)
	})
	u.function("scaleAsm", "func(n int, x *float32, alpha float32)", func(f *function) {
		n, x, alpha := f.pointer("n"), f.pointer("x"), f.parameter("alpha")
		f.each8(n, func(at int) { f.store(f.mul(alpha, f.load(x, at)), x, at) }, x)
	})
	u.function("lerpAsm", "func(n int, y, x *float32, t float32)", func(f *function) {
		n, y, x, t := f.pointer("n"), f.pointer("y"), f.pointer("x"), f.parameter("t")
		f.each8(n, func(at int) {
			was := f.load(y, at)
			f.store(f.add(was, f.mul(t, f.sub(f.load(x, at), was))), y, at)
		}, y, x)
	})
	u.function("sumPanelAsm", "func(sum *[16]float32, rows int, x *float32, xRow int)", sumPanel)
	u.function("scaleBytesAsm", "func(panels int, dst *float32, dstPanel int, src *byte, mul, add *float32, step int)", scaleBytes)
	u.function("transpose16Asm", "func(dst *float32, dstRow int, src *float32, srcRow int)", transpose16)
	u.function("fetchAsm", "func(lines int, p *byte)", func(f *function) {
		n, p := f.pointer("lines"), f.pointer("p")
		f.loop("loop", n, func() {
			f.line("PRFM (%s), PLDL1KEEP", p)
			f.line("ADD $64, %s, %s", p, p)
		})
	})
}

// sumPanel adds rows of 16 onto sum.
func sumPanel(f *function) {
	sum, rows, x, xRow := f.pointer("sum"), f.pointer("rows"), f.pointer("x"), f.pointer("xRow")
	s := f.wide(sum, 0)
	f.rows(rows, func() {
		for j, v := range f.wide(x, 0) {
			f.addIn(s[j], v)
		}
	}, []gp{x}, []gp{xRow})
	f.storeWide(s, sum, 0)
}

// scaleBytes turns panels of 16 bytes into floats times mul plus add, vectors that advance by step bytes.
func scaleBytes(f *function) {
	n, dst, dstPanel, src := f.pointer("panels"), f.pointer("dst"), f.pointer("dstPanel"), f.pointer("src")
	m, a, step := f.pointer("mul"), f.pointer("add"), f.pointer("step")
	width := f.gp()
	f.line("MOVD $16, %s", width)
	f.rows(n, func() {
		bytes := f.load(src, 0)
		halves := [2]vec{f.vec(), f.vec()}
		f.op("VUXTL V%[2]d.B8, V%[1]d.H8", halves[0], bytes)
		f.op("VUXTL2 V%[2]d.B16, V%[1]d.H8", halves[1], bytes)
		var out wide
		for j := range out {
			from, v := halves[j/2], f.vec()
			if j%2 == 0 {
				f.op("VUXTL V%[2]d.H4, V%[1]d.S4", v, from)
			} else {
				f.op("VUXTL2 V%[2]d.H8, V%[1]d.S4", v, from)
			}
			out[j] = f.add(f.mul(f.toFloats(v), f.load(m, 16*j)), f.load(a, 16*j))
		}
		f.storeWide(out, dst, 0)
	}, []gp{src, dst, m, a}, []gp{width, dstPanel, step, step})
}

// transpose16 transposes 16×16 floats, four rows of src a round: four columns of dst.
func transpose16(f *function) {
	dst, dstRow, src, srcRow := f.pointer("dst"), f.pointer("dstRow"), f.pointer("src"), f.pointer("srcRow")
	rows, to, round := []gp{src, f.gp(), f.gp(), f.gp()}, f.gp(), f.gp()
	f.line("MOVD $4, %s", round)
	f.loop("loop", round, func() {
		for i := 1; i < 4; i++ {
			f.line("ADD %s, %s, %s", srcRow, rows[i-1], rows[i])
		}
		f.line("MOVD %s, %s", dst, to)
		for j := range 4 {
			var v [4]vec
			for i := range v {
				v[i] = f.load(rows[i], 16*j)
			}
			for _, column := range f.transpose4(v) {
				f.store(column, to, 0)
				f.line("ADD %s, %s, %s", dstRow, to, to)
			}
		}
		f.line("ADD %s, %s, %s", srcRow, rows[3], src)
		f.line("ADD $16, %s, %s", dst, dst)
	})
}

// transpose4 transposes four rows of four words.
func (f *function) transpose4(v [4]vec) [4]vec {
	a, b := f.zip1(v[0], v[2], "S4"), f.zip1(v[1], v[3], "S4")
	c, d := f.zip2(v[0], v[2], "S4"), f.zip2(v[1], v[3], "S4")
	return [4]vec{f.zip1(a, b, "S4"), f.zip2(a, b, "S4"), f.zip1(c, d, "S4"), f.zip2(c, d, "S4")}
}
