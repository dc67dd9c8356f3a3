package kernel

import (
	"fmt"
	"slices"
	"testing"
)

// speedOf is GF/s of a loop of multiply-adds that runs for about half a millisecond. Benchmarks interleave it with
// what they measure, since the clock of a shared machine moves.
func speedOf(loop func(n int) float64) float64 {
	start := clock()
	flops := loop(100000)
	return flops / (clock() - start).Seconds() / 1e9
}

// share runs f alternately with the peak loops, in rounds of about 2 ms, and reports the median GF/s and the
// median of each round's share of the peak that was measured right behind it, and of the roof of a tile where the tier
// has its loop: the clock of a shared machine moves, and the time of a process is now and then booked late, so that
// neither the best round nor a mean is worth much. %quiet is the median share of the peak in those rounds before and
// behind which the roof of the tile stood at the peak: nobody else used the core.
func share(b *testing.B, k tier, flops float64, f func()) {
	const quiet = .97
	f()
	rounds := max(1, int(2e8/flops)) // about 2 ms at 100 GF/s
	var speeds, shares, tiles, alone []float64
	before := 0.
	b.ResetTimer()
	for range b.N {
		start := clock()
		for range rounds {
			f()
		}
		took := (clock() - start).Seconds()
		b.StopTimer()
		peak, tile := speedOf(k.peakLoop), speedOf(k.peakLoads)
		if took > 0 {
			speed := flops * float64(rounds) / took / 1e9
			speeds, shares = append(speeds, speed), append(shares, 100*speed/peak)
			if tile > 0 {
				tiles = append(tiles, 100*speed/tile)
			}
			if min(before, tile/peak) > quiet {
				alone = append(alone, 100*speed/peak)
			}
		}
		before = tile / peak
		b.StartTimer()
	}
	b.ReportMetric(middle(speeds), "GF/s")
	b.ReportMetric(middle(shares), "%peak")
	if len(tiles) > 0 {
		b.ReportMetric(middle(tiles), "%tile")
		b.ReportMetric(float64(len(alone)), "quiet-rounds")
	}
	if len(alone) > 0 {
		b.ReportMetric(middle(alone), "%quiet")
	}
}

// middle is the median.
func middle(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}

func BenchmarkProducts(b *testing.B) {
	for _, k := range tiers() {
		for _, batch := range []int{128, 64, 32, 1} {
			var step []func() // the products of a step of the reported MLP
			var stepFlops float64
			for _, d := range [][2]int{{784, 128}, {128, 64}, {64, 10}, {784, 512}, {64, 7}} {
				in, out := d[0], d[1]
				l := inPanels
				if in == 784 {
					l = inRows
				}
				lay := func(l layout, rows, cols int) Matrix {
					data := make([]float32, PanelLen(rows, cols))
					for i := range data {
						data[i] = float32(i%7) - 3
					}
					m := Panels(data, rows, cols)
					if l == inRows {
						m = RowMajor(data, rows, cols)
					}
					m.clearPadding()
					return m
				}
				x, w, y, wt := lay(l, batch, in), lay(inPanels, in, out), lay(inPanels, batch, out), lay(inPanels, out, in)
				dx := lay(inPanels, batch, in)
				e := Epilogue{Bias: make([]float32, Padded(out)), ReLU: true}
				flops := 2 * float64(batch) * float64(in) * float64(Padded(out))
				name := fmt.Sprintf("%s/batch=%d/%dx%d", k, batch, in, out)
				// The reduction of the input gradient runs over the true columns.
				backFlops := 2 * float64(batch) * float64(out) * float64(Padded(in))
				forward := func() { k.mulAB(y, x, w, &e) }
				weights := func() { k.mulATB(w, x, y, &Epilogue{}) }
				input := func() { k.mulAB(dx, y, wt, &Epilogue{Mask: &dx, MaskScale: 1.25}) }
				b.Run(name+"/forward", func(b *testing.B) { share(b, k, flops, forward) })
				b.Run(name+"/weights", func(b *testing.B) { share(b, k, flops, weights) })
				b.Run(name+"/input", func(b *testing.B) { share(b, k, backFlops, input) })
				switch d {
				case [2]int{784, 128}: // nobody wants the gradient of the input
					step, stepFlops = append(step, forward, weights), stepFlops+2*flops
				case [2]int{128, 64}, [2]int{64, 10}:
					step, stepFlops = append(step, forward, weights, input), stepFlops+2*flops+backFlops
				}
			}
			b.Run(fmt.Sprintf("%s/batch=%d/all of 784-128-64-10", k, batch), func(b *testing.B) {
				share(b, k, stepFlops, func() {
					for _, product := range step {
						product()
					}
				})
			})
		}
	}
}

// BenchmarkPasses are the kernels beside products, at the sizes of a step of the reported nets.
func BenchmarkPasses(b *testing.B) {
	const params, rows, cols = 109386, 128, 128
	flat := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(i%11)*.1 - .4
		}
		return x
	}
	w, g, m, v := flat(params), flat(params), flat(params), make([]float32, params)
	x, y := Panels(flat(PanelLen(rows, cols)), rows, cols), Panels(flat(PanelLen(rows, cols)), rows, cols)
	losses, logits, labels := make([]float64, rows), Panels(flat(PanelLen(rows, 10)), rows, 10), make([]int32, rows)
	logits.clearPadding()
	input, pixels, indices := RowMajor(flat(PanelLen(rows, 784)), rows, 784), make([]byte, rows*784), make([]int32, rows)
	// A data set larger than the second-level cache, in an epoch's order.
	const images = 12000
	set, order := make([]byte, images*784), make([]int32, images)
	for i := range order {
		order[i] = int32(uint32(i+1) * 2654435761 >> 8 % images)
	}
	for i := range set { // or all its pages are one
		set[i] = byte(i)
	}
	first := 0
	vec := flat(cols)
	mk := func(h, c int) Maps { return NewMaps(make([]float32, MapsLen(24, h, h, c, 1)), 24, h, h, c, 1) }
	wide, half := mk(28, 32), mk(14, 32)
	pool := Pool{Size: [2]int{2, 2}, Stride: [2]int{2, 2}}
	s := Stream{Key: [2]uint32{1, 2}}
	words := make([]uint32, 4096)
	for _, k := range tiers() {
		for _, row := range []struct {
			name     string
			elements int
			f        func()
		}{
			{"adam", params, func() { k.adam(w, g, m, v, AdamStep{Rate: .001, Beta1: .9, Beta2: .999, Epsilon: 1e-7}) }},
			{"sgd", params, func() { k.sgd(w, g, m, .001, .9, false) }},
			{"dropout", rows * cols, func() { k.dropout(x, s, .2, 0) }},
			{"philox", len(words), func() { k.uint32s(s, words, 0) }},
			{"bytes", rows * 784, func() { k.gatherBytes(input, pixels, indices, vec[:1], vec[1:2]) }},
			{"bytes of an epoch", rows * 784, func() {
				first = (first + rows) % (images - rows)
				k.gatherBytes(input, set, order[first:first+rows], vec[:1], vec[1:2])
			}},
			{"loss", rows * 10, func() { k.crossEntropy(logits, logits, losses, labels, 0, rows) }},
			{"transpose", rows * cols, func() { k.transpose(y, x) }},
			{"column sums", rows * cols, func() { k.columnSums(vec, x) }},
			{"tanh", rows * cols, func() { k.activate(y, x, Tanh) }},
			{"gelu", rows * cols, func() { k.activate(y, x, GELU) }},
			{"normalise", rows * cols, func() { k.normalize(y, x, vec, vec, vec) }},
			{"max pool", 24 * 28 * 28 * 32, func() { k.maxPool(pool, half, wide) }},
			{"max pool backward", 24 * 28 * 28 * 32, func() { k.maxPoolBackward(pool, wide, half, wide, half, true) }},
		} {
			b.Run(k.String()+"/"+row.name, func(b *testing.B) {
				start := clock()
				for range b.N {
					row.f()
				}
				b.ReportMetric(float64(clock()-start)/float64(b.N)/float64(row.elements), "ns/element")
			})
		}
	}
}
