package onnx

import (
	"fmt"
	"maps"
	"slices"

	"espalier/trainer"
)

// sizeLimit is what protobuf allows a message to be, and so the format a file without weights beside it.
const sizeLimit = 1<<31 - 1

// exporter turns a model into a graph, layer by layer. The first error stays.
type exporter struct {
	graph
	tensors map[string]trainer.Tensor
	err     error
}

func (e *exporter) fail(f *trainer.LayerForm, format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("%s: %w", f.Key, fmt.Errorf(format, args...))
	}
}

// Marshal gives the model as an ONNX file. Its bytes are a function of the model. What the format cannot say, or a
// runtime could not hold (weights that are not finite, 2 GiB of them, a mean beyond float32), is an error that
// names the layer or the column.
func Marshal(m *trainer.Model) ([]byte, error) {
	data, err := marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write onnx: %w", err)
	}
	return data, nil
}

func marshal(m *trainer.Model) ([]byte, error) {
	e := &exporter{graph: graph{names: map[string]int{inputName: 1, outputName: 1}}, tensors: map[string]trainer.Tensor{}}
	size := 0
	for _, t := range m.Weights().Tensors() {
		e.tensors[t.Name] = t
		if size += 4 * len(t.Data); size > sizeLimit-1<<20 {
			return nil, fmt.Errorf("tensor %q: the weights up to it are %d bytes, an onnx file holds at most 2 GiB", t.Name, size)
		}
		for _, x := range t.Data {
			if x-x != 0 {
				return nil, fmt.Errorf("tensor %q holds %v: the weights must be finite", t.Name, x)
			}
		}
	}
	input := value{name: inputName, shape: m.Config.Shape}
	x, err := e.scale(m.Prep, input)
	if err != nil {
		return nil, err
	}
	if forms := m.Config.Forms(); len(forms) > 0 {
		last := len(forms) - 1
		x = e.chain(forms[:last], x)
		x = e.final(&forms[last], x)
	}
	if e.err != nil {
		return nil, e.err
	}
	name := m.Provenance.Sweep
	if name == "" {
		name = "espalier"
	}
	var out, opsets message
	out.integer(modelIRVersion, irVersion)
	out.text(modelProducerName, "espalier")
	out.text(modelProducerVersion, m.Provenance.Version)
	out.inside(modelGraph, e.message(name, input, x))
	opsets.integer(opsetVersion, opset)
	out.inside(modelOpsetImport, opsets)
	metadata := m.Metadata()
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		var entry message
		entry.text(entryKey, key)
		entry.text(entryValue, metadata[key])
		out.inside(modelMetadata, entry)
	}
	return out, nil
}
