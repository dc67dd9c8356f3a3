package kernel

import "fmt"

// Maps are N images of H×W pixels and C channels, in panels of 16 channels and with a frame of Halo
// zero pixels around every image: [N][panels][H+2·Halo][W+2·Halo][16]. The taps of a convolution's row
// are then contiguous for every pixel, so that no patch is ever copied. Halo and padding channels hold
// zeros, which the kernels rely on and never write: allocate zeroed and let only kernels write.
//
// Packed maps, for the few channels of a network's input, have no panels: [N][H+2·Halo][W+2·Halo][C].
type Maps struct {
	Data       []float32
	N, H, W, C int
	Halo       int
	Packed     bool
}

// MapsLen is the number of floats of NewMaps: the maps, and behind them what a halo more would begin
// with, into which the windows of a tiled convolution may reach.
func MapsLen(n, h, w, c, halo int) int {
	return n*Padded(c)*(h+2*halo)*(w+2*halo) + slack(w, halo)
}

func slack(w, halo int) int { return (max(halo, 1)*(w+2*halo) + 4) * Width }

// NewMaps lays maps in panels over data, MapsLen zeros or more.
func NewMaps(data []float32, n, h, w, c, halo int) Maps {
	m := Maps{Data: data, N: n, H: h, W: w, C: c, Halo: halo}
	m.check("NewMaps")
	return m
}

// ImagesLen is the number of floats of Images.
func ImagesLen(n, h, w, c, halo int) int { return n * c * (h + 2*halo) * (w + 2*halo) }

// Images lays packed maps over data, ImagesLen zeros or more.
func Images(data []float32, n, h, w, c, halo int) Maps {
	m := Maps{Data: data, N: n, H: h, W: w, C: c, Halo: halo, Packed: true}
	m.check("Images")
	return m
}

func (m Maps) check(what string) {
	if m.N < 0 || m.H < 1 || m.W < 1 || m.C < 1 || m.Halo < 0 {
		panic(fmt.Sprintf("kernel: %s: %d maps of %d×%d×%d with a halo of %d", what, m.N, m.H, m.W, m.C, m.Halo))
	}
	if need := m.N * m.image(); need > len(m.Data) {
		panic(fmt.Sprintf("kernel: %s: %d maps of %d×%d×%d with a halo of %d need %d floats, have %d", what, m.N, m.H, m.W, m.C, m.Halo, need, len(m.Data)))
	}
}

// checkMaps panics unless a and b are maps of panels of one shape, whatever their halos.
func checkMaps(what string, a, b Maps) {
	a.check(what)
	b.check(what)
	if a.N != b.N || a.H != b.H || a.W != b.W || a.C != b.C || a.Packed || b.Packed {
		panic(fmt.Sprintf("kernel: %s: maps %d·%d×%d×%d and %d·%d×%d×%d, packed %t and %t, do not go together",
			what, a.N, a.H, a.W, a.C, b.N, b.H, b.W, b.C, a.Packed, b.Packed))
	}
}

// pixel, row, panel and image are strides in floats.
func (m Maps) pixel() int {
	if m.Packed {
		return m.C
	}
	return Width
}

func (m Maps) row() int   { return (m.W + 2*m.Halo) * m.pixel() }
func (m Maps) panel() int { return (m.H + 2*m.Halo) * m.row() }
func (m Maps) image() int { return m.panels() * m.panel() }

func (m Maps) panels() int {
	if m.Packed {
		return 1
	}
	return Padded(m.C) / Width
}

// from is the place of pixel (y, x) of an image's panel; y and x may lie in the halo.
func (m Maps) from(n, panel, y, x int) int {
	return n*m.image() + panel*m.panel() + (y+m.Halo)*m.row() + (x+m.Halo)*m.pixel()
}

// tail is the data from pixel (y, x) on.
func (m Maps) tail(n, panel, y, x int) []float32 { return m.Data[m.from(n, panel, y, x):] }

// Row is the interior of one row of one panel: W pixels of 16 floats (of C floats in packed maps).
func (m Maps) Row(n, panel, y int) []float32 { return m.tail(n, panel, y, 0)[:m.W*m.pixel()] }

// plane is the interior of one panel of one image: lines of width floats, row apart.
type plane struct {
	data       []float32
	row, width int
}

// plane of panel p of image n. The functions below go through maps plane by plane, so that addresses
// cost nothing.
func (m *Maps) plane(n, p int) plane {
	row := (m.W + 2*m.Halo) * Width
	panel := (m.H + 2*m.Halo) * row
	at := (n*(Padded(m.C)/Width)+p)*panel + m.Halo*(row+Width)
	return plane{data: m.Data[at : at+(m.H-1)*row+m.W*Width], row: row, width: m.W * Width}
}

func (p *plane) line(y int) []float32 { return p.data[y*p.row:][:p.width] }

// clear zeroes all pixels.
func (m *Maps) clear() {
	for n := range m.N {
		for p := range m.panels() {
			to := m.plane(n, p)
			to.clear(m.H)
		}
	}
}

func (m Maps) index(n, y, x, c int) int {
	if m.Packed {
		return m.from(n, 0, y, x) + c
	}
	return m.from(n, c/Width, y, x) + c%Width
}

// At reads channel c of pixel (y, x) of image n.
func (m Maps) At(n, y, x, c int) float32 { return m.Data[m.index(n, y, x, c)] }

// Set writes channel c of pixel (y, x) of image n.
func (m Maps) Set(n, y, x, c int, v float32) { m.Data[m.index(n, y, x, c)] = v }

// Head is the first n images: a short last batch.
func (m Maps) Head(n int) Maps { return m.Slice(0, n) }

// Slice is the images [from, to) over the same data: the share of a thread, or a block that stays in
// the cache through several layers. Its Data ends with the slack behind the last image, which belongs
// to the next one where there is a next one: only kernels may go over Data.
func (m Maps) Slice(from, to int) Maps {
	if from < 0 || to < from || to > m.N {
		panic(fmt.Sprintf("kernel: images [%d, %d) of %d", from, to, m.N))
	}
	m.Data = m.Data[from*m.image() : min(len(m.Data), to*m.image()+slack(m.W, m.Halo))]
	m.N = to - from
	return m
}

// GatherImageBytes fills image i of dst with row rows[i] of src, H·W·C bytes in that order, times mul
// plus add as in GatherBytes.
func GatherImageBytes(dst Maps, src []byte, rows []int32, mul, add []float32) {
	size := checkImages("GatherImageBytes", dst, rows)
	each := len(mul) != 1
	if len(mul) != len(add) || each && len(mul) != size {
		panic(fmt.Sprintf("kernel: GatherImageBytes: %d factors and %d addends for images of %d", len(mul), len(add), size))
	}
	t := active()
	for i, row := range rows {
		t.fetchAhead(src, rows[i:], size)
		image := src[int(row)*size:][:size]
		for y := range dst.H {
			at := y * dst.W * dst.C
			line, m, a := image[at:][:dst.W*dst.C], mul, add
			if each {
				m, a = mul[at:], add[at:]
			}
			if dst.Packed {
				t.scaleLine(dst.Row(i, 0, y), line, m, a, each)
			} else {
				t.scaleToPanels(&dst, i, y, line, m, a, each)
			}
		}
	}
}

// scaleToPanels turns line y of image n from bytes into floats, some at a time, and lays them out in panels.
func (t tier) scaleToPanels(dst *Maps, n, y int, line []byte, mul, add []float32, each bool) {
	var floats [16 * Width]float32
	for first := 0; first < len(line); first += len(floats) {
		part := floats[:min(len(floats), len(line)-first)]
		m, a := mul, add
		if each {
			m, a = mul[first:], add[first:]
		}
		t.scaleLine(part, line[first:][:len(part)], m, a, each)
		dst.putLine(n, y, first, part)
	}
}

// putLine lays floats out in panels: those of line y of image n from the first on, in the order W, C.
func (m *Maps) putLine(n, y, first int, from []float32) {
	plane := m.panel()
	pixel, c := m.from(n, 0, y, first/m.C), first%m.C
	for len(from) > 0 {
		k := min(m.C-c, Width-c%Width, len(from))
		to := m.Data[pixel+c/Width*plane+c%Width:][:k]
		if k == Width {
			*(*[Width]float32)(to) = [Width]float32(from)
		} else {
			//lint:ignore S1001 mostly few, for which a call takes longer
			for i, v := range from[:k] {
				to[i] = v
			}
		}
		from = from[k:]
		if c += k; c == m.C {
			pixel, c = pixel+Width, 0
		}
	}
}

// scaleLine turns a line of bytes into floats.
func (t tier) scaleLine(dst []float32, src []byte, mul, add []float32, each bool) {
	whole := len(src) / Width
	if whole > 0 {
		t.scaleBytes(dst, Width, src, whole, mul, add, each)
	}
	for j := whole * Width; j < len(src); j++ {
		k := 0
		if each {
			k = j
		}
		dst[j] = float32(float32(src[j])*mul[k]) + add[k]
	}
}

// GatherImageFloats fills image i of dst with row rows[i] of src, H·W·C floats in that order.
func GatherImageFloats(dst Maps, src []float32, rows []int32) {
	size := checkImages("GatherImageFloats", dst, rows)
	for i, row := range rows {
		image := src[int(row)*size:][:size]
		for y := range dst.H {
			line := image[y*dst.W*dst.C:][:dst.W*dst.C]
			if dst.Packed {
				copy(dst.Row(i, 0, y), line)
			} else {
				dst.putLine(i, y, 0, line)
			}
		}
	}
}

func checkImages(what string, dst Maps, rows []int32) int {
	dst.check(what)
	if len(rows) != dst.N {
		panic(fmt.Sprintf("kernel: %s: %d row numbers for %d images", what, len(rows), dst.N))
	}
	return dst.H * dst.W * dst.C
}

// Flatten makes a row of dst of every image, in the order H, W, C.
func Flatten(dst Matrix, x Maps) {
	checkFlat("Flatten", dst, x)
	image := x.image()
	eachRun(dst, x, func(row, pixel, n int) {
		copyRuns(dst.Data[row:], x.Data[pixel:], dst.RowStride, image, n, x.N)
	})
	dst.clearPadding()
}

// Unflatten is the reverse of Flatten.
func Unflatten(dst Maps, src Matrix) {
	checkFlat("Unflatten", src, dst)
	image := dst.image()
	eachRun(src, dst, func(row, pixel, n int) {
		copyRuns(dst.Data[pixel:], src.Data[row:], image, src.RowStride, n, dst.N)
	})
}

// eachRun calls f for every run of n channels that lie together in the maps and in the flattened row: where they are in
// the first row and the first image. All images have their turn before the next run: their rows are neighbours in
// memory, the panels of a row fall into one set of the cache.
func eachRun(m Matrix, x Maps, f func(row, pixel, n int)) {
	if x.N == 0 {
		return
	}
	plane, line := x.panel(), x.row()
	panel, column := 0, 0 // of the row
	for y := range x.H {
		pixel := (y+x.Halo)*line + x.Halo*Width
		for range x.W {
			for c := 0; c < x.C; {
				n := min(x.C-c, Width-c%Width, Width-column)
				f(panel+column, pixel+c/Width*plane+c%Width, n)
				c += n
				if column += n; column == Width {
					panel, column = panel+m.PanelStride, 0
				}
			}
			pixel += Width
		}
	}
}

// copyRuns copies n floats, at most 16, so many times, each a step on.
func copyRuns(to, from []float32, toStep, fromStep, n, times int) {
	if n == Width { // no call for a copy
		for i := range times {
			*(*[Width]float32)(to[i*toStep:]) = [Width]float32(from[i*fromStep:])
		}
		return
	}
	for i := range times {
		copy(to[i*toStep:][:n], from[i*fromStep:])
	}
}

func checkFlat(what string, m Matrix, x Maps) {
	m.check(what)
	x.check(what)
	if x.Packed || m.Rows != x.N || m.Cols != x.H*x.W*x.C {
		panic(fmt.Sprintf("kernel: %s: a %d×%d matrix and %d maps of %d×%d×%d, packed %t", what, m.Rows, m.Cols, x.N, x.H, x.W, x.C, x.Packed))
	}
}
