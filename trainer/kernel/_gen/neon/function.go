package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"strings"
)

// vec is a vector register that has no number yet.
type vec int

// gp is a general register.
type gp int

func (r gp) String() string { return fmt.Sprintf("R%d", int(r)) }

// function records the instructions of one assembly function. Vector registers are numbered when all
// of it is known; general registers are plentiful and never given back.
type function struct {
	unit    *unit
	offsets map[string]int // of the parameters from FP
	bytes   int            // of all parameters
	code    []instruction
	loops   [][2]int // first and last instruction of each
	vecs    int
	gps     int

	hoist     int            // how many constants stay in registers; the others are loaded where they are used
	hoisted   map[uint32]vec // and which these are
	prologue  []instruction  // loads them
	base      gp             // address of the table of constants
	constants bool           // whether the table is used
}

// instruction is a line of text with a verb for each of the written and the read vectors.
type instruction struct {
	text          func(number func(v vec) int) string
	writes, reads []vec
	keep          bool // even where nothing reads what it writes
	move          bool // a copy, left out where both get one register
}

// function adds an assembly function that neither grows the stack nor keeps its arguments. It holds as
// many constants in registers as there is room for.
func (u *unit) function(name, signature string, body func(f *function)) {
	for hoist := 32; ; hoist-- {
		f := &function{unit: u, hoist: hoist, hoisted: map[uint32]vec{}, base: 25}
		f.parameters(signature)
		body(f)
		f.line("RET")
		lines, ok := f.assemble()
		if !ok {
			if hoist == 0 {
				panic(name + ": more than 32 vector registers")
			}
			continue
		}
		fmt.Fprintf(&u.code, "\n// func %s%s\nTEXT ·%s(SB), NOSPLIT, $0-%d\n%s", name, strings.TrimPrefix(signature, "func"), name, f.bytes, lines)
		fmt.Fprintf(&u.stubs, "\n//go:noescape\nfunc %s%s\n", name, strings.TrimPrefix(signature, "func"))
		return
	}
}

// parameters computes where the parameters lie: words are 8 bytes, float32 and uint32 are 4.
func (f *function) parameters(signature string) {
	e, err := parser.ParseExpr(signature)
	if err != nil {
		panic(err)
	}
	f.offsets = map[string]int{}
	for _, field := range e.(*ast.FuncType).Params.List {
		size := 8
		if id, ok := field.Type.(*ast.Ident); ok && (id.Name == "float32" || id.Name == "uint32") {
			size = 4
		}
		for _, name := range field.Names {
			f.bytes = (f.bytes + size - 1) / size * size
			f.offsets[name.Name] = f.bytes
			f.bytes += size
		}
	}
}

func (f *function) vec() vec { f.vecs++; return vec(f.vecs - 1) }

// gp gives a general register: R18 belongs to the platform, from R25 on they have other uses.
func (f *function) gp() gp {
	if f.gps == 18 {
		f.gps++
	}
	if f.gps >= int(f.base) {
		panic("more than 24 general registers")
	}
	f.gps++
	return gp(f.gps - 1)
}

// pointer loads a parameter of eight bytes.
func (f *function) pointer(name string) gp {
	r := f.gp()
	f.line("MOVD %s+%d(FP), %s", name, f.offset(name), r)
	return r
}

// parameter broadcasts a parameter of four bytes.
func (f *function) parameter(name string) vec {
	r := f.gp()
	f.line("MOVWU %s+%d(FP), %s", name, f.offset(name), r)
	return f.duplicate(r)
}

func (f *function) offset(name string) int {
	o, ok := f.offsets[name]
	if !ok {
		panic("no parameter " + name)
	}
	return o
}

// line adds an instruction without vectors.
func (f *function) line(format string, a ...any) {
	s := fmt.Sprintf(format, a...)
	f.code = append(f.code, instruction{text: func(func(vec) int) string { return s }})
}

func (f *function) label(name string) { f.line("%s:", name) }

// loop repeats body until its last instruction, which sets the flags, gives zero.
func (f *function) loop(name string, count gp, body func()) {
	first := len(f.code)
	f.label(name)
	body()
	f.line("SUBS $1, %s, %s", count, count)
	f.line("BNE %s", name)
	f.loops = append(f.loops, [2]int{first, len(f.code) - 1})
}

// loopBetween is loop with something to do between the rounds.
func (f *function) loopBetween(name string, count gp, body, between func()) {
	first := len(f.code)
	f.label(name)
	body()
	f.line("SUBS $1, %s, %s", count, count)
	f.line("BEQ %sEnd", name)
	between()
	f.line("B %s", name)
	f.loops = append(f.loops, [2]int{first, len(f.code) - 1})
	f.label(name + "End")
}

// op adds an instruction that writes d from the sources; the format's verbs are d and then the sources.
func (f *function) op(format string, d vec, sources ...vec) vec {
	f.code = append(f.code, instruction{text: plain(format, d, sources), writes: []vec{d}, reads: sources})
	return d
}

// update is op where d is also read.
func (f *function) update(format string, d vec, sources ...vec) vec {
	f.code = append(f.code, instruction{text: plain(format, d, sources), writes: []vec{d}, reads: append([]vec{d}, sources...)})
	return d
}

func plain(format string, d vec, sources []vec) func(func(vec) int) string {
	return func(number func(vec) int) string {
		a := []any{number(d)}
		for _, s := range sources {
			a = append(a, number(s))
		}
		return fmt.Sprintf(format, a...)
	}
}

// bits is a vector of four equal words: from the start in a register, or loaded now.
func (f *function) bits(w uint32) vec {
	if v, ok := f.hoisted[w]; ok {
		return v
	}
	f.constants = true
	load := fmt.Sprintf("FMOVQ %d(%s), F%%d", f.unit.place(w), f.base)
	v := f.vec()
	if len(f.hoisted) == f.hoist {
		return f.op(load, v)
	}
	f.hoisted[w] = v
	f.prologue = append(f.prologue, instruction{text: plain(load, v, nil), writes: []vec{v}})
	return v
}
