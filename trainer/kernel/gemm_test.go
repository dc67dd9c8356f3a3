package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// fma32 is the correctly rounded a·b + c: the product is exact in float64, the sum is rounded to odd
// there, so that rounding it once more to float32 is rounding it once (Boldo, Melquiond 2008).
func fma32(a, b, c float32) float32 {
	p, d := float64(a)*float64(b), float64(c)
	s := p + d
	t := s - p
	if e := (p - (s - t)) + (d - t); e != 0 {
		if u := math.Float64bits(s); u&1 == 0 {
			if (e > 0) == (s > 0) {
				u++
			} else {
				u--
			}
			s = math.Float64frombits(u)
		}
	}
	return float32(s)
}

// step is one link of the chain of a tier.
func (t tier) step(a, b, c float32) float32 {
	if t == generic {
		return float32(a*b) + c
	}
	return fma32(a, b, c)
}

// product is the oracle of every epilogue: one k-ascending chain.
func (t tier) product(n int, a, b func(k int) float32, start float32, e *Epilogue, mask float32) float32 {
	for k := range n {
		start = t.step(a(k), b(k), start)
	}
	if e.ReLU && start < 0 {
		start = 0
	}
	if e.Mask != nil {
		if !(mask > 0) {
			return 0
		}
		start *= e.MaskScale
	}
	return start
}

func TestProducts(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for range 400 {
			m, n, d := rnd.IntN(45), 1+rnd.IntN(40), rnd.IntN(75)
			if rnd.IntN(8) == 0 {
				d = blockATB*rnd.IntN(3) + rnd.IntN(70)
			}
			tryProduct(t, k, rnd, layout(rnd.IntN(int(layouts))), m, n, d, rnd.IntN(2) == 0)
		}
	})
}

// TestBlocksOfProducts crosses the blocks of rows, of columns and of panels into which a product is cut.
func TestBlocksOfProducts(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for l := range layouts {
			tryProduct(t, k, rnd, l, 2*tallest+5, 33, blockK+3, false)
			tryProduct(t, k, rnd, l, 2*blockColumns/blockATB+7, 33, blockATB+3, true)
			tryProduct(t, k, rnd, l, blockWork/Width/blockATB+21, 33, 2, true)
			for _, transposed := range []bool{false, true} {
				tryProduct(t, k, rnd, l, 61, 8*Width, 80, transposed) // six panels together, and two
			}
		}
	})
}

// TestEmptyProducts: products of no columns do nothing and sums of no steps are zero, however many rows there are.
func TestEmptyProducts(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		const m, d = 200, 784
		a := RowMajor(make([]float32, PanelLen(m, d)), m, d)
		for _, lay := range []func([]float32, int, int) Matrix{Panels, RowMajor} {
			k.mulAB(lay(nil, m, 0), a, lay(nil, d, 0), &Epilogue{})
			k.mulATB(lay(nil, d, 0), a, lay(nil, m, 0), &Epilogue{})
			k.mulAB(lay(nil, 0, 5), lay(nil, 0, d), lay(make([]float32, d*Width), d, 5), &Epilogue{})
			const rows = blockA + 1
			c := lay(slices.Repeat([]float32{1}, rows*Width), rows, 5)
			k.mulAB(c, lay(nil, rows, 0), lay(nil, 0, 5), &Epilogue{})
			if i := slices.IndexFunc(c.Data, func(v float32) bool { return v != 0 }); i >= 0 {
				t.Fatalf("float %d of an empty sum is %v", i, c.Data[i])
			}
		}
	})
}

// tryProduct compares a product with A in a layout, all else at random, with the exact chains.
func tryProduct(t *testing.T, k tier, rnd *rand.Rand, l layout, m, n, d int, transposed bool) {
	t.Helper()
	a, b := matrix(rnd, l, m, d, nil), matrix(rnd, layout(rnd.IntN(int(layouts))), d, n, nil)
	at := func(i, q int) float32 { return a.At(i, q) }
	if transposed {
		a = matrix(rnd, l, d, m, nil)
		at = func(i, q int) float32 { return a.At(q, i) }
	}
	c := matrix(rnd, layout(rnd.IntN(int(layouts))), m, n, nil)
	var e Epilogue
	switch rnd.IntN(3) {
	case 0:
		e.Bias = make([]float32, Padded(n))
		copy(e.Bias, normals(rnd, n))
	case 1:
		e.Accumulate = true
	}
	e.ReLU = rnd.IntN(2) == 0
	if rnd.IntN(2) == 0 {
		mask := matrix(rnd, layout(rnd.IntN(int(layouts))), m, n, nil)
		e.Mask, e.MaskScale = &mask, 1.25
	}
	was := make([]float32, m*n)
	c.Unpack(was)
	name := fmt.Sprintf("m=%d n=%d k=%d transposed=%t epilogue=%+v", m, n, d, transposed, e)
	if transposed {
		k.mulATB(c, a, b, &e)
	} else {
		k.mulAB(c, a, b, &e)
	}
	for i := range m {
		for j := range n {
			var start, mask float32
			switch {
			case e.Bias != nil:
				start = e.Bias[j]
			case e.Accumulate:
				start = was[i*n+j]
			}
			if e.Mask != nil {
				mask = e.Mask.At(i, j)
			}
			want := k.product(d, func(q int) float32 { return at(i, q) }, func(q int) float32 { return b.At(q, j) }, start, &e, mask)
			if got := c.At(i, j); !same(got, want) {
				t.Fatalf("%s: element (%d, %d) is %x, the exact chain gives %x", name, i, j, got, want)
			}
		}
	}
	untouched(t, c)
}

// TestLongReduction crosses the block of K, where the accumulators visit memory.
func TestLongReduction(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		d := 2*blockK + 37
		for _, l := range []layout{inPanels, inRows} {
			a, b, c := matrix(rnd, l, 7, d, nil), matrix(rnd, l, d, 5, nil), matrix(rnd, l, 7, 5, nil)
			e := Epilogue{Bias: make([]float32, Width), ReLU: true}
			e.Bias[1] = 3
			k.mulAB(c, a, b, &e)
			for i := range c.Rows {
				for j := range c.Cols {
					want := k.product(d, func(q int) float32 { return a.At(i, q) }, func(q int) float32 { return b.At(q, j) }, e.Bias[j], &e, 0)
					if got := c.At(i, j); !same(got, want) {
						t.Fatalf("layout %d: element (%d, %d) is %x, the exact chain gives %x", l, i, j, got, want)
					}
				}
			}
		}
	})
}

func TestProductsOfSpecialValues(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		nan, inf, small := float32(math.NaN()), float32(math.Inf(1)), math.Float32frombits(3)
		for _, row := range []struct {
			name         string
			a, b, mask   float32
			relu, masked bool
			want         float32
		}{
			{"NaN passes", nan, 1, 0, false, false, nan},
			{"NaN passes through ReLU", nan, 1, 0, true, false, nan},
			{"infinity times zero", inf, 0, 0, false, false, nan},
			{"infinity", inf, -2, 0, false, false, -inf},
			{"ReLU of minus infinity", inf, -2, 0, true, false, 0},
			{"denormals are not flushed", small, 1, 0, false, false, small},
			{"a zero mask hides NaN", nan, 1, 0, false, true, 0},
			{"a NaN mask counts as not positive", 2, 3, nan, false, true, 0},
			{"an infinite mask lets pass", 2, 3, inf, false, true, 12},
		} {
			t.Run(row.name, func(t *testing.T) {
				one := func(v float32) Matrix {
					m := RowMajor(make([]float32, Width), 1, 1)
					m.Set(0, 0, v)
					return m
				}
				c, mask := one(0), one(row.mask)
				e := Epilogue{ReLU: row.relu}
				if row.masked {
					e.Mask, e.MaskScale = &mask, 2
				}
				k.mulAB(c, one(row.a), one(row.b), &e)
				if got := c.At(0, 0); !same(got, row.want) {
					t.Errorf("got %v, want %v", got, row.want)
				}
			})
		}
	})
}

// TestLongStrips: a strip too long for one call is cut by rows, which does not show.
func TestLongStrips(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		const rows, steps = 100, 14000
		var s strip
		s.rows, s.groups, s.panels = rows, 1, 1
		s.segments(1, steps, steps, 0)
		s.a, s.aRow, s.aStep = normals(rnd, rows+steps), 1, 1
		s.b, s.bStep = normals(rnd, steps*3+Width), 3
		s.mask, s.maskRow, s.scale, s.flags = normals(rnd, rows*Width), Width, 2, masked|relu
		s.cRow = Width
		s.c = make([]float32, rows*Width)
		k.run(&s)
		cut := s.c
		s.c = make([]float32, rows*Width)
		k.strip(&s)
		for i, v := range s.c {
			if !same(cut[i], v) {
				t.Fatalf("float %d is %x, uncut %x", i, cut[i], v)
			}
		}
	})
}

// TestSplitsShareBits computes a product whole, by rows and by panels, as threads would.
func TestSplitsShareBits(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		a, b := matrix(rnd, inPanels, 61, 83, nil), matrix(rnd, inPanels, 83, 77, nil)
		whole, parts := matrix(rnd, inPanels, 61, 77, nil), matrix(rnd, inPanels, 61, 77, nil)
		k.mulAB(whole, a, b, &Epilogue{})
		for _, cut := range []int{0, 1, 30, 61} {
			k.mulAB(parts.Slice(0, cut), a.Slice(0, cut), b, &Epilogue{})
			k.mulAB(parts.Slice(cut, 61), a.Slice(cut, 61), b, &Epilogue{})
			equal(t, "rows", parts, whole)
		}
		for cut := range 6 {
			k.mulAB(parts.SlicePanels(0, cut), a, b.SlicePanels(0, cut), &Epilogue{})
			k.mulAB(parts.SlicePanels(cut, 5), a, b.SlicePanels(cut, 5), &Epilogue{})
			equal(t, "panels", parts, whole)
		}
	})
}

// equal checks that two matrices hold the same bits.
func equal(t *testing.T, what string, got, want Matrix) {
	t.Helper()
	for r := range want.Rows {
		for c := range want.Cols {
			if !same(got.At(r, c), want.At(r, c)) {
				t.Fatalf("%s: element (%d, %d) of %d×%d is %x, want %x", what, r, c, want.Rows, want.Cols, got.At(r, c), want.At(r, c))
			}
		}
	}
}
