package main

// tiny as in ../../optimizer.go.
const tiny = 1.6e-30

func optimizers(u *unit) {
	sgd(u, "sgdAsm", false)
	sgd(u, "nesterovAsm", true)
	moments(u, "adamAsm", 6, func(f *function, k []vec, g, m, v vec) vec {
		return f.div(f.mul(m, k[4]), f.add(f.root(v), k[5]))
	})
	moments(u, "nadamAsm", 8, func(f *function, k []vec, g, m, v vec) vec {
		return f.div(f.add(f.mul(g, k[4]), f.mul(m, k[6])), f.add(f.root(f.mul(v, k[7])), k[5]))
	})
	accumulator(u, "rmspropAsm", 4, func(f *function, k []vec, g, v vec) vec {
		return f.flush(f.add(f.mul(v, k[2]), f.mul(f.mul(g, g), k[3])))
	})
	accumulator(u, "adagradAsm", 2, func(f *function, k []vec, g, v vec) vec {
		return f.add(v, f.mul(g, g))
	})
}

// flush zeroes what is no larger than tiny in size; NaN stays.
func (f *function) flush(v vec) vec { return f.without(v, f.notSmaller(f.float(tiny), v)) }

func (f *function) constantsAt(n int) []vec {
	c := f.pointer("k")
	k := make([]vec, n)
	for i := range k {
		k[i] = f.broadcast(c)
	}
	return k
}

func sgd(u *unit, name string, nesterov bool) {
	u.function(name, "func(n int, w, grad, m, k *float32)", func(f *function) {
		n, w, g, m := f.pointer("n"), f.pointer("w"), f.pointer("grad"), f.pointer("m")
		k := f.constantsAt(2) // learning rate, momentum
		f.each8(n, func(at int) {
			step := f.mul(k[0], f.load(g, at))
			mm := f.flush(f.sub(f.mul(k[1], f.load(m, at)), step))
			f.store(mm, m, at)
			ww := f.load(w, at)
			if nesterov {
				ww = f.add(f.sub(ww, step), f.mul(k[1], mm))
			} else {
				ww = f.add(ww, mm)
			}
			f.store(ww, w, at)
		}, w, g, m)
	})
}

// moments is an optimizer of two moments; the constants are β1, 1-β1, β2, 1-β2, the rate, ε and its own.
func moments(u *unit, name string, constants int, step func(f *function, k []vec, g, m, v vec) vec) {
	u.function(name, "func(n int, w, grad, m, v, k *float32)", func(f *function) {
		n, w, g, m, v := f.pointer("n"), f.pointer("w"), f.pointer("grad"), f.pointer("m"), f.pointer("v")
		k := f.constantsAt(constants)
		f.each8(n, func(at int) {
			gg := f.load(g, at)
			mm := f.flush(f.add(f.mul(k[0], f.load(m, at)), f.mul(k[1], gg)))
			f.store(mm, m, at)
			vv := f.flush(f.add(f.mul(k[2], f.load(v, at)), f.mul(k[3], f.mul(gg, gg))))
			f.store(vv, v, at)
			f.store(f.sub(f.load(w, at), step(f, k, gg, mm, vv)), w, at)
		}, w, g, m, v)
	})
}

// accumulator is an optimizer of the second moment only: w -= rate·g/√(v + ε); the constants are the
// rate, ε and its own.
func accumulator(u *unit, name string, constants int, moment func(f *function, k []vec, g, v vec) vec) {
	u.function(name, "func(n int, w, grad, v, k *float32)", func(f *function) {
		n, w, g, v := f.pointer("n"), f.pointer("w"), f.pointer("grad"), f.pointer("v")
		k := f.constantsAt(constants)
		f.each8(n, func(at int) {
			gg := f.load(g, at)
			vv := moment(f, k, gg, f.load(v, at))
			f.store(vv, v, at)
			f.store(f.sub(f.load(w, at), f.div(f.mul(gg, k[0]), f.root(f.add(vv, k[1])))), w, at)
		}, w, g, v)
	})
}
