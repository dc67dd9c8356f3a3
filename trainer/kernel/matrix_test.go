package kernel

import (
	"fmt"
	"testing"
)

func TestPackAndUnpack(t *testing.T) {
	rnd := source(t)
	for l := range layouts {
		for range 20 {
			rows, cols := rnd.IntN(20), 1+rnd.IntN(50)
			want := normals(rnd, rows*cols)
			m := matrix(rnd, l, rows, cols, want)
			untouched(t, m)
			got := make([]float32, rows*cols)
			m.Unpack(got)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("layout %d, %d×%d: %v came back as %v", l, rows, cols, want, got)
			}
		}
	}
}

func TestTranspose(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for range 100 {
			rows, cols := 1+rnd.IntN(60), 1+rnd.IntN(60)
			src, dst := matrix(rnd, layout(rnd.IntN(int(layouts))), rows, cols, nil), matrix(rnd, layout(rnd.IntN(int(layouts))), cols, rows, nil)
			k.transpose(dst, src)
			for r := range rows {
				for c := range cols {
					if dst.At(c, r) != src.At(r, c) {
						t.Fatalf("%d×%d: element (%d, %d) is %v, want %v", rows, cols, c, r, dst.At(c, r), src.At(r, c))
					}
				}
			}
			untouched(t, dst)
		}
	})
}

func TestGather(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for range 60 {
			cols, n := 1+rnd.IntN(70), 9
			pixels, floats := make([]byte, n*cols), normals(rnd, n*cols)
			for i := range pixels {
				pixels[i] = byte(rnd.IntN(256))
			}
			rows := make([]int32, rnd.IntN(12))
			for i := range rows {
				rows[i] = int32(rnd.IntN(n))
			}
			mul, add := []float32{1. / 255}, []float32{-.5}
			if rnd.IntN(2) == 0 {
				mul, add = normals(rnd, cols), normals(rnd, cols)
			}
			a, b := matrix(rnd, layout(rnd.IntN(int(layouts))), len(rows), cols, nil), matrix(rnd, layout(rnd.IntN(int(layouts))), len(rows), cols, nil)
			k.gatherBytes(a, pixels, rows, mul, add)
			GatherFloats(b, floats, rows)
			for i, row := range rows {
				for c := range cols {
					j := min(c, len(mul)-1)
					if got, want := a.At(i, c), float32(float32(pixels[int(row)*cols+c])*mul[j])+add[j]; got != want {
						t.Fatalf("byte (%d, %d) became %v, want %v", i, c, got, want)
					}
					if got, want := b.At(i, c), floats[int(row)*cols+c]; got != want {
						t.Fatalf("float (%d, %d) became %v, want %v", i, c, got, want)
					}
				}
			}
			untouched(t, a)
			untouched(t, b)
		}
	})
}

// TestUnusedStrides: the stride of a single row or panel may be anything.
func TestUnusedStrides(t *testing.T) {
	for _, m := range []Matrix{
		{Data: make([]float32, 2*Width), Rows: 1, Cols: 20, RowStride: 3, PanelStride: Width},
		{Data: make([]float32, 2*Width), Rows: 2, Cols: 5, RowStride: Width},
		{RowStride: -1, Rows: 7}, {PanelStride: -1, Cols: 7},
	} {
		m.check("a matrix")
	}
}

// TestMisuse: shapes that do not fit panic with a sentence before memory is touched.
func TestMisuse(t *testing.T) {
	m := func(rows, cols int) Matrix { return Panels(make([]float32, PanelLen(rows, cols)), rows, cols) }
	for _, row := range []struct {
		name, want string
		f          func()
	}{
		{"too little data", "kernel: Panels: a 2×17 matrix of strides 16 and 32 needs 64 floats, has 63", func() { Panels(make([]float32, 63), 2, 17) }},
		{"panels that overlap", "kernel: mask of a product: a 2×17 matrix of strides 16 and 0 needs 32 floats, has 64", func() {
			mask := m(2, 17)
			mask.PanelStride = 0
			MulAB(m(2, 17), m(2, 3), m(3, 17), Epilogue{Mask: &mask})
		}},
		{"rows that overlap", "kernel: MulAB: a 2×3 matrix of strides 8 and 32 needs 24 floats, has 32", func() {
			a := m(2, 3)
			a.RowStride = 8
			MulAB(m(2, 5), a, m(3, 5), Epilogue{})
		}},
		{"a negative shape", "kernel: RowMajor: negative shape -1×2", func() { RowMajor(nil, -1, 2) }},
		{"a product of unequal lengths", "kernel: MulAB: 2×3 and 4×5 do not give 2×5", func() { MulAB(m(2, 5), m(2, 3), m(4, 5), Epilogue{}) }},
		{"a bias with accumulation", "kernel: MulAB: a bias of 16 for 5 columns, accumulate true", func() { MulAB(m(2, 5), m(2, 3), m(3, 5), Epilogue{Bias: make([]float32, 16), Accumulate: true}) }},
		{"a label out of range", "kernel: SoftmaxCrossEntropy: label 5 of row 1 with 5 classes", func() { SoftmaxCrossEntropy(m(2, 5), m(2, 5), make([]float64, 2), []int32{4, 5}, 0, 2) }},
		{"rows beyond the end", "kernel: rows [1, 3) of a matrix with 2", func() { m(2, 3).Slice(1, 3) }},
		{"moments of another length", "kernel: Adam: lengths 3 and 2 differ", func() {
			Adam(make([]float32, 3), make([]float32, 3), make([]float32, 2), make([]float32, 3), AdamStep{})
		}},
		{"a halo too small", "kernel: Forward: input maps of 4×4×1, halo 0, packed false, want 4×4×1, halo 1, packed false", func() {
			c, _ := NewConv(ConvShape{H: 4, W: 4, In: 1, KH: 3, KW: 3, Out: 1, Stride: 1, Same: true})
			x := NewMaps(make([]float32, MapsLen(1, 4, 4, 1, 0)), 1, 4, 4, 1, 0)
			c.Forward(x, x, m(c.WeightRows(), 1), nil, MapEpilogue{}, nil)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); got != row.want {
					t.Errorf("panic %q, want %q", got, row.want)
				}
			}()
			row.f()
		})
	}
}
