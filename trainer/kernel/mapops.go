package kernel

import "fmt"

// The functions below are those of matrices for maps. They go row by row over the interior, so that
// the halo stays zero; sums are float32 within an image and float64 over images.

// MapStats is the mean and the biased variance of every channel over all pixels of all images.
func MapStats(mean, variance []float32, x Maps) { MapStatsPanels(mean, variance, x, 0, x.panels()) }

// MapStatsPanels is MapStats for the panels [from, to) of channels: the share of one thread.
func MapStatsPanels(mean, variance []float32, x Maps, from, to int) {
	active().mapStats(mean, variance, x, from, to)
}

// MapNormalize is Normalize by channel; y may be x.
func MapNormalize(y, x Maps, mean, scale, shift []float32) {
	active().mapNormalize(y, x, mean, scale, shift)
}

// MapNormBackward is BatchNormBackward by channel; dx may be dy.
func MapNormBackward(dx, dy, x Maps, n BatchNorm, dgamma, dbeta []float32) {
	MapNormSums(dgamma, dbeta, dy, x, n, 0, x.panels())
	MapNormInput(dx, dy, x, n, dgamma, dbeta, x.N*x.H*x.W)
}

// MapNormSums is the part of MapNormBackward that needs all images: dgamma and dbeta of the panels
// [from, to) of channels.
func MapNormSums(dgamma, dbeta []float32, dy, x Maps, n BatchNorm, from, to int) {
	active().mapNormSums(dgamma, dbeta, dy, x, n, from, to)
}

// MapNormInput is the rest of it, for any of the images: count is the number of pixels of them all.
func MapNormInput(dx, dy, x Maps, n BatchNorm, dgamma, dbeta []float32, count int) {
	active().mapNormInput(dx, dy, x, n, dgamma, dbeta, count)
}

// ActivateMaps is y = f(x); y may be x.
func ActivateMaps(y, x Maps, a Activation) { active().activateMaps(y, x, a) }

// ActivateMapsBackward is dx = dy·f'; it reads x or y as ActivateBackward does, and dx may be dy.
func ActivateMapsBackward(dx, dy, x, y Maps, a Activation) {
	active().activateMapsBackward(dx, dy, x, y, a)
}

// DropoutMaps is Dropout of every element of feature maps: pixel (n, y, x) counts as row
// (n·H + y)·W + x of a matrix of the channels.
func DropoutMaps(x Maps, s Stream, rate float32) { DropoutMapsFrom(x, s, rate, 0) }

// DropoutMapsFrom is DropoutMaps of images that begin at image first of a larger batch.
func DropoutMapsFrom(x Maps, s Stream, rate float32, first int) {
	active().dropoutMaps(x, s, rate, first)
}

// AddMaps is dst += src, the end of a residual block.
func AddMaps(dst, src Maps) {
	checkMaps("AddMaps", dst, src)
	t := active()
	eachPlane(&dst, &src, &src, func(d, s, _ plane) {
		for y := range dst.H {
			t.axpy(d.line(y), s.line(y), 1)
		}
	})
}

// ScaleMaps is x *= alpha.
func ScaleMaps(x Maps, alpha float32) {
	x.check("ScaleMaps")
	active().scaleBy(x.Data[:x.N*x.image()], alpha)
}

// CopyMaps copies the interior of maps, whatever the halos.
func CopyMaps(dst, src Maps) {
	checkMaps("CopyMaps", dst, src)
	eachPlane(&dst, &src, &src, func(d, s, _ plane) {
		for y := range dst.H {
			copy(d.line(y), s.line(y))
		}
	})
}

// eachPlane calls f for the planes of three maps of one shape.
func eachPlane(a, b, c *Maps, f func(a, b, c plane)) {
	for n := range a.N {
		for p := range a.panels() {
			f(a.plane(n, p), b.plane(n, p), c.plane(n, p))
		}
	}
}

func checkChannels(what string, m Maps, vectors ...[]float32) {
	m.check(what)
	for _, v := range vectors {
		if len(v) < Padded(m.C) || m.Packed {
			panic(fmt.Sprintf("kernel: %s: a vector of %d for %d channels, which are padded to %d; packed %t", what, len(v), m.C, Padded(m.C), m.Packed))
		}
	}
}

func (t tier) mapStats(mean, variance []float32, x Maps, from, to int) {
	checkChannels("MapStats", x, mean, variance)
	count := float64(max(1, x.N*x.H*x.W))
	for p := from; p < to; p++ {
		var sum, square [Width]float64
		t.sumMaps(&sum, x, p)
		narrow(mean[p*Width:], &sum, count)
		for n := range x.N {
			var part [Width]float32
			from := x.plane(n, p)
			for y := range x.H {
				t.squarePanel(&part, (*[Width]float32)(mean[p*Width:]), x.W, from.line(y), Width)
			}
			addWide(&square, &part)
		}
		narrow(variance[p*Width:], &square, count)
	}
}

func (t tier) mapNormalize(y, x Maps, mean, scale, shift []float32) {
	checkMaps("MapNormalize", y, x)
	checkChannels("MapNormalize", x, mean, scale, shift)
	for n := range x.N {
		for p := range x.panels() {
			m, k, s := (*[Width]float32)(mean[p*Width:]), (*[Width]float32)(scale[p*Width:]), (*[Width]float32)(shift[p*Width:])
			from, to := x.plane(n, p), y.plane(n, p)
			for row := range x.H {
				t.normalizePanel(x.W, to.line(row), Width, from.line(row), Width, m, k, s)
			}
		}
	}
}

func (t tier) mapNormSums(dgamma, dbeta []float32, dy, x Maps, b BatchNorm, first, to int) {
	checkMaps("MapNormSums", dy, x)
	checkChannels("MapNormSums", x, b.Mean, b.InvStd, dgamma, dbeta)
	for p := first; p < to; p++ {
		mean := (*[Width]float32)(b.Mean[p*Width:])
		var sum, cross [Width]float64
		for n := range x.N {
			var s, c [Width]float32
			grad, from := dy.plane(n, p), x.plane(n, p)
			for y := range x.H {
				t.gradPanel(&s, &c, mean, x.W, grad.line(y), Width, from.line(y), Width)
			}
			addWide(&sum, &s)
			addWide(&cross, &c)
		}
		b.finishSums(p, &sum, &cross, dgamma, dbeta)
	}
}

func (t tier) mapNormInput(dx, dy, x Maps, b BatchNorm, dgamma, dbeta []float32, count int) {
	checkMaps("MapNormInput", dx, dy)
	checkMaps("MapNormInput", dx, x)
	checkChannels("MapNormInput", x, b.Mean, b.InvStd, b.Gamma, dgamma, dbeta)
	for p := range x.panels() {
		mean := (*[Width]float32)(b.Mean[p*Width:])
		k := b.constants(p, max(1, count), dgamma, dbeta)
		for n := range x.N {
			to, grad, from := dx.plane(n, p), dy.plane(n, p), x.plane(n, p)
			for y := range x.H {
				t.gradInputPanel(&k, mean, x.W, to.line(y), Width, grad.line(y), Width, from.line(y), Width)
			}
		}
	}
}

func (t tier) activateMaps(y, x Maps, a Activation) {
	checkMaps("ActivateMaps", y, x)
	a.check()
	eachPlane(&y, &x, &x, func(to, from, _ plane) {
		for row := range y.H {
			t.activateRun(to.line(row), from.line(row), a)
		}
	})
	if a == Sigmoid {
		y.clearChannels()
	}
}

// clearChannels restores the zeros of the padding channels.
func (m Maps) clearChannels() {
	tail := m.C % Width
	if tail == 0 {
		return
	}
	for n := range m.N {
		for y := range m.H {
			row := m.Row(n, m.panels()-1, y)
			for x := range m.W {
				clear(row[x*Width+tail : (x+1)*Width])
			}
		}
	}
}

func (t tier) activateMapsBackward(dx, dy, x, y Maps, a Activation) {
	a.check()
	checkMaps("ActivateMapsBackward", dx, dy)
	from := y
	switch {
	case a.NeedsInput():
		from = x
	case a == Linear:
		from = dy
	}
	checkMaps("ActivateMapsBackward", dx, from)
	eachPlane(&dx, &dy, &from, func(to, grad, from plane) {
		for row := range dx.H {
			t.activateBackwardRun(to.line(row), grad.line(row), from.line(row), a)
		}
	})
}

func (t tier) dropoutMaps(x Maps, s Stream, rate float32, first int) {
	x.check("DropoutMaps")
	d, drops := newDrop(rate, first)
	if !drops {
		return
	}
	np := uint64(x.panels())
	for n := range x.N {
		for p := range x.panels() {
			to := x.plane(n, p)
			for y := range x.H {
				pixel := uint64(((first+n)*x.H + y) * x.W)
				t.dropGroups(d, s, to.line(y), Width, x.W, pixel*np+uint64(p), np)
			}
		}
	}
}
