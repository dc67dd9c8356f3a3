package trainer

import "espalier/trainer/kernel"

// array is what a tensor keeps for a batch: a matrix with a row for each sample, or maps. Elementwise
// operations work on either; zero is "none". Which of them it is its shape tells: one that is only planned has no data.
type array struct {
	matrix kernel.Matrix
	maps   kernel.Maps
}

func (a array) exists() bool { return a.matrix.Cols > 0 || a.isMaps() }

func (a array) isMaps() bool { return a.maps.H > 0 }

// slice is the samples [from, to).
func (a array) slice(from, to int) array {
	if a.isMaps() {
		return array{maps: a.maps.Slice(from, to)}
	}
	return array{matrix: a.matrix.Slice(from, to)}
}

func (a array) copyFrom(b array) {
	if a.isMaps() {
		kernel.CopyMaps(a.maps, b.maps)
		return
	}
	kernel.Activate(a.matrix, b.matrix, kernel.Linear) // also between layouts
}

// add is a += b.
func (a array) add(b array) {
	if a.isMaps() {
		kernel.AddMaps(a.maps, b.maps)
		return
	}
	// Sums are of arrays that operations wrote, which are panels of equal height.
	for p := range kernel.Padded(a.matrix.Cols) / kernel.Width {
		at := p * a.matrix.PanelStride
		n := a.matrix.Rows * kernel.Width
		kernel.Axpy(a.matrix.Data[at:at+n], b.matrix.Data[at:at+n], 1)
	}
}

// scale is a *= factor; frames and padding stay zero.
func (a array) scale(factor float32) {
	if a.isMaps() {
		kernel.ScaleMaps(a.maps, factor)
		return
	}
	width := kernel.Padded(a.matrix.Cols)
	if a.matrix.PanelStride == kernel.Width {
		kernel.ScaleBy(a.matrix.Data[:a.matrix.Rows*width], factor)
		return
	}
	for p := range width / kernel.Width {
		kernel.ScaleBy(a.matrix.Data[p*a.matrix.PanelStride:][:a.matrix.Rows*kernel.Width], factor)
	}
}

// dropout draws for samples that begin at sample first of the batch.
func (a array) dropout(s kernel.Stream, rate float32, first int) {
	if a.isMaps() {
		kernel.DropoutMapsFrom(a.maps, s, rate, first)
		return
	}
	kernel.DropoutFrom(a.matrix, s, rate, first)
}

// activate is y = f(x).
func activate(y, x array, f kernel.Activation) {
	if y.isMaps() {
		kernel.ActivateMaps(y.maps, x.maps, f)
		return
	}
	kernel.Activate(y.matrix, x.matrix, f)
}

// activateBackward is dx = dy·f'(x).
func activateBackward(dx, dy, x, y array, f kernel.Activation) {
	if dx.isMaps() {
		kernel.ActivateMapsBackward(dx.maps, dy.maps, x.maps, y.maps, f)
		return
	}
	kernel.ActivateBackward(dx.matrix, dy.matrix, x.matrix, y.matrix, f)
}
