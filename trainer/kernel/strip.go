package kernel

import "fmt"

// strip is the one kernel under every product and convolution: rows of C, 16 columns wide, each
//
//	C[i][0:16] = finish(start + Σ_segments Σ_k A[i, k]·B[k][0:16])
//
// summed in ascending order in one chain per element. Strides are in floats and not negative. The
// segments make a panel layout, a row layout and the taps of a 3×3 convolution the same loop: within
// a segment A advances by aStep, from one segment to the next by aSeg.
type strip struct {
	rows, groups int // rows of C, and how often all of it repeats with A, C and the mask moved on by a group
	segs         int // segments of k steps, the last one of kLast
	k, kLast     int

	a                         []float32
	aRow, aStep, aSeg         int
	b                         []float32
	bStep, bSeg               int
	c                         []float32
	cRow                      int
	bias                      []float32
	mask                      []float32
	maskRow                   int
	scale                     float32
	flags                     stripFlags
	aGroup, cGroup, maskGroup int
}

type stripFlags uint8

const (
	fromC    stripFlags = 1 << iota // start from C
	fromBias                        // start from the bias row
	relu
	masked
)

// segments sets the reduction: n segments of k steps, the last of kLast, whose starts in A are aSeg apart.
func (s *strip) segments(n, k, kLast, aSeg int) { s.segs, s.k, s.kLast, s.aSeg = n, k, kLast, aSeg }

// reach is one past the last element that an operand of these strides touches.
func (s *strip) reach(step, seg int) int {
	last := (s.segs-1)*seg + max(s.kLast-1, 0)*step
	if s.segs > 1 {
		last = max(last, (s.segs-2)*seg+(s.k-1)*step)
	}
	return last + 1
}

// check panics where a strip would touch memory beyond its slices.
func (s *strip) check() {
	rows, groups := s.rows-1, s.groups-1
	if s.kLast > 0 || s.segs > 1 {
		if need := s.reach(s.aStep, s.aSeg) + rows*s.aRow + groups*s.aGroup; need > len(s.a) {
			panic(fmt.Sprintf("kernel: strip reads %d floats of A, which has %d", need, len(s.a)))
		}
		if need := s.reach(s.bStep, s.bSeg) + Width - 1; need > len(s.b) {
			panic(fmt.Sprintf("kernel: strip reads %d floats of B, which has %d", need, len(s.b)))
		}
	}
	if need := rows*s.cRow + groups*s.cGroup + Width; need > len(s.c) {
		panic(fmt.Sprintf("kernel: strip writes %d floats of C, which has %d", need, len(s.c)))
	}
	if s.flags&fromBias != 0 && len(s.bias) < Width {
		panic(fmt.Sprintf("kernel: strip reads %d floats of bias, which has %d", Width, len(s.bias)))
	}
	if need := rows*s.maskRow + groups*s.maskGroup + Width; s.flags&masked != 0 && need > len(s.mask) {
		panic(fmt.Sprintf("kernel: strip reads %d floats of mask, which has %d", need, len(s.mask)))
	}
}

// run computes the strip.
func (t tier) run(s *strip) {
	if s.rows == 0 || s.groups == 0 {
		return
	}
	s.check()
	t.strip(s)
}
