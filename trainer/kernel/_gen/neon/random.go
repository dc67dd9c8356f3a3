package main

import "fmt"

func randoms(u *unit) {
	u.function("philoxAsm", "func(args *uint64)", blocks)
	u.function("dropAsm", "func(args *uint64)", dropGroups)
}

// stream is a generator of two times four counters and what it needs in registers.
type stream struct {
	counter      [2]vec
	high         vec
	hi, key      [2]vec
	factor, weyl [2]vec
	advance      vec
}

func (f *function) stream(args gp) (s stream) {
	r := f.gp()
	word := func(name string, disp int) vec {
		f.line("MOVWU (philoxArgs_%s+%d)(%s), %s", name, disp, args, r)
		return f.duplicate(r)
	}
	s.high, s.advance = word("high", 0), word("advance", 0)
	for i := range 2 {
		s.counter[i] = f.vec()
		f.op(fmt.Sprintf("FMOVQ (philoxArgs_counter+%d)(%s), F%%d", 16*i, args), s.counter[i])
		s.hi[i], s.key[i] = word("hi", 4*i), word("key", 4*i)
	}
	s.factor = [2]vec{f.bits(0xD2511F53), f.bits(0xCD9E8D57)}
	s.weyl = [2]vec{f.bits(0x9E3779B9), f.bits(0xBB67AE85)}
	return s
}

// blocks writes n rounds of eight blocks, 32 words, in order. The counters come as block numbers
// 0 2 4 6 1 3 5 7, as the amd64 kernel wants them.
func blocks(f *function) {
	args := f.pointer("args")
	n, dst := f.gp(), f.gp()
	f.line("MOVD philoxArgs_n(%s), %s", args, n)
	f.line("MOVD philoxArgs_dst(%s), %s", args, dst)
	s := f.stream(args)
	f.loop("loop", n, func() {
		for i, rows := range f.philox(s) {
			for j, row := range rows {
				f.store(row, dst, 32*j+16*i)
			}
		}
		f.line("ADD $128, %s, %s", dst, dst)
	})
}

// dropGroups treats n times four groups of 16 floats, args.step bytes apart, in place. The first four
// counters are the first blocks of the groups, the others the second ones.
func dropGroups(f *function) {
	args := f.pointer("args")
	n, x, step, r := f.gp(), f.gp(), f.gp(), f.gp()
	f.line("MOVD philoxArgs_n(%s), %s", args, n)
	f.line("MOVD philoxArgs_dst(%s), %s", args, x)
	f.line("MOVD philoxArgs_step(%s), %s", args, step)
	f.line("MOVWU philoxArgs_scale(%s), %s", args, r)
	scale := f.duplicate(r)
	f.line("MOVWU philoxArgs_threshold(%s), %s", args, r)
	threshold := f.op(fmt.Sprintf("VDUP %s, V%%d.H8", r), f.vec())
	s := f.stream(args)
	f.loop("loop", n, func() {
		draws := f.philox(s)
		for group := range 4 {
			for half := range 2 {
				draw := draws[half][group]
				keep := f.word(0x6e603c00, "CMHS V%d.8H, V%d.8H, V%d.8H", false, f.vec(), draw, threshold)
				for i, lanes := range []vec{f.zip1(keep, keep, "H8"), f.zip2(keep, keep, "H8")} {
					at := 32*half + 16*i
					f.store(f.and(f.mul(f.load(x, at), scale), lanes), x, at)
				}
			}
			f.line("ADD %s, %s, %s", step, x, x)
		}
	})
}

// philox runs ten rounds on both sets of counters, side by side since each alone is one long chain, and
// advances them. Row i of a set holds the four words of its counter i.
func (f *function) philox(s stream) (sets [2]wide) {
	var c [2][4]vec
	for i := range c {
		c[i] = [4]vec{s.counter[i], s.high, s.hi[0], s.hi[1]}
	}
	key := s.key
	for r := range 10 {
		for i := range c {
			h0, l0 := f.product(c[i][0], s.factor[0])
			h1, l1 := f.product(c[i][2], s.factor[1])
			c[i] = [4]vec{f.xor(f.xor(h1, c[i][1]), key[0]), l1, f.xor(f.xor(h0, c[i][3]), key[1]), l0}
		}
		if r < 9 {
			key = [2]vec{f.addInts(key[0], s.weyl[0]), f.addInts(key[1], s.weyl[1])}
		}
	}
	for i := range c {
		f.update("VADD V%[2]d.S4, V%[1]d.S4, V%[1]d.S4", s.counter[i], s.advance)
		sets[i] = f.transpose4(c[i])
	}
	return sets
}

// product gives the high and the low words of four 32×32-bit products.
func (f *function) product(a, b vec) (high, low vec) {
	front := f.word(0x2ea0c000, "UMULL V%d.2D, V%d.2S, V%d.2S", false, f.vec(), a, b)
	back := f.word(0x6ea0c000, "UMULL2 V%d.2D, V%d.4S, V%d.4S", false, f.vec(), a, b)
	return f.uzp2(front, back, "S4"), f.uzp1(front, back, "S4")
}
