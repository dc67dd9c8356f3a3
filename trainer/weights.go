package trainer

import (
	"fmt"
	"slices"
)

// Weights are named tensors in C order, as in exchange files: layers.<i>.kernel (dense [in out],
// convolutions [height width in out]), layers.<i>.bias, layers.<i>.gamma and so on, where i counts all layers of
// the sweep file from 0; in a residual block layers.<i>.layers.<j>.kernel and layers.<i>.projection.kernel.
type Weights struct {
	tensors []Tensor
}

// Tensor is one named array of float32 in C order.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// NewWeights makes weights of tensors; two of one name or a shape that does not hold the data are errors.
func NewWeights(tensors []Tensor) (*Weights, error) {
	seen := map[string]bool{}
	for _, t := range tensors {
		if seen[t.Name] {
			return nil, fmt.Errorf("weights: two tensors named %q", t.Name)
		}
		seen[t.Name] = true
		n := int64(1)
		for _, d := range t.Shape {
			if d < 0 {
				return nil, fmt.Errorf("weights: tensor %q: shape %s", t.Name, formatShape(t.Shape))
			}
			n = saturate(n, int64(d))
		}
		if n != int64(len(t.Data)) {
			return nil, fmt.Errorf("weights: tensor %q: shape %s does not hold %d values", t.Name, formatShape(t.Shape), len(t.Data))
		}
	}
	return &Weights{tensors: tensors}, nil
}

// Tensors lists the tensors in the order of the file or of the model's layers. Read-only.
func (w *Weights) Tensors() []Tensor { return w.tensors }

func (w *Weights) find(name string) *Tensor {
	for i := range w.tensors {
		if w.tensors[i].Name == name {
			return &w.tensors[i]
		}
	}
	return nil
}

// CheckWeights tells whether weights fit a config: one problem for each missing, surplus or misshapen
// tensor. Moving statistics may be missing: they then start as ever.
func (c *Config) CheckWeights(w *Weights) (problems []Problem) {
	report := func(format string, args ...any) {
		problems = append(problems, Problem{Path: "model.init", Message: fmt.Sprintf(format, args...)})
	}
	var names []string
	for _, v := range c.variables {
		names = append(names, v.name)
		t := w.find(v.name)
		switch {
		case t == nil && v.trainable:
			report("no tensor %q of shape %s", v.name, formatShape(v.shape))
		case t != nil && !slices.Equal(t.Shape, v.shape):
			report("tensor %q has shape %s, the model needs %s", v.name, formatShape(t.Shape), formatShape(v.shape))
		}
	}
	for _, t := range w.tensors {
		if !slices.Contains(names, t.Name) {
			report("tensor %q of shape %s belongs to no layer of the model", t.Name, formatShape(t.Shape))
			problems[len(problems)-1].Known = names
		}
	}
	return problems
}

// set gives the network the values of weights that CheckWeights found to fit.
func (n *network) set(w *Weights) {
	for _, v := range n.config.variables {
		if t := w.find(v.name); t != nil {
			v.pack(n.flat(v), t.Data)
		}
	}
}

// weights copies flat slices out into named tensors.
func (c *Config) weights(values, moving []float32) *Weights {
	w := &Weights{}
	for _, v := range c.variables {
		flat := moving
		if v.trainable {
			flat = values
		}
		w.tensors = append(w.tensors, Tensor{Name: v.name, Shape: v.shape, Data: v.unpack(make([]float32, 0, v.elements()), flat)})
	}
	return w
}
