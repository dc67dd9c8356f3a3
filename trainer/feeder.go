package trainer

import (
	"errors"
	"fmt"
	"slices"

	"espalier/trainer/dataset"
	"espalier/trainer/kernel"
)

// feeder copies rows of a view into a network's input: bytes of shared images are scaled on the way,
// so no float copy of a data set exists.
type feeder struct {
	view     dataset.View
	mul, add []float32  // how a byte becomes a feature
	augment  *augmenter // nil: images stay as they are
	numbers  []int32    // scratch: row numbers of the batch
	labels   []int32    // of the batch
}

// newFeeder checks that the view's rows are what the config was compiled for. labelled: every row must
// have a class.
func newFeeder(c *Config, v dataset.View, batch int, labelled bool) (*feeder, error) {
	if v.Prep == nil || v.Rows == nil {
		return nil, errors.New("rows without preprocessing")
	}
	if !slices.Equal(v.Prep.Shape, c.Shape) {
		return nil, fmt.Errorf("rows have shape %s, the model was made for %s", formatShape(v.Prep.Shape), formatShape(c.Shape))
	}
	f := &feeder{view: v, numbers: make([]int32, batch), labels: make([]int32, batch)}
	if v.Prep.Kind == dataset.Images {
		f.mul, f.add = v.Prep.Affine()
	}
	if labelled {
		for i := range v.Len() {
			if l := v.Label(i); l < 0 || int(l) >= c.Classes {
				return nil, fmt.Errorf("row %d has class %d, the model has %d classes", v.Row(i), l, c.Classes)
			}
		}
	}
	return f, nil
}

// load gathers the worker's share of the rows at the given positions of the view into an input.
func (f *feeder) load(to array, positions []int32, p *pass) {
	if f.augment != nil {
		// The numbers of a batch's images follow each other: one worker draws and copies.
		if p.worker == 0 {
			pixels := f.augment.vary(f.view, positions, p.step)
			for i := range positions {
				f.numbers[i] = int32(i)
			}
			f.gather(to.slice(0, p.rows), pixels, f.numbers[:p.rows])
			f.label(positions, 0, p.rows)
		}
		return
	}
	numbers := f.numbers[p.from:p.to]
	for i, at := range positions[p.from:p.to] {
		numbers[i] = at
		if f.mul != nil {
			numbers[i] = int32(f.view.Row(int(at)))
		}
	}
	f.gather(to.slice(p.from, p.to), f.view.Rows.Pixels, numbers)
	f.label(positions, p.from, p.to)
}

// gather copies rows by number: of pixels, or where the view is a table of its encoded rows.
func (f *feeder) gather(to array, pixels []byte, numbers []int32) {
	switch {
	case f.mul == nil && to.isMaps():
		kernel.GatherImageFloats(to.maps, f.view.Encoded, numbers)
	case f.mul == nil:
		kernel.GatherFloats(to.matrix, f.view.Encoded, numbers)
	case to.isMaps():
		kernel.GatherImageBytes(to.maps, pixels, numbers, f.mul, f.add)
	default:
		kernel.GatherBytes(to.matrix, pixels, numbers, f.mul, f.add)
	}
}

func (f *feeder) label(positions []int32, from, to int) {
	if f.view.Rows.Labels == nil {
		return
	}
	for i := from; i < to; i++ {
		f.labels[i] = f.view.Label(int(positions[i]))
	}
}
