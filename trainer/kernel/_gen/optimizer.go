package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// tiny as in ../optimizer.go.
const tiny = 1.6e-30

func optimizers() {
	sgd("sgdAsm", false)
	sgd("nesterovAsm", true)
	moments("adamAsm", 6, func(k []VecVirtual, g, m, v VecVirtual) VecVirtual {
		return div(mul(m, k[4]), add(root(v), k[5]))
	})
	moments("nadamAsm", 8, func(k []VecVirtual, g, m, v VecVirtual) VecVirtual {
		return div(add(mul(g, k[4]), mul(m, k[6])), add(root(mul(v, k[7])), k[5]))
	})
	accumulator("rmspropAsm", 4, func(k []VecVirtual, g, v VecVirtual) VecVirtual {
		return flush(add(mul(v, k[2]), mul(mul(g, g), k[3])))
	})
	accumulator("adagradAsm", 2, func(k []VecVirtual, g, v VecVirtual) VecVirtual {
		return add(v, mul(g, g))
	})
}

// flush zeroes what is no larger than tiny in size; NaN stays.
func flush(v VecVirtual) VecVirtual {
	return and(v, compare(and(v, bits32(0x7fffffff)), notLessOrEqual, float(tiny)))
}

func constantsAt(n int) []VecVirtual {
	c := pointer("k")
	k := make([]VecVirtual, n)
	for i := range k {
		k[i] = broadcast(at(c, 4*i))
	}
	return k
}

func sgd(name string, nesterov bool) {
	begin(name, "func(n int, w, grad, m, k *float32)")
	n, w, g, m := pointer("n"), pointer("w"), pointer("grad"), pointer("m")
	k := constantsAt(2) // learning rate, momentum
	each8(n, func(off GPVirtual) {
		step := mul(k[0], indexed(g, off))
		mm := flush(sub(mul(k[1], indexed(m, off)), step))
		VMOVUPS(mm, indexed(m, off))
		ww := load(indexed(w, off))
		if nesterov {
			ww = add(sub(ww, step), mul(k[1], mm))
		} else {
			ww = add(ww, mm)
		}
		VMOVUPS(ww, indexed(w, off))
	})
}

// moments is an optimizer of two moments; the constants are β1, 1-β1, β2, 1-β2, the rate, ε and its own.
func moments(name string, constants int, step func(k []VecVirtual, g, m, v VecVirtual) VecVirtual) {
	begin(name, "func(n int, w, grad, m, v, k *float32)")
	n, w, g, m, v := pointer("n"), pointer("w"), pointer("grad"), pointer("m"), pointer("v")
	k := constantsAt(constants)
	each8(n, func(off GPVirtual) {
		gg := load(indexed(g, off))
		mm := flush(add(mul(k[0], indexed(m, off)), mul(k[1], gg)))
		VMOVUPS(mm, indexed(m, off))
		vv := flush(add(mul(k[2], indexed(v, off)), mul(k[3], mul(gg, gg))))
		VMOVUPS(vv, indexed(v, off))
		VMOVUPS(sub(load(indexed(w, off)), step(k, gg, mm, vv)), indexed(w, off))
	})
}

// accumulator is an optimizer of the second moment only: w -= rate·g/√(v + ε); the constants are the
// rate, ε and its own.
func accumulator(name string, constants int, moment func(k []VecVirtual, g, v VecVirtual) VecVirtual) {
	begin(name, "func(n int, w, grad, v, k *float32)")
	n, w, g, v := pointer("n"), pointer("w"), pointer("grad"), pointer("v")
	k := constantsAt(constants)
	each8(n, func(off GPVirtual) {
		gg := load(indexed(g, off))
		vv := moment(k, gg, load(indexed(v, off)))
		VMOVUPS(vv, indexed(v, off))
		VMOVUPS(sub(load(indexed(w, off)), div(mul(gg, k[0]), root(add(vv, k[1])))), indexed(w, off))
	})
}
