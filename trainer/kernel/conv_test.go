package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// maps lays random values, in N, H, W, C order, with zeros around.
func maps(r *rand.Rand, n, h, w, c, halo int, packed bool) Maps {
	var m Maps
	if packed {
		m = Images(make([]float32, ImagesLen(n, h, w, c, halo)), n, h, w, c, halo)
	} else {
		m = NewMaps(make([]float32, MapsLen(n, h, w, c, halo)), n, h, w, c, halo)
	}
	m.each(func(n, y, x, c int) { m.Set(n, y, x, c, float32(r.NormFloat64())) })
	return m
}

// some calls f for about 200 of the elements.
func (m Maps) some(r *rand.Rand, f func(n, y, x, c int)) {
	all := m.N * m.H * m.W * m.C
	for i := 0; i < all; i += 1 + r.IntN(1+all/100) {
		f(i/m.C/m.W/m.H, i/m.C/m.W%m.H, i/m.C%m.W, i%m.C)
	}
}

func (m Maps) each(f func(n, y, x, c int)) {
	for n := range m.N {
		for y := range m.H {
			for x := range m.W {
				for c := range m.C {
					f(n, y, x, c)
				}
			}
		}
	}
}

// framed checks that halo and padding channels are still zero.
func framed(t *testing.T, what string, m Maps) {
	t.Helper()
	kept := append([]float32(nil), m.Data...)
	clone := m
	clone.Data = kept
	clone.each(func(n, y, x, c int) { clone.Set(n, y, x, c, 0) })
	for i, v := range kept[:m.N*m.image()] {
		if v != 0 {
			t.Fatalf("%s: float %d of halo or padding is %v", what, i, v)
		}
	}
}

// inside tells whether pixel (y, x) lies in the maps.
func (m Maps) inside(y, x int) bool { return y >= 0 && y < m.H && x >= 0 && x < m.W }

// randomConv is a convolution that fits some maps.
func randomConv(r *rand.Rand) Conv {
	for {
		s := ConvShape{H: 1 + r.IntN(9), W: 1 + r.IntN(9), In: 1 + r.IntN(36), KH: 1 + r.IntN(4), KW: 1 + r.IntN(4), Out: 1 + r.IntN(36), Stride: 1 + r.IntN(3), StrideW: r.IntN(4), Same: r.IntN(2) == 0, Packed: r.IntN(4) == 0, Direct: true}
		if r.IntN(2) == 0 {
			s.KH, s.KW, s.Stride, s.StrideW = 3, 3, 1, 0
		} else if r.IntN(4) == 0 { // pixels between the windows, or but one window
			s.Stride, s.StrideW = 1+r.IntN(12), 1+r.IntN(12)
		}
		if s.Packed {
			s.In = 1 + r.IntN(4)
		}
		if c, err := NewConv(s); err == nil {
			return c
		}
	}
}

// TestDirectConvolution compares the three passes with chains in the documented order, bit for bit.
func TestDirectConvolution(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for range 60 {
			c := randomConv(rnd)
			images := 1 + rnd.IntN(8)
			if rnd.IntN(6) == 0 {
				images = imageBlock + rnd.IntN(4)
			}
			name := fmt.Sprintf("%d images, %+v", images, c.ConvShape)
			x := maps(rnd, images, c.H, c.W, c.In, c.HaloIn+rnd.IntN(2), c.Packed)
			y := maps(rnd, images, c.OH, c.OW, c.Out, c.HaloOut+rnd.IntN(2), false)
			w := Panels(make([]float32, PanelLen(c.WeightRows(), c.Out)), c.WeightRows(), c.Out)
			flat := normals(rnd, c.KH*c.KW*c.In*c.Out)
			c.PackWeights(w, flat)
			back := make([]float32, len(flat))
			c.UnpackWeights(back, w)
			if fmt.Sprint(back) != fmt.Sprint(flat) {
				t.Fatalf("%s: weights change on the way in and out", name)
			}
			weight := func(ky, kx, i, o int) float32 { return flat[((ky*c.KW+kx)*c.In+i)*c.Out+o] }

			dy := maps(rnd, images, c.OH, c.OW, c.Out, c.HaloOut+rnd.IntN(2), false)
			dw := Panels(normals(rnd, PanelLen(c.WeightRows(), c.Out)), c.WeightRows(), c.Out)
			k.weightGradient(&c, dw, nil, dy, x, make([]float32, c.SumsLen()), make([]float32, c.ScratchLen()), whole(&c))
			checkWeightGradient(t, rnd, name, k, &c, dw, dy, x)

			e := MapEpilogue{ReLU: rnd.IntN(2) == 0}
			if rnd.IntN(2) == 0 {
				e.Bias = make([]float32, Padded(c.Out))
				copy(e.Bias, normals(rnd, c.Out))
			}
			k.forward(&c, y, x, w, nil, e, make([]float32, c.ScratchLen()))
			framed(t, name, y)
			y.some(rnd, func(n, oy, ox, o int) {
				var want float32
				if e.Bias != nil {
					want = e.Bias[o]
				}
				for p := 0; p < c.In; p += Width {
					for tap := range c.KH * c.KW {
						iy, ix := oy*c.Stride-c.padTop+tap/c.KW, ox*c.StrideW-c.padLeft+tap%c.KW
						if !x.inside(iy, ix) {
							continue
						}
						for i := p; i < min(p+Width, c.In); i++ {
							want = k.step(x.At(n, iy, ix, i), weight(tap/c.KW, tap%c.KW, i, o), want)
						}
					}
				}
				if e.ReLU && want < 0 {
					want = 0
				}
				if got := y.At(n, oy, ox, o); !same(got, want) {
					t.Fatalf("%s: forward (%d, %d, %d, %d) is %x, the chain gives %x", name, n, oy, ox, o, got, want)
				}
			})
			if c.Packed {
				continue
			}
			bw := make([]float32, c.BackwardLen())
			k.prepareBackward(&c, bw, w)
			dx := maps(rnd, images, c.H, c.W, c.In, rnd.IntN(3), false)
			var mask *Maps
			if rnd.IntN(2) == 0 {
				m := maps(rnd, images, c.H, c.W, c.In, rnd.IntN(3), false)
				mask = &m
			}
			k.inputGradient(&c, dx, dy, bw, mask, nil)
			framed(t, name, dx)
			dx.some(rnd, func(n, iy, ix, i int) {
				var want float32
				for q := 0; q < c.Out; q += Width {
					for oy := range c.OH {
						for ox := range c.OW {
							ky, kx := iy+c.padTop-oy*c.Stride, ix+c.padLeft-ox*c.StrideW
							if ky < 0 || ky >= c.KH || kx < 0 || kx >= c.KW {
								continue
							}
							for o := q; o < min(q+Width, c.Out); o++ {
								want = k.step(dy.At(n, oy, ox, o), weight(ky, kx, i, o), want)
							}
						}
					}
				}
				if mask != nil && !(mask.At(n, iy, ix, i) > 0) {
					want = 0
				}
				if got := dx.At(n, iy, ix, i); !same(got, want) {
					t.Fatalf("%s: input gradient (%d, %d, %d, %d) is %x, the chain gives %x", name, n, iy, ix, i, got, want)
				}
			})
		}
	})
}

// whole is all of a weight gradient.
func whole(c *Conv) Part {
	part := c.Share(0, 1)
	part.First, part.Last = true, true
	return part
}

func checkWeightGradient(t *testing.T, rnd *rand.Rand, name string, k tier, c *Conv, dw Matrix, dy, x Maps) {
	t.Helper()
	got := make([]float32, c.KH*c.KW*c.In*c.Out)
	c.UnpackWeights(got, dw)
	for at := 0; at < len(got); at += 1 + rnd.IntN(1+len(got)/100) {
		g := got[at]
		o, i, tap := at%c.Out, at/c.Out%c.In, at/c.Out/c.In
		var want float32
		for n := range x.N {
			for oy := range c.OH {
				for ox := range c.OW {
					iy, ix := oy*c.Stride-c.padTop+tap/c.KW, ox*c.StrideW-c.padLeft+tap%c.KW
					if x.inside(iy, ix) {
						want = k.step(x.At(n, iy, ix, i), dy.At(n, oy, ox, o), want)
					}
				}
			}
		}
		if !same(g, want) {
			t.Fatalf("%s: weight gradient of tap %d, channels %d to %d is %x, the chain gives %x", name, tap, i, o, g, want)
		}
	}
	sum := 0.0
	for _, v := range dw.Data {
		sum += math.Abs(float64(v))
	}
	for _, v := range got {
		sum -= math.Abs(float64(v))
	}
	if math.Abs(sum) > 1e-6*float64(len(got)) {
		t.Fatalf("%s: padding of the weight gradient is not zero", name)
	}
}

func TestConvolutionsThatDoNotFit(t *testing.T) {
	for _, row := range []struct {
		name  string
		shape ConvShape
		err   string
	}{
		{"valid kernel too large", ConvShape{H: 4, W: 9, In: 1, KH: 5, KW: 5, Out: 1, Stride: 1}, "a kernel of 5×5 is larger than its input of 4×9"},
		{"no stride", ConvShape{H: 4, W: 4, In: 1, KH: 3, KW: 3, Out: 2}, "convolution of 4×4×1 maps to 2 channels, kernel 3×3, strides 0 and 0: every size must be at least 1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := NewConv(row.shape); err == nil || err.Error() != row.err {
				t.Errorf("error %v, want %s", err, row.err)
			}
		})
	}
}

// TestPhases: what an input gradient goes through grows with the taps, not with the strides.
func TestPhases(t *testing.T) {
	for _, stride := range []int{1, 2, 3, 7, 224, 1000, 1 << 40, math.MaxInt} {
		c, err := NewConv(ConvShape{H: 224, W: 224, In: 1, KH: 3, KW: 5, Out: 1, Stride: stride, Same: true})
		if err != nil {
			t.Fatal(err)
		}
		phases, taps := 0, 0
		c.eachPhase(func(v, h phase, weights int) {
			if weights != taps*Width*Width {
				t.Errorf("stride %d: the weights of phase %d begin at %d, want %d", stride, phases, weights, taps*Width*Width)
			}
			phases, taps = phases+1, taps+v.count*h.count
		})
		if want := min(3, stride) * min(5, stride); phases != want || taps != 15 {
			t.Errorf("stride %d: %d phases of %d taps, want %d of 15", stride, phases, taps, want)
		}
	}
}

func TestConvolutionSizes(t *testing.T) {
	for _, row := range []struct {
		name          string
		shape         ConvShape
		oh, ow, in, o int
	}{
		{"3×3 same", ConvShape{H: 28, W: 28, In: 1, KH: 3, KW: 3, Out: 1, Stride: 1, Same: true}, 28, 28, 1, 1},
		{"3×3 valid", ConvShape{H: 28, W: 28, In: 1, KH: 3, KW: 3, Out: 1, Stride: 1}, 26, 26, 0, 2},
		{"5×5 same", ConvShape{H: 7, W: 9, In: 1, KH: 5, KW: 5, Out: 1, Stride: 1, Same: true}, 7, 9, 2, 2},
		{"3×3 same, stride 2", ConvShape{H: 28, W: 7, In: 1, KH: 3, KW: 3, Out: 1, Stride: 2, Same: true}, 14, 4, 1, 1},
		{"1×1, stride 2", ConvShape{H: 28, W: 7, In: 1, KH: 1, KW: 1, Out: 1, Stride: 2, Same: true}, 14, 4, 0, 0},
		{"kernel larger than the map", ConvShape{H: 2, W: 2, In: 1, KH: 5, KW: 5, Out: 1, Stride: 1, Same: true}, 2, 2, 2, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := NewConv(row.shape)
			if err != nil {
				t.Fatal(err)
			}
			if c.OH != row.oh || c.OW != row.ow || c.HaloIn != row.in || c.HaloOut != row.o {
				t.Errorf("got %d×%d, halos %d and %d, want %d×%d, %d and %d", c.OH, c.OW, c.HaloIn, c.HaloOut, row.oh, row.ow, row.in, row.o)
			}
		})
	}
}
