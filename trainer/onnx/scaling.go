package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"espalier/trainer/dataset"
)

// scale adds what turns raw values into features: x·mul + add for the bytes of images, (x − mean) / deviation
// for tables.
func (e *exporter) scale(p *dataset.Preprocessing, x value) (value, error) {
	switch {
	case p == nil:
		return x, errors.New("the model has no preprocessing")
	case p.Kind == dataset.Images:
		mul, add := p.Affine()
		return e.affine(x, mul, add), nil
	case p.Scale == dataset.Standard:
		return e.standardise(p, x)
	}
	return x, nil
}

// affine is x·mul + add with the floats that our own gather has.
func (e *exporter) affine(x value, mul, add []float32) value {
	apply := func(op, name string, values []float32, neutral float32) {
		if !slices.ContainsFunc(values, func(v float32) bool { return v != neutral }) {
			return
		}
		var shape []int // one for all
		if len(values) > 1 {
			shape = x.shape
		}
		x = e.node(inputName, op, x, []string{x.name, e.constant(inputName+"."+name, shape, values)})
	}
	apply("Mul", "mul", mul, 1)
	apply("Add", "add", add, 0)
	return x
}

// standardise is a z-score. Ours is taken in float64, where a mean far above the deviation (years, say) costs
// nothing; in float32 the mean is taken away in two parts, of which the first difference is exact where it matters.
func (e *exporter) standardise(p *dataset.Preprocessing, x value) (value, error) {
	n := len(p.Mean)
	high, low, std := make([]float32, n), make([]float32, n), make([]float32, n)
	for i, mean := range p.Mean {
		high[i] = float32(mean)
		low[i] = float32(mean - float64(high[i]))
		std[i] = float32(p.Std[i])
		if math.IsInf(float64(high[i]), 0) || math.IsInf(float64(std[i]), 0) || std[i] < math.SmallestNonzeroFloat32*(1<<23) {
			return x, fmt.Errorf("%s: mean %g and deviation %g are beyond float32, which the input is of", featureName(p, i), mean, p.Std[i])
		}
	}
	subtract := func(name string, part []float32) {
		if slices.ContainsFunc(part, func(v float32) bool { return v != 0 }) {
			x = e.node(inputName, "Sub", x, []string{x.name, e.constant(inputName+"."+name, x.shape, part)})
		}
	}
	subtract("mean", high)
	subtract("mean_rest", low)
	return e.node(inputName, "Div", x, []string{x.name, e.constant(inputName+".deviation", x.shape, std)}), nil
}

// featureName is the column that a feature comes from.
func featureName(p *dataset.Preprocessing, at int) string {
	for _, c := range p.Columns {
		if at -= max(1, len(c.Levels)); at < 0 {
			return fmt.Sprintf("column %q", c.Name)
		}
	}
	return fmt.Sprintf("feature %d", at)
}
