//go:build linux

package kernel

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// guarded gives n floats that end where an unreadable page begins, so that one float read or written
// too far is a fault; with after, they begin where one ends.
func guarded(t *testing.T, n int, after bool) []float32 {
	t.Helper()
	page := unix.Getpagesize()
	size := (4*n + page - 1) / page * page
	m, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("map %d bytes: %v", size+2*page, err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(m); err != nil {
			t.Errorf("unmap: %v", err)
		}
	})
	for _, g := range [][]byte{m[:page], m[page+size:]} {
		if err := unix.Mprotect(g, unix.PROT_NONE); err != nil {
			t.Fatalf("protect a page: %v", err)
		}
	}
	usable := unsafe.Slice((*float32)(unsafe.Pointer(&m[page])), size/4)
	if after {
		return usable[:n:n]
	}
	return usable[len(usable)-n:]
}

// between lays values between guard pages.
func between(t *testing.T, values []float32, after bool) []float32 {
	t.Helper()
	data := guarded(t, len(values), after)
	copy(data, values)
	return data
}

// guardedMatrix lays random values between guard pages.
func guardedMatrix(t *testing.T, l layout, rows, cols int, after bool) Matrix {
	t.Helper()
	r := source(t)
	m := matrix(r, l, rows, cols, nil)
	if rows == 0 || cols == 0 {
		m.Data = nil
		return m
	}
	m.Data = between(t, m.Data[:m.end()], after)
	return m
}

func TestGuardPages(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		for _, after := range []bool{false, true} {
			for _, l := range []layout{inPanels, inRows, inGaps} {
				for _, shape := range [][3]int{{1, 1, 1}, {7, 10, 5}, {13, 16, 33}, {6, 17, 16}, {20, 48, 31}, {4, 3, 0}} {
					m, n, d := shape[0], shape[1], shape[2]
					mk := func(rows, cols int) Matrix { return guardedMatrix(t, l, rows, cols, after) }
					bias := guarded(t, Padded(n), after)
					mask := mk(m, n)
					k.mulAB(mk(m, n), mk(m, d), mk(d, n), &Epilogue{Bias: bias, ReLU: true, Mask: &mask, MaskScale: 2})
					k.mulATB(mk(m, n), mk(d, m), mk(d, n), &Epilogue{Accumulate: true})
					k.transpose(mk(n, m), mk(m, n))
					k.columnSums(guarded(t, Padded(n), after), mk(m, n))
					k.dropout(mk(m, n), Stream{}, .5, 0)
					x, y := mk(m, n), mk(m, n)
					for a := range activationsEnd {
						k.activate(y, x, a)
						k.activateBackward(x, x, x, y, a)
					}
					k.crossEntropy(x, y, make([]float64, m), make([]int32, m), .1, m)
					mean, variance := guarded(t, Padded(n), after), guarded(t, Padded(n), after)
					k.batchStats(mean, variance, x)
					k.normalize(y, x, mean, variance, mean)
					k.batchNormBackward(y, y, x, BatchNorm{mean, variance, mean}, guarded(t, Padded(n), after), guarded(t, Padded(n), after))
					source := guarded(t, 2*n, after)
					pixels := unsafe.Slice((*byte)(unsafe.Pointer(&source[0])), 8*n)
					k.gatherBytes(x, pixels[8*n-2*n:], make([]int32, m), []float32{2}, []float32{1})
					k.gatherBytes(x, pixels[:n], make([]int32, m), guarded(t, n, after), guarded(t, n, after))
				}
			}
			for _, n := range []int{1, 7, 8, 9, 31, 40, 100} {
				v := func() []float32 { return guarded(t, n, after) }
				k.axpy(v(), v(), 2)
				k.lerp(v(), v(), 2)
				k.scaleBy(v(), 2)
				k.sgd(v(), v(), v(), 1, 1, true)
				k.sgd(v(), v(), v(), 1, 1, false)
				k.adam(v(), v(), v(), v(), AdamStep{Epsilon: 1})
				k.nadam(v(), v(), v(), v(), NadamStep{Epsilon: 1})
				k.rmsprop(v(), v(), v(), 1, 1, 1)
				k.adagrad(v(), v(), v(), 1, 1)
				words := v()
				k.uint32s(Stream{}, unsafe.Slice((*uint32)(unsafe.Pointer(&words[0])), n), 3)
			}
		}
	})
}

func TestGuardPagesOfStrips(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for try := range 200 {
			tryStrip(t, k, rnd, false, func(n int) []float32 { return between(t, normals(rnd, n), try%2 == 0) })
		}
	})
}

// TestGuardPagesOfMaps lays maps, weights and buffers of exactly the promised lengths between guard pages.
func TestGuardPagesOfMaps(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for _, after := range []bool{false, true} {
			lay := func(n, h, w, c, halo int) Maps {
				return NewMaps(guarded(t, MapsLen(n, h, w, c, halo), after), n, h, w, c, halo)
			}
			for range 30 {
				c := randomConv(rnd)
				if rnd.IntN(2) == 0 {
					s := ConvShape{H: 3 + rnd.IntN(9), W: 3 + rnd.IntN(9), In: 17, Out: 18, KH: 3, KW: 3, Stride: 1, Same: rnd.IntN(2) == 0, Direct: true}
					c, _ = NewConv(s)
					c.tile(2 + 2*rnd.IntN(2))
				}
				images := 1 + rnd.IntN(3)
				x := Images(guarded(t, ImagesLen(images, c.H, c.W, c.In, c.HaloIn), after), images, c.H, c.W, c.In, c.HaloIn)
				if !c.Packed {
					x = lay(images, c.H, c.W, c.In, c.HaloIn)
				}
				y, dy := lay(images, c.OH, c.OW, c.Out, 0), lay(images, c.OH, c.OW, c.Out, c.HaloOut)
				weights := func() Matrix {
					return Panels(guarded(t, PanelLen(c.WeightRows(), c.Out), after), c.WeightRows(), c.Out)
				}
				w, dw := weights(), weights()
				fw, bw := guarded(t, c.ForwardLen(), after), guarded(t, c.BackwardLen(), after)
				scratch, sums, bias := guarded(t, c.ScratchLen(), after), guarded(t, c.SumsLen(), after), guarded(t, Padded(c.Out), after)
				k.prepare(&c, fw, w)
				k.forward(&c, y, x, w, fw, MapEpilogue{Bias: bias, ReLU: true}, scratch)
				k.weightGradient(&c, dw, bias, dy, x, sums, scratch, whole(&c))
				if c.Packed {
					continue
				}
				k.prepareBackward(&c, bw, w)
				dx := lay(images, c.H, c.W, c.In, 0)
				mask := lay(images, c.H, c.W, c.In, 0)
				k.inputGradient(&c, dx, dy, bw, &mask, scratch)
			}
			for range 20 {
				p := Pool{Size: [2]int{1 + rnd.IntN(3), 1 + rnd.IntN(3)}, Stride: [2]int{1 + rnd.IntN(3), 1 + rnd.IntN(3)}, Same: rnd.IntN(2) == 0}
				h, w := 3+rnd.IntN(5), 3+rnd.IntN(5)
				oh, ow := p.Out(h, w)
				x, y, dx, dy := lay(2, h, w, 5, 0), lay(2, oh, ow, 5, 0), lay(2, h, w, 5, 0), lay(2, oh, ow, 5, 0)
				k.maxPool(p, y, x)
				k.averagePool(p, y, x)
				k.maxPoolBackward(p, dx, dy, x, y, true)
				k.averagePoolBackward(p, dx, dy)
				k.dropoutMaps(x, Stream{}, .5, 0)
			}
			for _, s := range [][4]int{{1, 1, 1, 1}, {2, 3, 5, 7}, {3, 2, 9, 16}, {1, 4, 4, 33}, {2, 7, 3, 48}} {
				images, h, w, c := s[0], s[1], s[2], s[3]
				mk := func(halo int) Maps { return lay(images, h, w, c, halo) }
				x, y := mk(0), mk(1)
				v := func() []float32 { return guarded(t, Padded(c), after) }
				mean, variance := v(), v()
				k.mapStats(mean, variance, x, 0, x.panels())
				k.mapNormalize(y, x, mean, variance, v())
				k.mapNormalize(x, y, mean, variance, v())
				norm := BatchNorm{mean, variance, v()}
				k.mapNormSums(v(), v(), y, x, norm, 0, x.panels())
				k.mapNormInput(mk(0), y, x, norm, v(), v(), images*h*w)
				for a := range activationsEnd {
					k.activateMaps(mk(0), x, a)
					k.activateMapsBackward(mk(0), x, x, x, a)
				}
				panels := func(cols int) Matrix { return Panels(guarded(t, PanelLen(images, cols), after), images, cols) }
				k.globalAverage(panels(c), x)
				k.globalAverageBackward(mk(0), panels(c))
				Flatten(panels(h*w*c), x)
				Unflatten(mk(0), panels(h*w*c))
			}
		}
	})
}

// TestGuardPagesOfImages gathers images from bytes that end where an unreadable page begins, or begin where one ends.
func TestGuardPagesOfImages(t *testing.T) {
	for _, after := range []bool{false, true} {
		guardedBytes := func(n int) []byte {
			floats := guarded(t, (n+3)/4, after)
			all := unsafe.Slice((*byte)(unsafe.Pointer(&floats[0])), 4*len(floats))
			if after {
				return all[:n:n]
			}
			return all[len(all)-n:]
		}
		for _, s := range [][4]int{{1, 1, 1, 1}, {5, 3, 5, 1}, {4, 2, 7, 3}, {3, 4, 16, 1}, {4, 3, 3, 20}} {
			images, h, w, c := s[0], s[1], s[2], s[3]
			size := h * w * c
			vector := func() []float32 { return guarded(t, size, after) }
			rows := make([]int32, images)
			for i := range rows {
				rows[i] = int32(images - 1 - i)
			}
			for _, halo := range []int{0, 1} {
				for _, dst := range []Maps{
					Images(guarded(t, ImagesLen(images, h, w, c, halo), after), images, h, w, c, halo),
					NewMaps(guarded(t, MapsLen(images, h, w, c, halo), after), images, h, w, c, halo),
				} {
					GatherImageBytes(dst, guardedBytes(images*size), rows, []float32{2}, []float32{1})
					GatherImageBytes(dst, guardedBytes(images*size), rows, vector(), vector())
					GatherImageFloats(dst, guarded(t, images*size, after), rows)
				}
			}
			// Those take the processor's best tier.
			for _, k := range tiers() {
				k.scaleLine(vector(), guardedBytes(size), []float32{2}, []float32{1}, false)
				k.scaleLine(vector(), guardedBytes(size), vector(), vector(), true)
			}
		}
	}
}
