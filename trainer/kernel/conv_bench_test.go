package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// layer is a convolution with all that its three passes need.
type layer struct {
	c               Conv
	x, y, dx, dy    Maps
	w, dw           Matrix
	fw, bw, scratch []float32
	sums            []float32
	bias            []float32
}

func newLayer(b testing.TB, images int, s ConvShape) *layer {
	c, err := NewConv(s)
	if err != nil {
		b.Fatal(err)
	}
	return newLayerOf(b, images, c)
}

func newLayerOf(b testing.TB, images int, c Conv) *layer {
	r := rand.New(rand.NewPCG(1, 2))
	mk := func(h, w, ch, halo int) Maps { return maps(r, images, h, w, ch, halo, false) }
	l := &layer{c: c, y: mk(c.OH, c.OW, c.Out, 1), dy: mk(c.OH, c.OW, c.Out, c.HaloOut), bias: make([]float32, Padded(c.Out))}
	l.x = maps(r, images, c.H, c.W, c.In, c.HaloIn, c.Packed)
	if !c.Packed {
		l.dx = mk(c.H, c.W, c.In, 1)
	}
	l.w = Panels(make([]float32, PanelLen(c.WeightRows(), c.Out)), c.WeightRows(), c.Out)
	l.dw = Panels(make([]float32, PanelLen(c.WeightRows(), c.Out)), c.WeightRows(), c.Out)
	c.PackWeights(l.w, normals(r, c.KH*c.KW*c.In*c.Out))
	l.fw, l.bw, l.scratch = make([]float32, c.ForwardLen()), make([]float32, c.BackwardLen()), make([]float32, c.ScratchLen())
	l.sums = make([]float32, c.SumsLen())
	return l
}

func BenchmarkConvolution(b *testing.B) {
	k := active() // ESPALIER_SIMD decides
	for _, s := range []ConvShape{
		{H: 28, W: 28, In: 1, Out: 32, Packed: true},
		{H: 28, W: 28, In: 1, Out: 64, Packed: true},
		{H: 32, W: 32, In: 3, Out: 32, Packed: true},
		{H: 28, W: 28, In: 32, Out: 32},
		{H: 14, W: 14, In: 32, Out: 32},
		{H: 14, W: 14, In: 32, Out: 64},
		{H: 14, W: 14, In: 64, Out: 32},
		{H: 14, W: 14, In: 64, Out: 64},
		{H: 7, W: 7, In: 64, Out: 128},
		{H: 7, W: 7, In: 128, Out: 128},
		{H: 3, W: 3, In: 64, Out: 128},
		{H: 14, W: 14, In: 32, Out: 64, KH: 5, KW: 5},
		{H: 14, W: 14, In: 32, Out: 64, Stride: 2},
		{H: 14, W: 14, In: 32, Out: 64, KH: 1, KW: 1},
	} {
		s.Same = true
		if s.KH == 0 {
			s.KH, s.KW = 3, 3
		}
		s.Stride = max(s.Stride, 1)
		for _, direct := range []bool{true, false} {
			s.Direct = direct
			l := newLayer(b, 128, s)
			if !direct && l.c.ForwardLen() == 0 {
				continue
			}
			name := fmt.Sprintf("%dx%d/%d-%d/k%d/s%d/direct=%t", s.H, s.W, s.In, s.Out, s.KH, s.Stride, direct)
			flops := 2 * float64(128*l.c.OH*l.c.OW*s.KH*s.KW*s.In*s.Out)
			b.Run(name+"/forward", func(b *testing.B) {
				share(b, k, flops, func() {
					l.c.Prepare(l.fw, l.w)
					l.c.Forward(l.y, l.x, l.w, l.fw, MapEpilogue{Bias: l.bias, ReLU: true}, l.scratch)
				})
			})
			b.Run(name+"/weights", func(b *testing.B) {
				share(b, k, flops, func() { l.c.WeightGradient(l.dw, l.dy, l.x, l.sums, l.scratch) })
			})
			if s.Packed {
				continue
			}
			b.Run(name+"/input", func(b *testing.B) {
				share(b, k, flops, func() {
					l.c.PrepareBackward(l.bw, l.w)
					l.c.InputGradient(l.dx, l.dy, l.bw, nil, l.scratch)
				})
			})
		}
	}
}
