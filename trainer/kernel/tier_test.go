package kernel

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"
)

var seed = flag.Uint64("seed", 1, "seed of the random shapes and values")

// tiers are those of this processor, the fastest first.
func tiers() []tier {
	var all []tier
	for _, k := range []tier{avx512, avx2, neon, generic} {
		if best().has(k) {
			all = append(all, k)
		}
	}
	return all
}

// eachTier runs a test under every tier of this processor.
func eachTier(t *testing.T, f func(t *testing.T, k tier)) {
	for _, k := range tiers() {
		t.Run(k.String(), func(t *testing.T) { f(t, k) })
	}
}

// source is a generator that prints its seed when the test fails.
func source(t *testing.T) *rand.Rand {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d (-seed)", *seed)
		}
	})
	return rand.New(rand.NewPCG(*seed, 7))
}

func normals(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// canary fills what a kernel must not write.
var canary = math.Float32frombits(0x7fc0dead)

// layout is a way to lay a matrix.
type layout int

const (
	inPanels layout = iota
	inRows
	inGaps // rows and panels further apart than they need be
	layouts
)

// matrix lays values in C order, or random ones where there are none, with canaries around and between.
func matrix(r *rand.Rand, l layout, rows, cols int, values []float32) Matrix {
	if values == nil {
		values = normals(r, rows*cols)
	}
	m := Matrix{Rows: rows, Cols: cols, RowStride: Width, PanelStride: Width * rows}
	switch l {
	case inRows:
		m.RowStride, m.PanelStride = Padded(cols), Width
	case inGaps:
		m.RowStride = Padded(cols) + 16*r.IntN(3) + r.IntN(5)
		m.PanelStride = Width
		if r.IntN(2) == 0 {
			m.RowStride = Width + r.IntN(7)
			m.PanelStride = m.RowStride*rows + r.IntN(9)
		}
	}
	offset := r.IntN(9)
	n := 0
	if rows > 0 && cols > 0 {
		n = m.end()
	}
	data := make([]float32, offset+n)
	for i := range data {
		data[i] = canary
	}
	m.Data = data[offset:]
	m.Pack(values)
	return m
}

func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// untouched checks that everything between and behind the panels of m is still a canary and its
// padding zero.
func untouched(t *testing.T, m Matrix) {
	t.Helper()
	mine := make([]bool, len(m.Data))
	for p := range m.panels() {
		for r := range m.Rows {
			for j := range Width {
				i := p*m.PanelStride + r*m.RowStride + j
				mine[i] = true
				if p*Width+j >= m.Cols && m.Data[i] != 0 {
					t.Fatalf("padding at row %d, column %d of %d×%d is %v", r, p*Width+j, m.Rows, m.Cols, m.Data[i])
				}
			}
		}
	}
	for i, v := range m.Data {
		if !mine[i] && math.Float32bits(v) != math.Float32bits(canary) {
			t.Fatalf("float %d outside the %d×%d matrix is %v", i, m.Rows, m.Cols, v)
		}
	}
}

func TestChoose(t *testing.T) {
	for _, row := range []struct {
		name, simd, conv string
		best             tier
		want             string
		err              string
	}{
		{"nothing asked", "", "", avx2, "avx2", ""},
		{"generic forced", "generic", "", avx2, "generic", ""},
		{"the best by name", "avx2", "winograd", avx2, "avx2", ""},
		{"direct convolution", "", "direct", avx2, "avx2-direct", ""},
		{"both", "generic", "direct", neon, "generic-direct", ""},
		{"not on this processor", "neon", "", avx2, "avx2", "ESPALIER_SIMD=neon: this processor has no such kernels (it has avx2)"},
		{"the name tells of the bits", "", "", avx512, "avx2", ""},
		{"narrower", "avx2", "direct", avx512, "avx2-direct", ""},
		{"wider", "avx512", "", avx2, "avx2", "ESPALIER_SIMD=avx512: this processor has no such kernels (it has avx2)"},
		{"unknown", "fast", "", neon, "neon", `ESPALIER_SIMD="fast": unknown, want generic, avx2, avx512 or neon`},
		{"nothing better", "", "", generic, "generic", ""},
		{"unknown convolution", "", "fft", neon, "neon", `ESPALIER_CONV="fft": unknown, want direct or winograd`},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := choose(row.simd, row.conv, row.best)
			if got.name() != row.want {
				t.Errorf("name %s, want %s", got.name(), row.want)
			}
			if got.plain != (row.best == generic) {
				t.Errorf("plain: %t", got.plain)
			}
			message := ""
			if got.err != nil {
				message = got.err.Error()
			}
			if message != row.err {
				t.Errorf("error %q, want %q", message, row.err)
			}
		})
	}
}
