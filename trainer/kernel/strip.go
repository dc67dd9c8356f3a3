package kernel

import "fmt"

// strip is the one kernel under every product and convolution: rows of C in panels of 16 columns, each
//
//	C[i][0:16] = finish(start + Σ_bands Σ_segments Σ_k A[i, k]·B[k][0:16])
//
// summed in ascending order in one chain per element. Strides are in floats and not negative; where there is more
// than one row, aRow or aStep is 1, or aRow a pixel of maps. The segments and bands make a panel layout, a row layout and the taps of
// a convolution over several channel panels the same loop: within a segment A advances by aStep, from the start of
// one segment to the next by aSeg, of one band to the next by aBand.
type strip struct {
	rows, groups int // rows of C, and how often all of it repeats with A, C and the mask moved on by a group
	panels       int // one after the other, or as many at once as sideBySide says
	bands, segs  int // in every band as many segments of k steps, the last one of kLast
	k, kLast     int

	a                         []float32
	aRow, aStep, aSeg, aBand  int
	b                         []float32
	bStep, bSeg, bBand        int
	c                         []float32
	cRow                      int
	bias                      []float32
	mask                      []float32
	maskRow                   int
	scale                     float32
	flags                     stripFlags
	aGroup, cGroup, maskGroup int
	bPanel, cPanel, maskPanel int // from one panel to the next; the bias goes on behind the first
}

type stripFlags uint8

const (
	fromC    stripFlags = 1 << iota // start from C
	fromBias                        // start from the bias row
	relu
	masked
)

// segments sets a reduction of one band: n segments of k steps, the last of kLast, whose starts in A
// are aSeg apart.
func (s *strip) segments(n, k, kLast, aSeg int) {
	s.bands, s.segs, s.k, s.kLast, s.aSeg = 1, n, k, kLast, aSeg
}

// steps is the length of the reduction.
func (s *strip) steps() int { return s.bands * ((s.segs-1)*s.k + s.kLast) }

// reach is one past the last element that an operand of these strides touches.
func (s *strip) reach(step, seg, band int) int {
	last := (s.segs-1)*seg + max(s.kLast-1, 0)*step
	if s.segs > 1 {
		last = max(last, (s.segs-2)*seg+(s.k-1)*step)
	}
	return (s.bands-1)*band + last + 1
}

// check panics where a strip would touch memory beyond its slices.
func (s *strip) check() {
	rows, groups, panels := s.rows-1, s.groups-1, s.panels-1
	if s.aStep != 1 && s.aRow != 1 && s.aRow != Width && rows > 0 {
		panic(fmt.Sprintf("kernel: strip with rows of A %d and steps %d floats apart, want one of them 1 or rows a pixel apart", s.aRow, s.aStep))
	}
	if s.steps() > 0 {
		if need := s.reach(s.aStep, s.aSeg, s.aBand) + rows*s.aRow + groups*s.aGroup; need > len(s.a) {
			panic(fmt.Sprintf("kernel: strip reads %d floats of A, which has %d", need, len(s.a)))
		}
		if need := s.reach(s.bStep, s.bSeg, s.bBand) + panels*s.bPanel + Width - 1; need > len(s.b) {
			panic(fmt.Sprintf("kernel: strip reads %d floats of B, which has %d", need, len(s.b)))
		}
	}
	if need := rows*s.cRow + groups*s.cGroup + panels*s.cPanel + Width; need > len(s.c) {
		panic(fmt.Sprintf("kernel: strip writes %d floats of C, which has %d", need, len(s.c)))
	}
	if need := s.panels * Width; s.flags&fromBias != 0 && len(s.bias) < need {
		panic(fmt.Sprintf("kernel: strip reads %d floats of bias, which has %d", need, len(s.bias)))
	}
	if need := rows*s.maskRow + groups*s.maskGroup + panels*s.maskPanel + Width; s.flags&masked != 0 && need > len(s.mask) {
		panic(fmt.Sprintf("kernel: strip reads %d floats of mask, which has %d", need, len(s.mask)))
	}
}

// tallest is a multiple of the rows of all tiles that hide the latency best.
const tallest = 48

// rowsWithin is how many of some rows of so many steps go together within a bound of their product: in whole tiles, and
// no fewer than the tallest.
func rowsWithin(bound, rows, steps int) int {
	steps = max(1, steps)
	if rows <= tallest || rows*steps <= bound {
		return rows
	}
	return max(tallest, bound/steps/tallest*tallest)
}

// run computes the strip. Callers see to it that groups do not make a call of assembly long; rows are cut here.
func (t tier) run(s *strip) {
	if s.rows == 0 || s.groups == 0 || s.panels == 0 {
		return
	}
	s.check()
	most := rowsWithin(blockWork/Width/min(s.panels, t.sideBySide()), s.rows, s.steps())
	if s.groups > 1 || s.rows <= most {
		t.strip(s)
		return
	}
	part := *s
	for rows := s.rows; rows > 0; rows -= most {
		part.rows = min(most, rows)
		t.strip(&part)
		if rows > most {
			part.a, part.c = part.a[most*s.aRow:], part.c[most*s.cRow:]
		}
		if rows > most && s.flags&masked != 0 {
			part.mask = part.mask[most*s.maskRow:]
		}
	}
}
