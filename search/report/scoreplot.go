package report

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// barLimit is up to how many points each has its own bar and dots; beyond it they are a band.
const barLimit = 120

// ScoreFigure draws the score of every ranked point with its deviation over folds, the best
// first.
func ScoreFigure(l *Landscape) *Figure {
	n, folds := len(l.Points), len(l.Points[0].Folds)
	f := &Figure{ID: "score", Title: "Score of every point", Width: columnWidth, Height: 170}
	var caption []string
	switch {
	case folds < 2:
		caption = append(caption, "One fold: a dot is a point's score, without a deviation.")
	case n <= barLimit:
		caption = append(caption, fmt.Sprintf("Mean over %d folds (dot), plus and minus their population deviation (bar), each fold (small ring).", folds))
	default:
		caption = append(caption, fmt.Sprintf("Mean over %d folds (line), plus and minus their population deviation (band).", folds))
	}
	se := l.Points[0].StdErr
	if se == se && n > 1 {
		caption = append(caption, "The dashed line is one standard error from the best.")
	}
	if tied := l.tied(); l.Test != "" && n > 1 && n <= barLimit {
		caption = append(caption, fmt.Sprintf("Filled dots cannot be told from the best (%s).", l.Test))
	} else if l.Test != "" && n > 1 {
		caption = append(caption, fmt.Sprintf("%d cannot be told from the best (%s).", tied, l.Test))
	}
	if l.Unranked > 0 {
		caption = append(caption, fmt.Sprintf("%d of %d points have no score on every fold and are left out.", l.Unranked, n+l.Unranked))
	}
	f.Caption = strings.Join(caption, " ")
	f.draw = func(c draw.Canvas) {
		p := panel("", "point, by rank", metricLabel(l.Metric))
		p.Add(gridY{})
		low, high := math.Inf(1), math.Inf(-1)
		for _, pt := range l.Points {
			low, high = math.Min(low, pt.Mean-pt.Std), math.Max(high, pt.Mean+pt.Std)
			if n <= barLimit {
				for _, v := range pt.Folds {
					low, high = math.Min(low, v), math.Max(high, v)
				}
			}
		}
		span(&p.Y, low, high, 0.04)
		span(&p.X, 1, float64(n), 0.02)
		if n == 1 {
			p.X.Min, p.X.Max = 0, 2
		}
		p.X.Tick.Marker = rankTicks(n)
		if se == se && n > 1 {
			edge := l.Points[0].Mean - se
			if l.Ascending {
				edge = l.Points[0].Mean + se
			}
			p.Add(plotter(func(c draw.Canvas, _, y func(float64) vg.Length) {
				c.StrokeLine2(draw.LineStyle{Color: muted, Width: 0.7, Dashes: []vg.Length{3, 2}}, c.Min.X, y(edge), c.Max.X, y(edge))
			}))
		}
		if n <= barLimit {
			p.Add(plotter(func(c draw.Canvas, x, y func(float64) vg.Length) { scoreBars(c, l, x, y) }))
		} else {
			p.Add(plotter(func(c draw.Canvas, x, y func(float64) vg.Length) { scoreBand(c, l, x, y) }))
		}
		p.Draw(draw.Crop(c, 2, -6, 2, -6))
	}
	return f
}

func scoreBars(c draw.Canvas, l *Landscape, x, y func(float64) vg.Length) {
	n := len(l.Points)
	radius := vg.Length(math.Max(0.9, math.Min(2, 90/float64(n))))
	for i, pt := range l.Points {
		at := x(float64(i + 1))
		marked(c, mark{title: l.describe(i), trial: pt.Trial}, func() {
			for _, v := range pt.Folds {
				if v == v && len(pt.Folds) > 1 {
					c.DrawGlyphNoClip(draw.GlyphStyle{Color: fade(muted, 0.8), Radius: radius * 0.55, Shape: ring{}}, vg.Point{X: at, Y: y(v)})
				}
			}
			if pt.Std > 0 {
				c.StrokeLine2(draw.LineStyle{Color: blue, Width: radius * 0.5}, at, y(pt.Mean-pt.Std), at, y(pt.Mean+pt.Std))
			}
			c.DrawGlyphNoClip(draw.GlyphStyle{Color: blue, Radius: radius, Shape: draw.CircleGlyph{}}, vg.Point{X: at, Y: y(pt.Mean)})
			if l.Test != "" && !pt.Tied {
				c.DrawGlyphNoClip(draw.GlyphStyle{Color: paper, Radius: radius * 0.6, Shape: draw.CircleGlyph{}}, vg.Point{X: at, Y: y(pt.Mean)})
			}
		})
	}
}

// scoreBand draws many points: of more than pointLimit every so-manieth.
func scoreBand(c draw.Canvas, l *Landscape, x, y func(float64) vg.Length) {
	means := make([]float64, len(l.Points))
	for i, pt := range l.Points {
		means[i] = pt.Mean
	}
	var upper, lower, middle []vg.Point
	for _, at := range thinned(means) {
		pt := l.Points[int(at.x)-1]
		middle = append(middle, vg.Point{X: x(at.x), Y: y(at.y)})
		upper = append(upper, vg.Point{X: x(at.x), Y: y(pt.Mean + pt.Std)})
		lower = append(lower, vg.Point{X: x(at.x), Y: y(pt.Mean - pt.Std)})
	}
	for i := len(lower) - 1; i >= 0; i-- {
		upper = append(upper, lower[i])
	}
	c.FillPolygon(fade(blue, 0.25), upper)
	c.StrokeLines(draw.LineStyle{Color: blue, Width: 1.2}, middle)
}

// tied counts the points that cannot be told from the best.
func (l *Landscape) tied() (n int) {
	for _, p := range l.Points {
		if p.Tied {
			n++
		}
	}
	return n
}

// ring is a thin circle.
type ring struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (ring) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	c.SetLineStyle(draw.LineStyle{Color: sty.Color, Width: 0.4})
	var p vg.Path
	p.Move(vg.Point{X: pt.X + sty.Radius, Y: pt.Y})
	p.Arc(pt, sty.Radius, 0, 2*math.Pi)
	p.Close()
	c.Stroke(p)
}

// describe is a point in words, for whoever points at it.
func (l *Landscape) describe(i int) string {
	p := l.Points[i]
	text := fmt.Sprintf("%s  rank %d  %s %s", p.Trial, p.Rank, l.Metric, short(p.Mean, 4))
	if p.Tied && p.Rank > 1 {
		text = fmt.Sprintf("%s  rank %d =  %s %s", p.Trial, p.Rank, l.Metric, short(p.Mean, 4))
	}
	if len(p.Folds) > 1 {
		text += " ± " + short(p.Std, 2)
	}
	for a, axis := range l.Axes {
		text += "\n" + axis.Name + " = " + p.Texts[a]
	}
	return text
}

// rankTicks are ticks of ranks: 1, and round numbers.
func rankTicks(n int) plot.Ticker {
	out := fixed{{Value: 1, Label: "1"}}
	round := (ticks{about: 6, whole: true}).Ticks(0, float64(max(n, 2)))
	for _, t := range round {
		if step := round[1].Value; t.Value > 1 && t.Value <= float64(n) && t.Value-1 > 0.45*step {
			out = append(out, t)
		}
	}
	return out
}

// metricLabel names the score on an axis.
func metricLabel(metric string) string {
	name := strings.ReplaceAll(metric, "_", " ")
	switch {
	case metric == "loss":
		name = "loss (cross-entropy)"
	case strings.HasSuffix(metric, "_macro"):
		name = strings.ReplaceAll(strings.TrimSuffix(metric, "_macro"), "f1", "F1") + ", macro mean"
	}
	return "validation " + name
}
