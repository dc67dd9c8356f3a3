package onnx

import (
	"math"
	"slices"

	"espalier/trainer"
)

// chain adds layers one after the other.
func (e *exporter) chain(forms []trainer.LayerForm, x value) value {
	for i := range forms {
		x = e.layer(&forms[i], x)
		if e.err != nil {
			return x
		}
		x = e.activate(&forms[i], x)
	}
	return x
}

// final adds the last layer; its softmax is the graph's output.
func (e *exporter) final(f *trainer.LayerForm, x value) value {
	x = e.layer(f, x)
	if e.err == nil && (f.Activation != "softmax" || x.isMap()) {
		e.fail(f, "the last layer ends in %q, not in a softmax over classes", f.Activation)
	}
	return e.named(f.Name+".Softmax", outputName, "Softmax", x, []string{x.name}, attribute{"axis", -1})
}

// layer adds one layer without its activation.
func (e *exporter) layer(f *trainer.LayerForm, x value) value {
	switch f.Kind {
	case "dense":
		return e.dense(f, x)
	case "conv2d":
		return e.convolution(f, x)
	case "maxpool2d":
		return e.window(f, "MaxPool", x, nil)
	case "avgpool2d":
		return e.window(f, "AveragePool", x, nil, attribute{"count_include_pad", 0})
	case "global_avg_pool":
		x = e.channelsFirst(f.Name, x)
		x = e.node(f.Name, "GlobalAveragePool", value{shape: []int{1, 1, x.shape[2]}, first: true}, []string{x.name})
		return e.node(f.Name, "Flatten", value{shape: x.shape[2:]}, []string{x.name}, attribute{"axis", 1})
	case "batchnorm":
		return e.normalise(f, x)
	case "flatten":
		return e.flat(f.Name, x)
	case "residual":
		return e.residual(f, x)
	case "dropout", "activation":
		return x
	}
	e.fail(f, "onnx has no layer %q that we know of", f.Kind)
	return x
}

func (e *exporter) dense(f *trainer.LayerForm, x value) value {
	x = e.flat(f.Name, x)
	kernel, ok := e.tensors[f.Name+".kernel"]
	if !ok {
		e.fail(f, "has no kernel")
		return x
	}
	inputs := []string{x.name, e.constant(kernel.Name, kernel.Shape, kernel.Data)}
	y := value{shape: f.Out}
	if bias, ok := e.tensors[f.Name+".bias"]; ok {
		return e.node(f.Name, "Gemm", y, append(inputs, e.constant(bias.Name, bias.Shape, bias.Data)))
	}
	return e.node(f.Name, "MatMul", y, inputs)
}

func (e *exporter) convolution(f *trainer.LayerForm, x value) value {
	kernel, ok := e.tensors[f.Name+".kernel"]
	if !ok {
		e.fail(f, "has no kernel")
		return x
	}
	h, w, in, out := kernel.Shape[0], kernel.Shape[1], kernel.Shape[2], kernel.Shape[3]
	turned := make([]float32, len(kernel.Data))
	for i, v := range kernel.Data {
		o, c, at := i%out, i/out%in, i/out/in
		turned[(o*in+c)*h*w+at] = v
	}
	inputs := []string{e.constant(kernel.Name, []int{out, in, h, w}, turned)}
	if bias, ok := e.tensors[f.Name+".bias"]; ok {
		inputs = append(inputs, e.constant(bias.Name, bias.Shape, bias.Data))
	}
	return e.window(f, "Conv", x, inputs)
}

// window adds an operator that goes over a map in windows.
func (e *exporter) window(f *trainer.LayerForm, op string, x value, more []string, attributes ...attribute) value {
	x = e.channelsFirst(f.Name, x)
	attributes = append([]attribute{
		{"kernel_shape", f.Size[:]}, {"strides", f.Strides[:]},
		{"pads", []int{f.Before[0], f.Before[1], f.After[0], f.After[1]}},
	}, attributes...)
	return e.node(f.Name, op, value{shape: f.Out, first: true}, append([]string{x.name}, more...), attributes...)
}

// normalise adds batch normalisation. Runtimes compute it as x·s + (β − mean·s), which loses what ours keeps where a
// mean is far above its deviation, as with a raw year; the mean is then taken away before.
func (e *exporter) normalise(f *trainer.LayerForm, x value) value {
	x = e.channelsFirst(f.Name, x)
	size := x.shape[len(x.shape)-1]
	part := func(name string, absent float32) trainer.Tensor {
		if t, ok := e.tensors[f.Name+"."+name]; ok {
			return t
		}
		return trainer.Tensor{Name: f.Name + "." + name, Shape: []int{size}, Data: slices.Repeat([]float32{absent}, size)}
	}
	gamma, beta, mean, variance := part("gamma", 1), part("beta", 0), part("moving_mean", 0), part("moving_variance", 1)
	far := false
	for i, v := range variance.Data {
		m := float64(mean.Data[i])
		far = far || m*m > farMean*farMean*(float64(v)+f.Epsilon)
	}
	if far {
		shape := []int{size}
		if x.isMap() {
			shape = []int{size, 1, 1}
		}
		x = e.node(f.Name, "Sub", x, []string{x.name, e.constant(mean.Name, shape, mean.Data)})
		mean = trainer.Tensor{Name: f.Name + ".no_mean", Shape: []int{size}, Data: make([]float32, size)}
	}
	inputs := []string{x.name}
	for _, t := range []trainer.Tensor{gamma, beta, mean, variance} {
		inputs = append(inputs, e.constant(t.Name, t.Shape, t.Data))
	}
	return e.node(f.Name, "BatchNormalization", x, inputs, attribute{"epsilon", float32(f.Epsilon)})
}

// farMean is how many deviations a mean may be from zero to be left to the runtime: six bits of the result's 24.
const farMean = 64

func (e *exporter) residual(f *trainer.LayerForm, x value) value {
	x = e.channelsFirst(f.Name, x) // both branches in one order
	inner := e.channelsFirst(f.Name, e.chain(f.Inner, x))
	if f.Projection != nil {
		x = e.layer(f.Projection, x)
	}
	return e.node(f.Name, "Add", value{shape: f.Out, first: inner.first}, []string{inner.name, x.name})
}

// activate adds a layer's activation; that of the last layer is final's.
func (e *exporter) activate(f *trainer.LayerForm, x value) value {
	apply := func(op string, attributes ...attribute) value {
		return e.node(f.Name, op, x, []string{x.name}, attributes...)
	}
	switch f.Activation {
	case "", "linear":
		return x
	case "relu":
		return apply("Relu")
	case "leaky_relu":
		return apply("LeakyRelu", attribute{"alpha", float32(0.3)})
	case "elu":
		return apply("Elu", attribute{"alpha", float32(1)})
	case "tanh":
		return apply("Tanh")
	case "sigmoid":
		return apply("Sigmoid")
	case "gelu":
		return e.gelu(f.Name, x)
	}
	e.fail(f, "onnx has no activation %q that we know of", f.Activation)
	return x
}

// gelu is x·½(1 + erf(x/√2)).
func (e *exporter) gelu(scope string, x value) value {
	scalar := func(name string, v float32) string { return e.constant(scope+"."+name, nil, []float32{v}) }
	y := e.node(scope, "Mul", x, []string{x.name, scalar("root", 1/math.Sqrt2)})
	y = e.node(scope, "Erf", y, []string{y.name})
	y = e.node(scope, "Add", y, []string{y.name, scalar("one", 1)})
	half := e.node(scope, "Mul", x, []string{x.name, scalar("half", 0.5)})
	return e.node(scope, "Mul", x, []string{half.name, y.name})
}
