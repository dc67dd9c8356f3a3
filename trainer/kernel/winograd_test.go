package kernel

import (
	"fmt"
	"math"
	"testing"
)

// TestWinograd compares all passes with the direct convolution: the difference may be that of a
// reordered sum. Everything outside the interior must stay zero.
func TestWinograd(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for range 60 {
			s := ConvShape{H: 3 + rnd.IntN(12), W: 3 + rnd.IntN(12), In: 1 + rnd.IntN(40), KH: 3, KW: 3, Out: 1 + rnd.IntN(40), Stride: 1, Same: rnd.IntN(2) == 0, Direct: true}
			direct, err := NewConv(s)
			if err != nil {
				t.Fatal(err)
			}
			c := direct
			c.tile(2 + 2*rnd.IntN(2))
			images := 1 + rnd.IntN(5)
			name := fmt.Sprintf("%d images, tiles of %d, %+v", images, c.ahead.size, s)
			x, y := maps(rnd, images, c.H, c.W, c.In, c.HaloIn+rnd.IntN(2), false), maps(rnd, images, c.OH, c.OW, c.Out, rnd.IntN(2), false)
			dx, dy := maps(rnd, images, c.H, c.W, c.In, rnd.IntN(2), false), maps(rnd, images, c.OH, c.OW, c.Out, c.HaloOut+rnd.IntN(2), false)
			mask := maps(rnd, images, c.H, c.W, c.In, rnd.IntN(2), false)
			wantY, wantDX := y.like(rnd), dx.like(rnd)
			lay := func() Matrix {
				return Panels(make([]float32, PanelLen(c.WeightRows(), c.Out)), c.WeightRows(), c.Out)
			}
			w, dw, want := lay(), lay(), lay()
			c.PackWeights(w, normals(rnd, 9*c.In*c.Out))
			e := MapEpilogue{ReLU: rnd.IntN(2) == 0}
			if rnd.IntN(2) == 0 {
				e.Bias = make([]float32, Padded(c.Out))
				copy(e.Bias, normals(rnd, c.Out))
			}
			fw, bw, scratch := make([]float32, c.ForwardLen()), make([]float32, c.BackwardLen()), normals(rnd, c.ScratchLen())
			sums := normals(rnd, c.SumsLen())
			k.prepare(&c, fw, w)
			k.prepareBackward(&c, bw, w)
			k.forward(&c, y, x, w, fw, e, scratch)
			k.forward(&direct, wantY, x, w, nil, e, nil)
			k.inputGradient(&c, dx, dy, bw, &mask, scratch)
			k.inputGradient(&direct, wantDX, dy, bw, &mask, nil)
			bare := dx.like(rnd)
			k.inputGradient(&c, bare, dy, bw, nil, scratch)
			dx.each(func(n, i, j, ch int) {
				want := bare.At(n, i, j, ch)
				if !(mask.At(n, i, j, ch) > 0) {
					want = 0
				}
				if got := dx.At(n, i, j, ch); !same(got, want) {
					t.Fatalf("%s: masked gradient (%d, %d, %d, %d) is %x, without the mask %x", name, n, i, j, ch, got, want)
				}
			})
			k.weightGradient(&c, dw, nil, dy, x, sums, scratch, whole(&c))
			k.weightGradient(&direct, want, nil, dy, x, sums, nil, whole(&c))
			close := func(what string, got, want float32, terms int) {
				// Errors of sums of random terms grow with the root of their number.
				bound := 8e-6 * math.Sqrt(float64(terms))
				if c.ahead.size == 4 {
					bound *= 4
				}
				if d := math.Abs(float64(got - want)); !(d < bound) {
					t.Fatalf("%s: %s is %v, directly %v", name, what, got, want)
				}
			}
			y.each(func(n, i, j, ch int) { close("output", y.At(n, i, j, ch), wantY.At(n, i, j, ch), 9*c.In) })
			dx.each(func(n, i, j, ch int) {
				close("input gradient", dx.At(n, i, j, ch), wantDX.At(n, i, j, ch), 9*c.Out)
			})
			for r := range dw.Rows {
				for q := range dw.Cols {
					close("weight gradient", dw.At(r, q), want.At(r, q), 2*images*c.OH*c.OW)
				}
			}
			framed(t, name, y)
			framed(t, name, dx)
			untouched(t, dw)

			split := lay()
			for q := range c.panelOut {
				part := whole(&c)
				part.Out = Range{q, q + 1}
				if p := q % c.panelsIn; p > 0 { // in two parts, the later first
					part.In.From = p
					k.weightGradient(&c, split, nil, dy, x, sums, scratch, part)
					part.In = Range{0, p}
				}
				k.weightGradient(&c, split, nil, dy, x, sums, scratch, part)
			}
			equal(t, "weight gradient by panels", split, dw)
		}
	})
}

// TestGradientInParts: weight and bias gradients do not depend on the split by workers or images.
func TestGradientInParts(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		for _, direct := range []bool{true, false} {
			l := newLayer(t, 7, ConvShape{H: 7, W: 9, In: 33, KH: 3, KW: 3, Out: 37, Stride: 1, Same: true, Direct: direct})
			db, want := make([]float32, Padded(37)), make([]float32, Padded(37))
			k.weightGradient(&l.c, l.dw, db, l.dy, l.x, l.sums, l.scratch, whole(&l.c))
			BiasGradient(want, l.dy)
			parts, bias := Panels(make([]float32, len(l.dw.Data)), l.dw.Rows, l.dw.Cols), make([]float32, len(db))
			for _, part := range []Part{l.c.Share(0, 2), l.c.Share(1, 2)} {
				for at, n := range []int{0, 2, 3, 7} {
					if at == 0 {
						continue
					}
					from := []int{0, 2, 3}[at-1]
					part.First, part.Last = from == 0, n == 7
					k.weightGradient(&l.c, parts, bias, l.dy.Slice(from, n), l.x.Slice(from, n), l.sums, l.scratch, part)
				}
			}
			equal(t, "weight gradient in parts", parts, l.dw)
			for i := range db {
				if !same(db[i], want[i]) || !same(bias[i], want[i]) {
					t.Fatalf("bias gradient %d is %v, in parts %v, by itself %v", i, db[i], bias[i], want[i])
				}
			}
		}
	})
}

// TestWinogradByImages: the bits of an image do not depend on its neighbours in the batch.
func TestWinogradByImages(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		l := newLayer(t, 7, ConvShape{H: 7, W: 9, In: 33, KH: 3, KW: 3, Out: 17, Stride: 1, Same: true})
		if !l.c.winograd {
			t.Skip("ESPALIER_CONV=direct")
		}
		k.prepare(&l.c, l.fw, l.w)
		k.prepareBackward(&l.c, l.bw, l.w)
		k.forward(&l.c, l.y, l.x, l.w, l.fw, MapEpilogue{}, l.scratch)
		k.inputGradient(&l.c, l.dx, l.dy, l.bw, nil, l.scratch)
		y, dx := l.y.rowsOf(), l.dx.rowsOf()
		for n := range l.x.N {
			k.forward(&l.c, l.y.Slice(n, n+1), l.x.Slice(n, n+1), l.w, l.fw, MapEpilogue{}, l.scratch)
			k.inputGradient(&l.c, l.dx.Slice(n, n+1), l.dy.Slice(n, n+1), l.bw, nil, l.scratch)
		}
		equal(t, "output", l.y.rowsOf(), y)
		equal(t, "input gradient", l.dx.rowsOf(), dx)
	})
}

// TestWinogradTransforms compares the transforms of all tiers bit for bit.
func TestWinogradTransforms(t *testing.T) {
	rnd := source(t)
	const n, stride, row = 5, 7 * Width, 25 * Width
	src := normals(rnd, 36*stride)
	taps := normals(rnd, 9*tapStride)
	bias := [Width]float32(normals(rnd, Width))
	run := func(k tier) [][]float32 {
		var out [][]float32
		fresh := func(n int) []float32 {
			out = append(out, make([]float32, n))
			return out[len(out)-1]
		}
		k.winoInput(n, fresh(16*stride), stride, src, row)
		k.winoGrad(n, fresh(16*stride), stride, src, row)
		k.winoWeights(n, fresh(16*stride), stride, taps)
		k.winoWeightGrad(n, fresh(9*tapStride), src, stride)
		k.wino4Input(n, fresh(36*stride), stride, src, row)
		k.wino4Grad(n, fresh(36*stride), stride, src, row)
		k.wino4Weights(n, fresh(36*stride), stride, taps)
		k.wino4WeightGrad(n, fresh(9*tapStride), src, stride)
		for i := range 16 {
			k.wino4Output(n, 1+i%4, fresh(4*row), row, src, stride, &bias, 0, 1+i/4)
		}
		k.wino4Output(n, 4, fresh(4*row), row, src, stride, &bias, lowest, 4)
		for _, odd := range []bool{false, true} {
			for _, floor := range []float32{0, lowest} {
				k.winoOutput(n, fresh(2*n*Width), fresh(2*n*Width), src, stride, &bias, floor, odd)
			}
		}
		return out
	}
	want := run(generic)
	for _, k := range tiers() {
		got := run(k)
		for i := range want {
			for j := range want[i] {
				if !same(got[i][j], want[i][j]) {
					t.Fatalf("%s: transform %d, float %d is %x, the plain tier has %x", k, i, j, got[i][j], want[i][j])
				}
			}
		}
	}
}

// TestTileSize: the tile of a map decides on its bits, so that another choice is another revision of the trainer.
func TestTileSize(t *testing.T) {
	for _, row := range []struct{ oh, ow, in, out, want int }{
		{28, 28, 32, 32, 4},
		{14, 14, 32, 64, 4},
		{7, 7, 128, 128, 4},
		{5, 5, 16, 16, 2}, // both have 144 products
		{3, 3, 64, 128, 4},
		{2, 2, 16, 16, 2},
		{1, 1, 64, 64, 0},
		{1, 28, 16, 16, 0}, // most of a tile would lie outside
		{28, 28, 15, 32, 0},
		{28, 28, 32, 15, 0},
	} {
		if got := tileSize(row.oh, row.ow, row.in, row.out); got != row.want {
			t.Errorf("%d×%d maps, %d to %d channels: tiles of %d, want %d", row.oh, row.ow, row.in, row.out, got, row.want)
		}
	}
}
