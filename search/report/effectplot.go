package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// method says how an analysis came about.
func (a *Analysis) method(l *Landscape) string {
	if a.Exact {
		return fmt.Sprintf("Exact: averages over all %s of the full grid (functional ANOVA, Hutter et al. 2014).", count(len(l.Points), "point"))
	}
	return fmt.Sprintf("Estimated by a random forest on %s, since they are no full grid (functional ANOVA, Hutter et al. 2014).", count(len(l.Points), "point"))
}

// EffectsFigure draws what each axis does to the score by itself, all other axes averaged
// over: a panel an axis, one scale for all, the most important first.
func EffectsFigure(l *Landscape, a *Analysis) *Figure {
	order := byShare(a)
	shown := order[:min(len(order), 12)]
	columns := min(2, len(shown))
	rows := (len(shown) + columns - 1) / columns
	f := &Figure{ID: "effects", Title: "Effect of each axis", Width: columnWidth, Height: float64(112*rows) + 8}
	deviation := "Bars: their deviation over folds."
	if !a.Exact {
		deviation = "Bars: their deviation over the forest's trees."
	} else if len(l.Points[0].Folds) < 2 {
		deviation = ""
	}
	f.Caption = "Mean score at each value of an axis, all other axes averaged over. " + deviation + " Grey dots: the points. In brackets the axis' share of the score's variance. " + a.method(l)
	f.Caption += l.inactive(shown)
	if len(shown) < len(order) {
		f.Caption += fmt.Sprintf(" The %d most important of %d axes.", len(shown), len(order))
	}
	low, high := effectRange(l, a)
	beyond := 0
	for i := range l.Points {
		if m := l.Points[i].Mean; m < low || m > high {
			beyond++
		}
	}
	if beyond > 0 {
		f.Caption += fmt.Sprintf(" %s worse than the scale shows.", are(beyond, "point"))
	}
	f.draw = func(c draw.Canvas) {
		c = draw.Crop(c, 2, -5, 2, -4)
		grid := make([][]*plot.Plot, rows)
		for i := range rows * columns {
			var p *plot.Plot
			if i < len(shown) {
				p = effectPanel(l, a.Effects[shown[i]], low, high, []vg.Length{200, 86}[columns-1])
				if i%columns == 0 {
					p.Y.Label.Text = metricLabel(l.Metric)
					if len(p.Y.Label.Text) > 22 {
						p.Y.Label.TextStyle.Font.Size = tickSize
					}
				}
			}
			grid[i/columns] = append(grid[i/columns], p)
		}
		canvases := plot.Align(grid, draw.Tiles{Rows: rows, Cols: columns, PadX: 8, PadY: 8}, c)
		for i := range shown {
			grid[i/columns][i%columns].Draw(canvases[i/columns][i%columns])
		}
	}
	return f
}

// effectRange is the range of scores that panels of effects show: all effects and all points, unless the worst
// points would press the rest into less than half of it; then those of the better three quarters.
func effectRange(l *Landscape, a *Analysis) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	reach := func(score float64) { low, high = math.Min(low, score), math.Max(high, score) }
	for _, e := range a.Effects {
		for i, m := range e.Means {
			if m == m {
				reach(m - e.Errors[i])
				reach(m + e.Errors[i])
			}
		}
	}
	reach(l.Points[0].Mean)
	reach(l.Points[len(l.Points)*3/4].Mean)
	most := 2 * (high - low)
	worst := l.Points[len(l.Points)-1].Mean
	if math.Max(high, worst)-math.Min(low, worst) <= most {
		reach(worst)
	}
	return low, high
}

// dotLimit is how many points a panel shows as dots.
const dotLimit = 250

func effectPanel(l *Landscape, e Effect, low, high float64, room vg.Length) *plot.Plot {
	axis := l.Axes[e.Axis]
	p := panel("", fmt.Sprintf("%s (%s)", clip(axis.Name, 22), percent(e.Share)), "")
	p.Add(gridY{})
	span(&p.Y, low, high, 0.05)
	p.Y.Tick.Marker = ticks{about: 4}
	at := axisPlaces(p, &axis, room)
	dots := plotter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		every := (len(l.Points) + dotLimit - 1) / dotLimit
		for i := 0; i < len(l.Points); i += every {
			pt := l.Points[i]
			where := at(pt.Levels[e.Axis])
			if axis.Binned && pt.Levels[e.Axis] != axis.Inactive {
				where = axis.place(pt.Values[e.Axis])
			}
			c.DrawGlyph(draw.GlyphStyle{Color: fade(muted, 0.45), Radius: 0.8, Shape: draw.CircleGlyph{}}, vg.Point{X: x(where), Y: y(pt.Mean)})
		}
	})
	p.Add(dots, plotter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		var run []vg.Point
		bar := draw.LineStyle{Color: blue, Width: 0.8}
		var upper, lower []vg.Point
		for level, m := range e.Means {
			if m != m {
				continue
			}
			pt := vg.Point{X: x(at(level)), Y: y(m)}
			if axis.Numeric && level != axis.Inactive {
				run = append(run, pt)
				upper = append(upper, vg.Point{X: pt.X, Y: y(m + e.Errors[level])})
				lower = append([]vg.Point{{X: pt.X, Y: y(m - e.Errors[level])}}, lower...)
			}
			if !axis.Binned || level == axis.Inactive {
				marked(c, mark{title: fmt.Sprintf("%s = %s\nmean %s", axis.Name, axis.Labels[level], short(m, 4))}, func() {
					if e.Errors[level] > 0 {
						c.StrokeLine2(bar, pt.X, y(m-e.Errors[level]), pt.X, y(m+e.Errors[level]))
						for _, v := range []float64{m - e.Errors[level], m + e.Errors[level]} {
							c.StrokeLine2(bar, pt.X-1.5, y(v), pt.X+1.5, y(v))
						}
					}
					c.DrawGlyphNoClip(draw.GlyphStyle{Color: blue, Radius: 2, Shape: draw.CircleGlyph{}}, pt)
				})
			}
		}
		if axis.Binned {
			c.FillPolygon(fade(blue, 0.2), c.ClipPolygonY(append(upper, lower...)))
		}
		c.StrokeLines(draw.LineStyle{Color: blue, Width: 1.1}, run)
	}))
	return p
}

// axisPlaces makes the horizontal axis of a panel one of the landscape's, and tells where its
// levels lie: lists at whole numbers with their labels, bins where their centres are, inactive
// points to the right of all.
func axisPlaces(p *plot.Plot, axis *LandscapeAxis, room vg.Length) func(level int) float64 {
	if !axis.Binned {
		n := len(axis.Labels)
		span(&p.X, 0, float64(max(n-1, 1)), 0)
		p.X.Min, p.X.Max = p.X.Min-0.4, p.X.Max+0.4
		p.X.Tick.Marker = labelTicks(axis.Labels, room, axis.Inactive)
		return func(level int) float64 { return float64(level) }
	}
	p.X.Min, p.X.Max = -0.02, 1.02
	out := spaced(axisTicks(axis, 4), room*0.95)
	if axis.Inactive >= 0 {
		p.X.Max = 1.3
		out = append(out, plot.Tick{Value: 1.17, Label: inactiveLabel})
		kept := out[:0]
		for _, t := range out { // the label beside it needs room
			if t.Label != inactiveLabel && t.Value > 0.85 {
				t.Label = ""
			}
			kept = append(kept, t)
		}
		out = kept
	}
	p.X.Tick.Marker = fixed(out)
	return func(level int) float64 {
		if level == axis.Inactive {
			return 1.17
		}
		return (float64(level) + 0.5) / bins
	}
}

// axisTicks are the ticks of an axis of numbers, at places 0 to 1.
func axisTicks(axis *LandscapeAxis, about int) (out []plot.Tick) {
	var marks []plot.Tick
	if axis.Log && axis.Min > 0 {
		marks = logTicks{}.Ticks(axis.Min, axis.Max)
	} else {
		marks = ticks{about: about}.Ticks(axis.Min, axis.Max)
	}
	for _, t := range marks {
		out = append(out, plot.Tick{Value: axis.place(t.Value), Label: t.Label})
	}
	return out
}

// spaced drops labels of ticks, at places 0 to 1 of a width in points, that would run into others. Powers of ten
// come first.
func spaced(marks []plot.Tick, width vg.Length) []plot.Tick {
	style := letters(tickSize, ink)
	half := func(t plot.Tick) vg.Length { return style.Width(t.Label)/2 + 1.5 }
	var placed []plot.Tick
	for _, decades := range []bool{true, false} {
		for i, t := range marks {
			v, err := strconv.ParseFloat(t.Label, 64)
			if exponent := math.Log10(v); t.Label == "" || decades != (err == nil && v > 0 && math.Abs(exponent-math.Round(exponent)) < 1e-9) {
				continue
			}
			if slices.ContainsFunc(placed, func(o plot.Tick) bool { return vg.Length(math.Abs(t.Value-o.Value))*width < half(t)+half(o) }) {
				marks[i].Label = ""
				continue
			}
			placed = append(placed, t)
		}
	}
	return marks
}

// inactiveLabel is the level of points to which a conditional axis does not apply, and what stands for it where that
// word is too long.
const inactiveLabel, inactiveShort = "inactive", "n/a"

// inactive explains the word in a caption where one of the axes shown needs it.
func (l *Landscape) inactive(axes []int) string {
	if !slices.ContainsFunc(axes, func(a int) bool { return l.Axes[a].Inactive >= 0 }) {
		return ""
	}
	return " " + inactiveLabel + ", " + inactiveShort + ": points to which a conditional axis does not apply."
}

// labelTicks are ticks at 0, 1, 2 …; where their labels would need more than a width in points
// some are left out. na is the one for inactive points, −1 where there is none.
func labelTicks(labels []string, width vg.Length, na int) plot.Ticker {
	style := letters(tickSize, ink)
	widest := vg.Length(0)
	for _, t := range labels {
		widest = max(widest, style.Width(t))
	}
	side := max(1, int(width/(widest+4)))
	every := (len(labels) + side - 1) / side
	room := vg.Length(math.Inf(1))
	if len(labels) <= 4 && every > 1 { // a few long words: shorten rather than hide
		every = 1
		room = width/vg.Length(len(labels)) - 1
	}
	var out fixed
	for i, t := range labels {
		if i%every != 0 {
			t = ""
		}
		if i == na && style.Width(t) > room {
			t = inactiveShort
		}
		out = append(out, plot.Tick{Value: float64(i), Label: fit(t, room, style.Width)})
	}
	return out
}

// byShare are the axes, the most important first.
func byShare(a *Analysis) []int {
	order := make([]int, len(a.Effects))
	for i := range order {
		order[i] = i
	}
	for i := 1; i < len(order); i++ {
		for j := i; j > 0 && a.Effects[order[j]].Share > a.Effects[order[j-1]].Share; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	return order
}

func percent(share float64) string {
	switch {
	case share != share:
		return "–"
	case share > 0 && share < 0.001:
		return "<0.1 %"
	case share < 0.0995:
		return fmt.Sprintf("%.1f %%", 100*share)
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// are is a count with its verb.
func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
