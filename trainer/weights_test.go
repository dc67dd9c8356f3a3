package trainer

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// file makes a safetensors file of a header and a number of bytes of tensors.
func file(header string, bytes int) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), make([]byte, bytes)...)
}

func TestReadWeights(t *testing.T) {
	w, err := ReadWeights(file(`{"__metadata__":{"by":"x"},"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]},"a":{"dtype":"F32","shape":[3,1],"data_offsets":[0,12]},
		"empty":{"dtype":"F32","shape":[0,5],"data_offsets":[20,20]}}  `, 20))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range w.Tensors() {
		got = append(got, fmt.Sprint(x.Name, x.Shape, len(x.Data)))
	}
	if want := []string{"a[3 1] 3", "b[2] 2", "empty[0 5] 0"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// badWeights are safetensors that must be refused, with a part of the message.
func badWeights() map[string]struct {
	data []byte
	want string
} {
	huge := file("{}", 0)
	binary.LittleEndian.PutUint64(huge, 1<<62)
	one := func(entry string, bytes int) []byte { return file(`{"a":{`+entry+`}}`, bytes) }
	return map[string]struct {
		data []byte
		want string
	}{
		"empty":                     {nil, "0 bytes are no safetensors"},
		"a header of 2^62 bytes":    {huge, "the header is said to have 4611686018427387904 bytes"},
		"truncated header":          {file(`{"a":`, 0), "header"},
		"no object":                 {file(`[1]`, 0), "not a JSON object"},
		"two values":                {file(`{} {}`, 0), "more than one"},
		"other dtype":               {one(`"dtype":"F16","shape":[2],"data_offsets":[0,4]`, 4), `tensor "a": dtype "F16", want "F32"`},
		"shape and place differ":    {one(`"dtype":"F32","shape":[2],"data_offsets":[0,4]`, 4), `tensor "a": shape [2] needs 2 values`},
		"beyond the file":           {one(`"dtype":"F32","shape":[2],"data_offsets":[0,8]`, 4), "ends at byte 8, the file holds 4"},
		"negative shape":            {one(`"dtype":"F32","shape":[-2],"data_offsets":[0,8]`, 8), "shape [-2]"},
		"overflowing shape":         {one(`"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]`, 0), "needs"},
		"end before begin":          {one(`"dtype":"F32","shape":[0],"data_offsets":[8,0]`, 8), "data_offsets [8 0]"},
		"three offsets":             {one(`"dtype":"F32","shape":[0],"data_offsets":[0,0,0]`, 0), "data_offsets"},
		"gap":                       {one(`"dtype":"F32","shape":[1],"data_offsets":[4,8]`, 8), "gap or overlap"},
		"bytes after the last":      {one(`"dtype":"F32","shape":[1],"data_offsets":[0,4]`, 8), "accounts for 4 bytes of tensors, the file holds 8"},
		"named twice":               {file(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 0), `tensor "a" stands twice`},
		"metadata that is no table": {file(`{"__metadata__":3}`, 0), "__metadata__"},
		"overlap": {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8),
			`tensor "b" begins at byte 4, want 8`},
	}
}

func TestReadWeightsRefuses(t *testing.T) {
	for name, row := range badWeights() {
		_, err := ReadWeights(row.data)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: error %v, want %q", name, err, row.want)
		}
	}
}

func FuzzSafetensors(f *testing.F) {
	for _, row := range badWeights() {
		f.Add(row.data)
	}
	f.Add(file(`{"a":{"dtype":"F32","shape":[3,1],"data_offsets":[0,12]}}`, 12))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := ReadWeights(data)
		if err != nil {
			return
		}
		again, err := w.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ReadWeights(again)
		if err != nil {
			t.Fatalf("what was read and written does not read: %v", err)
		}
		if len(back.tensors) != len(w.tensors) {
			t.Fatalf("%d tensors became %d", len(w.tensors), len(back.tensors))
		}
		for i, a := range w.tensors {
			b := back.tensors[i]
			if a.Name != b.Name || !slices.Equal(a.Shape, b.Shape) || len(a.Data) != len(b.Data) {
				t.Fatalf("%+v became %+v", a, b)
			}
			for j := range a.Data {
				if math.Float32bits(a.Data[j]) != math.Float32bits(b.Data[j]) {
					t.Fatalf("%s[%d] changed", a.Name, j)
				}
			}
		}
	})
}

func TestCheckWeights(t *testing.T) {
	c := compile(t, spec(nil, denseLayer(int64(5), "relu"), fieldsOf{"type": "batchnorm"}, denseLayer("$classes", "softmax")), []int{4}, 3)
	n := newNetwork(c, 1, false, Streams{}, 1)
	n.draw(Streams{})
	right := c.weights(n.values, n.moving)
	if p := c.CheckWeights(right); p != nil {
		t.Errorf("its own weights: %v", p)
	}
	without := func(name string) *Weights {
		w := &Weights{tensors: slices.Clone(right.tensors)}
		w.tensors = slices.DeleteFunc(w.tensors, func(t Tensor) bool { return t.Name == name })
		return w
	}
	if p := c.CheckWeights(without("layers.1.moving_mean")); p != nil {
		t.Errorf("without a moving statistic: %v", p)
	}
	wrong := without("layers.0.bias")
	wrong.tensors[0].Shape = []int{5, 4}
	wrong.tensors = append(wrong.tensors, Tensor{Name: "layers.3.kernel", Shape: []int{1}, Data: []float32{1}})
	p := c.CheckWeights(wrong)
	if len(p) != 3 || !strings.Contains(p[0].Message, `"layers.0.kernel" has shape [5 4], the model needs [4 5]`) ||
		!strings.Contains(p[1].Message, `no tensor "layers.0.bias" of shape [5]`) || !strings.Contains(p[2].Message, `"layers.3.kernel"`) {
		t.Errorf("%v", p)
	}
	if _, err := NewFitter(c, Task{Init: wrong}, table(10, 4, 3, 1), table(0, 4, 3, 1)); err == nil || !strings.Contains(err.Error(), "and 2 more") {
		t.Errorf("a fitter takes them: %v", err)
	}
}

func TestWeightsSurviveTheirFile(t *testing.T) {
	c := compile(t, mlp(fieldsOf{}), []int{9}, 4)
	f := fitter(t, c, Task{}, table(100, 9, 4, 1), table(0, 9, 4, 1))
	steps(t, f, 3, nil)
	m := f.Model()
	data, err := m.Weights().MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	w, err := ReadWeights(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(w, m.Weights()) {
		t.Error("weights changed on the way through a file")
	}
	g := fitter(t, c, Task{Init: w}, table(100, 9, 4, 1), table(0, 9, 4, 1))
	if !slices.Equal(g.network.values, m.values) || !slices.Equal(g.network.moving, m.moving) {
		t.Error("a fit does not start from the weights given")
	}
}

func TestNewWeights(t *testing.T) {
	for _, row := range []struct {
		tensors []Tensor
		want    string
	}{
		{[]Tensor{{"a", []int{2}, []float32{1, 2}}}, ""},
		{[]Tensor{{"a", []int{2}, []float32{1}}}, "does not hold 1 values"},
		{[]Tensor{{"a", []int{-1}, nil}}, "shape [-1]"},
		{[]Tensor{{"a", nil, []float32{1}}, {"a", nil, []float32{1}}}, `two tensors named "a"`},
	} {
		_, err := NewWeights(row.tensors)
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v: %v", row.tensors, err)
		}
	}
}

// TestSafetensorsMetadata holds what the format asks of a writer: metadata of texts, tensors without gaps that begin at a
// multiple of 8 bytes. Our own reader is strict about the rest.
func TestSafetensorsMetadata(t *testing.T) {
	m, _ := trained(t)
	metadata := m.Metadata()
	data, err := m.Weights().Safetensors(metadata)
	if err != nil {
		t.Fatal(err)
	}
	w, err := ReadWeights(data)
	if err != nil || !reflect.DeepEqual(w, m.Weights()) {
		t.Fatalf("weights changed on the way through a file: %v", err)
	}
	header := data[8 : 8+binary.LittleEndian.Uint64(data)]
	if len(header)%8 != 0 || header[0] != '{' {
		t.Errorf("a header of %d bytes that begins with %q", len(header), header[:1])
	}
	var read struct {
		Metadata map[string]string `json:"__metadata__"`
	}
	if err := json.Unmarshal(header, &read); err != nil || !maps.Equal(read.Metadata, metadata) {
		t.Errorf("metadata %v, want %v: %v", read.Metadata, metadata, err)
	}
	for name, want := range map[string]string{"sweep": "x", "data": "00ff", "seed": "3", "kernel": Kernel(), "classes": `["a","b","c","d"]`, "epochs": "2"} {
		if metadata[name] != want {
			t.Errorf("%s is %q, want %q", name, metadata[name], want)
		}
	}
	if _, known := metadata["trial"]; known {
		t.Error("a trial that is not known is given")
	}
}
