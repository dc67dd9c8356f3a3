package trainer

import (
	"slices"
	"testing"
	"time"

	"espalier/trainer/dataset"
)

// BenchmarkOddShapes trains networks whose sizes fit no vector beside their nearest round neighbours, a step of each by
// turns, and reports the efficiency (useful multiplications a second) of the odd one as a share of the round one's.
func BenchmarkOddShapes(b *testing.B) {
	conv := func(filters, kernel int) map[string]any {
		return fieldsOf{"type": "conv2d", "filters": int64(filters), "kernel_size": int64(kernel), "padding": "same", "activation": "relu"}
	}
	strided := func(filters, stride int) map[string]any {
		l := conv(filters, 3)
		l["strides"] = int64(stride)
		return l
	}
	image := func(h, w, c int) []int { return []int{h, w, c} }
	type side struct {
		batch  int
		shape  []int
		layers []map[string]any
	}
	dense := func(batch, units int) side {
		return side{batch, image(28, 28, 1), []map[string]any{denseLayer(int64(units), "relu"), denseLayer(int64(units), "relu")}}
	}
	maps := func(batch int, shape []int, layers ...map[string]any) side {
		return side{batch, shape, append(layers, fieldsOf{"type": "global_avg_pool"})}
	}
	flat := func(filters int) side {
		return side{64, image(28, 28, 1), []map[string]any{conv(filters, 3), {"type": "flatten"}}}
	}
	for _, row := range []struct {
		name       string
		odd, round side
	}{
		{"dense 7, 8", dense(128, 7), dense(128, 8)},
		{"dense 17, 16", dense(128, 17), dense(128, 16)},
		{"dense 100, 96", dense(128, 100), dense(128, 96)},
		{"dense 130, 128", dense(128, 130), dense(128, 128)},
		{"dense 1000, 1024", dense(128, 1000), dense(128, 1024)},
		{"dense, batch 1, 2", dense(1, 128), dense(2, 128)},
		{"dense, batch 77, 80", dense(77, 128), dense(80, 128)},
		{"dense, batch 10,000, 8,192", dense(10000, 128), dense(8192, 128)},
		{"conv, 3 channels in, 4", maps(64, image(32, 32, 3), conv(32, 3), conv(32, 3)), maps(64, image(32, 32, 4), conv(32, 3), conv(32, 3))},
		{"conv 7, 8", maps(64, image(14, 14, 1), conv(7, 3), conv(7, 3), conv(7, 3)), maps(64, image(14, 14, 1), conv(8, 3), conv(8, 3), conv(8, 3))},
		{"conv 10, 8", maps(64, image(14, 14, 1), conv(10, 3), conv(10, 3), conv(10, 3)), maps(64, image(14, 14, 1), conv(8, 3), conv(8, 3), conv(8, 3))},
		{"conv 17, 16", maps(64, image(14, 14, 1), conv(17, 3), conv(17, 3), conv(17, 3)), maps(64, image(14, 14, 1), conv(16, 3), conv(16, 3), conv(16, 3))},
		{"conv 20, 16", maps(64, image(14, 14, 1), conv(20, 3), conv(20, 3), conv(20, 3)), maps(64, image(14, 14, 1), conv(16, 3), conv(16, 3), conv(16, 3))},
		{"conv 33, 32", maps(64, image(14, 14, 1), conv(33, 3), conv(33, 3), conv(33, 3)), maps(64, image(14, 14, 1), conv(32, 3), conv(32, 3), conv(32, 3))},
		{"conv 7, 8, flattened", flat(7), flat(8)},
		{"conv 8, 16, flattened", flat(8), flat(16)},
		{"conv 15, 16, flattened", flat(15), flat(16)},
		{"conv 17, 16, flattened", flat(17), flat(16)},
		{"conv 13×13, 14×14", maps(64, image(13, 13, 1), conv(32, 3), conv(32, 3)), maps(64, image(14, 14, 1), conv(32, 3), conv(32, 3))},
		{"conv 5×5, 3×3 direct", maps(64, image(14, 14, 1), conv(32, 5), conv(15, 5), conv(32, 5)), maps(64, image(14, 14, 1), conv(32, 3), conv(15, 3), conv(32, 3))},
		{"conv 5×5 17, 5×5 16", maps(64, image(14, 14, 1), conv(17, 5), conv(17, 5), conv(17, 5)), maps(64, image(14, 14, 1), conv(16, 5), conv(16, 5), conv(16, 5))},
		{"conv stride 3, stride 2", maps(64, image(28, 28, 1), conv(16, 3), strided(32, 3)), maps(64, image(28, 28, 1), conv(16, 3), strided(32, 2))},
		{"conv, batch 1, 2", maps(1, image(28, 28, 1), conv(32, 3), conv(32, 3)), maps(2, image(28, 28, 1), conv(32, 3), conv(32, 3))},
		{"conv, batch 1,000, 1,024", maps(1000, image(14, 14, 1), conv(32, 3), conv(32, 3)), maps(1024, image(14, 14, 1), conv(32, 3), conv(32, 3))},
	} {
		b.Run(row.name, func(b *testing.B) {
			prepare := func(s side) func() float64 {
				view := images(s.batch*2, s.shape, 10, 1)
				c := compile(b, spec(fieldsOf{"batch_size": int64(s.batch)}, append(s.layers, denseLayer("$classes", "softmax"))...), view.Prep.Shape, 10)
				f := fitter(b, c, Task{}, view, dataset.View{})
				f.arrange()
				flops := float64(c.Cost().FLOPsPerRow) * float64(s.batch)
				steps := max(1, int(1e8/flops)) // a millisecond or so
				return func() float64 {
					begin := time.Now()
					for range steps {
						f.now.Batch %= f.batches()
						if err := f.step(); err != nil {
							b.Fatal(err)
						}
					}
					return flops * float64(steps) / time.Since(begin).Seconds()
				}
			}
			odd, round := prepare(row.odd), prepare(row.round)
			odd()
			round()
			var shares []float64
			b.ResetTimer()
			for range b.N {
				shares = append(shares, odd()/round())
			}
			slices.Sort(shares)
			b.ReportMetric(100*shares[len(shares)/2], "%ofround")
		})
	}
}
