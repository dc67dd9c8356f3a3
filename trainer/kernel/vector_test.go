package kernel

import (
	"fmt"
	"math"
	"testing"
)

// flat is a kernel over slices of equal length, and what it computes in float64.
type flat struct {
	name string
	run  func(k tier, v [][]float32)
	want func(v []float64) // of one element, in place
}

func flats() []flat {
	adam := AdamStep{Rate: .003, Beta1: .9, Beta2: .999, Epsilon: 1e-7}
	nadam := NadamStep{GradRate: .002, MomentRate: .01, VarianceScale: 3, Beta1: .9, Beta2: .999, Epsilon: 1e-7}
	moments := func(v []float64) {
		v[2] = .9*v[2] + .1*v[1]
		v[3] = .999*v[3] + .001*v[1]*v[1]
	}
	return []flat{
		{"axpy", func(k tier, v [][]float32) { k.axpy(v[0], v[1], 1.7) }, func(v []float64) { v[0] += 1.7 * v[1] }},
		{"scale", func(k tier, v [][]float32) { k.scaleBy(v[0], 1.7) }, func(v []float64) { v[0] *= 1.7 }},
		{"lerp", func(k tier, v [][]float32) { k.lerp(v[0], v[1], .1) }, func(v []float64) { v[0] += .1 * (v[1] - v[0]) }},
		{"sgd with momentum", func(k tier, v [][]float32) { k.sgd(v[0], v[1], v[2], .1, .9, false) }, func(v []float64) {
			v[2] = .9*v[2] - .1*v[1]
			v[0] += v[2]
		}},
		{"sgd with Nesterov's momentum", func(k tier, v [][]float32) { k.sgd(v[0], v[1], v[2], .1, .9, true) }, func(v []float64) {
			v[2] = .9*v[2] - .1*v[1]
			v[0] += .9*v[2] - .1*v[1]
		}},
		{"adam", func(k tier, v [][]float32) { k.adam(v[0], v[1], v[2], v[3], adam) }, func(v []float64) {
			moments(v)
			v[0] -= .003 * v[2] / (math.Sqrt(v[3]) + 1e-7)
		}},
		{"nadam", func(k tier, v [][]float32) { k.nadam(v[0], v[1], v[2], v[3], nadam) }, func(v []float64) {
			moments(v)
			v[0] -= (.002*v[1] + .01*v[2]) / (math.Sqrt(3*v[3]) + 1e-7)
		}},
		{"rmsprop", func(k tier, v [][]float32) { k.rmsprop(v[0], v[1], v[3], .01, .9, 1e-7) }, func(v []float64) {
			v[3] = .9*v[3] + .1*v[1]*v[1]
			v[0] -= .01 * v[1] / math.Sqrt(v[3]+1e-7)
		}},
		{"adagrad", func(k tier, v [][]float32) { k.adagrad(v[0], v[1], v[3], .01, 1e-7) }, func(v []float64) {
			v[3] += v[1] * v[1]
			v[0] -= .01 * v[1] / math.Sqrt(v[3]+1e-7)
		}},
	}
}

// TestFlatKernels compares every kernel over slices with its formula in float64, and all tiers with
// the plain one bit for bit, at lengths around the vector width and odd offsets.
func TestFlatKernels(t *testing.T) {
	for _, f := range flats() {
		t.Run(f.name, func(t *testing.T) {
			eachTier(t, func(t *testing.T, k tier) {
				rnd := source(t)
				for _, n := range []int{0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 100, chunkTest} {
					offset := rnd.IntN(8)
					var got, plain [4][]float32
					for i := range got {
						got[i] = normals(rnd, offset+n+8)
						if i == 3 { // second moments are not negative
							for j, v := range got[i] {
								got[i][j] = v * v
							}
						}
						plain[i] = append([]float32(nil), got[i]...)
					}
					before := fmt.Sprint(got[0][:offset], got[0][offset+n:])
					var ins [4][]float32
					view := func(v [4][]float32) [][]float32 {
						return [][]float32{v[0][offset : offset+n], v[1][offset : offset+n], v[2][offset : offset+n], v[3][offset : offset+n]}
					}
					for i := range ins {
						ins[i] = append([]float32(nil), got[i]...)
					}
					f.run(k, view(got))
					f.run(generic, view(plain))
					if after := fmt.Sprint(got[0][:offset], got[0][offset+n:]); after != before {
						t.Fatalf("n=%d: written outside: %s, was %s", n, after, before)
					}
					for j := range n {
						var x [4]float64
						for i := range x {
							x[i] = float64(ins[i][offset+j])
						}
						f.want(x[:])
						for i := range x {
							g := got[i][offset+j]
							if !same(g, plain[i][offset+j]) {
								t.Fatalf("n=%d: slice %d, element %d is %x, the plain tier has %x", n, i, j, g, plain[i][offset+j])
							}
							if d := math.Abs(float64(g) - x[i]); d > 1e-6*(math.Abs(x[i])+1) {
								t.Fatalf("n=%d: slice %d, element %d is %v, want %v", n, i, j, g, x[i])
							}
						}
					}
				}
			})
		})
	}
}

// chunkTest crosses the longest assembly call.
const chunkTest = 1<<15 + 21

// TestMomentsFlush checks that denormal moments become zero and that NaN does not.
func TestMomentsFlush(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		nan := float32(math.NaN())
		for _, row := range []struct {
			name       string
			moment     float32
			wantMoment float32
		}{
			{"a denormal", 1e-40, 0},
			{"a tiny one", -1.7e-30, 0}, // decays below the limit
			{"a small one", 1e-20, float32(float32(.9) * 1e-20)},
			{"NaN", nan, nan},
		} {
			w, g, m, v := make([]float32, 9), make([]float32, 9), make([]float32, 9), make([]float32, 9)
			for i := range m {
				m[i] = row.moment
			}
			k.adam(w, g, m, v, AdamStep{Rate: 1, Beta1: .9, Beta2: .999, Epsilon: 1e-7})
			for i, got := range m {
				if !same(got, row.wantMoment) {
					t.Errorf("%s: moment %d became %v, want %v", row.name, i, got, row.wantMoment)
				}
			}
			if row.moment != row.moment && w[0] == w[0] {
				t.Errorf("%s: the weight is %v, want NaN", row.name, w[0])
			}
		}
	})
}

func TestSumSquares(t *testing.T) {
	rnd := source(t)
	for _, n := range []int{0, 1, 7, 8, 1000} {
		x := normals(rnd, n)
		want := 0.0
		for _, v := range x {
			want += float64(v) * float64(v)
		}
		if got := SumSquares(x); math.Abs(got-want) > 1e-12*want {
			t.Errorf("n=%d: %v, want %v", n, got, want)
		}
	}
}

func TestPlainSGD(t *testing.T) {
	w := []float32{1, 2, 3}
	SGD(w, []float32{1, 0, -2}, nil, .5, 0, false)
	if want := []float32{.5, 2, 4}; fmt.Sprint(w) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", w, want)
	}
	Decay(w, .5)
	if want := []float32{.25, 1, 2}; fmt.Sprint(w) != fmt.Sprint(want) {
		t.Errorf("decayed: %v, want %v", w, want)
	}
}
