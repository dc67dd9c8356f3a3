package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// gridOf is a full landscape of axes with so many levels and a score at each point.
func gridOf(levels []int, score func(at []int) float64) *Landscape {
	l := &Landscape{Metric: "accuracy"}
	for i, n := range levels {
		a := LandscapeAxis{Name: string(rune('a' + i)), Numeric: i%2 == 0, Inactive: -1}
		for level := range n {
			a.Labels = append(a.Labels, string(rune('0'+level)))
			a.Centers = append(a.Centers, float64(level))
			a.Weights = append(a.Weights, 1/float64(n))
		}
		a.Max = float64(n - 1)
		l.Axes = append(l.Axes, a)
	}
	at := make([]int, len(levels))
	for {
		p := LandscapePoint{Levels: append([]int(nil), at...), Mean: score(at)}
		p.Folds = []float64{p.Mean - 0.01, p.Mean + 0.01}
		for _, level := range at {
			p.Values = append(p.Values, float64(level))
			p.Texts = append(p.Texts, "")
		}
		l.Points = append(l.Points, p)
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < levels[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			break
		}
	}
	l.Full = l.full()
	return l
}

// bruteForce is the functional ANOVA by its definition: the component of every subset of
// axes is the mean over the rest less the components of its subsets; its share is the
// component's variance. Subsets are masks.
func bruteForce(l *Landscape) map[int]float64 {
	d, n := len(l.Axes), float64(len(l.Points))
	component := func(mask int, at []int, known map[int]func([]int) float64) float64 {
		sum, count := 0.0, 0.0
		for _, p := range l.Points {
			same := true
			for a := range d {
				same = same && (mask>>a&1 == 0 || p.Levels[a] == at[a])
			}
			if same {
				sum, count = sum+p.Mean, count+1
			}
		}
		v := sum / count
		for sub := (mask - 1) & mask; mask != 0; sub = (sub - 1) & mask {
			v -= known[sub](at)
			if sub == 0 {
				break
			}
		}
		return v
	}
	known := map[int]func([]int) float64{}
	variance := map[int]float64{}
	total := 0.0
	for mask := range 1 << d {
		known[mask] = func(at []int) float64 { return component(mask, at, known) }
	}
	for mask := 1; mask < 1<<d; mask++ {
		for _, p := range l.Points {
			v := known[mask](p.Levels)
			variance[mask] += v * v / n
		}
		total += variance[mask]
	}
	for mask := range variance {
		variance[mask] /= total
	}
	return variance
}

func TestExactIsBruteForce(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, levels := range [][]int{{2, 3}, {2, 2, 2}, {3, 2, 4}, {5}, {2, 3, 2, 2}} {
		l := gridOf(levels, func(at []int) float64 { return random.NormFloat64() + float64(at[0]) })
		if !l.Full {
			t.Fatalf("%v: not full", levels)
		}
		a, want := l.Analyze(), bruteForce(l)
		if !a.Exact {
			t.Fatalf("%v: not exact", levels)
		}
		rest := 1.0
		for _, e := range a.Effects {
			if math.Abs(e.Share-want[1<<e.Axis]) > 1e-12 {
				t.Errorf("%v axis %d: share %v, want %v", levels, e.Axis, e.Share, want[1<<e.Axis])
			}
			rest -= e.Share
			for _, d := range e.Errors {
				if math.Abs(d-0.01) > 1e-12 {
					t.Errorf("%v axis %d: deviation over folds %v, want 0.01", levels, e.Axis, d)
				}
			}
		}
		if n := len(levels) * (len(levels) - 1) / 2; len(a.Pairs) != n {
			t.Errorf("%v: %d pairs, want %d", levels, len(a.Pairs), n)
		}
		for _, p := range a.Pairs {
			if w := want[1<<p.First|1<<p.Second]; math.Abs(p.Share-w) > 1e-12 {
				t.Errorf("%v axes %d and %d: share %v, want %v", levels, p.First, p.Second, p.Share, w)
			}
			rest -= p.Share
		}
		if math.Abs(rest-a.Higher) > 1e-9 {
			t.Errorf("%v: %v of higher order, want %v", levels, a.Higher, rest)
		}
	}
}

// A tree on all points of a full grid is the function itself, so that its analysis is the exact one
// up to rounding.
func TestWholeTreeIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	l := gridOf([]int{3, 4, 2}, func(at []int) float64 { return random.Float64() + float64(at[1])*0.3 })
	compareAnalyses(t, l, l.approximate(forestOptions{whole: true, trees: 1}), l.exact(), 1e-9)
}

// On bootstrap samples the forest comes near the exact analysis, the nearer the more points a tree sees.
func TestForestConverges(t *testing.T) {
	l := gridOf([]int{4, 5, 3, 3}, func(at []int) float64 {
		return 0.4*float64(at[0]) - 0.1*float64(at[1]*at[1]) + 0.3*float64(at[0]*at[2]) + 0.02*float64(at[3])
	})
	exact := l.exact()
	distance := func(sample int) (sum float64) {
		a := l.approximate(forestOptions{sample: sample})
		for i, e := range a.Effects {
			sum += math.Abs(e.Share - exact.Effects[i].Share)
		}
		return sum
	}
	few, many := distance(30), distance(4000)
	if few < 2*many || many > 0.01 {
		t.Errorf("distance to the exact shares %v with samples of 30 and %v with samples of 4000", few, many)
	}
	compareAnalyses(t, l, l.approximate(forestOptions{sample: 4000}), exact, 0.02)

	// With every third point missing the forest fills in.
	var kept []LandscapePoint
	for i, p := range l.Points {
		if i%3 != 1 {
			kept = append(kept, p)
		}
	}
	l.Points = kept
	l.Full = l.full()
	a := l.Analyze()
	if l.Full || a.Exact {
		t.Fatal("two thirds of a grid are no full one")
	}
	for i, e := range a.Effects {
		if math.Abs(e.Share-exact.Effects[i].Share) > 0.1 {
			t.Errorf("axis %d on two thirds of the grid: share %v, on all of it %v", i, e.Share, exact.Effects[i].Share)
		}
	}
}

func compareAnalyses(t *testing.T, l *Landscape, a, want *Analysis, near float64) {
	t.Helper()
	for i, e := range a.Effects {
		if math.Abs(e.Share-want.Effects[i].Share) > near {
			t.Errorf("axis %d: share %v, want %v", i, e.Share, want.Effects[i].Share)
		}
		for level, m := range e.Means {
			if math.Abs(m-want.Effects[i].Means[level]) > 5*near*math.Sqrt(want.Variance) {
				t.Errorf("axis %d level %d: mean %v, want %v", i, level, m, want.Effects[i].Means[level])
			}
		}
	}
	pair := func(a *Analysis, first, second int) Pair {
		for _, p := range a.Pairs {
			if p.First == first && p.Second == second {
				return p
			}
		}
		t.Fatalf("no pair %d %d", first, second)
		return Pair{}
	}
	for x := range l.Axes {
		for y := x + 1; y < len(l.Axes); y++ {
			if have, w := pair(a, x, y), pair(want, x, y); math.Abs(have.Share-w.Share) > near {
				t.Errorf("axes %d and %d: share %v, want %v", x, y, have.Share, w.Share)
			}
		}
	}
	if math.Abs(a.Higher-want.Higher) > 3*near {
		t.Errorf("%v of higher order, want %v", a.Higher, want.Higher)
	}
}

// The same points give the same forest.
func TestForestIsReproducible(t *testing.T) {
	l := gridOf([]int{3, 3, 3}, func(at []int) float64 { return float64(at[0]*at[1]) - float64(at[2]) })
	l.Points = l.Points[:20]
	a, b := l.approximate(forestOptions{}), l.approximate(forestOptions{})
	for i := range a.Effects {
		if a.Effects[i].Share != b.Effects[i].Share {
			t.Fatalf("axis %d: %v and %v", i, a.Effects[i].Share, b.Effects[i].Share)
		}
	}
}

// Conditional axes have a level of their own where they are inactive; distributions are bins.
func TestLandscapeOfARandomSearch(t *testing.T) {
	m := scene{
		search: "strategy = \"random\"\ntrials = 60",
		grid:   "optimizer = [\"adam\", \"sgd\"]\nlearning_rate = { min = 1e-4, max = 1e-1, scale = \"log\" }\nmomentum = { values = [0.0, 0.9], when = { optimizer = \"sgd\" } }",
		score: func(v map[string]any, _ int) float64 {
			return 0.5 + 0.1*math.Log10(v["learning_rate"].(float64)*1e4)
		},
	}.material(t)
	l := NewLandscape(m.Sweep, m.Standings)
	if len(l.Axes) != 3 || l.Full || len(l.Points) != 60 {
		t.Fatalf("%d axes, %d points, full %v", len(l.Axes), len(l.Points), l.Full)
	}
	rate, momentum := l.Axes[0], l.Axes[1]
	if rate.Name != "learning_rate" || !rate.Binned || !rate.Log || len(rate.Labels) != bins {
		t.Errorf("learning_rate is %+v", rate)
	}
	if momentum.Inactive != 2 || strings.Join(momentum.Labels, " ") != "0 0.9 inactive" {
		t.Errorf("momentum is %+v", momentum)
	}
	sum := 0.0
	for _, w := range momentum.Weights {
		sum += w
	}
	if math.Abs(sum-1) > 1e-12 {
		t.Errorf("weights of momentum sum to %v", sum)
	}
	a := l.Analyze()
	if a.Effects[0].Share < 0.9 {
		t.Errorf("learning_rate makes the score and has a share of %v", a.Effects[0].Share)
	}
	for _, f := range []*Figure{ParallelFigure(l), EffectsFigure(l, a), PairsFigure(l, a), ImportanceFigure(l, a), ScoreFigure(l)} {
		drawAll(t, []*Figure{f})
	}
}

// A full grid of long lists is analysed exactly though its figures show bins.
func TestLongListsAreExact(t *testing.T) {
	list := make([]string, 60)
	for i := range list {
		list[i] = fmt.Sprint(i + 1)
	}
	m := scene{grid: "batch_size = [" + strings.Join(list, ", ") + "]\noptimizer = [\"adam\", \"sgd\"]", score: func(v map[string]any, _ int) float64 {
		if v["optimizer"] == "sgd" {
			return 0.2
		}
		return 0.5 + 0.001*float64(v["batch_size"].(int64))
	}}.material(t)
	l := NewLandscape(m.Sweep, m.Standings)
	a := l.Analyze()
	if !a.Exact || l.Full || !l.Axes[0].Binned || len(a.Effects[0].Means) != len(l.Axes[0].Labels) {
		t.Fatalf("exact %v, full %v, axis %+v", a.Exact, l.Full, l.Axes[0])
	}
	want := bruteForce(l.fine)
	for i, e := range a.Effects {
		if math.Abs(e.Share-want[1<<i]) > 1e-12 {
			t.Errorf("axis %d: share %v, want %v", i, e.Share, want[1<<i])
		}
	}
	drawAll(t, []*Figure{EffectsFigure(l, a), PairsFigure(l, a)})
}
