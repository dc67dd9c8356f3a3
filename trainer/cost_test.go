package trainer

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// TestCostForecastsMemory holds the forecast of a fit's memory against what it takes.
func TestCostForecastsMemory(t *testing.T) {
	gap, norm := fieldsOf{"type": "global_avg_pool"}, fieldsOf{"type": "batchnorm"}
	conv := func(filters, kernel int, activation string) map[string]any {
		return fieldsOf{"type": "conv2d", "filters": int64(filters), "kernel_size": int64(kernel), "padding": "same", "activation": activation}
	}
	residual := fieldsOf{"type": "residual", "layers": []any{conv(32, 3, "relu"), conv(32, 3, "relu")}}
	net := func(batch int, values fieldsOf, layers ...map[string]any) Spec {
		s := spec(fieldsOf{"batch_size": int64(batch)}, append(layers, denseLayer("$classes", "softmax"))...)
		for name, v := range values {
			s.Values[name] = v
		}
		return s
	}
	for _, row := range []struct {
		name string
		side int
		spec Spec
	}{
		{"mlp", 28, reportedMLP(fieldsOf{"batch_size": int64(128)})},
		{"cnn 1", 28, reportedCNN(1, fieldsOf{"batch_size": int64(128)})},
		{"cnn 2", 28, reportedCNN(2, fieldsOf{"batch_size": int64(128)})},
		{"cnn 3", 28, reportedCNN(3, fieldsOf{"batch_size": int64(128)})},
		{"cnn 4", 28, reportedCNN(4, fieldsOf{"batch_size": int64(128)})},
		{"a batch cut to the rows", 28, reportedCNN(1, fieldsOf{"batch_size": int64(10_000)})},
		{"512 channels", 7, net(32, nil, conv(512, 3, "relu"), conv(512, 3, "relu"), conv(512, 3, "relu"), gap)},
		{"256 channels", 14, net(64, nil, conv(256, 3, "relu"), conv(256, 3, "relu"), conv(256, 3, "relu"), gap)},
		{"57×57 kernels", 28, net(128, nil, conv(16, 3, "relu"), conv(16, 57, "relu"), conv(16, 57, "relu"), gap)},
		{"15×15 kernels on 7×7", 7, net(128, nil, conv(64, 15, "relu"), conv(64, 15, "relu"), conv(64, 15, "relu"), gap)},
		{"11×11 kernels", 28, net(128, nil, conv(64, 11, "relu"), conv(64, 11, "relu"), gap)},
		{"residual blocks", 28, net(128, nil, conv(32, 3, "relu"), residual, residual, gap)},
		{"batch norms", 28, net(128, nil, conv(32, 3, "relu"), norm, conv(32, 3, "relu"), norm, conv(32, 3, "relu"), norm, gap)},
		{"gelu", 28, net(128, nil, conv(32, 3, "gelu"), conv(32, 3, "gelu"), gap)},
		{"no state", 28, net(16, fieldsOf{"optimizer": "sgd"}, denseLayer(int64(1000), "relu"))},
		{"much state", 28, net(16, fieldsOf{"ema": 0.9, "early_stopping": fieldsOf{"restore_best": true}}, denseLayer(int64(1000), "relu"))},
	} {
		view := images(256, []int{row.side, row.side, 1}, 10, 1)
		c := compile(t, row.spec, []int{row.side, row.side, 1}, 10)
		for _, threads := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s, %d threads", row.name, threads), func(t *testing.T) {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				f := fitter(t, c, Task{Threads: threads}, view, view)
				runtime.GC()
				runtime.ReadMemStats(&after)
				taken := float64(after.HeapAlloc) - float64(before.HeapAlloc)
				forecast := c.Memory(view.Len(), threads)
				say := t.Logf
				if ratio := float64(forecast) / taken; ratio < 0.95 || ratio > 1.05 {
					say = t.Errorf
				}
				say("a forecast of %s for %s", formatBytes(forecast), formatBytes(int64(taken)))
				runtime.KeepAlive(f)
			})
		}
	}
}

// TestMemoryOfAnySize: the forecast is arithmetic, whatever the sizes.
func TestMemoryOfAnySize(t *testing.T) {
	conv := func(filters, height, width int64) map[string]any {
		return fieldsOf{"type": "conv2d", "filters": filters, "kernel_size": []any{height, width}, "padding": "same"}
	}
	flat := fieldsOf{"type": "flatten"}
	began := time.Now()
	for _, row := range []struct {
		shape  []int
		layers []map[string]any
	}{
		{[]int{28, 28, 1}, []map[string]any{conv(1<<62, 3, 3), conv(1<<62, 3, 3), flat}},
		{[]int{28, 28, 1}, []map[string]any{conv(1<<26, 3, 3), conv(1<<20, 1, 1), flat}},
		{[]int{28, 28, 1}, []map[string]any{conv(1<<29, 1, 1), conv(1<<29, 57, 57), flat}},
		{[]int{28, 28, 1}, []map[string]any{conv(1<<30, 1, 1), flat}},
		{[]int{28, 28, 1}, []map[string]any{conv(1<<19, 1, 1), fieldsOf{"type": "residual", "layers": []any{conv(1<<16, 1, 1), conv(1<<18, 1, 1)}}, flat}},
		{[]int{1, 1 << 29, 1}, []map[string]any{conv(16, 1, 1<<30), flat}},
		{[]int{1, 1 << 22, 1}, []map[string]any{conv(16, 1, 1<<23), flat}},
		{[]int{1, 1 << 22, 1}, []map[string]any{conv(1<<20, 1, 1), conv(1<<3, 1, 1<<6), flat}},
		{[]int{1 << 10, 1 << 20, 1}, []map[string]any{conv(16, 3, 3), flat}},
		{[]int{1 << 30}, []map[string]any{denseLayer(int64(1)<<62, "gelu")}},
	} {
		c, problems := Compile(Spec{Layers: append(row.layers, denseLayer("$classes", "softmax"))}, row.shape, 3)
		if c != nil || len(problems) != 1 {
			t.Errorf("%v on %v: accepted; %v", row.layers, row.shape, problems)
			continue
		}
		t.Log(problems[0])
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
}
