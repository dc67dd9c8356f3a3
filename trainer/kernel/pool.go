package kernel

import "fmt"

// Pool is a pooling: windows of Size pixels (rows, columns), Stride apart. Without Same there is no
// padding, outputs are ⌊(n-size)/stride⌋+1, and input pixels that no window reaches have no gradient.
// With Same outputs are ⌈n/stride⌉ and windows reach over the edge as in Keras; what lies outside
// counts neither for the maximum nor for the mean.
type Pool struct {
	Size, Stride [2]int
	Same         bool
}

// Out is the output size; below 1 along an axis where no window fits.
func (p Pool) Out(h, w int) (oh, ow int) {
	return p.axis(0, h).out, p.axis(1, w).out
}

// Max is the maximum over every window.
func (p Pool) Max(y, x Maps) { active().maxPool(p, y, x) }

// MaxBackward sends every dy to the first of its window's pixels, in row order, that holds the
// maximum; x and y are those of the forward pass. With relu only windows with y > 0 pass it on: where
// x is the output of a ReLU, dx is then the gradient at the ReLU's input.
func (p Pool) MaxBackward(dx, dy, x, y Maps, relu bool) {
	active().maxPoolBackward(p, dx, dy, x, y, relu)
}

// Average is the mean over every window.
func (p Pool) Average(y, x Maps) { active().averagePool(p, y, x) }

// AverageBackward is the gradient of Average.
func (p Pool) AverageBackward(dx, dy Maps) { active().averagePoolBackward(p, dx, dy) }

// GlobalAverage is the mean over all pixels of every image and channel: y is N×C.
func GlobalAverage(y Matrix, x Maps) { active().globalAverage(y, x) }

// GlobalAverageBackward is the gradient of GlobalAverage.
func GlobalAverageBackward(dx Maps, dy Matrix) { active().globalAverageBackward(dx, dy) }

// windows are those of one axis: out of them, of size pixels of n, the first beginning before pixel 0.
type windows struct{ n, out, size, stride, before int }

func (p Pool) axis(i, n int) windows {
	w := windows{n: n, size: p.Size[i], stride: p.Stride[i]}
	if w.size < 1 || w.stride < 1 || n < 1 || !p.Same && n < w.size {
		return w
	}
	w.out, w.before, _ = extent(n, w.size, w.stride, p.Same)
	return w
}

// at is window o without what lies outside the map.
func (w windows) at(o int) (first, size int) {
	first = o*w.stride - w.before
	end := min(first+w.size, w.n)
	first = max(first, 0)
	return first, end - first
}

// alike is how many windows from o on are as complete as that at o, which may be one by itself.
func (w windows) alike(o int) int {
	if _, size := w.at(o); size < w.size {
		return 1
	}
	return min((w.n+w.before-w.size)/w.stride+1, w.out) - o
}

// each calls f for every stretch of alike windows of every panel of m.
func (p Pool) each(m *Maps, f func(image, panel int, s stretch)) {
	v, h := p.axis(0, m.H), p.axis(1, m.W)
	for image := range m.N {
		for panel := range m.panels() {
			s := stretch{step: h.stride * Width}
			for s.oy = 0; s.oy < v.out; s.oy++ {
				s.y, s.kh = v.at(s.oy)
				for s.ox = 0; s.ox < h.out; s.ox += s.n {
					s.n = h.alike(s.ox)
					s.x, s.kw = h.at(s.ox)
					f(image, panel, s)
				}
			}
		}
	}
}

// stretch is n neighbouring output pixels from (oy, ox) on whose windows are kh×kw pixels, step floats
// apart from (y, x) on.
type stretch struct{ oy, ox, n, y, x, kh, kw, step int }

// first tells whether it is the first stretch of a plane.
func (s *stretch) first() bool { return s.oy == 0 && s.ox == 0 }

// out is the stretch's part of the output.
func (s *stretch) out(p *plane) []float32 { return p.data[s.oy*p.row+s.ox*Width:][:s.n*Width] }

// in is the input from its first window on.
func (s *stretch) in(p *plane) []float32 { return p.data[s.y*p.row+s.x*Width:] }

func (p Pool) check(what string, y, x Maps) {
	x.check(what)
	y.check(what)
	oh, ow := p.Out(x.H, x.W)
	if x.Packed || y.Packed || y.N != x.N || y.C != x.C || y.H != oh || y.W != ow {
		panic(fmt.Sprintf("kernel: %s: windows of %v, %v apart, do not take %d maps of %d×%d×%d to %d of %d×%d×%d",
			what, p.Size, p.Stride, x.N, x.H, x.W, x.C, y.N, y.H, y.W, y.C))
	}
}

func (t tier) maxPool(p Pool, y, x Maps) {
	p.check("Max", y, x)
	var to, from plane
	p.each(&x, func(n, q int, s stretch) {
		if s.first() {
			to, from = y.plane(n, q), x.plane(n, q)
		}
		t.maxRow(s.out(&to), s.in(&from), s.kh, s.kw, s.step, from.row)
	})
}

func (t tier) maxPoolBackward(p Pool, dx, dy, x, y Maps, relu bool) {
	p.check("MaxBackward", y, x)
	checkMaps("MaxBackward", dx, x)
	checkMaps("MaxBackward", dy, y)
	var to, from, grad, top plane
	// The usual windows are disjoint and cover all but a last odd row and column.
	usual := p == Pool{Size: [2]int{2, 2}, Stride: [2]int{2, 2}}
	p.each(&x, func(n, q int, s stretch) {
		if s.first() {
			to, from, grad, top = dx.plane(n, q), x.plane(n, q), dy.plane(n, q), y.plane(n, q)
			if !usual {
				to.clear(dx.H)
			} else {
				to.clearOutside(2*y.H, 2*y.W*Width)
			}
		}
		if usual {
			t.maxRowFresh(s.in(&to), to.row, s.out(&grad), s.out(&top), s.in(&from), from.row, relu)
			return
		}
		t.maxRowBackward(s.in(&to), to.row, s.out(&grad), s.out(&top), s.in(&from), from.row, s.kh, s.kw, s.step, relu)
	})
}

// clear zeroes the lines. It is called just before gradients are added, which then find the plane in
// the cache.
func (p *plane) clear(lines int) {
	for y := range lines {
		clear(p.line(y))
	}
}

// clearOutside zeroes all but the first lines and their first floats.
func (p *plane) clearOutside(lines, floats int) {
	for y := 0; y*p.row < len(p.data); y++ {
		if y >= lines {
			clear(p.line(y))
		} else if floats < p.width {
			clear(p.line(y)[floats:])
		}
	}
}

func (t tier) averagePool(p Pool, y, x Maps) {
	p.check("Average", y, x)
	var to, from plane
	p.each(&x, func(n, q int, s stretch) {
		if s.first() {
			to, from = y.plane(n, q), x.plane(n, q)
		}
		out := s.out(&to)
		t.sumRow(out, s.in(&from), s.kh, s.kw, s.step, from.row)
		t.scaleBy(out, 1/float32(s.kh*s.kw))
	})
}

func (t tier) averagePoolBackward(p Pool, dx, dy Maps) {
	p.check("AverageBackward", dy, dx)
	var to, grad plane
	p.each(&dx, func(n, q int, s stretch) {
		if s.first() {
			to, grad = dx.plane(n, q), dy.plane(n, q)
			to.clear(dx.H)
		}
		t.spreadRow(s.in(&to), to.row, s.out(&grad), s.kh, s.kw, s.step, 1/float32(s.kh*s.kw))
	})
}

func (t tier) globalAverage(y Matrix, x Maps) {
	y.check("GlobalAverage")
	if x.check("GlobalAverage"); x.Packed || y.Rows != x.N || y.Cols != x.C {
		panic(fmt.Sprintf("kernel: GlobalAverage: %d maps of %d channels into %d×%d", x.N, x.C, y.Rows, y.Cols))
	}
	for n := range x.N {
		for p := range x.panels() {
			var total [Width]float64
			t.sumMaps(&total, x.Slice(n, n+1), p)
			narrow(y.Data[p*y.PanelStride+n*y.RowStride:], &total, float64(x.H*x.W))
		}
	}
}

func (t tier) globalAverageBackward(dx Maps, dy Matrix) {
	dy.check("GlobalAverageBackward")
	if dx.check("GlobalAverageBackward"); dx.Packed || dy.Rows != dx.N || dy.Cols != dx.C {
		panic(fmt.Sprintf("kernel: GlobalAverageBackward: %d×%d into %d maps of %d channels", dy.Rows, dy.Cols, dx.N, dx.C))
	}
	scale := 1 / float32(dx.H*dx.W)
	for n := range dx.N {
		for p := range dx.panels() {
			grad := [Width]float32(dy.Data[p*dy.PanelStride+n*dy.RowStride:])
			for i := range grad {
				grad[i] *= scale
			}
			for y := range dx.H {
				row := dx.Row(n, p, y)
				for x := range dx.W {
					*(*[Width]float32)(row[x*Width:]) = grad
				}
			}
		}
	}
}

// reach is the number of output pixels of n floats, at least one; it panics unless their windows lie
// in x, which the assembly does not look at.
func reach(n int, x []float32, kh, kw, step, row int) int {
	n /= Width
	_ = x[(n-1)*step+(kh-1)*row+(kw-1)*Width+Width-1]
	return n
}
