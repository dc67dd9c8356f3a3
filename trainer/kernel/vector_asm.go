//go:build amd64 || arm64

package kernel

import "unsafe"

func (t tier) axpy(y, x []float32, alpha float32) {
	for t != generic && len(x) >= 8 {
		n := min(len(x)&^7, chunk)
		axpyAsm(n, &y[0], &x[0], alpha)
		y, x = y[n:], x[n:]
	}
	axpyGeneric(y, x, alpha)
}

func (t tier) scaleBy(x []float32, alpha float32) {
	for t != generic && len(x) >= 8 {
		n := min(len(x)&^7, chunk)
		scaleAsm(n, &x[0], alpha)
		x = x[n:]
	}
	scaleByGeneric(x, alpha)
}

func (t tier) lerp(y, x []float32, by float32) {
	for t != generic && len(x) >= 8 {
		n := min(len(x)&^7, chunk)
		lerpAsm(n, &y[0], &x[0], by)
		y, x = y[n:], x[n:]
	}
	lerpGeneric(y, x, by)
}

func (t tier) transpose16(dst []float32, dstRow int, src []float32, srcRow int) {
	if t == generic {
		transpose16Generic(dst, dstRow, src, srcRow)
		return
	}
	inside(dst, Width, dstRow)
	inside(src, Width, srcRow)
	transpose16Asm(&dst[0], bytes(dstRow), &src[0], bytes(srcRow))
}

func (t tier) sumPanel(sum *[Width]float32, rows int, x []float32, xRow int) {
	if t == generic || rows == 0 {
		sumPanelGeneric(sum, rows, x, xRow)
		return
	}
	inside(x, rows, xRow)
	sumPanelAsm(sum, rows, &x[0], bytes(xRow))
}

func (t tier) scaleBytes(dst []float32, panelStride int, src []byte, panels int, mul, add []float32, each bool) {
	if t == generic {
		scaleBytesGeneric(dst, panelStride, src, panels, mul, add, each)
		return
	}
	inside(dst, panels, panelStride)
	_ = src[panels*Width-1]
	if each {
		_, _ = mul[panels*Width-1], add[panels*Width-1]
		scaleBytesAsm(panels, &dst[0], bytes(panelStride), &src[0], &mul[0], &add[0], bytes(Width))
		return
	}
	var m, a [Width]float32
	for i := range m {
		m[i], a[i] = mul[0], add[0]
	}
	scaleBytesAsm(panels, &dst[0], bytes(panelStride), &src[0], &m[0], &a[0], 0)
}

// fetch asks for the lines of the cache that x lies in and does not wait for them.
func (t tier) fetch(x []byte) {
	if t == generic || len(x) == 0 {
		return
	}
	const line = 64
	start := int(uintptr(unsafe.Pointer(&x[0])) % line)
	fetchAsm((start+len(x)+line-1)/line, &x[0])
}

// inside panics unless rows of 16 floats, stride apart, lie in x: the assembly does not look.
func inside(x []float32, rows, stride int) { _ = x[(rows-1)*stride+Width-1] }

// The optimizers take their constants in the order that the generator reads them in.

func (t tier) sgd(w, g, m []float32, lr, momentum float32, nesterov bool) {
	k := [2]float32{lr, momentum}
	for t != generic && len(w) >= 8 {
		n := min(len(w)&^7, chunk)
		if nesterov {
			nesterovAsm(n, &w[0], &g[0], &m[0], &k[0])
		} else {
			sgdAsm(n, &w[0], &g[0], &m[0], &k[0])
		}
		w, g, m = w[n:], g[n:], m[n:]
	}
	sgdGeneric(w, g, m, lr, momentum, nesterov)
}

func (t tier) adam(w, g, m, v []float32, c AdamStep) {
	keep1, take1 := split(c.Beta1)
	keep2, take2 := split(c.Beta2)
	k := [6]float32{keep1, take1, keep2, take2, c.Rate, c.Epsilon}
	for t != generic && len(w) >= 8 {
		n := min(len(w)&^7, chunk)
		adamAsm(n, &w[0], &g[0], &m[0], &v[0], &k[0])
		w, g, m, v = w[n:], g[n:], m[n:], v[n:]
	}
	adamGeneric(w, g, m, v, c)
}

func (t tier) nadam(w, g, m, v []float32, c NadamStep) {
	keep1, take1 := split(c.Beta1)
	keep2, take2 := split(c.Beta2)
	k := [8]float32{keep1, take1, keep2, take2, c.GradRate, c.Epsilon, c.MomentRate, c.VarianceScale}
	for t != generic && len(w) >= 8 {
		n := min(len(w)&^7, chunk)
		nadamAsm(n, &w[0], &g[0], &m[0], &v[0], &k[0])
		w, g, m, v = w[n:], g[n:], m[n:], v[n:]
	}
	nadamGeneric(w, g, m, v, c)
}

func (t tier) rmsprop(w, g, v []float32, lr float32, rho float64, epsilon float32) {
	keep, take := split(rho)
	k := [4]float32{lr, epsilon, keep, take}
	for t != generic && len(w) >= 8 {
		n := min(len(w)&^7, chunk)
		rmspropAsm(n, &w[0], &g[0], &v[0], &k[0])
		w, g, v = w[n:], g[n:], v[n:]
	}
	rmspropGeneric(w, g, v, lr, rho, epsilon)
}

func (t tier) adagrad(w, g, v []float32, lr, epsilon float32) {
	k := [2]float32{lr, epsilon}
	for t != generic && len(w) >= 8 {
		n := min(len(w)&^7, chunk)
		adagradAsm(n, &w[0], &g[0], &v[0], &k[0])
		w, g, v = w[n:], g[n:], v[n:]
	}
	adagradGeneric(w, g, v, lr, epsilon)
}
