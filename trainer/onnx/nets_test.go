package onnx

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"espalier/trainer"
	"espalier/trainer/dataset"
)

type layer = map[string]any

// A net is one small network of the table, with the rows it is trained on.
type net struct {
	name   string
	shape  []int
	scale  string
	layers []layer
}

func dense(units any, activation string) layer {
	return layer{"type": "dense", "units": units, "activation": activation}
}

func conv(filters int, size any, more layer) layer {
	l := layer{"type": "conv2d", "filters": int64(filters), "kernel_size": size}
	for k, v := range more {
		l[k] = v
	}
	return l
}

func pair(a, b int) []any { return []any{int64(a), int64(b)} }

var head = dense("$classes", "softmax")

// nets has every layer, activation, padding, stride and scaling there is. Odd sizes make the two paddings of a side differ.
func nets() (all []net) {
	add := func(name string, shape []int, scale string, layers ...layer) {
		all = append(all, net{name, shape, scale, append(layers, head)})
	}
	image, odd := []int{9, 8, 1}, []int{7, 10, 3}
	for _, activation := range []string{"linear", "relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid"} {
		add("dense "+activation, image, dataset.Unit, dense(int64(20), activation))
		add("conv2d "+activation, image, dataset.Unit, conv(5, int64(3), layer{"activation": activation, "padding": "same"}))
		add("activation "+activation, odd, dataset.Unit, conv(5, int64(2), nil), layer{"type": "activation", "activation": activation},
			layer{"type": "flatten"}, dense(int64(7), "linear"), layer{"type": "activation", "activation": activation})
	}
	add("softmax alone", image, dataset.Unit)
	all = append(all, net{"activation softmax", image, dataset.Unit, []layer{dense("$classes", "linear"), {"type": "activation", "activation": "softmax"}}})
	add("no bias", odd, dataset.Unit, conv(6, int64(3), layer{"use_bias": false}), layer{"type": "dense", "units": int64(9), "use_bias": false, "activation": "relu"})
	for _, padding := range []string{"same", "valid"} {
		for _, size := range [][2]int{{1, 1}, {2, 2}, {3, 3}, {5, 2}, {4, 5}} {
			for _, stride := range [][2]int{{1, 1}, {2, 2}, {2, 3}, {3, 1}} {
				add(fmt.Sprintf("conv2d %v stride %v %s", size, stride, padding), odd, dataset.Unit,
					conv(4, pair(size[0], size[1]), layer{"strides": pair(stride[0], stride[1]), "padding": padding, "activation": "tanh"}))
				for _, kind := range []string{"maxpool2d", "avgpool2d"} {
					add(fmt.Sprintf("%s %v stride %v %s", kind, size, stride, padding), odd, dataset.Unit, conv(4, int64(2), nil),
						layer{"type": kind, "pool_size": pair(min(size[0], 4), size[1]), "strides": pair(stride[0], stride[1]), "padding": padding})
				}
			}
		}
	}
	add("strides beyond the map", odd, dataset.Unit, conv(4, int64(3), layer{"strides": int64(50), "padding": "same"}),
		layer{"type": "maxpool2d", "pool_size": int64(1), "strides": int64(9)})
	add("window beyond the map", []int{3, 4, 2}, dataset.Unit, conv(4, pair(7, 5), layer{"padding": "same"}),
		layer{"type": "avgpool2d", "pool_size": pair(6, 9), "strides": int64(2), "padding": "same"})
	add("pool of the input", odd, dataset.Unit, layer{"type": "maxpool2d"}, layer{"type": "avgpool2d", "pool_size": int64(3), "strides": int64(1), "padding": "same"})
	add("28 to 1", []int{28, 28, 1}, dataset.Unit, conv(3, int64(3), layer{"padding": "same"}), layer{"type": "maxpool2d"}, layer{"type": "maxpool2d"},
		layer{"type": "maxpool2d"}, layer{"type": "maxpool2d"})
	add("winograd", []int{14, 14, 16}, dataset.Unit, conv(24, int64(3), layer{"padding": "same", "activation": "relu"}), conv(20, int64(3), layer{"activation": "relu"}))
	add("global", odd, dataset.Unit, conv(6, int64(3), nil), layer{"type": "global_avg_pool"}, dense(int64(8), "relu"))
	add("global of the input", odd, dataset.Unit, layer{"type": "global_avg_pool"}, dense(int64(8), "relu"))
	for _, on := range []layer{{}, {"scale": false}, {"center": false}, {"scale": false, "center": false}, {"epsilon": 0.1}} {
		norm := layer{"type": "batchnorm", "momentum": 0.5}
		for k, v := range on {
			norm[k] = v
		}
		add(fmt.Sprintf("batchnorm of maps %v", on), odd, dataset.Unit, conv(6, int64(3), nil), norm, layer{"type": "activation", "activation": "relu"})
		add(fmt.Sprintf("batchnorm of vectors %v", on), odd, dataset.Unit, dense(int64(9), "linear"), norm, layer{"type": "activation", "activation": "elu"})
	}
	add("batchnorm of the input", odd, dataset.None, layer{"type": "batchnorm", "momentum": 0.1})
	add("batchnorm of a table", []int{6}, dataset.None, layer{"type": "batchnorm", "momentum": 0.1}, dense(int64(5), "relu"))
	add("dropout", odd, dataset.Unit, layer{"type": "dropout", "rate": 0.2}, conv(6, int64(3), layer{"activation": "relu"}), layer{"type": "dropout", "rate": 0.5},
		layer{"type": "flatten"}, layer{"type": "dropout", "rate": 0.1})
	block := func(activation string, layers ...any) layer {
		return layer{"type": "residual", "activation": activation, "layers": layers}
	}
	same := func(filters, stride int) layer {
		return conv(filters, int64(3), layer{"padding": "same", "strides": int64(stride), "activation": "relu"})
	}
	for _, activation := range []string{"linear", "relu", "gelu"} {
		add("residual "+activation, odd, dataset.Unit, same(6, 1), block(activation, same(6, 1), layer{"type": "batchnorm", "momentum": 0.5}))
	}
	add("residual projected", odd, dataset.Unit, same(6, 1), block("relu", same(8, 2), same(8, 1)), block("elu", same(8, 1)), layer{"type": "global_avg_pool"})
	add("residual of the input", odd, dataset.Unit, block("relu", same(3, 1)), block("linear", same(5, 1)))
	add("residual of vectors", []int{6}, dataset.None, block("tanh", dense(int64(6), "relu")), block("relu", dense(int64(9), "relu")))
	add("residual of dropout alone", odd, dataset.Unit, block("relu", layer{"type": "dropout", "rate": 0.5}))
	for _, scale := range []string{dataset.Unit, dataset.Standard, dataset.None} {
		add("scale "+scale, odd, scale, layer{"type": "batchnorm", "momentum": 0.1}, conv(5, int64(3), nil))
		add("scale "+scale+" flat", odd, scale, layer{"type": "flatten"}, layer{"type": "batchnorm", "momentum": 0.1})
	}
	add("scale standard of a table", []int{6}, dataset.Standard, dense(int64(12), "relu"))
	add("scale none of a table", []int{6}, dataset.None, layer{"type": "batchnorm", "momentum": 0.1}, dense(int64(12), "relu"))
	return all
}

const classes = 5

// rows makes training rows of a net. Those of a table lie far from zero, each column elsewhere.
func (n net) rows(t testing.TB, count int) (v dataset.View, raw []float32) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(count)))
	size := 1
	for _, d := range n.shape {
		size *= d
	}
	rows := &dataset.Rows{N: count, Labels: make([]int32, count)}
	for i := range rows.Labels {
		rows.Labels[i] = int32(i % classes)
	}
	info := dataset.Info{Kind: dataset.Images, Shape: n.shape}
	if len(n.shape) == 1 {
		info = dataset.Info{Kind: dataset.Table, Shape: n.shape}
		for c := range size {
			info.Columns = append(info.Columns, dataset.Column{Name: fmt.Sprintf("column %d", c)})
		}
		for range count {
			for c := range size {
				mean := []float64{0, 2019, -1.7e6, 3e-4, 1, 40}[c]
				x := float32(mean + r.NormFloat64()*[]float64{1, 3, 200, 1e-5, 0, 25}[c])
				rows.Cells, raw = append(rows.Cells, float64(x)), append(raw, x)
			}
		}
		rows.Levels = make([][]string, size)
	} else {
		rows.Pixels = make([]byte, count*size)
		for i := range rows.Pixels {
			x := r.IntN(60)
			if i%size%classes == i/size%classes {
				x += 150
			}
			rows.Pixels[i] = byte(x)
			raw = append(raw, float32(x))
		}
	}
	prep, err := dataset.FitPreprocessing(info, rows, nil, n.scale)
	if err != nil {
		t.Fatal(err)
	}
	return dataset.NewView(rows, nil, prep), raw
}

// fit trains a spec for an epoch.
func fit(t testing.TB, spec trainer.Spec, train dataset.View, names []string) *trainer.Model {
	t.Helper()
	c, problems := trainer.Compile(spec, train.Prep.Shape, len(names))
	if c == nil {
		t.Fatalf("compile: %v", problems)
	}
	m, err := trainer.Fit(context.Background(), c, trainer.Task{Streams: trainer.RefitStreams(3)}, train, dataset.View{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = names
	return m
}

var classNames = []string{"a", "b", "c", "d", "e"}

// model trains the net for an epoch, so that no moving statistic and no bias is what it began as.
func (n net) model(t testing.TB) (m *trainer.Model, raw []float32, view dataset.View) {
	t.Helper()
	view, raw = n.rows(t, 130)
	spec := trainer.Spec{Layers: n.layers, Values: map[string]any{"batch_size": int64(16), "epochs": int64(2), "learning_rate": 0.01}}
	m = fit(t, spec, view, classNames)
	m.Provenance.Sweep, m.Provenance.SweepID, m.Provenance.Data, m.Provenance.Version = n.name, "00ff", "aa11", "v1.2.3"
	return m, raw, view
}
