package main

import "fmt"

func strips(u *unit) {
	for rows := 1; rows <= 6; rows++ {
		u.function(fmt.Sprintf("strip%dAsm", rows), "func(args *uint64)", func(f *function) { strip(f, rows) })
	}
	u.function("peakAsm", "func(n int)", peak)
}

// ahead is how many rows of A are loaded before they are used, for processors that work in order.
const ahead = 3

// strip computes tiles of some rows and 16 columns: four accumulators a row, four registers of B, and
// A in lane 0 of what is left: 6·4 + 4 + 4 = 32. The multiply-add takes its factor from a lane, so that
// A needs a plain load of one float and no broadcast, which on many processors would compete with the
// multiply-adds. A's row addresses stand still within a tile; one offset moves them all.
func strip(f *function, rows int) {
	args := f.pointer("args")
	field := func(name string) gp {
		r := f.gp()
		f.line("MOVD stripArgs_%s(%s), %s", name, args, r)
		return r
	}
	a := []gp{field("a")}
	aRow := field("aRow")
	for range rows - 1 {
		a = append(a, f.gp())
	}
	aStep, bStep, c, cRow, tiles, mask := field("aStep"), field("bStep"), field("c"), field("cRow"), field("tiles"), field("mask")
	off, b, at, k, seg, band, tmp := f.gp(), f.gp(), f.gp(), f.gp(), f.gp(), f.gp(), f.gp()
	load := func(name string, r gp) { f.line("MOVD stripArgs_%s(%s), %s", name, args, r) }
	move := func(name string, r gp) {
		load(name, tmp)
		f.line("ADD %s, %s, %s", tmp, r, r)
	}
	acc := make([]wide, rows)
	for i := range acc {
		for j := range acc[i] {
			acc[i][j] = f.vec()
		}
	}

	f.loop("tile", tiles, func() {
		for i := 1; i < rows; i++ {
			f.line("ADD %s, %s, %s", aRow, a[i-1], a[i])
		}
		f.line("MOVD $0, %s", off)
		load("b", b)
		start(f, acc, load, c, at, cRow, tmp)
		load("bands", band)
		f.loopBetween("band", band, func() {
			load("segs", seg)
			f.loopBetween("segment", seg, func() {
				load("k", k)
				load("kLast", tmp)
				f.line("CMP $1, %s", seg)
				f.line("CSEL EQ, %s, %s, %s", tmp, k, k)
				f.line("CBZ %s, next", k)
				f.loop("step", k, func() {
					bs := f.wide(b, 0)
					f.line("ADD %s, %s, %s", bStep, b, b)
					x := make([]vec, rows)
					for i := range rows + ahead {
						if i < rows {
							x[i] = f.op(fmt.Sprintf("FMOVS (%s)(%s), F%%d", a[i], off), f.vec())
						}
						if r := i - ahead; r >= 0 {
							for j := range acc[r] {
								f.fma(acc[r][j], bs[j], x[r])
							}
						}
					}
					f.line("ADD %s, %s, %s", aStep, off, off)
				})
				f.label("next")
			}, func() {
				move("aSeg", off)
				move("bSeg", b)
			})
		}, func() {
			move("aBand", off)
			move("bBand", b)
		})
		finish(f, acc, load, args, mask, at, k, tmp)
		f.line("MOVD %s, %s", c, at)
		for i := range acc {
			f.storeWide(acc[i], at, 0)
			if i < rows-1 {
				f.line("ADD %s, %s, %s", cRow, at, at)
			}
		}
		move("aTile", a[0])
		move("cTile", c)
		move("maskTile", mask)
	})
}

// start sets the accumulators to zero, to C or to the bias row.
func start(f *function, acc []wide, load func(string, gp), c, at, cRow, tmp gp) {
	load("flags", tmp)
	f.line("TST $const_fromC, %s", tmp)
	f.line("BNE fromC")
	f.line("TST $const_fromBias, %s", tmp)
	f.line("BNE fromBias")
	for i := range acc {
		for j := range acc[i] {
			f.clear(acc[i][j])
		}
	}
	f.line("B started")
	f.label("fromBias")
	load("bias", at)
	for i := range acc {
		f.loadWide(acc[i], at, 0)
	}
	f.line("B started")
	f.label("fromC")
	f.line("MOVD %s, %s", c, at)
	for i := range acc {
		f.loadWide(acc[i], at, 0)
		if i < len(acc)-1 {
			f.line("ADD %s, %s, %s", cRow, at, at)
		}
	}
	f.label("started")
}

// finish applies ReLU and mask in place.
func finish(f *function, acc []wide, load func(string, gp), args, mask, at, row, tmp gp) {
	load("flags", tmp)
	f.line("TST $const_relu, %s", tmp)
	f.line("BEQ linear")
	for i := range acc {
		for _, v := range acc[i] {
			f.withoutIn(v, f.negative(v)) // NaN stays: no comparison holds for it
		}
	}
	f.label("linear")
	f.line("TST $const_masked, %s", tmp)
	f.line("BEQ unmasked")
	f.line("MOVD %s, %s", mask, at)
	load("maskRow", row)
	f.line("MOVWU stripArgs_scale(%s), %s", args, tmp)
	scale := f.duplicate(tmp)
	for i := range acc {
		for j, v := range acc[i] {
			keep := f.positive(f.load(at, 16*j))
			f.mulIn(v, scale)
			f.andIn(v, keep)
		}
		if i < len(acc)-1 {
			f.line("ADD %s, %s, %s", row, at, at)
		}
	}
	f.label("unmasked")
}

// peak keeps independent chains of multiply-adds in registers: the roof of the processor.
func peak(f *function) {
	n := f.pointer("n")
	x, y := f.zero(), f.zero()
	var acc [24]vec
	for i := range acc {
		acc[i] = f.zero()
	}
	f.loop("loop", n, func() {
		for i := range 2 * len(acc) {
			f.fma(acc[i%len(acc)], x, y)
		}
	})
}
