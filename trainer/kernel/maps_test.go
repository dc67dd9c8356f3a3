package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// randomMaps draws a shape.
func randomMaps(r *rand.Rand, halo int) Maps {
	return maps(r, 1+r.IntN(4), 1+r.IntN(9), 1+r.IntN(9), 1+r.IntN(40), halo, false)
}

// like is random maps of m's shape with a halo of their own.
func (m Maps) like(r *rand.Rand) Maps { return maps(r, m.N, m.H, m.W, m.C, r.IntN(3), false) }

// TestPooling compares with plain loops over windows and what of them lies inside.
func TestPooling(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for range 120 {
			x := randomMaps(rnd, rnd.IntN(3))
			// Few values, so that windows have ties.
			x.each(func(n, y, px, c int) { x.Set(n, y, px, c, float32(rnd.IntN(5)-1)) })
			p := Pool{Size: [2]int{1 + rnd.IntN(4), 1 + rnd.IntN(4)}, Stride: [2]int{1 + rnd.IntN(3), 1 + rnd.IntN(3)}, Same: rnd.IntN(2) == 0}
			if rnd.IntN(2) == 0 {
				p.Size, p.Stride = [2]int{2, 2}, [2]int{2, 2}
			}
			oh, ow := p.Out(x.H, x.W)
			if oh < 1 || ow < 1 {
				continue
			}
			name := fmt.Sprintf("%d maps of %d×%d×%d, %+v", x.N, x.H, x.W, x.C, p)
			y, mean := maps(rnd, x.N, oh, ow, x.C, rnd.IntN(2), false), maps(rnd, x.N, oh, ow, x.C, rnd.IntN(2), false)
			dy := y.like(rnd)
			dx, dmean := x.like(rnd), x.like(rnd)
			positive := rnd.IntN(2) == 0
			k.maxPool(p, y, x)
			k.averagePool(p, mean, x)
			k.maxPoolBackward(p, dx, dy, x, y, positive)
			k.averagePoolBackward(p, dmean, dy)
			wantDX, wantMean := x.like(rnd), x.like(rnd)
			clear(wantDX.Data)
			clear(wantMean.Data)
			y.each(func(n, oy, ox, c int) {
				top, sum, count := float32(math.Inf(-1)), float32(0), 0
				ty, tx := -1, -1
				v, h := p.axis(0, x.H), p.axis(1, x.W)
				window := func(f func(iy, ix int)) {
					for i := range v.size * h.size {
						if iy, ix := oy*v.stride-v.before+i/h.size, ox*h.stride-h.before+i%h.size; x.inside(iy, ix) {
							f(iy, ix)
						}
					}
				}
				window(func(iy, ix int) {
					if v := x.At(n, iy, ix, c); v > top {
						top, ty, tx = v, iy, ix
					}
					sum += x.At(n, iy, ix, c)
					count++
				})
				window(func(iy, ix int) {
					wantMean.Set(n, iy, ix, c, wantMean.At(n, iy, ix, c)+float32(dy.At(n, oy, ox, c)*(1/float32(count))))
				})
				if got := y.At(n, oy, ox, c); got != top {
					t.Fatalf("%s: maximum (%d, %d, %d, %d) is %v, want %v", name, n, oy, ox, c, got, top)
				}
				if got, want := mean.At(n, oy, ox, c), sum*(1/float32(count)); got != want {
					t.Fatalf("%s: mean (%d, %d, %d, %d) is %v, want %v", name, n, oy, ox, c, got, want)
				}
				if !positive || top > 0 {
					wantDX.Set(n, ty, tx, c, wantDX.At(n, ty, tx, c)+dy.At(n, oy, ox, c))
				}
			})
			x.each(func(n, iy, ix, c int) {
				if got, want := dx.At(n, iy, ix, c), wantDX.At(n, iy, ix, c); got != want {
					t.Fatalf("%s: gradient of the maximum (%d, %d, %d, %d) is %v, want %v", name, n, iy, ix, c, got, want)
				}
				if got, want := dmean.At(n, iy, ix, c), wantMean.At(n, iy, ix, c); got != want {
					t.Fatalf("%s: gradient of the mean (%d, %d, %d, %d) is %v, want %v", name, n, iy, ix, c, got, want)
				}
			})
			for _, m := range []Maps{y, mean, dx, dmean} {
				framed(t, name, m)
			}
		}
	})
}

// TestMaxPoolingNaN: in row order NaN takes the place of what came before it, and the next pixel that of NaN. A window
// that gives NaN passes no gradient.
func TestMaxPoolingNaN(t *testing.T) {
	nan := float32(math.NaN())
	for _, row := range []struct {
		window []float32
		want   float32
		to     int // whose gradient; -1: none
	}{
		{[]float32{nan, 1, 0, 0}, 1, 1},
		{[]float32{2, nan, 1, 0}, 1, 2},
		{[]float32{3, 2, 1, nan}, nan, -1},
		{[]float32{nan, nan, nan, nan}, nan, -1},
		{[]float32{9, 9, 9, 9, 9, 9, 9, nan, 1}, 1, 8},
		{[]float32{9, 9, 9, 9, 9, 9, 9, 9, nan}, nan, -1},
	} {
		eachTier(t, func(t *testing.T, k tier) {
			side := int(math.Sqrt(float64(len(row.window))))
			p := Pool{Size: [2]int{side, side}, Stride: [2]int{side, side}}
			mk := func(side int) Maps {
				return NewMaps(make([]float32, MapsLen(1, side, side, 3, 0)), 1, side, side, 3, 0)
			}
			x, y, dx, dy := mk(side), mk(1), mk(side), mk(1)
			x.each(func(n, py, px, c int) { x.Set(n, py, px, c, row.window[py*side+px]) })
			dy.each(func(n, py, px, c int) { dy.Set(n, py, px, c, 1) })
			k.maxPool(p, y, x)
			k.maxPoolBackward(p, dx, dy, x, y, false)
			for c := range 3 {
				if got := y.At(0, 0, 0, c); got != row.want && !(got != got && row.want != row.want) {
					t.Errorf("maximum of %v is %v, want %v", row.window, got, row.want)
				}
				for i := range row.window {
					want := float32(0)
					if i == row.to {
						want = 1
					}
					if got := dx.At(0, i/side, i%side, c); got != want {
						t.Errorf("gradient of %v is %v at %d, want %v", row.window, got, i, want)
					}
				}
			}
		})
	}
}

func TestPoolSizes(t *testing.T) {
	for _, row := range []struct {
		name         string
		p            Pool
		h, w, oh, ow int
	}{
		{"halves", Pool{Size: [2]int{2, 2}, Stride: [2]int{2, 2}}, 28, 7, 14, 3},
		{"halves rounded up", Pool{Size: [2]int{2, 2}, Stride: [2]int{2, 2}, Same: true}, 28, 7, 14, 4},
		{"overlapping", Pool{Size: [2]int{3, 2}, Stride: [2]int{2, 1}}, 7, 7, 3, 6},
		{"larger than the map", Pool{Size: [2]int{4, 1}, Stride: [2]int{1, 1}}, 3, 3, 0, 3},
		{"larger than the map, padded", Pool{Size: [2]int{4, 1}, Stride: [2]int{1, 1}, Same: true}, 3, 3, 3, 3},
		{"no stride", Pool{Size: [2]int{2, 2}}, 4, 4, 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			if oh, ow := row.p.Out(row.h, row.w); oh != row.oh || ow != row.ow {
				t.Errorf("got %d×%d, want %d×%d", oh, ow, row.oh, row.ow)
			}
		})
	}
}

func TestGlobalAverage(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		x := randomMaps(rnd, 1)
		y := matrix(rnd, inPanels, x.N, x.C, nil)
		k.globalAverage(y, x)
		dx := x.like(rnd)
		dy := matrix(rnd, inRows, x.N, x.C, nil)
		k.globalAverageBackward(dx, dy)
		size := float64(x.H * x.W)
		for n := range x.N {
			for c := range x.C {
				sum := 0.0
				for i := range x.H * x.W {
					sum += float64(x.At(n, i/x.W, i%x.W, c))
					if got, want := dx.At(n, i/x.W, i%x.W, c), dy.At(n, c)/float32(size); math.Abs(float64(got-want)) > 1e-6 {
						t.Fatalf("gradient is %v, want %v", got, want)
					}
				}
				if got := float64(y.At(n, c)); math.Abs(got-sum/size) > 1e-6 {
					t.Fatalf("mean of image %d, channel %d is %v, want %v", n, c, got, sum/size)
				}
			}
		}
		untouched(t, y)
		framed(t, "gradient", dx)
	})
}

// rowsOf copies maps into a matrix of a pixel a row, so that the functions of matrices are the oracle
// of those of maps.
func (m Maps) rowsOf() Matrix {
	out := Panels(make([]float32, PanelLen(m.N*m.H*m.W, m.C)), m.N*m.H*m.W, m.C)
	m.each(func(n, y, x, c int) { out.Set((n*m.H+y)*m.W+x, c, m.At(n, y, x, c)) })
	return out
}

func TestMapsAgreeWithMatrices(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for range 30 {
			x := randomMaps(rnd, rnd.IntN(3))
			y, dx, dy := x.like(rnd), x.like(rnd), x.like(rnd)
			mx, my, mdx, mdy := x.rowsOf(), x.rowsOf(), x.rowsOf(), dy.rowsOf()
			for a := range activationsEnd {
				k.activateMaps(y, x, a)
				k.activate(my, mx, a)
				equal(t, "activation", y.rowsOf(), my)
				k.activateMapsBackward(dx, dy, x, y, a)
				k.activateBackward(mdx, mdy, mx, my, a)
				equal(t, "activation's gradient", dx.rowsOf(), mdx)
				framed(t, "activation", y)
				framed(t, "activation's gradient", dx)
			}
			v := func() []float32 { return make([]float32, Padded(x.C)) }
			mean, variance, wantMean, wantVariance := v(), v(), v(), v()
			k.mapStats(mean, variance, x, 0, x.panels())
			k.batchStats(wantMean, wantVariance, mx)
			for c := range mean {
				near(t, "mean", mean[c], wantMean[c])
				near(t, "variance", variance[c], wantVariance[c])
			}
			k.mapNormalize(y, x, mean, variance, mean)
			k.normalize(my, mx, mean, variance, mean)
			equal(t, "normalisation", y.rowsOf(), my)
			framed(t, "normalisation", y)
			b := BatchNorm{Mean: mean, InvStd: variance, Gamma: mean}
			dgamma, dbeta, wantGamma, wantBeta := v(), v(), v(), v()
			k.mapNormSums(dgamma, dbeta, dy, x, b, 0, x.panels())
			k.mapNormInput(dx, dy, x, b, dgamma, dbeta, x.N*x.H*x.W)
			k.batchNormBackward(mdx, mdy, mx, b, wantGamma, wantBeta)
			for c := range dgamma {
				near(t, "gamma's gradient", dgamma[c], wantGamma[c])
				near(t, "beta's gradient", dbeta[c], wantBeta[c])
			}
			x.each(func(n, py, px, c int) {
				near(t, "gradient of normalisation", dx.At(n, py, px, c), mdx.At((n*x.H+py)*x.W+px, c))
			})
			framed(t, "gradient of normalisation", dx)
			s := Stream{Key: [2]uint32{rnd.Uint32(), 5}}
			k.dropoutMaps(x, s, .4, 0)
			k.dropout(mx, s, .4, 0)
			equal(t, "dropout", x.rowsOf(), mx)
			framed(t, "dropout", x)
			if x.N > 1 {
				part, whole := dy.Slice(1, dy.N), dy.rowsOf()
				k.dropoutMaps(part, s, .4, 1)
				k.dropout(whole, s, .4, 0)
				equal(t, "dropout of a part", part.rowsOf(), whole.Slice(dy.H*dy.W, whole.Rows))
			}
		}
	})
}

func near(t *testing.T, what string, got, want float32) {
	t.Helper()
	if math.Abs(float64(got-want)) > 1e-4*(1+math.Abs(float64(want))) {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

func TestFlatten(t *testing.T) {
	rnd := source(t)
	for range 30 {
		x := randomMaps(rnd, rnd.IntN(2))
		if rnd.IntN(2) == 0 { // whole panels
			x = maps(rnd, x.N, x.H, x.W, Width*(1+rnd.IntN(3)), x.Halo, false)
		}
		size := x.H * x.W * x.C
		m := matrix(rnd, layout(rnd.IntN(int(layouts))), x.N, size, nil)
		Flatten(m, x)
		x.each(func(n, y, px, c int) {
			if got := m.At(n, (y*x.W+px)*x.C+c); got != x.At(n, y, px, c) {
				t.Fatalf("%d×%d×%d: pixel (%d, %d), channel %d of image %d is %v, want %v", x.H, x.W, x.C, y, px, c, n, got, x.At(n, y, px, c))
			}
		})
		untouched(t, m)
		back := x.like(rnd)
		Unflatten(back, m)
		equal(t, "there and back", back.rowsOf(), x.rowsOf())
		framed(t, "unflattened", back)
		Flatten(m.Slice(0, 0), x.Slice(x.N, x.N)) // a worker without images
		Unflatten(back.Slice(x.N, x.N), m.Slice(0, 0))
	}
}

func TestGatherImages(t *testing.T) {
	rnd := source(t)
	for _, packed := range []bool{true, false} {
		for range 20 {
			h, w, c := 1+rnd.IntN(9), 1+rnd.IntN(30), 1+rnd.IntN(40)
			size := h * w * c
			pixels, floats := make([]byte, 5*size), normals(rnd, 5*size)
			for i := range pixels {
				pixels[i] = byte(rnd.IntN(256))
			}
			rows := []int32{4, 0, 0, 3}
			mul, add := []float32{1. / 255}, []float32{-.5}
			if rnd.IntN(2) == 0 {
				mul, add = normals(rnd, size), normals(rnd, size)
			}
			a, b := maps(rnd, len(rows), h, w, c, 1, packed), maps(rnd, len(rows), h, w, c, 0, packed)
			GatherImageBytes(a, pixels, rows, mul, add)
			GatherImageFloats(b, floats, rows)
			a.each(func(n, y, x, ch int) {
				i := (y*w+x)*c + ch
				k := min(i, len(mul)-1)
				want := float32(float32(pixels[int(rows[n])*size+i])*mul[k]) + add[k]
				if got := a.At(n, y, x, ch); got != want {
					t.Fatalf("%d×%d×%d, packed %t: byte (%d, %d, %d, %d) became %v, want %v", h, w, c, packed, n, y, x, ch, got, want)
				}
				if got, want := b.At(n, y, x, ch), floats[int(rows[n])*size+i]; got != want {
					t.Fatalf("%d×%d×%d, packed %t: float (%d, %d, %d, %d) became %v, want %v", h, w, c, packed, n, y, x, ch, got, want)
				}
			})
			framed(t, "bytes", a)
			framed(t, "floats", b)
		}
	}
}

func TestAddAndCopyMaps(t *testing.T) {
	rnd := source(t)
	x := randomMaps(rnd, 1)
	y := x.like(rnd)
	sum := x.like(rnd)
	CopyMaps(sum, x)
	equal(t, "copy", sum.rowsOf(), x.rowsOf())
	AddMaps(sum, y)
	x.each(func(n, py, px, c int) {
		if got, want := sum.At(n, py, px, c), x.At(n, py, px, c)+y.At(n, py, px, c); got != want {
			t.Fatalf("sum is %v, want %v", got, want)
		}
	})
	framed(t, "sum", sum)

	// Scaling some images leaves the others alone.
	many := maps(rnd, 5, 4, 4, 20, 1, false)
	was := append([]float32(nil), many.Data...)
	ScaleMaps(many.Slice(1, 3), 2)
	for i, v := range many.Data {
		want := was[i]
		if n := i / many.image(); n == 1 || n == 2 {
			want *= 2
		}
		if v != want {
			t.Fatalf("float %d of image %d is %v, want %v", i, i/many.image(), v, want)
		}
	}
}
