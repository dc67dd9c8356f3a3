package report

import (
	"math"
	"math/rand/v2"
	"sort"
)

// Analysis says what each axis does to the score: the functional ANOVA of Hutter, Hoos and
// Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance" (ICML 2014).
// The score as a function of the axes is split into a constant, a function of every axis
// alone, of every pair, and so on; each part's variance over the grid is its importance.
type Analysis struct {
	Exact    bool // computed from all points of a full grid; else from a random forest on those there are
	Variance float64
	Mean     float64
	Effects  []Effect // per axis, in the landscape's order
	Pairs    []Pair   // every two axes, the most important interaction first
	Higher   float64  // share of the variance that three and more axes together have
}

// Effect is what one axis does, all others averaged over.
type Effect struct {
	Axis   int       // in Landscape.Axes
	Means  []float64 // the mean score at each level
	Errors []float64 // their deviation: over folds where Exact, else over the forest's trees
	Share  float64   // of the variance
	Error  float64   // of Share, over trees; 0 where Exact
}

// Pair is what two axes do, all others averaged over.
type Pair struct {
	First, Second int         // in Landscape.Axes, First < Second
	Means         [][]float64 // the mean score at each level of the first, of the second
	Share         float64     // of the variance, beyond what the two do alone
	Error         float64     // of Share, over trees; 0 where Exact
}

// pairLimit is how many axes are looked at in pairs: of more, those with the largest effects.
const pairLimit = 12

// Analyze computes the effects; nil where there are no two points that differ.
func (l *Landscape) Analyze() *Analysis {
	if len(l.Points) < 2 || len(l.Axes) == 0 {
		return nil
	}
	switch {
	case l.Full:
		return l.exact()
	case l.fine != nil:
		return l.binned(l.fine.exact())
	}
	return l.approximate(forestOptions{})
}

// exact averages over the points themselves: sums over the grid, nothing estimated.
func (l *Landscape) exact() *Analysis {
	y := make([]float64, len(l.Points))
	for i, p := range l.Points {
		y[i] = p.Mean
	}
	out := &Analysis{Exact: true}
	out.Mean, out.Variance = moments(y)
	share := func(v float64) float64 {
		if out.Variance <= 0 {
			return 0
		}
		return math.Max(0, v/out.Variance)
	}
	total := 0.0
	for a := range l.Axes {
		means := l.marginal(a, func(p *LandscapePoint) float64 { return p.Mean })
		_, variance := moments(means)
		out.Effects = append(out.Effects, Effect{Axis: a, Means: means, Errors: l.foldDeviation(a), Share: share(variance)})
		total += share(variance)
	}
	chosen := mostImportant(out.Effects)
	for i, a := range chosen {
		for _, b := range chosen[i+1:] {
			a, b := min(a, b), max(a, b)
			pair := Pair{First: a, Second: b, Means: l.marginal2(a, b)}
			variance := 0.0
			for i, row := range pair.Means {
				for j, m := range row {
					d := m - out.Effects[a].Means[i] - out.Effects[b].Means[j] + out.Mean
					variance += d * d
				}
			}
			pair.Share = share(variance / float64(len(pair.Means)*len(pair.Means[0])))
			total += pair.Share
			out.Pairs = append(out.Pairs, pair)
		}
	}
	out.Higher = math.Max(0, 1-total)
	if out.Variance <= 0 {
		out.Higher = 0
	}
	sortPairs(out.Pairs)
	return out
}

// binned is an analysis of all levels with its means over bins, which is what figures show.
func (l *Landscape) binned(a *Analysis) *Analysis {
	for i := range a.Effects {
		e := &a.Effects[i]
		e.Means, e.Errors = l.marginal(e.Axis, func(p *LandscapePoint) float64 { return p.Mean }), l.foldDeviation(e.Axis)
	}
	for i := range a.Pairs {
		a.Pairs[i].Means = fillGaps(l.marginal2(a.Pairs[i].First, a.Pairs[i].Second))
	}
	return a
}

// fillGaps gives a bin that no value lies in the means of its neighbour, in both directions.
func fillGaps(means [][]float64) [][]float64 {
	for i, row := range means {
		for j := range row {
			if row[j] != row[j] && j > 0 {
				row[j] = row[j-1]
			}
		}
		if finite(row) == 0 && i > 0 {
			copy(row, means[i-1])
		}
	}
	return means
}

// moments are mean and population variance.
func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		variance += (v - mean) * (v - mean)
	}
	return mean, variance / float64(len(x))
}

// marginal is the mean of something at each level of an axis.
func (l *Landscape) marginal(axis int, read func(*LandscapePoint) float64) []float64 {
	sum, n := make([]float64, len(l.Axes[axis].Labels)), make([]float64, len(l.Axes[axis].Labels))
	for i := range l.Points {
		level := l.Points[i].Levels[axis]
		sum[level] += read(&l.Points[i])
		n[level]++
	}
	for i := range sum {
		sum[i] /= n[i] // NaN where there is no point
	}
	return sum
}

// marginal2 is the mean score at each pair of levels of two axes.
func (l *Landscape) marginal2(a, b int) [][]float64 {
	rows, columns := len(l.Axes[a].Labels), len(l.Axes[b].Labels)
	sum, n := make([]float64, rows*columns), make([]float64, rows*columns)
	for i := range l.Points {
		at := l.Points[i].Levels[a]*columns + l.Points[i].Levels[b]
		sum[at] += l.Points[i].Mean
		n[at]++
	}
	out := make([][]float64, rows)
	for i := range out {
		out[i] = sum[i*columns : (i+1)*columns]
		for j := range out[i] {
			out[i][j] /= n[i*columns+j]
		}
	}
	return out
}

// foldDeviation is how much an axis' marginal means deviate from fold to fold.
func (l *Landscape) foldDeviation(axis int) []float64 {
	levels, folds := len(l.Axes[axis].Labels), len(l.Points[0].Folds)
	out := make([]float64, levels)
	if folds < 2 {
		return out
	}
	byFold := make([][]float64, folds)
	for f := range byFold {
		byFold[f] = l.marginal(axis, func(p *LandscapePoint) float64 { return p.Folds[f] })
	}
	for level := range out {
		x := make([]float64, folds)
		for f := range x {
			x[f] = byFold[f][level]
		}
		_, variance := moments(x)
		out[level] = math.Sqrt(variance)
	}
	return out
}

// mostImportant are the axes that are looked at in pairs, ascending.
func mostImportant(effects []Effect) []int {
	var axes []int
	for _, e := range effects {
		axes = append(axes, e.Axis)
	}
	sort.SliceStable(axes, func(i, j int) bool { return effects[axes[i]].Share > effects[axes[j]].Share })
	axes = axes[:min(len(axes), pairLimit)]
	sort.Ints(axes)
	return axes
}

func sortPairs(pairs []Pair) {
	sort.SliceStable(pairs, func(i, j int) bool { return pairs[i].Share > pairs[j].Share })
}

// approximate fits a random forest to the points and analyses its trees, each exactly: a tree
// is constant on boxes, so that its marginals are sums over its leaves. Shares are means over the
// trees.
func (l *Landscape) approximate(o forestOptions) *Analysis {
	o = o.withDefaults()
	weights := make([][]float64, len(l.Axes))
	for a := range l.Axes {
		weights[a] = l.Axes[a].Weights
	}
	random := rand.New(rand.NewPCG(o.seed, 0x5eed)) // #nosec: a figure's reproducible draws
	var trees []treeAnalysis
	grower := newGrower(l, o, random)
	chosen := make([]int, len(l.Axes))
	for i := range chosen {
		chosen[i] = i
	}
	for t := range o.trees {
		leaves := grower.grow()
		if t == 0 && len(l.Axes) > pairLimit {
			first := analyzeTree(leaves, weights, nil)
			var effects []Effect
			for a := range l.Axes {
				effects = append(effects, Effect{Axis: a, Share: first.single[a]})
			}
			chosen = mostImportant(effects)
		}
		trees = append(trees, analyzeTree(leaves, weights, chosen))
	}
	return l.gather(trees, chosen)
}
