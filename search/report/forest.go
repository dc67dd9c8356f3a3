package report

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sort"
)

// forestOptions are those of the forest; the zero value is what Analyze uses.
type forestOptions struct {
	trees  int    // 0: 48
	sample int    // points that a tree is grown on; 0: as many as there are, at most sampleLimit
	whole  bool   // each tree on all points, every axis tried at every split: no randomness
	seed   uint64 // 0: 1
}

// sampleLimit bounds a tree: of 10,000 points each sees 3,000.
const sampleLimit = 3000

func (o forestOptions) withDefaults() forestOptions {
	if o.trees == 0 {
		o.trees = 48
	}
	if o.seed == 0 {
		o.seed = 1
	}
	return o
}

// A leaf of a regression tree: a box of levels, one set of them per axis, on which the tree
// says one value. Sets are masks: an axis has at most 64 levels.
type leaf struct {
	box   []uint64
	value float64
}

// grower grows the trees of one forest. Trees are grown to the end: a leaf's points have
// one score or no axis on which they differ.
type grower struct {
	landscape *Landscape
	options   forestOptions
	random    *rand.Rand
	leaves    []leaf
	sum, n    []float64 // by level, while a split is looked for
	order     []int
}

func newGrower(l *Landscape, o forestOptions, r *rand.Rand) *grower {
	return &grower{landscape: l, options: o, random: r, sum: make([]float64, 64), n: make([]float64, 64), order: make([]int, 0, 64)}
}

// grow gives the leaves of one more tree: a bootstrap sample, split by variance, at each split
// five sixths of the axes tried, as in the authors' program.
func (g *grower) grow() []leaf {
	l := g.landscape
	g.leaves = nil
	var rows []int
	if g.options.whole {
		for i := range l.Points {
			rows = append(rows, i)
		}
	} else {
		size := g.options.sample
		if size == 0 {
			size = min(len(l.Points), sampleLimit)
		}
		for range size {
			rows = append(rows, g.random.IntN(len(l.Points)))
		}
	}
	box := make([]uint64, len(l.Axes))
	for a := range box {
		box[a] = 1<<len(l.Axes[a].Labels) - 1
	}
	g.split(rows, box)
	return g.leaves
}

// split makes leaves of the rows that lie in a box.
func (g *grower) split(rows []int, box []uint64) {
	axis, left := g.bestSplit(rows, box)
	if axis < 0 {
		sum := 0.0
		for _, i := range rows {
			sum += g.landscape.Points[i].Mean
		}
		g.leaves = append(g.leaves, leaf{box, sum / float64(len(rows))})
		return
	}
	at := 0
	for i, row := range rows {
		if left>>g.landscape.Points[row].Levels[axis]&1 == 1 {
			rows[i], rows[at] = rows[at], rows[i]
			at++
		}
	}
	other := slices.Clone(box)
	other[axis] &^= left
	box[axis] &= left
	g.split(rows[:at], box)
	g.split(rows[at:], other)
}

// bestSplit finds the axis and the levels that go left, axis −1 where nothing is to be gained.
func (g *grower) bestSplit(rows []int, box []uint64) (axis int, left uint64) {
	l := g.landscape
	axis = -1
	if len(rows) < 2 {
		return
	}
	first, same := l.Points[rows[0]].Mean, true
	total := 0.0
	for _, i := range rows {
		total += l.Points[i].Mean
		same = same && l.Points[i].Mean == first
	}
	if same {
		return
	}
	n := float64(len(rows))
	try := len(l.Axes)
	axes := make([]int, try)
	for i := range axes {
		axes[i] = i
	}
	if !g.options.whole {
		g.random.Shuffle(len(axes), func(i, j int) { axes[i], axes[j] = axes[j], axes[i] })
		try = (5*len(axes) + 5) / 6
	}
	best := math.Inf(-1)
	for tried, a := range axes {
		if tried >= try && axis >= 0 {
			break // enough axes, and one of them splits
		}
		if bits.OnesCount64(box[a]) < 2 {
			continue
		}
		sum, count := g.sum[:len(l.Axes[a].Labels)], g.n[:len(l.Axes[a].Labels)]
		clear(sum)
		clear(count)
		for _, i := range rows {
			level := l.Points[i].Levels[a]
			sum[level] += l.Points[i].Mean
			count[level]++
		}
		order := g.order[:0]
		for level := range sum {
			if count[level] > 0 {
				order = append(order, level)
			}
		}
		if len(order) < 2 {
			continue
		}
		ordered := l.Axes[a].Numeric // with "inactive" beyond the largest
		if !ordered {                // words: by their means any split in two is among those in order (Breiman et al. 1984)
			sort.SliceStable(order, func(i, j int) bool { return sum[order[i]]/count[order[i]] < sum[order[j]]/count[order[j]] })
		}
		var mask uint64
		sumLeft, nLeft := 0.0, 0.0
		for i, level := range order[:len(order)-1] {
			sumLeft += sum[level]
			nLeft += count[level]
			mask |= 1 << level
			right := total - sumLeft
			if gain := sumLeft*sumLeft/nLeft + right*right/(n-nLeft); gain > best {
				best, axis, left = gain, a, mask
				if next := order[i+1]; ordered && next == l.Axes[a].Inactive {
					left = 1<<next - 1
				} else if ordered { // levels between two that have points go to the nearer one
					left = 1<<((level+next)/2+1) - 1
				} else if nLeft > n/2 { // levels nobody has go with the many
					left |= box[a] &^ seenLevels(order)
				}
			}
		}
	}
	return axis, left
}

func seenLevels(order []int) (mask uint64) {
	for _, level := range order {
		mask |= 1 << level
	}
	return mask
}

// treeAnalysis is the functional ANOVA of one tree.
type treeAnalysis struct {
	mean, variance float64
	single         []float64   // share per axis
	means          [][]float64 // marginal per axis and level
	pairs          []pairAnalysis
}

type pairAnalysis struct {
	share float64
	means []float64 // levels × levels
}

// analyzeTree adds up a tree's leaves: a leaf counts by its volume, the product of the
// weights of its sides; at a level of an axis by the product of the other sides.
func analyzeTree(leaves []leaf, weights [][]float64, chosen []int) treeAnalysis {
	d := len(weights)
	t := treeAnalysis{single: make([]float64, d), means: make([][]float64, d)}
	for a := range t.means {
		t.means[a] = make([]float64, len(weights[a]))
	}
	for i, a := range chosen {
		for _, b := range chosen[i+1:] {
			t.pairs = append(t.pairs, pairAnalysis{means: make([]float64, len(weights[a])*len(weights[b]))})
		}
	}
	side := make([]float64, d)
	square := 0.0
	for _, f := range leaves {
		volume := 1.0
		for a, mask := range f.box {
			side[a] = 0
			for m := mask; m != 0; m &= m - 1 {
				side[a] += weights[a][bits.TrailingZeros64(m)]
			}
			volume *= side[a]
		}
		if volume <= 0 {
			continue
		}
		t.mean += volume * f.value
		square += volume * f.value * f.value
		for a, mask := range f.box {
			part := volume / side[a] * f.value
			for m := mask; m != 0; m &= m - 1 {
				t.means[a][bits.TrailingZeros64(m)] += part
			}
		}
		pair := 0
		for i, a := range chosen {
			for _, b := range chosen[i+1:] {
				part := volume / side[a] / side[b] * f.value
				means, columns := t.pairs[pair].means, len(weights[b])
				for m := f.box[a]; m != 0; m &= m - 1 {
					row := means[bits.TrailingZeros64(m)*columns:]
					for n := f.box[b]; n != 0; n &= n - 1 {
						row[bits.TrailingZeros64(n)] += part
					}
				}
				pair++
			}
		}
	}
	t.variance = math.Max(0, square-t.mean*t.mean)
	if t.variance < 1e-18*(1+t.mean*t.mean) {
		t.variance = 0
		return t
	}
	for a := range t.means {
		for level, m := range t.means[a] {
			t.single[a] += weights[a][level] * (m - t.mean) * (m - t.mean)
		}
		t.single[a] /= t.variance
	}
	pair := 0
	for i, a := range chosen {
		for _, b := range chosen[i+1:] {
			p := &t.pairs[pair]
			for at, m := range p.means {
				x, y := at/len(weights[b]), at%len(weights[b])
				d := m - t.means[a][x] - t.means[b][y] + t.mean
				p.share += weights[a][x] * weights[b][y] * d * d
			}
			p.share /= t.variance
			pair++
		}
	}
	return t
}

// gather averages over trees.
func (l *Landscape) gather(trees []treeAnalysis, chosen []int) *Analysis {
	out := &Analysis{}
	over := func(read func(t *treeAnalysis) float64) (mean, deviation float64) {
		x := make([]float64, len(trees))
		for i := range trees {
			x[i] = read(&trees[i])
		}
		mean, variance := moments(x)
		return mean, math.Sqrt(variance)
	}
	out.Mean, _ = over(func(t *treeAnalysis) float64 { return t.mean })
	out.Variance, _ = over(func(t *treeAnalysis) float64 { return t.variance })
	total := 0.0
	for a := range l.Axes {
		e := Effect{Axis: a}
		e.Share, e.Error = over(func(t *treeAnalysis) float64 { return t.single[a] })
		for level := range l.Axes[a].Labels {
			m, d := over(func(t *treeAnalysis) float64 { return t.means[a][level] })
			e.Means, e.Errors = append(e.Means, m), append(e.Errors, d)
		}
		out.Effects = append(out.Effects, e)
		total += e.Share
	}
	at := 0
	for i, a := range chosen {
		for _, b := range chosen[i+1:] {
			p := Pair{First: a, Second: b}
			p.Share, p.Error = over(func(t *treeAnalysis) float64 { return t.pairs[at].share })
			total += p.Share
			columns := len(l.Axes[b].Labels)
			for x := range l.Axes[a].Labels {
				row := make([]float64, columns)
				for y := range row {
					row[y], _ = over(func(t *treeAnalysis) float64 { return t.pairs[at].means[x*columns+y] })
				}
				p.Means = append(p.Means, row)
			}
			out.Pairs = append(out.Pairs, p)
			at++
		}
	}
	if out.Variance > 0 {
		out.Higher = math.Max(0, 1-total)
	}
	sortPairs(out.Pairs)
	return out
}
