package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestStripBounds: a strip is refused with one float less than it touches, and not with as many.
func TestStripBounds(t *testing.T) {
	for _, columns := range []bool{false, true} {
		for _, kLast := range []int{1, 5} {
			for _, segs := range []int{1, 3} {
				s := strip{
					rows: 3, groups: 2, panels: 3, bands: 2, segs: segs, k: 5, kLast: kLast,
					aRow: 7, aStep: 1, aSeg: 2, aBand: 50, aGroup: 200, bStep: 16, bSeg: 3, bBand: 300, bPanel: 700,
					cRow: 17, cGroup: 60, cPanel: 130, maskRow: 18, maskGroup: 61, maskPanel: 131, flags: fromBias | masked,
				}
				if columns {
					s.aRow, s.aStep = s.aStep, s.aRow
				}
				var a, b, c, mask int
				for panel := range s.panels {
					for group := range s.groups {
						for row := range s.rows {
							c = max(c, panel*s.cPanel+group*s.cGroup+row*s.cRow+Width)
							mask = max(mask, panel*s.maskPanel+group*s.maskGroup+row*s.maskRow+Width)
							s.eachStep(func(band, seg, k int) {
								a = max(a, group*s.aGroup+row*s.aRow+band*s.aBand+seg*s.aSeg+k*s.aStep+1)
								b = max(b, panel*s.bPanel+band*s.bBand+seg*s.bSeg+k*s.bStep+Width)
							})
						}
					}
				}
				s.a, s.b, s.c, s.mask, s.bias = make([]float32, a), make([]float32, b), make([]float32, c), make([]float32, mask), make([]float32, s.panels*Width)
				s.check()
				for name, operand := range map[string]*[]float32{"A": &s.a, "B": &s.b, "C": &s.c, "mask": &s.mask, "bias": &s.bias} {
					was := *operand
					*operand = was[:len(was)-1]
					want := fmt.Sprintf("s %d floats of %s, which has %d", len(was), name, len(was)-1)
					if got := refusal(s.check); !strings.HasSuffix(got, want) {
						t.Errorf("columns %t, %d segments, the last of %d: panic %q, want %q", columns, segs, kLast, got, want)
					}
					*operand = was
				}
			}
		}
	}
	s := strip{rows: 2, groups: 1, panels: 1, bands: 1, segs: 1, k: 1, kLast: 1, aRow: 2, aStep: 2, a: make([]float32, 9), b: make([]float32, 99), c: make([]float32, 99)}
	const want = "kernel: strip with rows of A 2 and steps 2 floats apart, want one of them 1 or rows a pixel apart"
	if got := refusal(s.check); got != want {
		t.Errorf("panic %q, want %q", got, want)
	}
}

// TestStrips compares strips of any shape and with any strides with the exact chains: those of products and convolutions
// have segments of one length where they have several bands, and no distances by chance.
func TestStrips(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		tries := 1000
		if testing.Short() { // emulated
			tries = 200
		}
		for try := range tries {
			tryStrip(t, k, rnd, try%50 == 0, func(n int) []float32 { return normals(rnd, n) })
		}
	})
}

// tryStrip compares a random strip with the exact chains, a large one has more panels than go over together.
func tryStrip(t *testing.T, k tier, rnd *rand.Rand, large bool, operand func(n int) []float32) {
	t.Helper()
	s := strip{
		rows: 1 + rnd.IntN(20), groups: 1 + rnd.IntN(5), panels: 1 + rnd.IntN(5), bands: 1 + rnd.IntN(3), segs: 1 + rnd.IntN(4), k: rnd.IntN(10),
		aRow: 1, aStep: rnd.IntN(40), aSeg: rnd.IntN(30), aBand: rnd.IntN(90), aGroup: rnd.IntN(70),
		bStep: rnd.IntN(20), bSeg: rnd.IntN(150), bBand: rnd.IntN(200), bPanel: rnd.IntN(400),
		maskRow: rnd.IntN(20), maskGroup: rnd.IntN(50), maskPanel: rnd.IntN(90),
		scale: 1.5, flags: stripFlags(rnd.IntN(16)),
	}
	if s.flags&fromC != 0 {
		s.flags &^= fromBias
	}
	if large {
		s.rows, s.groups, s.panels, s.k = 15, 4, 6, 50
	}
	if s.kLast = s.k; rnd.IntN(2) == 0 {
		s.kLast = rnd.IntN(10)
	}
	switch rnd.IntN(3) {
	case 0:
		s.aRow, s.aStep = s.aStep, s.aRow
	case 1:
		s.aRow = Width
	}
	s.cRow = Width + rnd.IntN(5)
	s.cGroup = s.rows*s.cRow + rnd.IntN(5)
	s.cPanel = s.groups*s.cGroup + rnd.IntN(5)
	last := func(row, group, panel int) int { return (s.rows-1)*row + (s.groups-1)*group + (s.panels-1)*panel }
	if s.steps() > 0 {
		s.a = operand(s.reach(s.aStep, s.aSeg, s.aBand) + last(s.aRow, s.aGroup, 0))
		s.b = operand(s.reach(s.bStep, s.bSeg, s.bBand) + last(0, 0, s.bPanel) + Width - 1)
	}
	s.c = operand(last(s.cRow, s.cGroup, s.cPanel) + Width)
	s.mask = operand(last(s.maskRow, s.maskGroup, s.maskPanel) + Width)
	s.bias = operand(s.panels * Width)
	want := s.exact(k)
	k.run(&s)
	for i, v := range s.c {
		if !same(v, want[i]) {
			s.a, s.b, s.c, s.mask, s.bias = nil, nil, nil, nil, nil
			t.Fatalf("%+v: float %d is %x, want %x", s, i, v, want[i])
		}
	}
}

// exact is C of the strip by exact chains.
func (s *strip) exact(k tier) []float32 {
	c := slices.Clone(s.c)
	for at := range s.panels * s.groups * s.rows * Width {
		panel, group, row, column := at/Width/s.rows/s.groups, at/Width/s.rows%s.groups, at/Width%s.rows, at%Width
		v := &c[panel*s.cPanel+group*s.cGroup+row*s.cRow+column]
		switch {
		case s.flags&fromBias != 0:
			*v = s.bias[panel*Width+column]
		case s.flags&fromC == 0:
			*v = 0
		}
		s.eachStep(func(band, seg, step int) {
			a := s.a[group*s.aGroup+row*s.aRow+band*s.aBand+seg*s.aSeg+step*s.aStep]
			*v = k.step(a, s.b[panel*s.bPanel+band*s.bBand+seg*s.bSeg+step*s.bStep+column], *v)
		})
		if s.flags&relu != 0 && *v < 0 {
			*v = 0
		}
		if s.flags&masked != 0 {
			if *v *= s.scale; !(s.mask[panel*s.maskPanel+group*s.maskGroup+row*s.maskRow+column] > 0) {
				*v = 0
			}
		}
	}
	return c
}

// eachStep calls f for every step of the reduction.
func (s *strip) eachStep(f func(band, seg, k int)) {
	for band := range s.bands {
		for seg := range s.segs {
			n := s.k
			if seg == s.segs-1 {
				n = s.kLast
			}
			for k := range n {
				f(band, seg, k)
			}
		}
	}
}

// refusal is what f panics with.
func refusal(f func()) (what string) {
	defer func() { what = fmt.Sprint(recover()) }()
	f()
	return ""
}
