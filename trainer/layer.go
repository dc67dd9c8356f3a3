package trainer

import (
	"fmt"
	"slices"
)

// layer is one layer of a checked model: its fields as Keras names them, and its shapes.
// Which fields mean something depends on kind; the rest are zero.
type layer struct {
	kind string
	path string // "layers.3", or "layers.3.layers.0" within a residual block: prefix of its variables' names
	key  string // "model.layers[3]": where problems are reported

	units       int    // dense; filters of conv2d
	size        [2]int // kernel_size or pool_size, height first
	strides     [2]int
	same        bool // padding "same"
	activation  string
	bias        bool
	initializer string
	rate        float64 // dropout
	momentum    float64 // batchnorm
	epsilon     float64
	center      bool
	scale       bool
	inner       []*layer // residual
	projection  *layer   // residual: the 1×1 convolution (or dense layer) of the shortcut, nil for the identity

	packed    bool  // conv2d that reads the input itself, its channels not padded
	in, out   []int // without the batch dimension: [features] or [H W C]
	variables []variable
}

const (
	kindDense      = "dense"
	kindConv       = "conv2d"
	kindMaxPool    = "maxpool2d"
	kindAvgPool    = "avgpool2d"
	kindGlobalPool = "global_avg_pool"
	kindDropout    = "dropout"
	kindBatchNorm  = "batchnorm"
	kindFlatten    = "flatten"
	kindActivation = "activation"
	kindResidual   = "residual"
)

var layerNames = []string{
	kindActivation, kindAvgPool, kindBatchNorm, kindConv, kindDense, kindDropout, kindFlatten, kindGlobalPool, kindMaxPool, kindResidual,
}

var activationNames = []string{"elu", "gelu", "leaky_relu", "linear", "relu", "sigmoid", "softmax", "tanh"}

// classesReference is "$classes" without its dollar: the number of classes of the data.
const classesReference = "classes"

// reading is what readLayers needs beside the tables.
type reading struct {
	values      map[string]any // point, fixed parameters, and "classes"
	initializer string         // default of kernel_initializer
	problems    []Problem
}

// readLayers turns tables into layers; canonical are the tables with references resolved and
// defaults written out. Layers of unknown type are left out (and reported).
func (r *reading) readLayers(tables []map[string]any, path, key string) (layers []*layer, canonical []map[string]any) {
	for i, table := range tables {
		l := &layer{path: fmt.Sprintf("%s.%d", path, i), key: fmt.Sprintf("%s[%d]", key, i)}
		f := &fields{table: table, path: l.key, values: r.values}
		r.readLayer(l, f)
		r.problems = append(r.problems, f.problems...)
		if l.kind != "" {
			layers = append(layers, l)
			canonical = append(canonical, f.resolved)
		}
	}
	return layers, canonical
}

func (r *reading) readLayer(l *layer, f *fields) {
	value, source, ok := f.get("type")
	if !ok {
		if _, given := f.table["type"]; !given {
			f.report("type", "", "missing").Known = layerNames
		}
		return
	}
	kind, _ := value.(string)
	if !slices.Contains(layerNames, kind) {
		f.report("type", source, "unknown layer type %s", quote(value)).Known = layerNames
		return
	}
	l.kind = kind
	f.set("type", kind)
	switch kind {
	case kindDense:
		l.units = r.required(f, "units")
		r.readKernelFields(l, f)
	case kindConv:
		l.units = r.required(f, "filters")
		if _, given := f.table["kernel_size"]; !given {
			f.report("kernel_size", "", "missing: conv2d needs it")
		}
		l.size = f.pair("kernel_size", [2]int{3, 3})
		l.strides = f.pair("strides", [2]int{1, 1})
		l.same = r.padding(f)
		r.readKernelFields(l, f)
	case kindMaxPool, kindAvgPool:
		l.size = f.pair("pool_size", [2]int{2, 2})
		l.strides = f.pair("strides", l.size)
		l.same = r.padding(f)
	case kindDropout:
		if _, given := f.table["rate"]; !given {
			f.report("rate", "", "missing: dropout needs it")
		}
		l.rate = f.real("rate", 0, fraction)
	case kindBatchNorm:
		l.momentum = f.real("momentum", 0.99, domain{low: 0, high: 1})
		l.epsilon = f.real("epsilon", 1e-3, positive)
		l.center = f.truth("center", true)
		l.scale = f.truth("scale", true)
	case kindActivation:
		if _, given := f.table["activation"]; !given {
			f.report("activation", "", "missing").Known = activationNames
		}
		l.activation = f.choice("activation", "linear", activationNames, nil)
	case kindResidual:
		r.readResidual(l, f)
	}
	f.end("layer type " + quote(kind))
}

// required reads a width; layers refuse none and what int64 arithmetic could not bear is refused by size later.
func (r *reading) required(f *fields, name string) int {
	if _, given := f.table[name]; !given {
		f.report(name, "", "missing: %s needs it", f.table["type"])
		f.known = append(f.known, name)
		return 1
	}
	return int(f.integer(name, 1, 1))
}

func (r *reading) padding(f *fields) (same bool) {
	return f.choice("padding", "valid", []string{"same", "valid"}, nil) == "same"
}

// readKernelFields reads what layers with a kernel have in common.
func (r *reading) readKernelFields(l *layer, f *fields) {
	l.activation = f.choice("activation", "linear", activationNames, nil)
	l.bias = f.truth("use_bias", true)
	l.initializer = f.choice("kernel_initializer", r.initializer, initializerNames, nil)
}

// readResidual reads the block's own layers. Its activation is applied after the sum.
func (r *reading) readResidual(l *layer, f *fields) {
	l.activation = f.choice("activation", "linear", activationNames, nil)
	l.initializer = f.choice("kernel_initializer", r.initializer, initializerNames, nil)
	value, source, ok := f.get("layers")
	list, isList := value.([]any)
	if typed, is := value.([]map[string]any); is {
		isList = true
		for _, t := range typed {
			list = append(list, t)
		}
	}
	switch _, given := f.table["layers"]; {
	case !given:
		f.report("layers", "", "missing: residual needs them")
		return
	case !ok: // a reference to nothing, which is reported
		return
	case !isList:
		f.report("layers", source, "want a list of layers, have %s", quote(value))
		return
	case len(list) == 0:
		f.report("layers", source, "must hold at least one layer")
		return
	}
	var tables []map[string]any
	for i, v := range list {
		table, isTable := v.(map[string]any)
		if !isTable {
			f.report(fmt.Sprintf("layers[%d]", i), "", "want a table with a type, have %s", quote(v))
			return
		}
		if table["type"] == kindResidual {
			f.report(fmt.Sprintf("layers[%d]", i), "", "a residual block within a residual block")
			return
		}
		tables = append(tables, table)
	}
	var canonical []map[string]any
	l.inner, canonical = r.readLayers(tables, l.path+".layers", l.key+".layers")
	all := make([]any, len(canonical))
	for i, table := range canonical {
		all[i] = table
	}
	f.set("layers", all)
}

// References lists the "$names" that the layers use, sorted, without "classes".
func References(layers []map[string]any) []string {
	var names []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			if len(v) > 1 && v[0] == '$' && v[1:] != classesReference {
				names = append(names, v[1:])
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		case []map[string]any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(layers)
	slices.Sort(names)
	return slices.Compact(names)
}
