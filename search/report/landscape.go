package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

// Landscape is the scores of a sweep over its axes: each ranked trial is a level on every
// axis and its scores. It is what analyses and the figures of the search start from.
type Landscape struct {
	Metric    string
	Ascending bool // smaller scores are better
	Axes      []LandscapeAxis
	Points    []LandscapePoint // ranked trials, the best first
	Full      bool             // every combination of levels is there, once
	Unranked  int              // trials without a score on every fold

	Test string // that ties are by, "" where none is possible

	fine *Landscape // the same without bins, where that is a full grid and this is none
}

// LandscapeAxis is an axis as a list of levels. Numbers ascend; a distribution, or a list
// longer than levelLimit, is cut into bins.
type LandscapeAxis struct {
	Name     string
	Labels   []string  // of the levels
	Centers  []float64 // of the levels, where Numeric and no level is Inactive
	Numeric  bool      // levels are in order and have a distance
	Log      bool      // … which is their ratio's
	Binned   bool      // levels are bins of [Min, Max]
	Min, Max float64   // of values seen, where Numeric
	Inactive int       // the level of points where the axis is inactive, −1: none
	Weights  []float64 // of the levels, together 1: how much of the axis each is

	cut bool // a list with more values than are told apart
}

// LandscapePoint is one trial.
type LandscapePoint struct {
	Trial  string // its ID's first digits
	Rank   int
	Levels []int     // per axis
	Values []float64 // per axis: the number, NaN where there is none
	Texts  []string  // per axis: the value as written
	Mean   float64
	Std    float64
	StdErr float64 // of the mean; NaN where there is none
	Tied   bool    // cannot be told from the best, see Landscape.Test
	Folds  []float64
}

// Bounds of the levels of an axis: bins that a distribution is cut into, and how many values
// of a list are told apart.
const (
	bins       = 24
	levelLimit = 40
)

// trialDigits are the hex digits of a trial's ID that are shown.
const trialDigits = 8

// NewLandscape gathers the ranked trials of a sweep. Axes on which they all have one value
// are left out.
func NewLandscape(s *search.Sweep, standings []search.Standing) *Landscape {
	l := newLandscape(s, standings, levelLimit)
	if l.long() {
		if fine := newLandscape(s, standings, len(standings)); fine.Full {
			l.fine = fine
		}
	}
	return l
}

// long tells whether a list was cut into bins.
func (l *Landscape) long() bool {
	for _, a := range l.Axes {
		if a.cut {
			return true
		}
	}
	return false
}

// newLandscape tells so many values of a list apart.
func newLandscape(s *search.Sweep, standings []search.Standing, limit int) *Landscape {
	l := &Landscape{Metric: s.Metric, Ascending: trainer.Ascending(s.Metric)}
	var ranked []search.Standing
	for _, st := range standings {
		if st.Rank > 0 {
			ranked = append(ranked, st)
		} else {
			l.Unranked++
		}
	}
	l.Test = search.TestName(s)
	tied := search.Ties(s, ranked)
	for i, st := range ranked {
		l.Points = append(l.Points, LandscapePoint{
			Trial: st.Trial.ID()[:trialDigits], Rank: st.Rank, Mean: st.Mean, Std: st.Std, StdErr: st.StdErr, Tied: tied[i], Folds: st.Folds,
		})
	}
	for _, axis := range s.File.Grid.Axes() {
		l.addAxis(axis, ranked, limit)
	}
	l.Full = l.full()
	return l
}

// addAxis puts an axis and every point's level on it in.
func (l *Landscape) addAxis(axis grids.Axis, ranked []search.Standing, limit int) {
	a := LandscapeAxis{Name: axis.Name, Numeric: true, Log: axis.Log, Inactive: -1, Min: math.Inf(1), Max: math.Inf(-1)}
	distinct := map[string]any{}
	inactive := 0
	for _, st := range ranked {
		v, active := st.Trial.Point.Values[axis.Name]
		if !active {
			inactive++
			continue
		}
		distinct[key(v)] = v
		x, number := toFloat(v)
		a.Numeric = a.Numeric && number
		a.Min, a.Max = math.Min(a.Min, x), math.Max(a.Max, x)
	}
	if len(distinct)+min(inactive, 1) < 2 {
		return
	}
	levels := map[string]int{}
	a.cut = len(distinct) > limit && axis.Values != nil
	a.Binned = a.Numeric && (axis.Values == nil || a.cut) && len(distinct) > 1
	if a.Numeric && !axis.Log && a.Min > 0 && len(distinct) > 2 && axis.Values != nil {
		a.Log = geometric(distinct)
	}
	if a.Binned {
		a.Log = a.Log && a.Min > 0
		for i := range bins {
			a.Centers = append(a.Centers, a.value((float64(i)+0.5)/bins))
			a.Labels = append(a.Labels, short(a.Centers[i], 2))
		}
	} else {
		a.list(axis, distinct, levels, limit)
	}
	active := len(a.Labels)
	if inactive > 0 {
		a.Inactive = active
		a.Labels = append(a.Labels, inactiveLabel)
	}
	share := float64(inactive) / float64(len(ranked))
	for i := range a.Labels {
		w := (1 - share) / float64(active)
		if i == a.Inactive {
			w = share
		}
		a.Weights = append(a.Weights, w)
	}
	for i, st := range ranked {
		p := &l.Points[i]
		level, x, text := a.Inactive, math.NaN(), inactiveLabel
		if v, is := st.Trial.Point.Values[axis.Name]; is {
			text = valueText(v)
			if f, number := toFloat(v); number && a.Numeric {
				x = f
			}
			if a.Binned {
				level = max(0, min(bins-1, int(a.place(x)*bins)))
			} else {
				level = levels[key(v)]
			}
		}
		p.Levels, p.Values, p.Texts = append(p.Levels, level), append(p.Values, x), append(p.Texts, text)
	}
	l.Axes = append(l.Axes, a)
}

// list makes a level of each value: numbers ascending, words as written. Of more words than
// levelLimit the rarer ones have their level together.
func (a *LandscapeAxis) list(axis grids.Axis, distinct map[string]any, levels map[string]int, limit int) {
	var order []string
	for _, v := range axis.Values {
		if k := key(v); distinct[k] != nil {
			order = append(order, k)
		}
	}
	if a.Numeric {
		sort.SliceStable(order, func(i, j int) bool {
			x, _ := toFloat(distinct[order[i]])
			y, _ := toFloat(distinct[order[j]])
			return x < y
		})
	}
	for i, k := range order {
		level := min(i, limit-1)
		levels[k] = level
		if level < len(a.Labels) {
			a.Labels[level] = "others"
			continue
		}
		a.Labels = append(a.Labels, valueText(distinct[k]))
		if x, ok := toFloat(distinct[k]); ok && a.Numeric {
			a.Centers = append(a.Centers, x)
		}
	}
}

// geometric tells whether numbers are about evenly spaced as ratios and not as differences.
func geometric(distinct map[string]any) bool {
	var x []float64
	for _, v := range distinct {
		f, _ := toFloat(v)
		x = append(x, f)
	}
	slices.Sort(x)
	uneven := func(gap func(a, b float64) float64) float64 { // the widest gap over the narrowest
		low, high := math.Inf(1), 0.0
		for i := 1; i < len(x); i++ {
			g := gap(x[i-1], x[i])
			low, high = math.Min(low, g), math.Max(high, g)
		}
		return high / low
	}
	return uneven(func(a, b float64) float64 { return math.Log(b / a) }) < uneven(func(a, b float64) float64 { return b - a })
}

// place is where a value lies on the axis, 0 to 1.
func (a *LandscapeAxis) place(v float64) float64 {
	if !(a.Max > a.Min) {
		return 0.5
	}
	if a.Log && a.Min > 0 {
		return math.Log(v/a.Min) / math.Log(a.Max/a.Min)
	}
	return (v - a.Min) / (a.Max - a.Min)
}

// value is the inverse of place.
func (a *LandscapeAxis) value(at float64) float64 {
	if a.Log && a.Min > 0 {
		return a.Min * math.Pow(a.Max/a.Min, at)
	}
	return a.Min + at*(a.Max-a.Min)
}

// full tells whether the points are a whole product.
func (l *Landscape) full() bool {
	size := 1
	for _, a := range l.Axes {
		if a.Binned || a.Inactive >= 0 || slices.Contains(a.Labels, "others") {
			return false
		}
		if size *= len(a.Labels); size > len(l.Points) {
			return false
		}
	}
	if size != len(l.Points) || len(l.Axes) == 0 {
		return false
	}
	seen := make([]bool, size)
	for _, p := range l.Points {
		at := 0
		for i, level := range p.Levels {
			at = at*len(l.Axes[i].Labels) + level
		}
		if seen[at] {
			return false
		}
		seen[at] = true
	}
	return true
}

// best and worst are the ends of the scores' means.
func (l *Landscape) ends() (best, worst float64) {
	if len(l.Points) == 0 {
		return math.NaN(), math.NaN()
	}
	return l.Points[0].Mean, l.Points[len(l.Points)-1].Mean
}

// key is one text per value: 3 and 3.0 are one.
func key(v any) string { return string(grids.AppendCanonical(nil, "", v)) }

func toFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return 0, false
}

// valueText writes a value for a tick: numbers short, tables as their type.
func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return clip(v, 24)
	case float64:
		return strconv.FormatFloat(v, 'g', 4, 64)
	case map[string]any:
		if kind, ok := v["type"].(string); ok {
			return clip(kind, 24)
		}
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, name+"="+valueText(v[name]))
		}
		return clip("{"+strings.Join(parts, " ")+"}", 24)
	}
	return clip(fmt.Sprint(v), 24)
}

// clip shortens text to so many characters and takes out what would break a line.
func clip(text string, width int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
