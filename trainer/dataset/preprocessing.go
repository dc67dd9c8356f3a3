package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// The scales a sweep file can ask for.
const (
	Unit     = "unit"     // images: pixels / 255
	Standard = "standard" // z-score per feature, fitted on the training rows; a constant feature is only centred
	None     = "none"
)

// Preprocessing is fitted on the training rows of a fold and part of every model file: scaling and
// categorical levels, all that predict needs for raw input. Its JSON reads back bit for bit.
type Preprocessing struct {
	Kind    string          `json:"kind"`              // Images | Table
	Scale   string          `json:"scale"`             // Unit | Standard | None
	Shape   []int           `json:"shape"`             // of one encoded row: [H W C] or [features]
	Mean    []float64       `json:"mean,omitempty"`    // Standard: per feature; 0 for a one-hot position
	Std     []float64       `json:"std,omitempty"`     // Standard: population deviation; 1 for a constant or one-hot feature
	Columns []EncodedColumn `json:"columns,omitempty"` // tables
}

// EncodedColumn is how a table's column becomes features.
type EncodedColumn struct {
	Name   string   `json:"name"`
	Levels []string `json:"levels,omitempty"` // categorical: one-hot in this order; nil: numeric
}

// FitPreprocessing learns from the given training rows (nil: all). Scale "" is the default of the
// kind: Unit for images, Standard for tables. An unknown scale is a *FieldError that names the known
// ones. Pixels are summed as integers: no float copy of the images is made.
func FitPreprocessing(info Info, rows *Rows, index []int, scale string) (*Preprocessing, error) {
	p := &Preprocessing{Kind: info.Kind, Scale: scale}
	known := []string{Unit, Standard, None}
	if info.Kind == Table {
		known = []string{Standard, None}
	}
	if scale == "" {
		p.Scale = known[0]
	}
	if !slices.Contains(known, p.Scale) {
		return nil, &FieldError{"scale", fmt.Sprintf("unknown scale %q for %s", scale, info.Kind), known}
	}
	v := View{Rows: rows, Index: index}
	if v.Len() == 0 {
		return nil, errors.New("fit preprocessing: no training rows")
	}
	if info.Kind == Images {
		p.Shape = slices.Clone(info.Shape)
		if p.Scale == Standard {
			p.fitPixels(v)
		}
		return p, nil
	}
	if err := p.fitColumns(info, v); err != nil {
		return nil, fmt.Errorf("fit preprocessing: %w", err)
	}
	return p, nil
}

// fitPixels takes mean and deviation of every pixel position. The sums are exact integers: n·Σx² and
// (Σx)² stay below 2^63 up to 11 million rows, and above that they are kept in floats.
func (p *Preprocessing) fitPixels(v View) {
	size := product(p.Shape)
	sum, squares := make([]uint64, size), make([]uint64, size)
	for i := range v.Len() {
		at := v.Row(i) * size
		for j, x := range v.Rows.Pixels[at : at+size] {
			sum[j] += uint64(x)
			squares[j] += uint64(x) * uint64(x)
		}
	}
	n := float64(v.Len())
	p.Mean, p.Std = make([]float64, size), make([]float64, size)
	for j := range sum {
		p.Mean[j] = float64(sum[j]) / n
		var spread float64 // n²·variance
		if v.Len() < 11_000_000 {
			spread = float64(uint64(v.Len())*squares[j] - sum[j]*sum[j])
		} else {
			spread = max(0, n*float64(squares[j])-float64(sum[j])*float64(sum[j]))
		}
		p.Std[j] = deviation(math.Sqrt(spread) / n)
	}
}

// fitColumns lays the features out and learns levels, means and deviations.
func (p *Preprocessing) fitColumns(info Info, v View) error {
	columns := len(info.Columns)
	for c, column := range info.Columns {
		encoded := EncodedColumn{Name: column.Name}
		if column.Categorical {
			encoded.Levels = seenLevels(v, c, columns)
			p.push(0, 1, len(encoded.Levels))
		} else {
			mean, std, largest := moments(v, c, columns)
			if p.Scale == Standard && !(std < math.Inf(1)) { // infinite, or NaN from an infinite mean
				return fmt.Errorf("column %q: values up to %g are too large for a z-score", column.Name, largest)
			}
			if p.Scale == None && largest > math.MaxFloat32 {
				return fmt.Errorf("column %q: values up to %g do not fit in float32 unscaled", column.Name, largest)
			}
			p.push(mean, deviation(std), 1)
		}
		p.Columns = append(p.Columns, encoded)
	}
	p.Shape = []int{len(p.Mean)}
	if p.Scale == None {
		p.Mean, p.Std = nil, nil
	}
	return nil
}

func (p *Preprocessing) push(mean, std float64, times int) {
	for range times {
		p.Mean, p.Std = append(p.Mean, mean), append(p.Std, std)
	}
}

// moments are taken in two passes in row order: no cancellation, and the same bits whatever the
// threads. A column of one value is told exactly, so that a rounding error of its mean is never
// taken for a deviation.
func moments(v View, c, columns int) (mean, std, largest float64) {
	n := float64(v.Len())
	lowest, highest := math.Inf(1), math.Inf(-1)
	for i := range v.Len() {
		x := v.Rows.Cells[v.Row(i)*columns+c]
		mean += x
		lowest, highest = min(lowest, x), max(highest, x)
	}
	largest = max(math.Abs(lowest), math.Abs(highest))
	if lowest == highest {
		return lowest, 0, largest
	}
	mean /= n
	var spread float64
	for i := range v.Len() {
		d := v.Rows.Cells[v.Row(i)*columns+c] - mean
		spread += d * d
	}
	return mean, math.Sqrt(spread / n), largest
}

// deviation is 1 for a constant feature, as in scikit-learn.
func deviation(std float64) float64 {
	if std == 0 {
		return 1
	}
	return std
}

// seenLevels are the levels of a column among the rows of the view, in the set's (sorted) order.
func seenLevels(v View, c, columns int) []string {
	all := v.Rows.Levels[c]
	seen := make([]bool, len(all))
	for i := range v.Len() {
		seen[int(v.Rows.Cells[v.Row(i)*columns+c])] = true
	}
	var levels []string
	for l, name := range all {
		if seen[l] {
			levels = append(levels, name)
		}
	}
	return levels
}

// scaled is a table's number as the feature at a position, kept finite.
func (p *Preprocessing) scaled(at int, x float64) float32 {
	if p.Scale == Standard {
		x = (x - p.Mean[at]) / p.Std[at]
	}
	return float32(min(max(x, -math.MaxFloat32), math.MaxFloat32))
}

// Affine is how a byte of an image becomes a feature: x·mul + add, per feature position where
// len > 1 (Standard), else one pair for all (Unit, None).
func (p *Preprocessing) Affine() (mul, add []float32) {
	switch p.Scale {
	case Unit:
		return []float32{1.0 / 255}, []float32{0}
	case Standard:
		mul, add = make([]float32, len(p.Mean)), make([]float32, len(p.Mean))
		for i := range mul {
			mul[i] = float32(1 / p.Std[i])
			add[i] = float32(-p.Mean[i] / p.Std[i])
		}
		return mul, add
	}
	return []float32{1}, []float32{0}
}
