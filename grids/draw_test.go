package grids

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPermutationIsBijection(t *testing.T) {
	lengths := []uint64{0, 1, 2, 3, 4, 5, 7, 8, 100, maxShort - 1, maxShort, maxShort + 1, 5000, 16383, 16384, 16385, 65536, 65537, 100_003}
	for _, n := range lengths {
		for seed := range uint64(3) {
			p := newPermutation(seed, n)
			hit := make([]bool, n)
			for i := range n {
				v := p.at(i)
				if v >= n || hit[v] {
					t.Fatalf("n %d, seed %d: %d goes to %d, out of range or for the second time", n, seed, i, v)
				}
				hit[v] = true
			}
		}
	}
}

// TestPermutationLong: far beyond what can be listed, no two of many numbers
// collide, and all are in range.
func TestPermutationLong(t *testing.T) {
	for _, n := range []uint64{1e12, 1<<62 + 1, 1<<63 - 1} {
		p := newPermutation(5, n)
		seen := map[uint64]bool{}
		for i := range uint64(20_000) {
			v := p.at(n - 1 - i*7919)
			if v >= n || seen[v] {
				t.Fatalf("n %d: %d out of range or twice", n, v)
			}
			seen[v] = true
		}
	}
}

// chiSquare is the statistic of counts against equal expectation.
func chiSquare(counts []int) float64 {
	total := 0
	for _, c := range counts {
		total += c
	}
	want, sum := float64(total)/float64(len(counts)), 0.0
	for _, c := range counts {
		sum += (float64(c) - want) * (float64(c) - want) / want
	}
	return sum
}

// likely tells whether a chi-square statistic of k cells is within five standard
// deviations of what chance gives (k-1, variance 2(k-1)).
func likely(statistic float64, cells int) bool {
	free := float64(cells - 1)
	return math.Abs(statistic-free) < 5*math.Sqrt(2*free)
}

// TestPermutationUniform: over many seeds, every place gets every number equally
// often, for shuffled and for Feistel lengths, and neighbours are unrelated.
func TestPermutationUniform(t *testing.T) {
	all := make([]int, 24) // each of the 4! orders of four
	for seed := range uint64(24_000) {
		p := newPermutation(seed, 4)
		code := 0
		for i := range uint64(3) {
			smaller := 0
			for k := i + 1; k < 4; k++ {
				if p.at(k) < p.at(i) {
					smaller++
				}
			}
			code = code*int(4-i) + smaller
		}
		all[code]++
	}
	if s := chiSquare(all); !likely(s, len(all)) {
		t.Errorf("orders of four: chi-square %.1f for %d cells: %v", s, len(all), all)
	}
	const n, cells = 10_007, 50
	for _, place := range []uint64{0, 1, 5000, n - 1} {
		counts, steps := make([]int, cells), make([]int, cells)
		for seed := range uint64(20_000) {
			p := newPermutation(seed, n)
			v := p.at(place)
			counts[v*cells/n]++
			steps[(p.at((place+1)%n)+n-v)%n*cells/n]++
		}
		if s := chiSquare(counts); !likely(s, cells) {
			t.Errorf("place %d: chi-square %.1f for %d cells", place, s, cells)
		}
		if s := chiSquare(steps); !likely(s, cells) {
			t.Errorf("steps from place %d: chi-square %.1f for %d cells", place, s, cells)
		}
	}
}

// take is the first n of a sequence.
func take(n int, seq iter.Seq[Point]) []Point {
	var points []Point
	for p := range seq {
		if len(points) == n {
			break
		}
		points = append(points, p)
	}
	return points
}

const spaces = `[search]
strategy = "random"
trials = 9
exclude = { optimizer = "rmsprop", units = [1, 2] }
[grid]
rate = { min = 1e-4, max = 1.0, scale = "log" }
drop = { min = 0.1, max = 0.5 }
width = { min = 3, max = 7 }
wide = { min = 4, max = 64, scale = "log" }
units = [1, 2, 3]
optimizer = ["adam", "sgd", "rmsprop"]
momentum = { min = 0.0, max = 0.9, when = { optimizer = "sgd" } }
nesterov = { values = [true, false], when = { optimizer = "sgd" } }
`

// cellsOf counts where values fall between ends, after a change of scale.
func cellsOf(points []Point, name string, cells int, low, high float64, scale func(float64) float64) []int {
	counts := make([]int, cells)
	for _, p := range points {
		if v, ok := p.Values[name].(float64); ok {
			share := (scale(v) - scale(low)) / (scale(high) - scale(low))
			counts[min(int(share*float64(cells)), cells-1)]++
		}
	}
	return counts
}

// TestDrawDistributions: linear draws are uniform, logarithmic ones uniform in the
// logarithm, integers and lists even, and no axis tells of another.
func TestDrawDistributions(t *testing.T) {
	g := parseGrid(t, spaces).Grid
	for seed := range uint64(3) {
		points := take(20_000, g.Draw(seed))
		same := func(v float64) float64 { return v }
		for name, counts := range map[string][]int{
			"rate":     cellsOf(points, "rate", 40, 1e-4, 1, math.Log),
			"drop":     cellsOf(points, "drop", 40, 0.1, 0.5, same),
			"momentum": cellsOf(points, "momentum", 40, 0, 0.9, same),
		} {
			if s := chiSquare(counts); !likely(s, len(counts)) {
				t.Errorf("seed %d: %s: chi-square %.1f for %d cells: %v", seed, name, s, len(counts), counts)
			}
		}
		width, pairs, products := make([]int, 5), make([]int, 16), make([]int, 7)
		below10 := 0
		for _, p := range points {
			width[p.Values["width"].(int64)-3]++
			rate := int(4 * (math.Log(p.Values["rate"].(float64))/math.Log(1e4) + 1))
			drop := int(4 * (p.Values["drop"].(float64) - 0.1) / 0.4)
			pairs[4*min(rate, 3)+min(drop, 3)]++
			if v := p.Values["wide"].(int64); v < 4 || v > 64 {
				t.Fatalf("wide is %d", v)
			} else if v < 10 {
				below10++
			}
			units, optimizer := p.Values["units"].(int64), p.Values["optimizer"]
			switch optimizer {
			case "adam":
				products[units-1]++
			case "sgd":
				products[3+units-1]++
			default:
				products[6]++
				if units != 3 {
					t.Fatalf("%v is excluded", p.Values)
				}
			}
			_, momentum := p.Values["momentum"]
			_, nesterov := p.Values["nesterov"]
			if momentum != (optimizer == "sgd") || nesterov != momentum {
				t.Fatalf("%v: momentum and nesterov belong to sgd", p.Values)
			}
		}
		for name, counts := range map[string][]int{"width": width, "rate × drop": pairs, "lists": products} {
			if s := chiSquare(counts); !likely(s, len(counts)) {
				t.Errorf("seed %d: %s: chi-square %.1f: %v", seed, name, s, counts)
			}
		}
		// An integer owns the interval to half way to its neighbours.
		want := math.Log(9.5/3.5) / math.Log(64.5/3.5)
		if got := float64(below10) / float64(len(points)); math.Abs(got-want) > 0.02 {
			t.Errorf("seed %d: %.3f of wide are below 10, want %.3f", seed, got, want)
		}
	}
}

// TestDrawIsAFunction: the same seed gives the same draws, a longer search starts
// with the shorter one, another seed gives others.
func TestDrawIsAFunction(t *testing.T) {
	finite := "[search]\nstrategy = \"random\"\ntrials = 9\n[grid]\n" + axesOf(4, 9)
	for name, text := range map[string]string{"distributions": spaces, "finite": finite} {
		t.Run(name, func(t *testing.T) {
			g := parseGrid(t, text).Grid
			long, short, other := take(100, g.Draw(4)), take(40, parseGrid(t, text).Grid.Draw(4)), take(100, g.Draw(5))
			if len(long) != 100 || len(short) != 40 {
				t.Fatalf("drew %d and %d", len(long), len(short))
			}
			for i := range short {
				if short[i].Index != long[i].Index || !maps.Equal(short[i].Values, long[i].Values) {
					t.Errorf("draw %d: %v of 40, %v of 100", i, short[i], long[i])
				}
			}
			same := 0
			for i := range long {
				if maps.Equal(long[i].Values, other[i].Values) {
					same++
				}
			}
			if same > 2 {
				t.Errorf("%d of 100 draws are those of another seed", same)
			}
		})
	}
}

// TestDrawIntegersWithoutReplacement: a distribution of integers alone is a list
// in all but name, so its draws end and do not repeat.
func TestDrawIntegersWithoutReplacement(t *testing.T) {
	g := parseGrid(t, "[search]\nstrategy = \"random\"\n[grid]\nwidth = { min = 3, max = 7 }\ndepth = [1, 2]\n").Grid
	if !g.Finite() || g.Count() != 10 {
		t.Fatalf("Finite %t, Count %d, want 10", g.Finite(), g.Count())
	}
	seen := map[string]bool{}
	for p := range g.Draw(1) {
		seen[fmt.Sprint(p.Values)] = true
	}
	if len(seen) != 10 {
		t.Errorf("drew %d different points, want 10", len(seen))
	}
}

// TestDrawUnion: each product of a union is drawn equally often.
func TestDrawUnion(t *testing.T) {
	g := parseGrid(t, `[search]
strategy = "random"
trials = 5
[[grid]]
kind = ["a"]
x = { min = 0.0, max = 1.0 }
[[grid]]
kind = ["b", "c"]
y = { min = 0.0, max = 1.0 }
`).Grid
	counts := map[string]int{}
	for _, p := range take(8000, g.Draw(2)) {
		kind := p.Values["kind"].(string)
		counts[kind]++
		_, x := p.Values["x"]
		_, y := p.Values["y"]
		if x != (kind == "a") || y == x {
			t.Fatalf("%v mixes two grids", p.Values)
		}
	}
	if got := []int{counts["a"], counts["b"] * 2, counts["c"] * 2}; slices.Max(got)-slices.Min(got) > 500 {
		t.Errorf("counts %v, want a half, a quarter and a quarter", counts)
	}
}

// TestDrawHopeless: where exclusions leave nothing to draw, the sequence ends.
func TestDrawHopeless(t *testing.T) {
	g := parseGrid(t, `[search]
strategy = "random"
trials = 5
exclude = { o = ["a", "b"] }
[grid]
o = ["a", "b"]
x = { min = 0.0, max = 1.0 }
`).Grid
	if got := take(1, g.Draw(1)); len(got) > 0 {
		t.Errorf("drew %v", got)
	}
}

// TestStreamsAreUnrelated: numbers keyed by neighbouring seeds, names and counters
// have no correlation to speak of.
func TestStreamsAreUnrelated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 20_000
	for range 20 {
		seed, name := r.Uint64(), fmt.Sprint(r.IntN(100))
		s := newStream(seed, name)
		for what, other := range map[string]func(i uint64) float64{
			"next number": func(i uint64) float64 { return s.unit(i + 1) },
			"next seed":   newStream(seed+1, name).unit,
			"other name":  newStream(seed, name+"x").unit,
		} {
			sum := 0.0
			for i := range uint64(n) {
				sum += (s.unit(i) - 0.5) * (other(i) - 0.5)
			}
			// The mean product has deviation 1/(12·sqrt(n)).
			if z := sum / n * 12 * math.Sqrt(n); math.Abs(z) > 5 {
				t.Errorf("seed %d, name %s: correlation with the %s is %.1f deviations", seed, name, what, z)
			}
		}
	}
}
