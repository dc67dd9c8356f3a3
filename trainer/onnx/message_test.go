package onnx

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"espalier/trainer"
	"espalier/trainer/dataset"
)

// decoded is a message by field number: numbers as uint64, the rest as bytes.
type decoded map[protowire.Number][]any

// decode takes a message apart; whatever is not well formed ends the test.
func decode(t testing.TB, data []byte) decoded {
	t.Helper()
	out := decoded{}
	for len(data) > 0 {
		field, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		data = data[n:]
		var v any
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			v, n = protowire.ConsumeFixed32(data)
		case protowire.BytesType:
			v, n = protowire.ConsumeBytes(data)
		default:
			t.Fatalf("field %d of kind %d", field, kind)
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		out[field] = append(out[field], v)
		data = data[n:]
	}
	return out
}

func (d decoded) texts(field protowire.Number) (out []string) {
	for _, v := range d[field] {
		out = append(out, string(v.([]byte)))
	}
	return out
}

func (d decoded) text(field protowire.Number) string {
	if len(d[field]) != 1 {
		return fmt.Sprint(d[field])
	}
	return string(d[field][0].([]byte))
}

func (d decoded) number(field protowire.Number) int {
	if len(d[field]) != 1 {
		return -1
	}
	return int(int64(d[field][0].(uint64)))
}

func (d decoded) parts(t testing.TB, field protowire.Number) (out []decoded) {
	for _, v := range d[field] {
		out = append(out, decode(t, v.([]byte)))
	}
	return out
}

func (d decoded) part(t testing.TB, field protowire.Number) decoded {
	t.Helper()
	if len(d[field]) != 1 {
		t.Fatalf("field %d stands %d times", field, len(d[field]))
	}
	return d.parts(t, field)[0]
}

// declared is a ValueInfoProto as "name[N 28 28 1]"; the field numbers are onnx.proto's, written out.
func declared(t testing.TB, d decoded) string {
	tensor := d.part(t, 2).part(t, 1)
	if tensor.number(1) != 1 {
		t.Errorf("%s is no float", d.text(1))
	}
	var dims []string
	for _, dim := range tensor.part(t, 2).parts(t, 1) {
		if s := dim.texts(2); len(s) == 1 {
			dims = append(dims, s[0])
		} else {
			dims = append(dims, fmt.Sprint(dim.number(1)))
		}
	}
	return d.text(1) + "[" + strings.Join(dims, " ") + "]"
}

func marshalled(t testing.TB, m *trainer.Model) []byte {
	t.Helper()
	data, err := Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGraphsAreSound reads every net of the table back: what a node reads was computed before it, names are unique,
// constants hold what their shape says, all are used.
func TestGraphsAreSound(t *testing.T) {
	for _, n := range nets() {
		m, _, view := n.model(t)
		file := decode(t, marshalled(t, m))
		if file.number(1) != 8 || file.part(t, 8).number(2) != 17 || file.text(2) != "espalier" || file.text(3) != "v1.2.3" {
			t.Fatalf("%s: ir %d, opset %d of %q %q", n.name, file.number(1), file.part(t, 8).number(2), file.text(2), file.text(3))
		}
		g := file.part(t, 7)
		known, used := map[string]bool{"input": true}, map[string]bool{}
		for _, c := range g.parts(t, 5) {
			size := 4
			for _, d := range c[1] {
				size *= int(d.(uint64))
			}
			if raw := c[9][0].([]byte); len(raw) != size || c.number(2) != 1 || known[c.text(8)] {
				t.Errorf("%s: constant %q of %v holds %d bytes", n.name, c.text(8), c[1], len(raw))
			}
			known[c.text(8)] = true
		}
		names := map[string]bool{}
		for _, node := range g.parts(t, 1) {
			for _, in := range node.texts(1) {
				if used[in] = true; !known[in] {
					t.Errorf("%s: node %q reads %q, which is not there yet", n.name, node.text(3), in)
				}
			}
			if names[node.text(3)] || known[node.text(2)] {
				t.Errorf("%s: two nodes %q, or two values %q", n.name, node.text(3), node.text(2))
			}
			names[node.text(3)], known[node.text(2)] = true, true
		}
		delete(known, "probabilities")
		for name := range known {
			if !used[name] {
				t.Errorf("%s: nobody reads %q", n.name, name)
			}
		}
		shape := strings.Trim(fmt.Sprint(view.Prep.Shape), "[]")
		if in, out := declared(t, g.part(t, 11)), declared(t, g.part(t, 12)); in != "input[N "+shape+"]" || out != "probabilities[N 5]" {
			t.Errorf("%s: %s → %s", n.name, in, out)
		}
	}
}

func TestGraph(t *testing.T) {
	n := net{"table", []int{7, 10, 3}, dataset.Unit, []layer{
		conv(4, pair(3, 2), layer{"strides": int64(2), "padding": "same", "activation": "leaky_relu"}),
		{"type": "residual", "layers": []any{conv(6, int64(1), layer{"strides": pair(2, 1)})}},
		{"type": "avgpool2d", "pool_size": int64(2), "strides": int64(1)}, {"type": "dropout", "rate": 0.5}, {"type": "flatten"}, head,
	}}
	m, _, _ := n.model(t)
	data := marshalled(t, m)
	file := decode(t, data)
	g := file.part(t, 7)
	var have []string
	for _, node := range g.parts(t, 1) {
		line := node.text(4) + "(" + strings.Join(node.texts(1), ", ") + ")"
		for _, a := range node.parts(t, 5) {
			switch a.number(20) {
			case 1:
				line += fmt.Sprintf(" %s=%v", a.text(1), math.Float32frombits(a[2][0].(uint32)))
			case 2:
				line += fmt.Sprintf(" %s=%d", a.text(1), a.number(3))
			case 7:
				line += fmt.Sprintf(" %s=%d", a.text(1), a[8])
			default:
				t.Errorf("attribute of type %d", a.number(20))
			}
		}
		have = append(have, line+" → "+node.text(2))
	}
	want := `
Mul(input, input.mul) → input.Mul
Transpose(input.Mul) perm=[0 3 1 2] → layers.0.Transpose
Conv(layers.0.Transpose, layers.0.kernel, layers.0.bias) kernel_shape=[3 2] strides=[2 2] pads=[1 0 1 0] → layers.0.Conv
LeakyRelu(layers.0.Conv) alpha=0.3 → layers.0.LeakyRelu
Conv(layers.0.LeakyRelu, layers.1.layers.0.kernel, layers.1.layers.0.bias) kernel_shape=[1 1] strides=[2 1] pads=[0 0 0 0] → layers.1.layers.0.Conv
Conv(layers.0.LeakyRelu, layers.1.projection.kernel, layers.1.projection.bias) kernel_shape=[1 1] strides=[2 1] pads=[0 0 0 0] → layers.1.projection.Conv
Add(layers.1.layers.0.Conv, layers.1.projection.Conv) → layers.1.Add
AveragePool(layers.1.Add) kernel_shape=[2 2] strides=[1 1] pads=[0 0 0 0] count_include_pad=0 → layers.2.AveragePool
Transpose(layers.2.AveragePool) perm=[0 2 3 1] → layers.4.Transpose
Flatten(layers.4.Transpose) axis=1 → layers.4.Flatten
Gemm(layers.4.Flatten, layers.5.kernel, layers.5.bias) → layers.5.Gemm
Softmax(layers.5.Gemm) axis=-1 → probabilities`
	if got := "\n" + strings.Join(have, "\n"); got != want {
		t.Errorf("%s\nwant%s", got, want)
	}
	if shape := declared(t, g.parts(t, 13)[2]); shape != "layers.0.Conv[N 4 4 5]" {
		t.Errorf("inner value %s", shape)
	}
	for _, c := range g.parts(t, 5) {
		if c.text(8) != "layers.0.kernel" {
			continue
		}
		var kernel trainer.Tensor
		for _, w := range m.Weights().Tensors() {
			if w.Name == "layers.0.kernel" {
				kernel = w
			}
		}
		raw := c[9][0].([]byte)
		for i := range 3 {
			for j := range 2 {
				for in := range 3 {
					for out := range 4 {
						x := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*(((out*3+in)*3+i)*2+j):]))
						if y := kernel.Data[((i*2+j)*3+in)*4+out]; x != y {
							t.Fatalf("kernel [%d %d %d %d] is %v, want %v", out, in, i, j, x, y)
						}
					}
				}
			}
		}
	}
	metadata := map[string]string{}
	for _, e := range file.parts(t, 14) {
		metadata[e.text(1)] = e.text(2)
	}
	for name, text := range map[string]string{"sweep_id": "00ff", "data": "aa11", "seed": "3", "version": "v1.2.3", "kernel": trainer.Kernel(),
		"classes": `["a","b","c","d","e"]`, "scale": "unit"} {
		if metadata[name] != text {
			t.Errorf("metadata %s is %q, want %q", name, metadata[name], text)
		}
	}
	if keys := file.parts(t, 14); len(keys) != len(metadata) {
		t.Errorf("%d entries of metadata under %d names %q", len(keys), len(metadata), slices.Sorted(maps.Keys(metadata)))
	}
	if !bytes.Equal(data, marshalled(t, m)) {
		t.Error("the same model gives other bytes")
	}
}

func TestMarshalRefuses(t *testing.T) {
	n := net{"table", []int{6}, dataset.Standard, []layer{dense(int64(3), "relu"), head}}
	m, _, _ := n.model(t)
	refuses := func(m *trainer.Model, want string) {
		t.Helper()
		if data, err := Marshal(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes, error %v, want %q", len(data), err, want)
		}
	}
	prep := *m.Prep
	prep.Mean = slices.Clone(prep.Mean)
	prep.Mean[2] = 1e300
	far := *m
	far.Prep = &prep
	refuses(&far, `write onnx: column "column 2": mean 1e+300 and deviation`)
	prep.Mean[2], prep.Std = 0, slices.Clone(prep.Std)
	prep.Std[4] = 1e-42
	refuses(&far, `column "column 4"`)
	far.Prep = nil
	refuses(&far, "no preprocessing")

	// A model file is checked for damage, not for its numbers: its last weight is made no number, its digest new.
	file, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	end := len(file) - sha256.Size
	binary.LittleEndian.PutUint32(file[end-4:], math.Float32bits(float32(math.NaN())))
	sum := sha256.Sum256(file[:end])
	copy(file[end:], sum[:])
	bad, err := trainer.LoadModel(file)
	if err != nil {
		t.Fatal(err)
	}
	refuses(bad, `tensor "layers.1.bias" holds NaN`)
}

// TestUnknownForms has a later trainer's layer and activation: what cannot be said is named by its place in the sweep file.
func TestUnknownForms(t *testing.T) {
	for _, row := range []struct {
		form trainer.LayerForm
		want string
	}{
		{trainer.LayerForm{Kind: "attention", Key: "model.layers[3]"}, `model.layers[3]: onnx has no layer "attention" that we know of`},
		{trainer.LayerForm{Kind: "activation", Activation: "swish", Key: "model.layers[1]"}, `model.layers[1]: onnx has no activation "swish"`},
		{trainer.LayerForm{Kind: "dense", Key: "model.layers[0]"}, "model.layers[0]: has no kernel"},
		{trainer.LayerForm{Kind: "conv2d", Key: "model.layers[0]"}, "model.layers[0]: has no kernel"},
	} {
		e := &exporter{graph: graph{names: map[string]int{}}}
		e.chain([]trainer.LayerForm{row.form, {Kind: "flatten", Key: "model.layers[9]"}}, value{name: "input", shape: []int{4, 4, 1}})
		if e.err == nil || !strings.HasPrefix(e.err.Error(), row.want) {
			t.Errorf("%v, want %q", e.err, row.want)
		}
	}
	e := &exporter{graph: graph{names: map[string]int{}}}
	e.final(&trainer.LayerForm{Kind: "flatten", Activation: "relu", Key: "model.layers[2]"}, value{name: "input", shape: []int{4}})
	if e.err == nil || !strings.HasPrefix(e.err.Error(), `model.layers[2]: the last layer ends in "relu"`) {
		t.Error(e.err)
	}
}

func TestTableFeatures(t *testing.T) {
	info := dataset.Info{Kind: dataset.Table, Shape: []int{2}, Columns: []dataset.Column{{Name: "age"}, {Name: "colour", Categorical: true}}}
	rows := &dataset.Rows{N: 4, Labels: []int32{0, 1, 0, 1}, Cells: []float64{30, 0, 40, 1, 50, 2, 60, 1}, Levels: [][]string{nil, {"blue", "green", "red"}}}
	prep, err := dataset.FitPreprocessing(info, rows, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	spec := trainer.Spec{Layers: []layer{head}, Values: map[string]any{"epochs": int64(1)}}
	m := fit(t, spec, dataset.NewView(rows, nil, prep), []string{"no", "yes"})
	g := decode(t, marshalled(t, m))
	if in := declared(t, g.part(t, 7).part(t, 11)); in != "input[N 4]" {
		t.Error(in)
	}
	if have, want := m.Metadata()["features"], `["age","colour=blue","colour=green","colour=red"]`; have != want {
		t.Errorf("features %s, want %s", have, want)
	}
}
