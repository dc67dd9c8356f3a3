package kernel

import (
	"fmt"
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
	const want = "kernel: strip with rows of A 2 and steps 2 floats apart, want one of them 1"
	if got := refusal(s.check); got != want {
		t.Errorf("panic %q, want %q", got, want)
	}
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
