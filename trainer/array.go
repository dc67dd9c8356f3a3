package trainer

import "espalier/trainer/kernel"

// array is what a tensor keeps for a batch: a matrix with a row for each sample, or maps. Elementwise
// operations work on either; zero is "none".
type array struct {
	matrix kernel.Matrix
	maps   kernel.Maps
}

func (a array) exists() bool { return a.matrix.Data != nil || a.maps.Data != nil }

func (a array) isMaps() bool { return a.maps.Data != nil }

// slice is the samples [from, to).
func (a array) slice(from, to int) array {
	if a.isMaps() {
		return array{maps: a.maps.Slice(from, to)}
	}
	return array{matrix: a.matrix.Slice(from, to)}
}

// newVectors allocates a matrix in panels: what one product writes is then the packed right-hand side
// of another.
func newVectors(samples, features int) array {
	return array{matrix: kernel.Panels(make([]float32, kernel.PanelLen(samples, features)), samples, features)}
}

// newRows allocates a matrix in rows, for what is copied in row by row.
func newRows(samples, features int) array {
	return array{matrix: kernel.RowMajor(make([]float32, kernel.PanelLen(samples, features)), samples, features)}
}

// newArray allocates an array of a shape; maps get a frame of halo zeros.
func newArray(samples int, shape []int, halo int) array {
	if len(shape) == 1 {
		return newVectors(samples, shape[0])
	}
	h, w, c := shape[0], shape[1], shape[2]
	return array{maps: kernel.NewMaps(make([]float32, kernel.MapsLen(samples, h, w, c, halo)), samples, h, w, c, halo)}
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
