package kernel

import (
	"fmt"
	"testing"
)

// peak runs multiply-adds in registers for about 2 ms and gives GF/s. Benchmarks interleave it with
// what they measure, since the clock of a shared machine moves.
func (t tier) peak() float64 {
	const n = 100000
	start := clock()
	flops := t.peakLoop(n)
	return flops / (clock() - start).Seconds() / 1e9
}

// share runs f alternately with the peak loop and reports GF/s and the share of the peak: medians
// would need storage, so both are the best of short rounds, which noise can only lower.
func share(b *testing.B, k tier, flops float64, f func()) {
	f()
	rounds := max(1, int(2e8/flops)) // about 2 ms at 100 GF/s
	best, roof := 0.0, 0.0
	b.ResetTimer()
	for range b.N {
		start := clock()
		for range rounds {
			f()
		}
		best = max(best, flops*float64(rounds)/(clock()-start).Seconds()/1e9)
		b.StopTimer()
		roof = max(roof, k.peak())
		b.StartTimer()
	}
	b.ReportMetric(best, "GF/s")
	b.ReportMetric(100*best/roof, "%peak")
}

func BenchmarkProducts(b *testing.B) {
	for _, k := range []tier{best(), generic} {
		for _, batch := range []int{128, 64, 32, 1} {
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
				b.Run(name+"/forward", func(b *testing.B) { share(b, k, flops, func() { k.mulAB(y, x, w, &e) }) })
				b.Run(name+"/weights", func(b *testing.B) { share(b, k, flops, func() { k.mulATB(w, x, y, &Epilogue{}) }) })
				// The reduction of the input gradient runs over the true columns.
				flops = 2 * float64(batch) * float64(out) * float64(Padded(in))
				b.Run(name+"/input", func(b *testing.B) {
					share(b, k, flops, func() { k.mulAB(dx, y, wt, &Epilogue{Mask: &dx, MaskScale: 1.25}) })
				})
			}
		}
	}
}
