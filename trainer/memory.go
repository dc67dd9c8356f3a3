package trainer

import "espalier/trainer/kernel"

// memory is where the arrays of a network come from, and how many floats that was. A planned one gives none: what is
// built over it is a network with all its operations and arrays of no samples, which says what it would take.
type memory struct {
	planned bool
	taken   int64 // saturating
}

// floats gives so many zeros.
func (m *memory) floats(n int64) []float32 {
	m.taken = min(enough, m.taken+n)
	if m.planned {
		return nil
	}
	return make([]float32, n)
}

// release counts floats out that nobody holds any more. What is beyond counting stays so.
func (m *memory) release(n int64) {
	if m.taken < enough {
		m.taken -= n
	}
}

// samples are those that an array over the memory has, of those wanted.
func (m *memory) samples(n int) int {
	if m.planned {
		return 0
	}
	return n
}

// vectors allocates a matrix in panels: what one product writes is then the packed right-hand side
// of another.
func (m *memory) vectors(samples, features int) array {
	data := m.floats(arrayFloats(samples, []int{features}, 0))
	return array{matrix: kernel.Panels(data, m.samples(samples), features)}
}

// rows allocates a matrix in rows, for what is copied in row by row.
func (m *memory) rows(samples, features int) array {
	data := m.floats(arrayFloats(samples, []int{features}, 0))
	return array{matrix: kernel.RowMajor(data, m.samples(samples), features)}
}

// array allocates an array of a shape; maps get a frame of halo zeros.
func (m *memory) array(samples int, shape []int, halo int) array {
	if len(shape) == 1 {
		return m.vectors(samples, shape[0])
	}
	data := m.floats(arrayFloats(samples, shape, halo))
	return array{maps: kernel.NewMaps(data, m.samples(samples), shape[0], shape[1], shape[2], halo)}
}

// images allocates packed maps, for a network's input.
func (m *memory) images(samples int, shape []int, halo int) array {
	h, w, c := shape[0], shape[1], shape[2]
	data := m.floats(saturate(int64(samples), int64(c), framed(h, halo), framed(w, halo)))
	return array{maps: kernel.Images(data, m.samples(samples), h, w, c, halo)}
}

// arrayFloats is kernel.PanelLen or kernel.MapsLen of an array of any size, saturating.
func arrayFloats(samples int, shape []int, halo int) int64 {
	if len(shape) == 1 {
		return saturate(int64(samples), padded(shape[0]))
	}
	h, w, c := shape[0], shape[1], shape[2]
	slack := int64(kernel.MapsLen(0, h, w, c, halo))
	return min(enough, slack+saturate(int64(samples), padded(c), framed(h, halo), framed(w, halo)))
}

// framed is a side of a map with its halo.
func framed(side, halo int) int64 { return int64(side) + 2*int64(halo) }
