//go:build amd64 || arm64

package kernel

import "unsafe"

// stripArgs are the arguments of the assembly: strides in bytes; those of segments and bands are what is
// to be added after the last step of one to come to the next. The amd64 generator counts on the order
// of the fields, the arm64 one on their names.
type stripArgs struct {
	a, b, c, bias, mask *float32
	k, kLast            int
	segs, bands         int
	aRow, aStep, aSeg   int
	aBand               int
	bStep, bSeg, bBand  int
	cRow, maskRow       int
	flags               int
	tiles               int
	aTile, cTile        int
	maskTile            int
	scale               float32
	_                   float32

	// of two panels side by side
	bPanel, cPanel, maskPanel int
	_                         [6]uintptr // the assembly's own
}

func (t tier) strip(s *strip) {
	if t == generic {
		stripGeneric(s)
		return
	}
	g := stripArgs{
		k: s.k, kLast: s.kLast, segs: s.segs, bands: s.bands,
		aRow: bytes(s.aRow), aStep: bytes(s.aStep), aSeg: bytes(s.aSeg - s.k*s.aStep),
		bStep: bytes(s.bStep), bSeg: bytes(s.bSeg - s.k*s.bStep),
		aBand: bytes(s.aBand - (s.segs-1)*s.aSeg - s.kLast*s.aStep), bBand: bytes(s.bBand - (s.segs-1)*s.bSeg - s.kLast*s.bStep),
		cRow: bytes(s.cRow), maskRow: bytes(s.maskRow), flags: int(s.flags), scale: s.scale,
		bPanel: bytes(s.bPanel), cPanel: bytes(s.cPanel), maskPanel: bytes(s.maskPanel),
	}
	for panel := 0; panel < s.panels; {
		n := min(s.panels-panel, t.sideBySide())
		g.b = at(s.b, panel*s.bPanel)
		if s.flags&fromBias != 0 {
			g.bias = at(s.bias, panel*Width)
		}
		// As few tiles as their most rows allow, of sizes that differ by one at most: 16 = 6+5+5, 8 = 4+4.
		// A lone short tile could not hide the latency of the multiply-adds.
		tiles, size, larger := t.tiling(n).cut(s.rows)
		if larger > 0 {
			g.run(t, s, panel, n, 0, size+1, larger)
		}
		g.run(t, s, panel, n, larger*(size+1), size, tiles-larger)
		panel += n
	}
}

// run computes tiles of size rows and some panels from a panel and a row on: one tile below the other, or where
// the strip has groups, the same rows of every group together.
func (g stripArgs) run(t tier, s *strip, panel, panels, first, size, tiles int) {
	outer := 1
	g.tiles, g.aTile, g.cTile, g.maskTile = tiles, size*g.aRow, size*g.cRow, size*g.maskRow
	if s.groups > 1 {
		outer = tiles
		g.tiles, g.aTile, g.cTile, g.maskTile = s.groups, bytes(s.aGroup), bytes(s.cGroup), bytes(s.maskGroup)
	}
	for i := range outer {
		row := first + i*size
		g.a = at(s.a, row*s.aRow)
		g.c = at(s.c, panel*s.cPanel+row*s.cRow)
		if s.flags&masked != 0 {
			g.mask = at(s.mask, panel*s.maskPanel+row*s.maskRow)
		}
		t.tile(s, size, panels, (*uint64)(unsafe.Pointer(&g)))
	}
}

// tile256 runs the kernel of one panel whose tiles have so many rows, on amd64 for A by rows.
func tile256(rows int, args *uint64) {
	switch rows {
	case 1:
		strip1Asm(args)
	case 2:
		strip2Asm(args)
	case 3:
		strip3Asm(args)
	case 4:
		strip4Asm(args)
	case 5:
		strip5Asm(args)
	case 6:
		strip6Asm(args)
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

// peakLoop runs 24·n multiply-adds of eight or sixteen lanes (arm64: 48·n of four) in independent chains,
// and counts their operations.
func (t tier) peakLoop(n int) float64 {
	switch t {
	case generic:
		return peakGeneric(n)
	case avx512:
		peakWide(n)
		return float64(n) * 24 * 16 * 2
	}
	peakAsm(n)
	return float64(n) * 24 * 8 * 2
}
