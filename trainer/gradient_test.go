package trainer

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"espalier/trainer/dataset"
)

// TestFiniteDifferences holds the gradient of every layer against differences of the loss along random
// directions. A dense layer stands before each, so that the input gradient takes part.
func TestFiniteDifferences(t *testing.T) {
	first := fieldsOf{"type": "dense", "units": int64(19), "activation": "tanh"}
	last := denseLayer("$classes", "softmax")
	for _, row := range []struct {
		name   string
		layers []map[string]any
		values fieldsOf
		kinks  bool
	}{
		{name: "dense linear", layers: []map[string]any{denseLayer(int64(5), "linear")}},
		{name: "dense without bias", layers: []map[string]any{{"type": "dense", "units": int64(5), "use_bias": false}}},
		{name: "relu", layers: []map[string]any{denseLayer(int64(33), "relu")}, kinks: true},
		{name: "relu and dropout", layers: []map[string]any{denseLayer(int64(33), "relu"), dropoutLayer(0.3)}, kinks: true},
		{name: "relu, dropout, batchnorm", layers: []map[string]any{denseLayer(int64(33), "relu"), dropoutLayer(0.3), {"type": "batchnorm"}}, kinks: true},
		{name: "leaky_relu", layers: []map[string]any{denseLayer(int64(9), "leaky_relu")}, kinks: true},
		{name: "elu", layers: []map[string]any{denseLayer(int64(9), "elu")}},
		{name: "gelu", layers: []map[string]any{denseLayer(int64(9), "gelu")}},
		{name: "sigmoid", layers: []map[string]any{denseLayer(int64(9), "sigmoid")}},
		{name: "activation layer", layers: []map[string]any{dropoutLayer(0.3), {"type": "activation", "activation": "gelu"}}},
		{name: "fused activation layer", layers: []map[string]any{denseLayer(int64(9), "linear"), {"type": "activation", "activation": "elu"}}},
		{name: "dropout", layers: []map[string]any{dropoutLayer(0.3)}},
		{name: "dropout after tanh and relu", layers: []map[string]any{dropoutLayer(0.3), {"type": "activation", "activation": "relu"}, dropoutLayer(0.2)}, kinks: true},
		{name: "batchnorm", layers: []map[string]any{{"type": "batchnorm"}}},
		{name: "batchnorm without scale and shift", layers: []map[string]any{{"type": "batchnorm", "scale": false, "center": false}}},
		{name: "batchnorm, relu, dropout", layers: []map[string]any{{"type": "batchnorm"}, {"type": "activation", "activation": "relu"}, dropoutLayer(0.2)}, kinks: true},
		{name: "flatten", layers: []map[string]any{{"type": "flatten"}}},
		{name: "residual", layers: []map[string]any{{"type": "residual", "layers": []any{denseLayer(int64(19), "tanh")}}}},
		{name: "residual after relu", layers: []map[string]any{denseLayer(int64(9), "relu"), {"type": "residual", "layers": []any{denseLayer(int64(9), "relu")}}}, kinks: true},
		{name: "residual with projection", layers: []map[string]any{{"type": "residual", "activation": "relu", "layers": []any{denseLayer(int64(7), "tanh"), dropoutLayer(0.2)}}}, kinks: true},
		{name: "dropout before the softmax", layers: []map[string]any{denseLayer(int64(4), "linear"), dropoutLayer(0.3), {"type": "activation", "activation": "softmax"}}},
		{name: "relu before the softmax", layers: []map[string]any{denseLayer(int64(4), "relu"), dropoutLayer(0.3), {"type": "activation", "activation": "softmax"}}, kinks: true},
		{name: "batchnorm before the softmax", layers: []map[string]any{denseLayer(int64(4), "linear"), {"type": "batchnorm"}, {"type": "activation", "activation": "softmax"}}},
		{name: "label smoothing", values: fieldsOf{"label_smoothing": 0.2}},
		{name: "l2", values: fieldsOf{"l2": 0.01}},
	} {
		t.Run(row.name, func(t *testing.T) {
			layers := append([]map[string]any{first}, row.layers...)
			if n := len(row.layers); n == 0 || row.layers[n-1]["activation"] != "softmax" {
				layers = append(layers, last)
			}
			checkGradient(t, compile(t, Spec{Layers: layers, Values: row.values}, []int{11}, 4), table(23, 11, 4, 1), row.kinks)
		})
	}
}

// TestFiniteDifferencesOfMaps is the same for layers of maps, behind a convolution and before a pooled output.
func TestFiniteDifferencesOfMaps(t *testing.T) {
	conv := func(filters, size, stride int, padding, activation string) map[string]any {
		return fieldsOf{"type": "conv2d", "filters": int64(filters), "kernel_size": int64(size), "strides": int64(stride), "padding": padding, "activation": activation}
	}
	norm, relu := fieldsOf{"type": "batchnorm"}, fieldsOf{"type": "activation", "activation": "relu"}
	type layers = []map[string]any
	for _, row := range []struct {
		name   string
		layers layers
		kinks  bool
	}{
		{name: "conv", layers: layers{conv(5, 3, 1, "same", "tanh")}},
		{name: "conv of 17 channels", layers: layers{conv(17, 3, 1, "same", "tanh"), conv(18, 3, 1, "same", "linear")}},
		{name: "conv valid", layers: layers{conv(5, 2, 1, "valid", "linear")}},
		{name: "conv with strides", layers: layers{conv(5, 3, 2, "same", "gelu")}},
		{name: "conv 5×5 with strides of 3", layers: layers{conv(5, 5, 3, "same", "sigmoid")}},
		{name: "conv 1×1", layers: layers{conv(5, 1, 1, "valid", "elu")}},
		{name: "conv relu", layers: layers{conv(5, 3, 1, "same", "relu"), conv(4, 3, 1, "same", "relu")}, kinks: true},
		{name: "conv relu dropout conv", layers: layers{conv(5, 3, 1, "same", "relu"), dropoutLayer(0.3), conv(4, 3, 1, "same", "tanh")}, kinks: true},
		{name: "conv relu dropout pool", layers: layers{conv(5, 3, 1, "same", "relu"), dropoutLayer(0.3), {"type": "maxpool2d"}}, kinks: true},
		{name: "max pool", layers: layers{{"type": "maxpool2d"}, conv(4, 3, 1, "same", "tanh")}, kinks: true},
		{name: "max pool that overlaps", layers: layers{{"type": "maxpool2d", "pool_size": int64(3), "strides": int64(2)}}, kinks: true},
		{name: "max pool and dropout", layers: layers{conv(4, 3, 1, "same", "relu"), {"type": "maxpool2d"}, dropoutLayer(0.3), conv(4, 3, 1, "same", "tanh")}, kinks: true},
		{name: "max pool over the edge", layers: layers{conv(5, 3, 1, "same", "relu"), {"type": "maxpool2d", "pool_size": []any{int64(3), int64(2)}, "strides": int64(2), "padding": "same"}}, kinks: true},
		{name: "average pool over the edge", layers: layers{{"type": "avgpool2d", "pool_size": []any{int64(3), int64(2)}, "strides": []any{int64(2), int64(1)}, "padding": "same"}}},
		{name: "average pool", layers: layers{{"type": "avgpool2d"}, dropoutLayer(0.3), conv(4, 3, 1, "same", "tanh")}},
		{name: "average pool of relu", layers: layers{conv(5, 3, 1, "same", "relu"), {"type": "avgpool2d", "pool_size": int64(3), "strides": int64(1)}}, kinks: true},
		{name: "global pool", layers: layers{{"type": "global_avg_pool"}, denseLayer(int64(6), "tanh")}},
		{name: "global pool of relu and dropout", layers: layers{conv(5, 3, 1, "same", "relu"), dropoutLayer(0.3), {"type": "global_avg_pool"}}, kinks: true},
		{name: "batchnorm", layers: layers{norm, conv(4, 3, 1, "same", "tanh")}},
		{name: "batchnorm relu dropout", layers: layers{conv(4, 3, 1, "same", "linear"), norm, relu, dropoutLayer(0.2), conv(4, 3, 1, "same", "tanh")}, kinks: true},
		{name: "flatten of relu and dropout", layers: layers{conv(5, 3, 1, "same", "relu"), dropoutLayer(0.3), {"type": "flatten"}, dropoutLayer(0.2), norm}, kinks: true},
		{name: "residual", layers: layers{{"type": "residual", "layers": []any{conv(6, 3, 1, "same", "tanh"), norm, conv(6, 3, 1, "same", "linear")}}}},
		{name: "residual with projection", layers: layers{{"type": "residual", "activation": "relu", "layers": []any{conv(9, 3, 2, "same", "relu"), conv(9, 3, 1, "same", "linear")}}}, kinks: true},
		{name: "residuals in a row", layers: layers{relu, {"type": "residual", "layers": []any{conv(6, 3, 1, "same", "relu")}}, {"type": "residual", "layers": []any{norm, relu, conv(6, 3, 1, "same", "linear")}}}, kinks: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			all := append(append(layers{conv(6, 3, 1, "same", "tanh")}, row.layers...), denseLayer("$classes", "softmax"))
			checkGradient(t, compile(t, Spec{Layers: all}, []int{7, 6, 2}, 4), images(13, []int{7, 6, 2}, 4, 1), row.kinks)
		})
	}
	for name, first := range map[string]layers{
		"batchnorm of the input":    {norm, conv(3, 3, 1, "same", "tanh")},
		"pool of the input":         {{"type": "maxpool2d"}, conv(3, 3, 1, "same", "tanh")},
		"dropout of the input":      {dropoutLayer(0.2), conv(3, 3, 1, "same", "tanh")},
		"dropout and dense":         {dropoutLayer(0.2), denseLayer(int64(5), "tanh")},
		"residual of the input":     {{"type": "residual", "layers": []any{conv(3, 3, 2, "same", "tanh")}}},
		"activation of the input":   {{"type": "activation", "activation": "tanh"}, conv(3, 3, 1, "same", "tanh")},
		"global pool of the input":  {{"type": "global_avg_pool"}, denseLayer(int64(5), "tanh")},
		"flatten and normalisation": {{"type": "flatten"}, norm, denseLayer(int64(5), "tanh")},
	} {
		t.Run(name, func(t *testing.T) {
			all := append(first, denseLayer("$classes", "softmax"))
			checkGradient(t, compile(t, Spec{Layers: all}, []int{7, 6, 2}, 4), images(13, []int{7, 6, 2}, 4, 1), false)
		})
	}
}

func checkGradient(t *testing.T, c *Config, view dataset.View, kinks bool) {
	t.Helper()
	const seed = 11
	r := rand.New(rand.NewPCG(seed, 1))
	f := fitter(t, c, Task{}, view, dataset.View{})
	positions := make([]int32, view.Len())
	for i := range positions {
		positions[i] = int32(i)
	}
	f.rows.numbers, f.rows.labels = make([]int32, len(positions)), make([]int32, len(positions))
	p := newPass(f.network.crew, 0, len(positions))
	p.training, p.step = true, 3
	f.rows.load(f.network.input.value, positions, &p)
	w := f.network.values
	// Away from constants, so that no derivative is 0 by symmetry.
	values := c.collect(w)
	for i := range values {
		values[i] += float32(0.1 * r.NormFloat64())
	}
	c.scatter(w, values)
	loss := func() float64 {
		f.network.forward(&p)
		f.network.judge(&p, f.rows.labels)
		sum, _ := f.network.loss(len(positions))
		return sum/float64(len(positions)) + f.network.penalty()
	}
	loss()
	f.network.backward(&p)
	f.network.penalise(&p)
	gradient := slices.Clone(f.network.gradients)
	start := slices.Clone(values)
	along := func(direction []float64, h float64) float64 {
		var ends [2]float64
		for side, sign := range []float64{1, -1} {
			for i := range values {
				values[i] = start[i] + float32(sign*h*direction[i])
			}
			c.scatter(w, values)
			ends[side] = loss()
		}
		return (ends[0] - ends[1]) / (2 * h)
	}
	// One direction for each variable, then some through all of them.
	sizes := []int{}
	for _, v := range c.variables {
		if v.trainable {
			sizes = append(sizes, v.elements())
		}
	}
	for trial := range len(sizes) + 3 {
		direction := make([]float64, len(values))
		from, to := 0, len(values)
		if trial < len(sizes) {
			for _, s := range sizes[:trial] {
				from += s
			}
			to = from + sizes[trial]
		}
		norm, want := 0.0, 0.0
		for i := from; i < to; i++ {
			direction[i] = r.NormFloat64()
			norm += sq(direction[i])
		}
		g := c.collect(gradient)
		for i := range direction {
			direction[i] /= math.Sqrt(norm)
			want += direction[i] * float64(g[i])
		}
		// Where a kink lies within h the difference is wrong, where h is small it is rounding: one of some
		// steps must agree.
		tolerance, tries := 1e-3, []float64{0.04}
		if kinks {
			tolerance, tries = 2e-2, []float64{0.002, 0.001, 0.0005, 0.0002, 0.0001}
		}
		var got []float64
		for _, h := range tries {
			// Richardson's extrapolation cancels the error of order h².
			got = append(got, (4*along(direction, h/2)-along(direction, h))/3)
		}
		if !slices.ContainsFunc(got, func(d float64) bool { return math.Abs(d-want) <= tolerance*max(0.03, math.Abs(want)) }) {
			t.Errorf("seed %d, direction %d: differences %.6g, gradient %.6g", seed, trial, got, want)
		}
	}
}
