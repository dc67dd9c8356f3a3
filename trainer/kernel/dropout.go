package kernel

import (
	"fmt"
	"math"
)

// Dropout zeroes each element of x with probability rate and multiplies the others by 1/(1-rate), in
// place. An element is kept if its 16-bit draw is at least rate·65536 (rounded: rates are exact to
// 1/131072). Element (r, c) draws by its place alone, whatever the layout and however the batch is
// split: it takes half c mod 2 (0: the low one) of word 8·(r·panels + c/16) + c mod 16/2 of the stream.
func Dropout(x Matrix, s Stream, rate float32) { active().dropout(x, s, rate, 0) }

// DropoutFrom is Dropout of rows that begin at row first of a larger matrix: the share of one thread.
func DropoutFrom(x Matrix, s Stream, rate float32, first int) { active().dropout(x, s, rate, first) }

// drop is what the kernels of dropout need to know.
type drop struct {
	threshold uint32 // 0 … 65535: draws below it drop
	scale     float32
}

// newDrop checks a rate; drops tells whether there is anything to do.
func newDrop(rate float32, first int) (d drop, drops bool) {
	if !(rate >= 0 && rate < 1) || first < 0 {
		panic(fmt.Sprintf("kernel: Dropout: rate %v from row %d", rate, first))
	}
	// A threshold of 65536 would need a 17th bit; a rate that high keeps one element in 65536.
	threshold := min(uint32(math.Round(float64(rate)*65536)), 65535)
	return drop{threshold: threshold, scale: 1 / (1 - rate)}, threshold > 0
}

func (t tier) dropout(x Matrix, s Stream, rate float32, first int) {
	x.check("Dropout")
	d, drops := newDrop(rate, first)
	if !drops || x.Rows == 0 {
		return
	}
	np := uint64(x.panels())
	if x.PanelStride == Width {
		for r := range x.Rows {
			t.dropGroups(d, s, x.Data[r*x.RowStride:], Width, int(np), uint64(first+r)*np, 1)
		}
		return
	}
	for p := range x.panels() {
		t.dropGroups(d, s, x.Data[p*x.PanelStride:], x.RowStride, x.Rows, uint64(first)*np+uint64(p), np)
	}
}

// dropGroupsGeneric treats n groups of 16 elements, xStep floats apart; group i draws the two blocks
// 2·(g + i·gStep) and the next.
func dropGroupsGeneric(d drop, s Stream, x []float32, xStep, n int, g, gStep uint64) {
	for i := range n {
		out := (*[Width]float32)(x[i*xStep:])
		for h := range 2 {
			for j, w := range s.block(2*g + uint64(h)) {
				for half := range 2 {
					v := &out[8*h+2*j+half]
					if w&0xffff < d.threshold {
						*v = 0
					} else {
						*v *= d.scale
					}
					w >>= 16
				}
			}
		}
		g += gStep
	}
}
