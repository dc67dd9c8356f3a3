package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// is512 makes what follows kernels of AVX-512: a register holds a whole panel row of 16 floats instead of half of one.
var is512 bool

// halves16 is the registers of 16 floats.
func halves16() int {
	if is512 {
		return 1
	}
	return 2
}

// vector is a new register.
func vector() VecVirtual {
	if is512 {
		return ZMM()
	}
	return YMM()
}

// begin starts a function that neither grows the stack nor keeps its arguments. Names end in Asm, those of
// AVX-512 in 512Asm.
func begin(name, signature string) {
	if is512 {
		name = strings.TrimSuffix(name, "Asm") + "512Asm"
	}
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
}

// end clears the upper halves, so that SSE code after it is not slowed down.
func end() {
	VZEROUPPER()
	RET()
}

func pointer(name string) GPVirtual { return Load(Param(name), GP64()).(GPVirtual) }

func at(base Register, disp int) Mem { return Mem{Base: base, Disp: disp} }

// words is a constant of as many 32-bit words as a register holds, in read-only memory.
func words(name string, w ...uint32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 16 / halves16() {
		DATA(4*i, U32(w[i%len(w)]))
	}
	return m
}

// constants are those already written in this unit: one per bit pattern.
var constants = map[uint32]Mem{}

// bits32 is a constant of equal words.
func bits32(b uint32) Mem {
	m, ok := constants[b]
	if !ok {
		m = words(fmt.Sprintf("c%08x", b), b)
		constants[b] = m
	}
	return m
}

// float is a constant of equal floats.
func float(v float32) Mem { return bits32(math.Float32bits(v)) }

func broadcast(m Mem) VecVirtual {
	v := vector()
	VBROADCASTSS(m, v)
	return v
}

// parameter broadcasts a 4-byte parameter.
func parameter(name string) VecVirtual {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return broadcast(b.Addr)
}

// three-operand forms in reading order

func mul(a VecVirtual, b Op) VecVirtual { d := vector(); VMULPS(b, a, d); return d }
func add(a VecVirtual, b Op) VecVirtual { d := vector(); VADDPS(b, a, d); return d }
func sub(a VecVirtual, b Op) VecVirtual { d := vector(); VSUBPS(b, a, d); return d }
func div(a VecVirtual, b Op) VecVirtual { d := vector(); VDIVPS(b, a, d); return d }
func and(a VecVirtual, b Op) VecVirtual { d := vector(); VANDPS(b, a, d); return d }
func xor(a VecVirtual, b Op) VecVirtual { d := vector(); VXORPS(b, a, d); return d }
func load(m Mem) VecVirtual             { d := vector(); VMOVUPS(m, d); return d }
func root(a VecVirtual) VecVirtual      { d := vector(); VSQRTPS(a, d); return d }

const (
	less           = 1  // a < b, false for NaN
	notLess        = 5  // !(a < b), true for NaN
	notLessOrEqual = 6  // !(a <= b), true for NaN
	greater        = 14 // a > b, false for NaN
)

// compare gives all ones in the lanes where a stands in the relation to b.
func compare(a VecVirtual, relation int, b Op) VecVirtual {
	d := vector()
	VCMPPS(U8(relation), b, a, d)
	return d
}

// choose takes yes where the mask is set, else no.
func choose(mask, yes, no VecVirtual) VecVirtual {
	d := vector()
	VBLENDVPS(mask, yes, no, d)
	return d
}

// atMost is v, or limit where v is larger; NaN stays.
func atMost(v VecVirtual, limit Mem) VecVirtual {
	l, d := load(limit), vector()
	VMINPS(v, l, d) // the second source where either is NaN
	return d
}

// atLeast is v, or limit where v is smaller; NaN stays.
func atLeast(v VecVirtual, limit Mem) VecVirtual {
	l, d := load(limit), vector()
	VMAXPS(v, l, d)
	return d
}

// each8 loops over n floats, a multiple of 8, with the byte offset in a register.
func each8(n Register, body func(off GPVirtual)) {
	off := GP64().(GPVirtual)
	XORQ(off, off)
	SHRQ(U8(3), n)
	JZ(LabelRef("done"))
	Label("loop")
	body(off)
	ADDQ(U8(32), off)
	DECQ(n)
	JNZ(LabelRef("loop"))
	Label("done")
	end()
}

func indexed(base, off GPVirtual) Mem { return Mem{Base: base, Index: off, Scale: 1} }
