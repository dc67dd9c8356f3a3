package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Rows of a tile at most: of one panel, of two side by side.
const (
	singleRows = 16
	doubleRows = 12
)

func strips512() {
	for rows := 1; rows <= singleRows; rows++ {
		strip512(rows, 1)
	}
	for rows := 1; rows <= doubleRows; rows++ {
		strip512(rows, 2)
	}
	peak512()
}

// strip512 is strip in AVX-512: a row of 16 columns is one register. Of one panel, A comes to the multiply-add
// as a broadcast operand: rows + 1 loads for as many multiply-adds. Of two panels a broadcast serves both,
// 24 multiply-adds need 14 loads: 24 + 2 + 4 registers.
func strip512(rows, panels int) {
	begin(fmt.Sprintf("strip512x%dx%dAsm", rows, panels), "func(args *uint64)")
	args := pointer("args")
	f := func(o int) Mem { return at(args, o) }
	a, b, aStep, bStep, k := GP64().(GPVirtual), GP64().(GPVirtual), GP64(), GP64(), GP64()
	acc := make([][]VecVirtual, rows)
	for i := range acc {
		acc[i] = vectors512(panels)
	}
	row := newMultiples(f(argARow), rows)
	var bPanel GPVirtual
	if panels == 2 {
		bPanel = GP64().(GPVirtual)
		MOVQ(f(argBPanel), bPanel)
	}
	columns, x := vectors512(panels), vectors512(4)
	MOVQ(f(argAStep), aStep)
	MOVQ(f(argBStep), bStep)
	firstTile(f, argC, argMask)

	Label("tile")
	start512(acc, f)
	MOVQ(f(argTileA), a)
	MOVQ(f(argB), b)
	set(f, argBand, argBands)
	Label("band")
	set(f, argSegment, argSegs)
	Label("segment")
	MOVQ(f(argK), k)
	CMPQ(f(argSegment), U8(1))
	CMOVQEQ(f(argKLast), k)
	step := func() {
		VMOVUPS(at(b, 0), columns[0])
		if panels == 2 {
			VMOVUPS(Mem{Base: b, Index: bPanel, Scale: 1}, columns[1])
		}
		for i := range acc {
			if panels == 1 {
				VFMADD231PS_BCST(row.in(a, i), columns[0], acc[i][0])
				continue
			}
			VBROADCASTSS(row.in(a, i), x[i%4])
			VFMADD231PS(columns[0], x[i%4], acc[i][0])
			VFMADD231PS(columns[1], x[i%4], acc[i][1])
		}
		ADDQ(bStep, b)
		ADDQ(aStep, a)
	}
	SHRQ(U8(1), k)
	JCC(LabelRef("even"))
	step()
	Label("even")
	TESTQ(k, k)
	JZ(LabelRef("next"))
	Label("pair")
	step()
	step()
	DECQ(k)
	JNZ(LabelRef("pair"))
	Label("next")
	DECQ(f(argSegment))
	JZ(LabelRef("bandEnd"))
	ADDQ(f(argASeg), a)
	ADDQ(f(argBSeg), b)
	JMP(LabelRef("segment"))
	Label("bandEnd")
	nextBand(f, a, b)
	Label("summed")

	finish512(acc, f)
	nextTile(f, GP64().(GPVirtual))
	end()
}

func vectors512(n int) []VecVirtual {
	v := make([]VecVirtual, n)
	for i := range v {
		v[i] = ZMM()
	}
	return v
}

// rows512 runs body for every accumulator with its place in memory.
func rows512(acc [][]VecVirtual, f func(int) Mem, base, rowStride, panelStride int, body func(v VecVirtual, m Mem)) {
	p, row, panel := GP64().(GPVirtual), GP64(), GP64().(GPVirtual)
	panels := len(acc[0])
	MOVQ(f(base), p)
	MOVQ(f(rowStride), row)
	if panels == 2 {
		MOVQ(f(panelStride), panel)
	}
	for i := range acc {
		body(acc[i][0], at(p, 0))
		if panels == 2 {
			body(acc[i][1], Mem{Base: p, Index: panel, Scale: 1})
		}
		if i < len(acc)-1 {
			ADDQ(row, p)
		}
	}
}

// start512 sets the accumulators to zero, to C or to the bias row.
func start512(acc [][]VecVirtual, f func(int) Mem) {
	flags, bias := GP64(), GP64().(GPVirtual)
	MOVQ(f(argFlags), flags)
	TESTQ(U32(fromC), flags)
	JNZ(LabelRef("fromC"))
	TESTQ(U32(fromBias), flags)
	JNZ(LabelRef("fromBias"))
	for i := range acc {
		for _, v := range acc[i] {
			VPXORD(v, v, v)
		}
	}
	JMP(LabelRef("started"))
	Label("fromBias")
	MOVQ(f(argBias), bias)
	for i := range acc {
		for j, v := range acc[i] {
			VMOVUPS(at(bias, 64*j), v)
		}
	}
	JMP(LabelRef("started"))
	Label("fromC")
	rows512(acc, f, argTileC, argCRow, argCPanel, func(v VecVirtual, m Mem) { VMOVUPS(m, v) })
	Label("started")
}

// finish512 applies ReLU and mask and stores.
func finish512(acc [][]VecVirtual, f func(int) Mem) {
	flags, zero, scale, positive := GP64(), ZMM(), ZMM(), K()
	MOVQ(f(argFlags), flags)
	TESTQ(U32(relu), flags)
	JZ(LabelRef("linear"))
	VPXORD(zero, zero, zero)
	for i := range acc {
		for _, v := range acc[i] {
			VMAXPS(v, zero, v) // NaN stays: it is the second source
		}
	}
	Label("linear")
	TESTQ(U32(masked), flags)
	JZ(LabelRef("unmasked"))
	VPXORD(zero, zero, zero)
	VBROADCASTSS(f(argScale), scale)
	rows512(acc, f, argTileMask, argMaskRow, argMaskPanel, func(v VecVirtual, m Mem) {
		VCMPPS(U8(less), m, zero, positive)
		VMULPS_Z(scale, v, positive, v)
	})
	Label("unmasked")
	rows512(acc, f, argTileC, argCRow, argCPanel, func(v VecVirtual, m Mem) { VMOVUPS(v, m) })
}

// peak512 is peak for registers of sixteen.
func peak512() {
	begin("peak512Asm", "func(n int)")
	n := Load(Param("n"), GP64())
	acc := vectors512(12)
	x, y := ZMM(), ZMM()
	for _, v := range append(acc, x, y) {
		VPXORD(v, v, v)
	}
	Label("loop")
	for range 2 {
		for _, v := range acc {
			VFMADD231PS(x, y, v)
		}
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	end()
}
