package kernel

import "unsafe"

// stripArgs are the arguments of the assembly, which knows the fields by name: strides in bytes; aSeg,
// bSeg, aBand and bBand are what is to be added at the end of every segment, and then of every band,
// to come to the next.
type stripArgs struct {
	a, b, c, bias, mask    *float32
	k, kLast, segs, bands  int
	aRow, aStep            int
	aSeg, aBand            int
	bStep, bSeg, bBand     int
	cRow, maskRow          int
	flags                  int
	tiles                  int
	aTile, cTile, maskTile int
	scale                  float32
}

func (t tier) strip(s strip) {
	if t != neon {
		stripGeneric(&s)
		return
	}
	g := stripArgs{
		b: unsafe.SliceData(s.b), bias: unsafe.SliceData(s.bias),
		k: s.k, kLast: s.kLast, segs: s.segs, bands: s.bands,
		aRow: bytes(s.aRow), aStep: bytes(s.aStep), bStep: bytes(s.bStep),
		aSeg: bytes(s.aSeg - s.k*s.aStep), bSeg: bytes(s.bSeg - s.k*s.bStep),
		cRow: bytes(s.cRow), maskRow: bytes(s.maskRow), flags: int(s.flags), scale: s.scale,
	}
	// The last segment was left as if it had k steps and another one followed.
	g.aBand = bytes(s.aBand - s.segs*s.aSeg + (s.k-s.kLast)*s.aStep)
	g.bBand = bytes(s.bBand - s.segs*s.bSeg + (s.k-s.kLast)*s.bStep)
	// As few tiles as six rows each allow, of sizes that differ by one at most: 16 = 6+5+5, 8 = 4+4.
	// A lone short tile could not hide the latency of the multiply-adds.
	n := (s.rows + 5) / 6
	size, larger := s.rows/n, s.rows%n
	g.run(&s, 0, size+1, larger)
	g.run(&s, larger*(size+1), size, n-larger)
}

// run computes tiles of size rows from row first on: one below the other, or where the strip has
// groups, the same rows of every group together.
func (g *stripArgs) run(s *strip, first, size, tiles int) {
	if tiles == 0 {
		return
	}
	outer := 1
	g.tiles, g.aTile, g.cTile, g.maskTile = tiles, size*g.aRow, size*g.cRow, size*g.maskRow
	if s.groups > 1 {
		outer = tiles
		g.tiles, g.aTile, g.cTile, g.maskTile = s.groups, bytes(s.aGroup), bytes(s.cGroup), bytes(s.maskGroup)
	}
	for i := range outer {
		row := first + i*size
		g.a = at(s.a, row*s.aRow)
		g.c = at(s.c, row*s.cRow)
		if s.flags&masked != 0 {
			g.mask = at(s.mask, row*s.maskRow)
		}
		switch size {
		case 1:
			strip1NEON(g)
		case 2:
			strip2NEON(g)
		case 3:
			strip3NEON(g)
		case 4:
			strip4NEON(g)
		case 5:
			strip5NEON(g)
		case 6:
			strip6NEON(g)
		}
	}
}

// at is the address of element i; check has seen that the kernel stays within the slice. An empty A of
// an empty sum is never read.
func at(s []float32, i int) *float32 {
	if i >= len(s) {
		return unsafe.SliceData(s)
	}
	return &s[i]
}

// peakLoop runs 24·n multiply-adds of four lanes in as many independent chains, and counts their operations.
func (t tier) peakLoop(n int) float64 {
	if t != neon {
		return peakGeneric(n)
	}
	peakNEON(n)
	return float64(n) * 24 * 4 * 2
}
