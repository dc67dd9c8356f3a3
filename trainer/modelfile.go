package trainer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"espalier/trainer/dataset"
)

// A model file is a frame (see frame.go): a JSON header with all that predicting needs, and the weights
// in C order, one tensor after the other as the header lists them. Its bytes are a function of the
// model: JSON objects are sorted, and there is no clock in it.

var modelMagic = [8]byte{'E', 'S', 'P', 'M', 'D', 'L', '\r', '\n'}

const modelVersion = 1

type modelHeader struct {
	Layers     []map[string]any       `json:"layers"`
	Params     map[string]any         `json:"params"`
	Shape      []int                  `json:"shape"`
	Outputs    int                    `json:"outputs"`
	Classes    []string               `json:"classes"`
	Prep       *dataset.Preprocessing `json:"preprocessing"`
	Provenance Provenance             `json:"provenance"`
	Tensors    []modelTensor          `json:"tensors"`
}

type modelTensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

// MarshalBinary gives the model file.
func (m *Model) MarshalBinary() ([]byte, error) {
	if m.Prep == nil {
		return nil, errors.New("write model: no preprocessing")
	}
	if len(m.Classes) != 0 && len(m.Classes) != m.Config.Classes {
		return nil, fmt.Errorf("write model: %d class names for %d classes", len(m.Classes), m.Config.Classes)
	}
	if !finite(m.values) || !finite(m.moving) {
		return nil, errors.New("write model: the weights are not finite")
	}
	h := modelHeader{
		Layers: m.Config.canonical, Params: m.Config.effective, Shape: m.Config.Shape, Outputs: m.Config.Classes,
		Classes: m.Classes, Prep: m.Prep, Provenance: m.Provenance,
	}
	var body []byte
	for _, t := range m.Weights().tensors {
		h.Tensors = append(h.Tensors, modelTensor{t.Name, t.Shape})
		body = appendFloats(body, t.Data)
	}
	header, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("write model: header: %w", err)
	}
	return writeFrame(modelMagic, modelVersion, header, body), nil
}

// LoadModel reads a model file. A foreign, newer, truncated or altered one is an error that says which.
// Nothing the file says is believed before it was checked against the file's own size.
func LoadModel(data []byte) (*Model, error) {
	m, err := loadModel(data)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	return m, nil
}

// CheckModelSize reads the front of a model file and compares the size it promises with the one it has, before
// gigabytes are read only to find that they do not belong to it.
func CheckModelSize(r io.ReaderAt, size int64) error {
	if err := checkFrameSize(modelVersion, "model file", r, size); err != nil {
		return fmt.Errorf("load model: %w", err)
	}
	return nil
}

func loadModel(data []byte) (*Model, error) {
	header, body, err := readFrame(modelMagic, modelVersion, "model file", data)
	if err != nil {
		return nil, err
	}
	var h modelHeader
	d := json.NewDecoder(bytes.NewReader(header))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(&h); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	layers := make([]map[string]any, len(h.Layers))
	for i, l := range h.Layers {
		layers[i], _ = plainNumbers(l).(map[string]any)
	}
	params, _ := plainNumbers(h.Params).(map[string]any)
	h.Provenance.Params, _ = plainNumbers(h.Provenance.Params).(map[string]any)
	if references := References(layers); len(references) > 0 {
		return nil, fmt.Errorf("header: unresolved reference $%s", references[0])
	}
	c, problems := Compile(Spec{Layers: layers, Values: params}, h.Shape, h.Outputs)
	if err := problemsError("header", problems); err != nil {
		return nil, err
	}
	if err := checkPreprocessing(h.Prep, h.Shape); err != nil {
		return nil, err
	}
	if len(h.Classes) != 0 && len(h.Classes) != c.Classes {
		return nil, fmt.Errorf("header: %d class names for %d classes", len(h.Classes), c.Classes)
	}
	m := &Model{Config: c, Prep: h.Prep, Classes: h.Classes, Provenance: h.Provenance}
	return m, m.readBody(h.Tensors, body)
}

// readBody reads the weights, which must be those of the config in its order.
func (m *Model) readBody(tensors []modelTensor, body []byte) error {
	want := int64(0)
	for i, v := range m.Config.variables {
		if i >= len(tensors) || tensors[i].Name != v.name || !slices.Equal(tensors[i].Shape, v.shape) {
			return fmt.Errorf("header: tensor %d is not %q of shape %s", i, v.name, formatShape(v.shape))
		}
		want += 4 * size(v.shape)
	}
	if len(tensors) != len(m.Config.variables) || want != int64(len(body)) {
		return fmt.Errorf("%d tensors in %d bytes, want %d in %d", len(tensors), len(body), len(m.Config.variables), want)
	}
	m.values, m.moving = make([]float32, m.Config.trainable), make([]float32, m.Config.moving)
	for _, v := range m.Config.variables {
		flat := m.moving
		if v.trainable {
			flat = m.values
		}
		n := 4 * v.elements()
		v.pack(flat, readFloats(body[:n]))
		body = body[n:]
	}
	return nil
}

// plainNumbers turns JSON numbers into int64 where they are whole, else float64, as TOML gives them.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			if n, err := v.Int64(); err == nil {
				return n
			}
		}
		x, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return x
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plainNumbers(e)
		}
		return out
	case map[string]any:
		if v == nil {
			return v
		}
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = plainNumbers(e)
		}
		return out
	}
	return v
}

// checkPreprocessing makes sure that preprocessing read from a file is safe to apply.
func checkPreprocessing(p *dataset.Preprocessing, shape []int) error {
	switch {
	case p == nil:
		return errors.New("header: no preprocessing")
	case p.Kind != dataset.Images && p.Kind != dataset.Table:
		return fmt.Errorf("header: rows of kind %q", p.Kind)
	case !slices.Equal(p.Shape, shape):
		return fmt.Errorf("header: preprocessing gives rows of shape %s, the model takes %s", formatShape(p.Shape), formatShape(shape))
	case p.Scale != dataset.Unit && p.Scale != dataset.Standard && p.Scale != dataset.None:
		return fmt.Errorf("header: unknown scale %q", p.Scale)
	}
	features := int(size(shape))
	if n := len(p.Mean); p.Scale == dataset.Standard && (n != features || len(p.Std) != n) {
		return fmt.Errorf("header: scaling of %d features for rows of %d", n, features)
	}
	if p.Kind == dataset.Images {
		return nil
	}
	encoded := 0
	for _, c := range p.Columns {
		if c.Levels == nil {
			encoded++
		}
		encoded += len(c.Levels)
	}
	if encoded != features {
		return fmt.Errorf("header: columns give %d features, the model takes %d", encoded, features)
	}
	return nil
}
