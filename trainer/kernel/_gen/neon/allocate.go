package main

import (
	"fmt"
	"slices"
	"strings"
)

// assemble numbers the vector registers and gives the text, or false where 32 are not enough.
func (f *function) assemble() (string, bool) {
	if f.constants {
		base := f.base.String()
		f.prologue = slices.Insert(f.prologue, 0, instruction{text: func(func(vec) int) string { return "MOVD $constants<>(SB), " + base }})
	}
	code := append(slices.Clone(f.prologue), f.code...)
	f.prune(code)
	numbers, ok := allocate(code, f.lifetimes(code))
	if !ok {
		return "", false
	}
	var s strings.Builder
	for _, in := range code {
		if in.text == nil || in.move && numbers[in.writes[0]] == numbers[in.reads[0]] {
			continue
		}
		line := in.text(func(v vec) int { return numbers[v] })
		if strings.HasSuffix(line, ":") {
			s.WriteString("\n" + line + "\n")
			continue
		}
		mnemonic, rest, _ := strings.Cut(line, " ")
		s.WriteString(strings.TrimRight(fmt.Sprintf("\t%-6s %s", mnemonic, rest), " ") + "\n")
	}
	return s.String(), true
}

// prune empties the instructions whose results nothing reads.
func (f *function) prune(code []instruction) {
	readers := make([]int, f.vecs)
	for _, in := range code {
		for _, v := range in.reads {
			if in.keep || !slices.Contains(in.writes, v) {
				readers[v]++
			}
		}
	}
	for i := len(code) - 1; i >= 0; i-- {
		in := &code[i]
		if len(in.writes) == 0 || in.keep || slices.ContainsFunc(in.writes, func(v vec) bool { return readers[v] > 0 }) {
			continue
		}
		for _, v := range in.reads {
			if !slices.Contains(in.writes, v) {
				readers[v]--
			}
		}
		*in = instruction{}
	}
}

// span is where a vector is first written and last read.
type span struct{ first, last int }

// lifetimes are the spans in the code, which begins with the prologue. What is written before a loop
// and read in it lives to the loop's end.
func (f *function) lifetimes(code []instruction) []span {
	spans := make([]span, f.vecs)
	for i := range spans {
		spans[i].first = -1
	}
	for i, in := range code {
		for _, v := range in.reads {
			if spans[v].first < 0 {
				panic("a vector is read before it is written: " + in.text(func(vec) int { return 0 }))
			}
			spans[v].last = i
		}
		for _, v := range in.writes {
			if spans[v].first < 0 {
				spans[v].first = i
			}
			spans[v].last = max(spans[v].last, i)
		}
	}
	for _, l := range f.loops { // inner loops come before the outer ones that hold them
		from, to := l[0]+len(f.prologue), l[1]+len(f.prologue)
		for i, s := range spans {
			if s.first >= 0 && s.first < from && s.last >= from && s.last < to {
				spans[i].last = to
			}
		}
	}
	return spans
}

// allocate gives every vector the register that has been free for longest, so that neighbours in the
// code do not wait for one another on simple processors.
func allocate(code []instruction, spans []span) (numbers []int, ok bool) {
	numbers = make([]int, len(spans))
	var freed [32]int // when; in use: never
	const never = 1 << 30
	owner := [32]vec{}
	for i, in := range code {
		for r := range freed {
			if freed[r] == never && spans[owner[r]].last < i+1 && spans[owner[r]].first < i {
				freed[r] = i
			}
		}
		for _, v := range in.writes {
			if spans[v].first != i {
				continue
			}
			r := 0
			for j := range freed {
				if freed[j] < freed[r] {
					r = j
				}
			}
			if in.move && freed[numbers[in.reads[0]]] == i {
				r = numbers[in.reads[0]] // the copied one ends here
			}
			if freed[r] == never {
				return nil, false
			}
			numbers[v], owner[r], freed[r] = r, v, never
		}
	}
	return numbers, true
}
