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
)

const (
	fromC = 1 << iota
	fromBias
	relu
	masked
)

func strips() {
	for rows := 1; rows <= 6; rows++ {
		strip(rows)
	}
	peak()
}

// strip computes tiles of some rows and 16 columns: two accumulators a row, two registers of B, one or
// two of broadcast A: 6·2 + 2 + 2 = 16.
func strip(rows int) {
	begin(fmt.Sprintf("strip%dAsm", rows), "func(args *uint64)")
	args := pointer("args")
	f := func(o int) Mem { return at(args, o) }
	var aRow, aStep, bStep, cRow, aTile, cTile, tiles = GP64().(GPVirtual), GP64(), GP64(), GP64(), GP64().(GPVirtual), GP64().(GPVirtual), GP64()
	MOVQ(f(argARow), aRow)
	MOVQ(f(argAStep), aStep)
	MOVQ(f(argBStep), bStep)
	MOVQ(f(argCRow), cRow)
	MOVQ(f(argA), aTile)
	MOVQ(f(argC), cTile)
	MOVQ(f(argTiles), tiles)
	acc := make([][2]VecVirtual, rows)
	for i := range acc {
		acc[i] = [2]VecVirtual{YMM(), YMM()}
	}
	b0, b1 := YMM(), YMM()
	x := [2]VecVirtual{YMM(), YMM()}
	a, a3, b, c := GP64().(GPVirtual), GP64().(GPVirtual), GP64().(GPVirtual), GP64().(GPVirtual)
	k, seg, band, tmp := GP64(), GP64(), GP64(), GP64().(GPVirtual)

	Label("tile")
	MOVQ(aTile, a)
	if rows > 3 {
		LEAQ(Mem{Base: aRow, Index: aRow, Scale: 2}, a3)
		ADDQ(a, a3)
	}
	MOVQ(f(argB), b)
	start(acc, f, cTile, c, cRow, tmp)

	MOVQ(f(argBands), band)
	Label("band")
	MOVQ(f(argSegs), seg)
	Label("segment")
	MOVQ(f(argK), k)
	CMPQ(seg, U8(1))
	CMOVQEQ(f(argKLast), k)
	MOVQ(k, tmp)
	SHRQ(U8(1), k)
	JZ(LabelRef("odd"))
	step := func() {
		VMOVUPS(at(b, 0), b0)
		VMOVUPS(at(b, 32), b1)
		for i := range acc {
			m := Mem{Base: a}
			if i >= 3 {
				m.Base = a3
			}
			if i%3 > 0 {
				m.Index, m.Scale = aRow, uint8(i%3)
			}
			VBROADCASTSS(m, x[i%2])
			VFMADD231PS(b0, x[i%2], acc[i][0])
			VFMADD231PS(b1, x[i%2], acc[i][1])
		}
		ADDQ(bStep, b)
		ADDQ(aStep, a)
		if rows > 3 {
			ADDQ(aStep, a3)
		}
	}
	advance := func(byA, byB Mem) {
		ADDQ(byA, a)
		if rows > 3 {
			ADDQ(byA, a3)
		}
		ADDQ(byB, b)
	}
	Label("pair")
	step()
	step()
	DECQ(k)
	JNZ(LabelRef("pair"))
	Label("odd")
	TESTQ(U32(1), tmp)
	JZ(LabelRef("next"))
	step()
	Label("next")
	DECQ(seg)
	JZ(LabelRef("bandEnd"))
	advance(f(argASeg), f(argBSeg))
	JMP(LabelRef("segment"))
	Label("bandEnd")
	DECQ(band)
	JZ(LabelRef("summed"))
	advance(f(argABand), f(argBBand))
	JMP(LabelRef("band"))
	Label("summed")

	finish(acc, f, b0, x[0], a, c, tmp, tiles)
	MOVQ(cTile, c)
	for i := range acc {
		VMOVUPS(acc[i][0], at(c, 0))
		VMOVUPS(acc[i][1], at(c, 32))
		if i < rows-1 {
			ADDQ(cRow, c)
		}
	}
	ADDQ(f(argATile), aTile)
	ADDQ(f(argCTile), cTile)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	end()
}

// start sets the accumulators to zero, to C or to the bias row.
func start(acc [][2]VecVirtual, f func(int) Mem, cTile, c, cRow Register, tmp GPVirtual) {
	MOVQ(f(argFlags), tmp)
	TESTQ(U32(fromC), tmp)
	JNZ(LabelRef("fromC"))
	TESTQ(U32(fromBias), tmp)
	JNZ(LabelRef("fromBias"))
	for i := range acc {
		VXORPS(acc[i][0], acc[i][0], acc[i][0])
		VXORPS(acc[i][1], acc[i][1], acc[i][1])
	}
	JMP(LabelRef("started"))
	Label("fromBias")
	MOVQ(f(argBias), tmp)
	for i := range acc {
		VMOVUPS(at(tmp, 0), acc[i][0])
		VMOVUPS(at(tmp, 32), acc[i][1])
	}
	JMP(LabelRef("started"))
	Label("fromC")
	MOVQ(cTile, c)
	for i := range acc {
		VMOVUPS(at(c, 0), acc[i][0])
		VMOVUPS(at(c, 32), acc[i][1])
		if i < len(acc)-1 {
			ADDQ(cRow, c)
		}
	}
	Label("started")
}

// finish applies ReLU and mask. It may use the registers of the loop that it is given.
func finish(acc [][2]VecVirtual, f func(int) Mem, s, t VecVirtual, n, m, tmp GPVirtual, tiles Register) {
	MOVQ(f(argFlags), tmp)
	TESTQ(U32(relu), tmp)
	JZ(LabelRef("linear"))
	VXORPS(s, s, s)
	for i := range acc {
		for j := range 2 {
			VMAXPS(acc[i][j], s, acc[i][j]) // NaN stays: it is the second source
		}
	}
	Label("linear")
	TESTQ(U32(masked), tmp)
	JZ(LabelRef("unmasked"))
	// The mask of this tile begins (argTiles - tiles)·argMaskTile further.
	MOVQ(f(argTiles), n)
	SUBQ(tiles, n)
	IMULQ(f(argMaskTile), n)
	MOVQ(f(argMask), m)
	ADDQ(n, m)
	VBROADCASTSS(f(argScale), s)
	for i := range acc {
		for j := range 2 {
			VXORPS(t, t, t)
			VCMPPS(U8(less), at(m, 32*j), t, t)
			VMULPS(s, acc[i][j], acc[i][j])
			VANDPS(t, acc[i][j], acc[i][j])
		}
		if i < len(acc)-1 {
			ADDQ(f(argMaskRow), m)
		}
	}
	Label("unmasked")
}

// peak keeps twelve independent chains of multiply-adds in registers: the roof of the processor.
func peak() {
	begin("peakAsm", "func(n int)")
	n := Load(Param("n"), GP64())
	var acc [12]VecVirtual
	for i := range acc {
		acc[i] = YMM()
		VXORPS(acc[i], acc[i], acc[i])
	}
	x, y := YMM(), YMM()
	VXORPS(x, x, x)
	VXORPS(y, y, y)
	Label("loop")
	for range 2 {
		for i := range acc {
			VFMADD231PS(x, y, acc[i])
		}
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	end()
}
