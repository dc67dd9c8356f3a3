package trainer

import (
	"context"
	"fmt"
	"testing"

	"espalier/trainer/dataset"
)

// TestBlocksDoNotShowInTheBits trains with blocks of a few samples, within each other, in one thread and in several,
// which go through each block together.
func TestBlocksDoNotShowInTheBits(t *testing.T) {
	conv, pool := convLayer, fieldsOf{"type": "maxpool2d"}
	nets := fusedDropouts()
	nets["deep"] = []map[string]any{
		conv(20), pool, dropoutLayer(0.2), conv(33), dropoutLayer(0.1), conv(16), fieldsOf{"type": "avgpool2d"}, dropoutLayer(0.3),
		fieldsOf{"type": "residual", "layers": []any{conv(17), fieldsOf{"type": "maxpool2d", "strides": int64(1), "padding": "same"}, conv(12)}},
		fieldsOf{"type": "flatten"}, denseLayer("$classes", "softmax"),
	}
	nets["norm"] = []map[string]any{
		conv(4), fieldsOf{"type": "avgpool2d"}, fieldsOf{"type": "batchnorm"}, conv(18), pool, dropoutLayer(0.2), conv(16), fieldsOf{"type": "global_avg_pool"},
		denseLayer("$classes", "softmax"),
	}
	nets["flattened"] = []map[string]any{
		conv(20), conv(17), pool, dropoutLayer(0.2), conv(7), dropoutLayer(0.1), fieldsOf{"type": "flatten"}, denseLayer("$classes", "softmax"),
	}
	train := func(c *Config, view dataset.View, threads int) *Fitter {
		f := fitter(t, c, Task{Threads: threads}, view, dataset.View{})
		for !f.Done() {
			if _, err := f.Epoch(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		return f
	}
	floats, most := blockFloats, blockMost
	defer func() { blockFloats, blockMost = floats, most }()
	for _, shape := range [][]int{{12, 9, 1}, {8, 9, 17}} {
		view := images(45, shape, 4, 1)
		for name, layers := range nets {
			t.Run(fmt.Sprintf("%s, %d channels", name, shape[2]), func(t *testing.T) {
				c := compile(t, Spec{Layers: layers, Values: fieldsOf{"epochs": int64(2), "batch_size": int64(23)}}, shape, 4)
				blockFloats, blockMost = floats, most
				want := train(c, view, 1)
				for _, size := range []struct {
					floats int64
					most   int
				}{{floats, most}, {1, 5}, {20000, 5}, {40000, 16}} {
					blockFloats, blockMost = size.floats, size.most
					for _, threads := range []int{1, 2, 3} {
						if sameFit(t, want, train(c, view, threads)); t.Failed() {
							t.Fatalf("blocks of %d floats, %d samples, %d threads", size.floats, size.most, threads)
						}
					}
				}
			})
		}
	}
}

// TestNoGradientOfTheInput: before the first weights there is no gradient, whatever comes first, and the convolution
// behind it makes none.
func TestNoGradientOfTheInput(t *testing.T) {
	for _, first := range []string{kindMaxPool, kindAvgPool} {
		c := compile(t, spec(nil, fieldsOf{"type": first}, fieldsOf{"type": kindConv, "filters": int64(2), "kernel_size": int64(3)},
			fieldsOf{"type": kindFlatten}, denseLayer("$classes", "softmax")), []int{8, 8, 1}, 3)
		n := newNetwork(c, 4, true, Streams{}, 1)
		conv := n.operations[1].(*convolution)
		if conv.x.wantsGrad() || conv.bw != nil || !conv.y.wantsGrad() {
			t.Errorf("%s: gradient of the input of the convolution %t, of its output %t", first, conv.x.wantsGrad(), conv.y.wantsGrad())
		}
	}
}
