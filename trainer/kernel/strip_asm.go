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

	// of panels: on amd64 AVX2's kernel goes over them, AVX-512's takes two side by side
	bPanel, cPanel, maskPanel int
	panels                    int
	_                         [13]uintptr // the assembly's own
}

// panelWork bounds the multiply-adds of a call that goes over more than one panel: a call takes some 100 cycles, but
// reads B once for each size of its tiles.
const panelWork = 1 << 19

// panelsOf is how many panels a call takes.
func (t tier) panelsOf(s *strip) int {
	if !t.goesOverPanels() {
		return t.sideBySide()
	}
	if work := Width * s.rows * s.groups * max(1, s.steps()); s.panels*work > panelWork {
		return max(1, panelWork/work)
	}
	return s.panels
}

func (t tier) strip(s *strip) {
	if t == generic {
		stripGeneric(s)
		return
	}
	var g stripArgs // a literal would be made elsewhere and copied
	g.k, g.kLast, g.segs, g.bands = s.k, s.kLast, s.segs, s.bands
	g.aRow, g.aStep, g.aSeg = bytes(s.aRow), bytes(s.aStep), bytes(s.aSeg-s.k*s.aStep)
	g.bStep, g.bSeg = bytes(s.bStep), bytes(s.bSeg-s.k*s.bStep)
	g.aBand = bytes(s.aBand - (s.segs-1)*s.aSeg - s.kLast*s.aStep)
	g.bBand = bytes(s.bBand - (s.segs-1)*s.bSeg - s.kLast*s.bStep)
	g.cRow, g.maskRow, g.flags, g.scale = bytes(s.cRow), bytes(s.maskRow), int(s.flags), s.scale
	g.bPanel, g.cPanel, g.maskPanel = bytes(s.bPanel), bytes(s.cPanel), bytes(s.maskPanel)
	most := t.panelsOf(s)
	for panel := 0; panel < s.panels; panel += g.panels {
		g.panels = min(s.panels-panel, most)
		g.b = at(s.b, panel*s.bPanel)
		if s.flags&fromBias != 0 {
			g.bias = at(s.bias, panel*Width)
		}
		// As few tiles as their most rows allow, of sizes that differ by one at most: 16 = 6+5+5, 8 = 4+4.
		// A lone short tile could not hide the latency of the multiply-adds.
		tiles, size, larger := t.tiling(min(g.panels, t.sideBySide())).cut(s.rows)
		if larger > 0 {
			g.run(t, s, panel, 0, size+1, larger)
		}
		g.run(t, s, panel, larger*(size+1), size, tiles-larger)
	}
}

// run computes tiles of size rows from a panel and a row on: in as few calls as there are such tiles, or groups of them
// where the strip has some.
func (g *stripArgs) run(t tier, s *strip, panel, first, size, tiles int) {
	g.tiles, g.aTile, g.cTile, g.maskTile = tiles, size*g.aRow, size*g.cRow, size*g.maskRow
	outer, a, c, mask := s.groups, s.aGroup, s.cGroup, s.maskGroup
	if s.groups > tiles {
		g.tiles, g.aTile, g.cTile, g.maskTile = s.groups, bytes(a), bytes(c), bytes(mask)
		outer, a, c, mask = tiles, size*s.aRow, size*s.cRow, size*s.maskRow
	}
	for i := range outer {
		g.a = at(s.a, first*s.aRow+i*a)
		g.c = at(s.c, panel*s.cPanel+first*s.cRow+i*c)
		if s.flags&masked != 0 {
			g.mask = at(s.mask, panel*s.maskPanel+first*s.maskRow+i*mask)
		}
		t.tile(s, size, g.panels, (*uint64)(unsafe.Pointer(g)))
	}
}

// tile256 runs the kernel of 16 columns whose tiles have so many rows, on amd64 for A by rows and over all panels of args.
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
