package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets in stripArgs of ../strip_asm.go; strides are in bytes, of segments and
// bands what is to be added after the last step of one to come to the next.
const (
	argA = 8 * iota
	argB
	argC
	argBias
	argMask
	argK
	argKLast
	argSegs
	argBands
	argARow
	argAStep
	argASeg
	argABand
	argBStep
	argBSeg
	argBBand
	argCRow
	argMaskRow
	argFlags
	argTiles
	argATile
	argCTile
	argMaskTile
	argScale
	// the distances of panels, and their number
	argBPanel
	argCPanel
	argMaskPanel
	argPanels
	// The assembly's own. The addresses of a tile are no pointers there: they end behind the last one.
	argSegment
	argBand
	argTileA
	argTileC
	argTileMask
	argTilesLeft
	argLength
	argLengthLast
	argPanelB
	argPanelC
	argPanelMask
	argPanelBias
	argPanelsLeft
)

const (
	fromC = 1 << iota
	fromBias
	relu
	masked
)

func strips() {
	for rows := 1; rows <= 6; rows++ {
		strip(rows, "", 4)
		strip(rows, "Columns", 4)
		strip(rows, "Pixels", 64)
	}
	peak(0)
	peak(8)
}

// strip computes tiles of some rows and 16 columns, those of one panel after those of the other: two accumulators a
// row, two registers of B, one or two of broadcast A: 6·2 + 2 + 2 = 16.
//
// What is not a multiply-add is kept few, since the two threads of a core share what issues them: 12 multiply-adds
// need 8 loads, and all else is for four steps at once. The floats of A are near bytes apart along its steps, or by
// columns and by pixels along its rows, so that the other direction alone needs registers.
func strip(rows int, by string, near int) {
	begin(fmt.Sprintf("strip%d%sAsm", rows, by), "func(args *uint64)")
	args := pointer("args")
	f := func(o int) Mem { return at(args, o) }
	a, b, k, seg, tmp := GP64().(GPVirtual), GP64().(GPVirtual), GP64(), GP64(), GP64().(GPVirtual)
	length, aSeg, bSeg := GP64(), GP64(), GP64()
	acc := make([][2]VecVirtual, rows)
	for i := range acc {
		acc[i] = [2]VecVirtual{YMM(), YMM()}
	}
	b0, b1 := YMM(), YMM()
	x := [2]VecVirtual{YMM(), YMM()}
	bStep := newMultiples(f(argBStep), unrolled)
	alongRows := by != ""
	var aFar multiples // the other direction of A
	if alongRows {
		aFar = newMultiples(f(argAStep), unrolled)
	} else {
		aFar = newMultiples(f(argARow), rows)
	}
	MOVQ(f(argASeg), aSeg)
	MOVQ(f(argBSeg), bSeg)
	splitLast(f, seg, length, tmp)
	for _, copied := range [][2]int{{argPanelB, argB}, {argPanelC, argC}, {argPanelMask, argMask}, {argPanelBias, argBias}, {argPanelsLeft, argPanels}} {
		set(f, copied[0], copied[1])
	}

	Label("panel")
	firstTile(f, argPanelC, argPanelMask)

	Label("tile")
	start(acc, f, tmp)
	MOVQ(f(argTileA), a)
	MOVQ(f(argPanelB), b)
	set(f, argBand, argBands)
	Label("band")
	MOVQ(f(argSegment), seg)
	MOVQ(f(argLength), length)
	Label("segment")
	segment(k, length, func(n int) {
		for j := range n {
			row := bStep.in(b, j)
			VMOVUPS(row, b0)
			row.Disp += 32
			VMOVUPS(row, b1)
			for i := range acc {
				far, next := i, j
				if alongRows {
					far, next = j, i
				}
				m := aFar.in(a, far)
				m.Disp += near * next
				VBROADCASTSS(m, x[i%2])
				VFMADD231PS(b0, x[i%2], acc[i][0])
				VFMADD231PS(b1, x[i%2], acc[i][1])
			}
		}
		bStep.advance(b, n)
		if alongRows {
			aFar.advance(a, n)
		} else {
			ADDQ(U8(4*n), a)
		}
	}, func() {
		ADDQ(aSeg, a)
		ADDQ(bSeg, b)
		DECQ(seg)
		JNZ(LabelRef("segment"))
		CMPQ(length, f(argLengthLast))
		JNE(LabelRef("last"))
		SUBQ(aSeg, a) // the next band counts from the last step
		SUBQ(bSeg, b)
		nextBand(f, a, b)
		Label("last")
		MOVQ(f(argLengthLast), length)
		MOVQ(U64(1), seg)
		JMP(LabelRef("segment"))
	})
	Label("summed")

	finish(acc, f, [3]VecVirtual{b0, b1, x[0]}, tmp)
	nextTile(f, tmp)
	ADDQ(U8(64), f(argPanelBias))
	move(f, tmp, [][2]int{{argPanelB, argBPanel}, {argPanelC, argCPanel}, {argPanelMask, argMaskPanel}})
	DECQ(f(argPanelsLeft))
	JNZ(LabelRef("panel"))
	end()
}

// splitLast sets the number of segments of one length and their length: a last one of another length comes by itself,
// unless it is the only one. Lengths are less what a round of segment takes.
func splitLast(f func(int) Mem, seg, length, tmp Register) {
	MOVQ(f(argSegs), seg)
	MOVQ(f(argK), length)
	MOVQ(f(argKLast), tmp)
	CMPQ(tmp, length)
	JEQ(LabelRef("equal"))
	DECQ(seg)
	JNZ(LabelRef("equal"))
	INCQ(seg)
	MOVQ(tmp, length)
	Label("equal")
	MOVQ(seg, f(argSegment))
	SUBQ(U8(unrolled), length)
	MOVQ(length, f(argLength))
	SUBQ(U8(unrolled), tmp)
	MOVQ(tmp, f(argLengthLast))
}

// segment does the steps of a segment, four at a time, and goes on with next. In k is four less than those that are left.
func segment(k, length Register, steps func(n int), next func()) {
	MOVQ(length, k)
	TESTQ(k, k)
	JS(LabelRef("rest"))
	Label("steps")
	steps(unrolled)
	SUBQ(U8(unrolled), k)
	JCC(LabelRef("steps"))
	Label("rest")
	CMPQ(k, I8(-unrolled))
	JNE(LabelRef("few"))
	Label("next")
	next()
	Label("few")
	// Three are a row of taps of a 3×3 kernel over one channel.
	CMPQ(k, I8(2-unrolled))
	JEQ(LabelRef("two"))
	JLT(LabelRef("one"))
	steps(3)
	JMP(LabelRef("next"))
	Label("two")
	steps(2)
	JMP(LabelRef("next"))
	Label("one")
	steps(1)
	JMP(LabelRef("next"))
}

// unrolled is how many steps share one addition to each address.
const unrolled = 4

// set copies an argument.
func set(f func(int) Mem, to, from int) {
	tmp := GP64()
	MOVQ(f(from), tmp)
	MOVQ(tmp, f(to))
}

// firstTile goes to the first tile of a panel whose C and mask begin at c and mask.
func firstTile(f func(int) Mem, c, mask int) {
	set(f, argTileA, argA)
	set(f, argTileC, c)
	set(f, argTileMask, mask)
	set(f, argTilesLeft, argTiles)
}

// nextBand goes to the next band, behind the last one to where all is summed.
func nextBand(f func(int) Mem, a, b GPVirtual) {
	DECQ(f(argBand))
	JZ(LabelRef("summed"))
	ADDQ(f(argABand), a)
	ADDQ(f(argBBand), b)
	JMP(LabelRef("band"))
}

// nextTile goes to the next tile, if there is one.
func nextTile(f func(int) Mem, tmp GPVirtual) {
	move(f, tmp, [][2]int{{argTileA, argATile}, {argTileC, argCTile}, {argTileMask, argMaskTile}})
	DECQ(f(argTilesLeft))
	JNZ(LabelRef("tile"))
}

// move adds to each first the second.
func move(f func(int) Mem, tmp GPVirtual, pairs [][2]int) {
	for _, pair := range pairs {
		MOVQ(f(pair[1]), tmp)
		ADDQ(tmp, f(pair[0]))
	}
}

// multiples addresses rows or steps a stride apart from one base: the odd multiples of the stride are in registers.
type multiples []GPVirtual

// newMultiples addresses n of them, from 0 on.
func newMultiples(stride Mem, n int) multiples {
	var m multiples
	for odd := 1; odd < n; odd += 2 {
		r := GP64().(GPVirtual)
		if odd == 1 {
			MOVQ(stride, r)
		} else {
			LEAQ(Mem{Base: m[len(m)-1], Index: m[0], Scale: 2}, r)
		}
		m = append(m, r)
	}
	return m
}

// advance moves base by n strides, up to four.
func (m multiples) advance(base GPVirtual, n int) {
	switch n {
	case 1, 3:
		ADDQ(m[n/2], base)
	default:
		LEAQ(Mem{Base: base, Index: m[0], Scale: uint8(n)}, base)
	}
}

// in is the place of number i from base on.
func (m multiples) in(base GPVirtual, i int) Mem {
	scale := 1
	for ; i > 0 && i%2 == 0; i /= 2 {
		scale *= 2
	}
	if i == 0 {
		return at(base, 0)
	}
	return Mem{Base: base, Index: m[i/2], Scale: uint8(scale)}
}

// eachRow runs body for the two halves of every row of a tile.
func eachRow(acc [][2]VecVirtual, f func(int) Mem, base, stride int, p GPVirtual, body func(v VecVirtual, m Mem)) {
	MOVQ(f(base), p)
	row := newMultiples(f(stride), len(acc))
	for i := range acc {
		for j, v := range acc[i] {
			m := row.in(p, i)
			m.Disp += 32 * j
			body(v, m)
		}
	}
}

// start sets the accumulators to zero, to C or to the bias row.
func start(acc [][2]VecVirtual, f func(int) Mem, tmp GPVirtual) {
	MOVQ(f(argFlags), tmp)
	TESTQ(U32(fromC), tmp)
	JNZ(LabelRef("fromC"))
	TESTQ(U32(fromBias), tmp)
	JNZ(LabelRef("fromBias"))
	for i := range acc {
		for _, v := range acc[i] {
			VXORPS(v, v, v)
		}
	}
	JMP(LabelRef("started"))
	Label("fromBias")
	MOVQ(f(argPanelBias), tmp)
	for i := range acc {
		for j, v := range acc[i] {
			VMOVUPS(at(tmp, 32*j), v)
		}
	}
	JMP(LabelRef("started"))
	Label("fromC")
	eachRow(acc, f, argTileC, argCRow, tmp, func(v VecVirtual, m Mem) { VMOVUPS(m, v) })
	Label("started")
}

// finish applies ReLU and mask and stores. It may use the vectors of the loop that it is given.
func finish(acc [][2]VecVirtual, f func(int) Mem, free [3]VecVirtual, tmp GPVirtual) {
	zero, scale, positive := free[0], free[1], free[2]
	MOVQ(f(argFlags), tmp)
	VXORPS(zero, zero, zero)
	TESTQ(U32(relu), tmp)
	JZ(LabelRef("linear"))
	for i := range acc {
		for _, v := range acc[i] {
			VMAXPS(v, zero, v) // NaN stays: it is the second source
		}
	}
	Label("linear")
	TESTQ(U32(masked), tmp)
	JZ(LabelRef("unmasked"))
	VBROADCASTSS(f(argScale), scale)
	eachRow(acc, f, argTileMask, argMaskRow, tmp, func(v VecVirtual, m Mem) {
		VCMPPS(U8(less), m, zero, positive)
		VMULPS(scale, v, v)
		VANDPS(positive, v, v)
	})
	Label("unmasked")
	eachRow(acc, f, argTileC, argCRow, tmp, func(v VecVirtual, m Mem) { VMOVUPS(v, m) })
}

// peak keeps twelve independent chains of multiply-adds in registers: the roof of the processor. With the eight loads of
// a tile of six rows beside them, which nothing waits for, it is the roof of the tile: what is left where another thread
// uses the same core.
func peak(loads int) {
	if loads == 0 {
		begin("peakAsm", "func(n int)")
	} else {
		begin("peakLoadsAsm", "func(n int, a *[32]float32)")
	}
	n := Load(Param("n"), GP64())
	var a GPVirtual
	if loads > 0 {
		a = pointer("a")
	}
	var acc [12]VecVirtual
	for i := range acc {
		acc[i] = YMM()
		VXORPS(acc[i], acc[i], acc[i])
	}
	x, y := YMM(), YMM()
	VXORPS(x, x, x)
	VXORPS(y, y, y)
	free := [2]VecVirtual{YMM(), YMM()}
	Label("loop")
	for range 2 {
		for i := range acc {
			VFMADD231PS(x, y, acc[i])
			switch {
			case i >= loads:
			case i < 2:
				VMOVUPS(at(a, 32*i), free[i])
			default:
				VBROADCASTSS(at(a, 64+4*i), free[i%2])
			}
		}
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	end()
}
