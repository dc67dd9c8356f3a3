package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// TestActivations compares with float64 formulas and their derivatives, and all tiers with the plain one.
func TestActivations(t *testing.T) {
	cdf := func(x float64) float64 { return .5 * (1 + math.Erf(x/math.Sqrt2)) }
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	leak := func(x, below float64) float64 {
		if x > 0 {
			return 1
		}
		return below
	}
	for _, row := range []struct {
		name    string
		a       Activation
		f, grad func(x float64) float64
	}{
		{"linear", Linear, func(x float64) float64 { return x }, func(x float64) float64 { return 1 }},
		{"relu", ReLU, func(x float64) float64 { return math.Max(x, 0) }, func(x float64) float64 { return leak(x, 0) }},
		{"leaky relu", LeakyReLU, func(x float64) float64 { return x * leak(x, .3) }, func(x float64) float64 { return leak(x, .3) }},
		{"elu", ELU, func(x float64) float64 { return math.Max(x, math.Expm1(math.Min(x, 0))) }, func(x float64) float64 { return leak(x, math.Exp(x)) }},
		{"gelu", GELU, func(x float64) float64 { return x * cdf(x) }, func(x float64) float64 { return cdf(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi) }},
		{"tanh", Tanh, math.Tanh, func(x float64) float64 { return 1 - math.Pow(math.Tanh(x), 2) }},
		{"sigmoid", Sigmoid, sigmoid, func(x float64) float64 { return sigmoid(x) * (1 - sigmoid(x)) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachTier(t, func(t *testing.T, k tier) {
				rnd := source(t)
				for _, scale := range []float64{.01, 1, 5, 60} {
					rows, cols := 1+rnd.IntN(20), 1+rnd.IntN(40)
					values := normals(rnd, rows*cols)
					for i := range values {
						values[i] *= float32(scale)
					}
					lay := func(v []float32) Matrix { return matrix(rnd, layout(rnd.IntN(int(layouts))), rows, cols, v) }
					x, dy := lay(values), lay(nil)
					y, dx, plain, plainGrad := lay(nil), lay(nil), lay(nil), lay(nil)
					k.activate(y, x, row.a)
					k.activateBackward(dx, dy, x, y, row.a)
					generic.activate(plain, x, row.a)
					generic.activateBackward(plainGrad, dy, x, plain, row.a)
					equal(t, "tier", y, plain)
					equal(t, "tier's gradient", dx, plainGrad)
					untouched(t, y)
					untouched(t, dx)
					for r := range rows {
						for c := range cols {
							v := float64(x.At(r, c))
							if got, want := float64(y.At(r, c)), row.f(v); math.Abs(got-want) > 1e-6*math.Max(1, math.Abs(want)) {
								t.Fatalf("f(%v) is %v, want %v", v, got, want)
							}
							want := row.grad(v) * float64(dy.At(r, c))
							if got := float64(dx.At(r, c)); math.Abs(got-want) > 2e-6*math.Max(1, math.Abs(want)) {
								t.Fatalf("gradient at %v is %v, want %v", v, got, want)
							}
						}
					}
					k.activate(x, x, row.a)
					equal(t, "in place", x, y)
				}
			})
		})
	}
}

func TestActivationsKeepNaN(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		for a := range activationsEnd {
			x := Panels(make([]float32, Width), 1, 3)
			x.Set(0, 1, float32(math.NaN()))
			k.activate(x, x, a)
			if v := x.At(0, 1); v == v {
				t.Errorf("activation %d turns NaN into %v", a, v)
			}
		}
	})
}

func TestExponential(t *testing.T) {
	for x := -87.3; x <= 87; x += .0137 {
		want := math.Exp(float64(float32(x)))
		if got := float64(exp32(float32(x))); math.Abs(got-want) > 2.5e-7*want {
			t.Fatalf("exp(%v) is %v, want %v", x, got, want)
		}
	}
	for _, row := range []struct{ x, want float32 }{
		{-88, 0}, {float32(math.Inf(-1)), 0}, {0, 1}, {100, exp32(87)}, {float32(math.Inf(1)), exp32(87)}, {float32(math.NaN()), float32(math.NaN())},
	} {
		if got := exp32(row.x); !same(got, row.want) {
			t.Errorf("exp(%v) is %v, want %v", row.x, got, row.want)
		}
	}
	for _, x := range []float64{1e-300, .5, .7, 1, 1.5, 2, 10, 1e10, math.MaxFloat32} {
		if got, want := log64(x), math.Log(x); math.Abs(got-want) > 1e-14*math.Max(1, math.Abs(want)) {
			t.Errorf("log(%v) is %v, want %v", x, got, want)
		}
	}
}

func TestSoftmaxCrossEntropy(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for range 60 {
			rows, classes := rnd.IntN(20), 1+rnd.IntN(50)
			smoothing := float32(rnd.IntN(2)) * .1
			logits := matrix(rnd, layout(rnd.IntN(int(layouts))), rows, classes, nil)
			grad, plain := matrix(rnd, layout(rnd.IntN(int(layouts))), rows, classes, nil), matrix(rnd, inPanels, rows, classes, nil)
			labels := make([]int32, rows)
			want, hits := 0.0, 0
			grads := make([]float64, 0, rows*classes)
			for r := range rows {
				labels[r] = int32(rnd.IntN(classes))
				if rnd.IntN(4) == 0 { // a tie with an earlier or later column
					logits.Set(r, rnd.IntN(classes), logits.At(r, int(labels[r])))
				}
				sum, best := 0.0, 0
				for c := range classes {
					sum += math.Exp(float64(logits.At(r, c)))
					if logits.At(r, c) > logits.At(r, best) {
						best = c
					}
				}
				if best == int(labels[r]) {
					hits++
				}
				for c := range classes {
					p, y := math.Exp(float64(logits.At(r, c)))/sum, float64(smoothing)/float64(classes)
					if c == int(labels[r]) {
						y += 1 - float64(smoothing)
					}
					want -= y * math.Log(p)
					grads = append(grads, (p-y)/float64(rows))
				}
			}
			// In two parts, as two threads do it.
			half, losses, plainLosses := rows/2, make([]float64, rows), make([]float64, rows)
			correct := k.crossEntropy(grad.Slice(0, half), logits.Slice(0, half), losses[:half], labels[:half], smoothing, rows) +
				k.crossEntropy(grad.Slice(half, rows), logits.Slice(half, rows), losses[half:], labels[half:], smoothing, rows)
			generic.crossEntropy(plain, logits, plainLosses, labels, smoothing, rows)
			loss := 0.0
			for _, l := range losses {
				loss += l
			}
			name := fmt.Sprintf("%d×%d, smoothing %v", rows, classes, smoothing)
			if math.Abs(loss-want) > 1e-5*math.Max(1, want) || correct != hits {
				t.Fatalf("%s: loss %v, %d correct, want %v, %d", name, loss, correct, want, hits)
			}
			if !slices.Equal(losses, plainLosses) {
				t.Fatalf("%s: losses %v, the plain tier has %v", name, losses, plainLosses)
			}
			equal(t, name, grad, plain)
			untouched(t, grad)
			for i, g := range grads {
				if got := float64(grad.At(i/classes, i%classes)); math.Abs(got-g) > 1e-6 {
					t.Fatalf("%s: gradient %d is %v, want %v", name, i, got, g)
				}
			}
			for r := range rows {
				k.softmaxRow(logits, logits, r, 0, 1)
				sum := 0.0
				for c := range classes {
					sum += float64(logits.At(r, c))
				}
				if math.Abs(sum-1) > 1e-5 {
					t.Fatalf("%s: probabilities of row %d add to %v", name, r, sum)
				}
			}
			untouched(t, logits)
		}
	})
}

func TestLossOfLogitsThatAreNotFinite(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		for _, v := range []float64{math.NaN(), math.Inf(1)} {
			for _, cols := range []int{3, 20} {
				x := Panels(make([]float32, PanelLen(1, cols)), 1, cols)
				x.Set(0, 1, float32(v))
				var loss [1]float64
				if k.crossEntropy(x, x, loss[:], []int32{0}, 0, 1); loss[0] == loss[0] {
					t.Errorf("logit %v of %d gives the loss %v, want NaN", v, cols, loss[0])
				}
			}
		}
	})
}

func TestBatchNorm(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for range 30 {
			rows, cols := 1+rnd.IntN(40), 1+rnd.IntN(40)
			if rnd.IntN(5) == 0 {
				rows = 2*sumRows + rnd.IntN(50)
			}
			lay := func() Matrix { return matrix(rnd, layout(rnd.IntN(int(layouts))), rows, cols, nil) }
			x, y, dy, dx := lay(), lay(), lay(), lay()
			v := func() []float32 { return make([]float32, Padded(cols)) }
			mean, variance, inv, gamma, dgamma, dbeta, sums := v(), v(), v(), v(), v(), v(), v()
			copy(gamma, normals(rnd, cols))
			k.batchStats(mean, variance, x)
			k.columnSums(sums, dy)
			scale := v()
			for c := range cols {
				inv[c] = 1 / sqrt(variance[c]+1e-3)
				scale[c] = gamma[c] * inv[c]
			}
			k.normalize(y, x, mean, scale, gamma)
			k.batchNormBackward(dx, dy, x, BatchNorm{Mean: mean, InvStd: inv, Gamma: gamma}, dgamma, dbeta)
			n := float64(rows)
			for c := range cols {
				var m, s, sum, cross float64
				for r := range rows {
					m += float64(x.At(r, c)) / n
				}
				for r := range rows {
					s += math.Pow(float64(x.At(r, c))-m, 2) / n
				}
				std := math.Sqrt(s + 1e-3)
				for r := range rows {
					sum += float64(dy.At(r, c))
					cross += float64(dy.At(r, c)) * (float64(x.At(r, c)) - m) / std
				}
				near(t, "mean", mean[c], float32(m))
				near(t, "variance", variance[c], float32(s))
				near(t, "dbeta", dbeta[c], float32(sum))
				near(t, "column sum", sums[c], float32(sum))
				near(t, "dgamma", dgamma[c], float32(cross))
				for r := range rows {
					hat := (float64(x.At(r, c)) - m) / std
					near(t, "y", y.At(r, c), float32(float64(gamma[c])*hat+float64(gamma[c])))
					near(t, "dx", dx.At(r, c), float32(float64(gamma[c])/std*(float64(dy.At(r, c))-sum/n-hat*cross/n)))
				}
			}
			untouched(t, y)
			untouched(t, dx)
		}
	})
}

// TestBatchNormTiers: the plain tier gives the same bits.
func TestBatchNormTiers(t *testing.T) {
	rnd := source(t)
	x, dy := matrix(rnd, inPanels, 600, 21, nil), matrix(rnd, inRows, 600, 21, nil)
	var out [2][4][]float32
	var dx [2]Matrix
	for i, k := range []tier{generic, best()} {
		for j := range out[i] {
			out[i][j] = make([]float32, Padded(21))
		}
		dx[i] = matrix(rnd, inPanels, 600, 21, nil)
		k.batchStats(out[i][0], out[i][1], x)
		k.batchNormBackward(dx[i], dy, x, BatchNorm{out[i][0], out[i][1], out[i][1]}, out[i][2], out[i][3])
	}
	if fmt.Sprint(out[0]) != fmt.Sprint(out[1]) {
		t.Errorf("sums differ: %v and %v", out[0], out[1])
	}
	equal(t, "gradient", dx[1], dx[0])
}
