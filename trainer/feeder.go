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

// load gathers the rows at the given positions of the view into the first samples of an input.
// step keys how images are varied.
func (f *feeder) load(to array, positions []int32, step uint64) {
	n := len(positions)
	to = to.head(n)
	if f.mul == nil {
		if to.isMaps() {
			kernel.GatherImageFloats(to.maps, f.view.Encoded, positions)
		} else {
			kernel.GatherFloats(to.matrix, f.view.Encoded, positions)
		}
	} else {
		pixels := f.number(positions, step)
		if to.isMaps() {
			kernel.GatherImageBytes(to.maps, pixels, f.numbers[:n], f.mul, f.add)
		} else {
			kernel.GatherBytes(to.matrix, pixels, f.numbers[:n], f.mul, f.add)
		}
	}
	if f.view.Rows.Labels == nil {
		return
	}
	for i, p := range positions {
		f.labels[i] = f.view.Label(int(p))
	}
}

// number finds the rows of the positions, and the pixels in which they have these numbers: the data's
// own, or varied copies.
func (f *feeder) number(positions []int32, step uint64) []byte {
	for i, p := range positions {
		f.numbers[i] = int32(f.view.Row(int(p)))
	}
	if f.augment == nil {
		return f.view.Rows.Pixels
	}
	pixels := f.augment.vary(f.view.Rows.Pixels, f.numbers[:len(positions)], step)
	for i := range positions {
		f.numbers[i] = int32(i)
	}
	return pixels
}

// loadRange gathers n rows from position first on.
func (f *feeder) loadRange(to array, first, n int, positions []int32) {
	for i := range n {
		positions[i] = int32(first + i)
	}
	f.load(to, positions[:n], 0)
}
