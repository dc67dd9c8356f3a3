package main

import (
	"fmt"
	"math"
)

// word adds an instruction that Go's assembler does not know: its encoding, whose fields Rd, Rn and Rm
// are the places of d and the sources, and the text in Arm's notation with verbs for the same.
func (f *function) word(code uint32, text string, update bool, d vec, sources ...vec) vec {
	in := instruction{writes: []vec{d}, reads: sources}
	if update {
		in.reads = append([]vec{d}, sources...)
	}
	in.text = func(number func(vec) int) string {
		w, shift := code|uint32(number(d)), 5
		for _, s := range sources {
			w |= uint32(number(s)) << shift
			shift += 11
		}
		return fmt.Sprintf("WORD $0x%08x // %s", w, plain(text, d, sources)(number))
	}
	f.code = append(f.code, in)
	return d
}

// arm2 and arm3 are words of one and of two sources, four lanes of 32 bits.
func (f *function) arm2(code uint32, name string, a vec) vec {
	return f.word(code, name+" V%d.4S, V%d.4S", false, f.vec(), a)
}

func (f *function) arm3(code uint32, name string, a, b vec) vec {
	return f.word(code, name+" V%d.4S, V%d.4S, V%d.4S", false, f.vec(), a, b)
}

func (f *function) add(a, b vec) vec     { return f.arm3(0x4e20d400, "FADD", a, b) }
func (f *function) sub(a, b vec) vec     { return f.arm3(0x4ea0d400, "FSUB", a, b) }
func (f *function) mul(a, b vec) vec     { return f.arm3(0x6e20dc00, "FMUL", a, b) }
func (f *function) div(a, b vec) vec     { return f.arm3(0x6e20fc00, "FDIV", a, b) }
func (f *function) atMost(a, b vec) vec  { return f.arm3(0x4ea0f400, "FMIN", a, b) } // NaN stays
func (f *function) atLeast(a, b vec) vec { return f.arm3(0x4e20f400, "FMAX", a, b) } // NaN stays
func (f *function) root(a vec) vec       { return f.arm2(0x6ea1f800, "FSQRT", a) }
func (f *function) negate(a vec) vec     { return f.arm2(0x6ea0f800, "FNEG", a) }

// toFloats converts unsigned integers.
func (f *function) toFloats(a vec) vec { return f.arm2(0x6e21d800, "UCVTF", a) }

// Comparisons give all ones where they hold; with NaN none does.

func (f *function) greater(a, b vec) vec    { return f.arm3(0x6ea0e400, "FCMGT", a, b) }
func (f *function) equal(a, b vec) vec      { return f.arm3(0x4e20e400, "FCMEQ", a, b) }
func (f *function) notSmaller(a, b vec) vec { return f.arm3(0x6e20ec00, "FACGE", a, b) } // |a| ≥ |b|
func (f *function) positive(a vec) vec {
	return f.word(0x4ea0c800, "FCMGT V%d.4S, V%d.4S, #0.0", false, f.vec(), a)
}
func (f *function) negative(a vec) vec {
	return f.word(0x4ea0e800, "FCMLT V%d.4S, V%d.4S, #0.0", false, f.vec(), a)
}
func (f *function) and(a, b vec) vec {
	return f.op("VAND V%[3]d.B16, V%[2]d.B16, V%[1]d.B16", f.vec(), a, b)
}
func (f *function) without(a, mask vec) vec {
	return f.word(0x4e601c00, "BIC V%d.16B, V%d.16B, V%d.16B", false, f.vec(), a, mask)
}
func (f *function) xor(a, b vec) vec {
	return f.op("VEOR V%[3]d.B16, V%[2]d.B16, V%[1]d.B16", f.vec(), a, b)
}
func (f *function) addInts(a, b vec) vec {
	return f.op("VADD V%[3]d.S4, V%[2]d.S4, V%[1]d.S4", f.vec(), a, b)
}
func (f *function) shiftLeft(a vec, n int) vec {
	return f.op(fmt.Sprintf("VSHL $%d, V%%[2]d.S4, V%%[1]d.S4", n), f.vec(), a)
}

// choose takes yes where the mask is set, else no; the mask's register becomes the result.
func (f *function) choose(mask, yes, no vec) vec {
	return f.update("VBSL V%[3]d.B16, V%[2]d.B16, V%[1]d.B16", mask, yes, no)
}

// withoutIn, mulIn and andIn change v in place: it belongs to more than one path through the code.

func (f *function) withoutIn(v, mask vec) {
	f.word(0x4e601c00, "BIC V%d.16B, V%d.16B, V%d.16B", false, v, v, mask)
}

func (f *function) mulIn(v, a vec) {
	f.word(0x6e20dc00, "FMUL V%d.4S, V%d.4S, V%d.4S", false, v, v, a)
}

func (f *function) addIn(v, a vec) {
	f.word(0x4e20d400, "FADD V%d.4S, V%d.4S, V%d.4S", false, v, v, a)
}

func (f *function) andIn(v, a vec) { f.update("VAND V%[2]d.B16, V%[1]d.B16, V%[1]d.B16", v, a) }

// fma adds x[0]·b to acc, rounded once, also where only the time it takes is of interest.
func (f *function) fma(acc, b, x vec) {
	f.word(0x4f801000, "FMLA V%d.4S, V%d.4S, V%d.S[0]", true, acc, b, x)
	f.code[len(f.code)-1].keep = true
}

// plus is a + k·b, rounded once.
func (f *function) plus(a vec, k float32, b vec) vec {
	return f.update("VFMLA V%[2]d.S4, V%[3]d.S4, V%[1]d.S4", f.move(f.vec(), a), b, f.float(k))
}

func (f *function) zip1(a, b vec, lanes string) vec { return f.pick("VZIP1", a, b, lanes) }
func (f *function) zip2(a, b vec, lanes string) vec { return f.pick("VZIP2", a, b, lanes) }
func (f *function) uzp1(a, b vec, lanes string) vec { return f.pick("VUZP1", a, b, lanes) }
func (f *function) uzp2(a, b vec, lanes string) vec { return f.pick("VUZP2", a, b, lanes) }

func (f *function) pick(name string, a, b vec, lanes string) vec {
	return f.op(fmt.Sprintf("%[1]s V%%[3]d.%[2]s, V%%[2]d.%[2]s, V%%[1]d.%[2]s", name, lanes), f.vec(), a, b)
}

func (f *function) duplicate(r gp) vec { return f.op(fmt.Sprintf("VDUP %s, V%%d.S4", r), f.vec()) }

// first is lane 0 of a in all lanes.
func (f *function) first(a vec) vec { return f.op("VDUP V%[2]d.S[0], V%[1]d.S4", f.vec(), a) }

func (f *function) float(x float32) vec { return f.bits(math.Float32bits(x)) }

func (f *function) zero() vec { return f.clear(f.vec()) }

func (f *function) clear(d vec) vec { return f.op("VMOVI $0, V%d.B16", d) }

func (f *function) move(d, a vec) vec {
	f.op("VMOV V%[2]d.B16, V%[1]d.B16", d, a)
	f.code[len(f.code)-1].move = true
	return d
}

// load reads 16 bytes at a place, loadTo into a register that exists.
func (f *function) load(base gp, disp int) vec { return f.loadTo(f.vec(), base, disp) }

func (f *function) loadTo(d vec, base gp, disp int) vec {
	return f.op(fmt.Sprintf("FMOVQ %d(%s), F%%d", disp, base), d)
}

func (f *function) store(v vec, base gp, disp int) {
	f.code = append(f.code, instruction{reads: []vec{v}, text: func(number func(vec) int) string {
		return fmt.Sprintf("FMOVQ F%d, %d(%s)", number(v), disp, base)
	}})
}

// broadcast is the word at base in all lanes; base moves on behind it.
func (f *function) broadcast(base gp) vec {
	v := f.op(fmt.Sprintf("VLD1R.P 4(%s), [V%%d.S4]", base), f.vec())
	f.code[len(f.code)-1].keep = true
	return v
}

// wide is the 16 floats of a row, in four registers.
type wide [4]vec

func (f *function) wide(base gp, disp int) (w wide) {
	for i := range w {
		w[i] = f.vec()
	}
	f.loadWide(w, base, disp)
	return w
}

// loadWide fills registers in pairs.
func (f *function) loadWide(w wide, base gp, disp int) {
	for i := 0; i < 4; i += 2 {
		a, b, at := w[i], w[i+1], disp+16*i
		f.code = append(f.code, instruction{writes: []vec{a, b}, text: func(number func(vec) int) string {
			return fmt.Sprintf("FLDPQ %d(%s), (F%d, F%d)", at, base, number(a), number(b))
		}})
	}
}

func (f *function) storeWide(w wide, base gp, disp int) {
	for i := 0; i < 4; i += 2 {
		a, b, at := w[i], w[i+1], disp+16*i
		f.code = append(f.code, instruction{reads: []vec{a, b}, text: func(number func(vec) int) string {
			return fmt.Sprintf("FSTPQ (F%d, F%d), %d(%s)", number(a), number(b), at, base)
		}})
	}
}

// each8 loops over n floats, a positive multiple of 8, in two vectors a round; the pointers move on.
func (f *function) each8(n gp, body func(disp int), pointers ...gp) {
	f.line("LSR $3, %s, %s", n, n)
	f.loop("loop", n, func() {
		body(0)
		body(16)
		for _, p := range pointers {
			f.line("ADD $32, %s, %s", p, p)
		}
	})
}

// rows loops over rows; the bases move on by their strides.
func (f *function) rows(count gp, body func(), bases, strides []gp) {
	f.loop("loop", count, func() {
		body()
		for i := range bases {
			f.line("ADD %s, %s, %s", strides[i], bases[i], bases[i])
		}
	})
}
