package kernel

import "testing"

// TestNoAllocation: a training step must not allocate, so no kernel may.
func TestNoAllocation(t *testing.T) {
	const rows, in, out = 21, 37, 19
	lay := func(r, c int) Matrix { return Panels(make([]float32, PanelLen(r, c)), r, c) }
	x, w, y, dx := lay(rows, in), lay(in, out), lay(rows, out), lay(rows, in)
	wt := lay(out, in)
	flat := func() []float32 { return make([]float32, 64) }
	a, b, c, d := flat(), flat(), flat(), flat()
	vec := make([]float32, Padded(in))
	gamma, beta := make([]float32, Padded(in)), make([]float32, Padded(in))
	losses, pixels, indices, labels := make([]float64, rows), make([]byte, 3*in), make([]int32, rows), make([]int32, rows)
	inPanels, floatsInPanels := make([]byte, 8*8*20), make([]float32, 8*8*20)
	words := make([]uint32, 99)
	conv, err := NewConv(ConvShape{H: 8, W: 8, In: 20, KH: 3, KW: 3, Out: 18, Stride: 1, Same: true})
	if err != nil {
		t.Fatal(err)
	}
	mk := func(h, c int) Maps { return NewMaps(make([]float32, MapsLen(2, h, h, c, 1)), 2, h, h, c, 1) }
	mx, my, mdx, pooled := mk(8, 20), mk(8, 18), mk(8, 20), mk(4, 18)
	kernelWeights := lay(conv.WeightRows(), 18)
	fw, bw, scratch := make([]float32, conv.ForwardLen()), make([]float32, conv.BackwardLen()), make([]float32, conv.ScratchLen())
	sums := make([]float32, conv.SumsLen())
	flatMaps, mean := lay(2, 8*8*18), lay(2, 18)
	images := Images(make([]float32, ImagesLen(2, 8, 8, 1, 1)), 2, 8, 8, 1, 1)
	for _, row := range []struct {
		name string
		f    func()
	}{
		{"products", func() {
			MulAB(y, x, w, Epilogue{Bias: vec, ReLU: true})
			MulAB(dx, y, wt, Epilogue{Mask: &x, MaskScale: 2})
			MulATB(w, x, y, Epilogue{Accumulate: true})
		}},
		{"transposes and sums", func() { Transpose(wt, w); ColumnSums(vec, x) }},
		{"gathering", func() {
			GatherBytes(x, pixels, indices, a[:1], b[:1])
			GatherFloats(x, x.Data[:3*in], indices)
			GatherImageBytes(images, pixels[:64], indices[:2], a[:1], b[:1])
			GatherImageBytes(mx, inPanels, indices[:2], a[:1], b[:1])
			GatherImageFloats(mx, floatsInPanels, indices[:2])
		}},
		{"random numbers", func() { Stream{}.Uint32s(words, 1); Dropout(x, Stream{}, .5) }},
		{"loss", func() { SoftmaxCrossEntropy(y, y, losses, labels, .1, rows); Softmax(y, y) }},
		{"activations", func() {
			for k := range activationsEnd {
				Activate(dx, x, k)
				ActivateBackward(dx, dx, x, dx, k)
				ActivateMaps(mdx, mx, k)
				ActivateMapsBackward(mdx, mdx, mx, mdx, k)
			}
		}},
		{"optimizers", func() {
			SGD(a, b, nil, 1, 0, false)
			SGD(a, b, c, 1, 1, true)
			Adam(a, b, c, d, AdamStep{})
			Nadam(a, b, c, d, NadamStep{})
			RMSprop(a, b, c, 1, 1, 1)
			Adagrad(a, b, c, 1, 1)
			Decay(a, .1)
			Axpy(a, b, 1)
			Lerp(a, b, 1)
			SumSquares(a)
		}},
		{"normalisation", func() {
			BatchStats(vec, gamma, x)
			Normalize(dx, x, vec, gamma, beta)
			BatchNormBackward(dx, dx, x, BatchNorm{vec, gamma, beta}, gamma, beta)
			MapStats(vec, gamma, mx)
			MapNormalize(mdx, mx, vec, gamma, beta)
			MapNormBackward(mdx, mdx, mx, BatchNorm{vec, gamma, beta}, gamma, beta)
		}},
		{"convolution", func() {
			conv.Prepare(fw, kernelWeights)
			conv.PrepareBackward(bw, kernelWeights)
			conv.Forward(my, mx, kernelWeights, fw, MapEpilogue{Bias: vec, ReLU: true}, scratch)
			conv.InputGradient(mdx, my, bw, &mx, scratch)
			conv.WeightGradient(kernelWeights, my, mx, sums, scratch)
			BiasGradient(vec, my)
		}},
		{"pooling", func() {
			pool := Pool{Size: [2]int{2, 2}, Stride: [2]int{2, 2}}
			pool.Max(pooled, my)
			pool.MaxBackward(my, pooled, my, pooled, true)
			pool.Average(pooled, my)
			pool.AverageBackward(my, pooled)
			GlobalAverage(mean, my)
			GlobalAverageBackward(my, mean)
			Flatten(flatMaps, my)
			Unflatten(my, flatMaps)
			DropoutMaps(my, Stream{}, .5)
			AddMaps(my, my)
			ScaleMaps(my, 2)
			CopyMaps(my, my)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(5, row.f); n != 0 {
				t.Errorf("%v allocations a run", n)
			}
		})
	}
}
