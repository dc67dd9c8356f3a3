package report

import (
	"fmt"
	"math"
	"sort"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// lineLimit is how many points a figure of parallel coordinates draws: of more, the best
// hundred and every so-manieth of the rest.
const lineLimit = 300

// ParallelFigure draws every point as a line across the axes that ends at its score, coloured
// by it: the darker the better.
func ParallelFigure(l *Landscape) *Figure {
	shown := l.spread(lineLimit)
	axes := len(l.Axes) + 1
	f := &Figure{ID: "parallel", Title: "Points and their scores", Width: columnWidth, Height: 200}
	if axes > 5 {
		f.Width = math.Min(pageWidth*2, math.Max(pageWidth, float64(axes)*62))
		f.Height = 230
	}
	f.Caption = "A line is a point: its value on every axis, and on the right its score, which its colour shows too. The best point is thick. Where many have one value they are fanned out by score."
	if len(shown) < len(l.Points) {
		f.Caption += fmt.Sprintf(" %d of %d points: the best hundred, and the rest thinned out evenly.", len(shown), len(l.Points))
	}
	f.draw = func(c draw.Canvas) {
		body := draw.Crop(c, 26, -34, 8, -22)
		spacing := (body.Max.X - body.Min.X) / vg.Length(axes-1)
		at := func(axis int) vg.Length { return body.Min.X + vg.Length(axis)*spacing }
		places := l.fan()
		best, worst := l.ends()
		low, high := math.Min(best, worst), math.Max(best, worst)
		margin := (high - low) * 0.03
		height := func(v float64) vg.Length { return body.Min.Y + vg.Length(v)*(body.Max.Y-body.Min.Y) }
		score := func(v float64) vg.Length {
			if !(high > low) {
				return height(0.5)
			}
			return height((v - low + margin) / (high - low + 2*margin))
		}
		for k := len(shown) - 1; k >= 0; k-- { // the best on top
			i := shown[k]
			var pts []vg.Point
			for a := range l.Axes {
				pts = append(pts, vg.Point{X: at(a), Y: height(places[i][a])})
			}
			pts = append(pts, vg.Point{X: at(axes - 1), Y: score(l.Points[i].Mean)})
			style := draw.LineStyle{Color: graded(unit(l.Points[i].Mean, low, high, l.Ascending)), Width: 0.7}
			if len(shown) > 150 {
				style.Width = 0.5
			}
			if i == 0 {
				style.Width = 1.8
			}
			marked(c, mark{title: l.describe(i), trial: l.Points[i].Trial}, func() { swing(c, style, pts) })
		}
		for a := range l.Axes {
			parallelAxis(c, body, at(a), &l.Axes[a], spacing)
		}
		scoreAxis(c, body, at(axes-1), low-margin, high+margin, l, score)
	}
	return f
}

// spread picks so many points at most: the first hundred, then evenly.
func (l *Landscape) spread(limit int) (out []int) {
	n := len(l.Points)
	if n <= limit {
		limit = n
	}
	first := min(100, limit)
	for i := range limit {
		if i < first || n == limit {
			out = append(out, i)
			continue
		}
		out = append(out, first+(i-first)*(n-first-1)/max(1, limit-first-1))
	}
	return out
}

// fan gives where each point meets each axis, 0 to 1. A level of a list is a stretch of the
// axis and its points lie along it in order of score, so that lines do not cover each other.
func (l *Landscape) fan() [][]float64 {
	places := make([][]float64, len(l.Points))
	for i := range places {
		places[i] = make([]float64, len(l.Axes))
	}
	for a := range l.Axes {
		axis := &l.Axes[a]
		groups := make([][]int, len(axis.Labels))
		for i := range l.Points {
			level := l.Points[i].Levels[a]
			if axis.Binned && level != axis.Inactive {
				places[i][a] = 0.02 + 0.96*axis.active()*axis.place(l.Points[i].Values[a])
				continue
			}
			groups[level] = append(groups[level], i)
		}
		for level, group := range groups {
			centre, room := axis.stretch(level)
			for k, i := range group { // the best on top
				offset := 0.0
				if len(group) > 1 {
					offset = 0.5 - float64(k)/float64(len(group)-1)
				}
				places[i][a] = centre + offset*room
			}
		}
	}
	return places
}

// active is how much of a binned axis its numbers take; the rest is for inactive points.
func (a *LandscapeAxis) active() float64 {
	if a.Inactive >= 0 {
		return 0.82
	}
	return 1
}

// stretch is where a level lies on an axis of parallel coordinates, and how much of it its
// points may take.
func (a *LandscapeAxis) stretch(level int) (centre, room float64) {
	if a.Binned { // the inactive ones
		return 0.94, 0.08
	}
	n := float64(len(a.Labels))
	return (float64(level) + 0.5) / n, math.Min(0.5/n, 0.2)
}

// swing draws a line through points with a gentle curve between axes.
func swing(c draw.Canvas, style draw.LineStyle, pts []vg.Point) {
	c.SetLineStyle(style)
	var p vg.Path
	p.Move(pts[0])
	for i := 1; i < len(pts); i++ {
		a, b := pts[i-1], pts[i]
		d := (b.X - a.X) * 0.38
		p.CubeTo(vg.Point{X: a.X + d, Y: a.Y}, vg.Point{X: b.X - d, Y: b.Y}, b)
	}
	c.Stroke(p)
}

func parallelAxis(c, body draw.Canvas, x vg.Length, a *LandscapeAxis, spacing vg.Length) {
	height := func(v float64) vg.Length { return body.Min.Y + vg.Length(v)*(body.Max.Y-body.Min.Y) }
	c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.6}, x, body.Min.Y, x, body.Max.Y)
	name := letters(labelSize, ink)
	lines := fold(a.Name, spacing-3, name.Width)
	for i, text := range lines {
		c.FillText(name, vg.Point{X: x, Y: body.Max.Y + 6 + vg.Length(len(lines)-1-i)*8.5}, text)
	}
	type tick struct {
		at   float64
		text string
	}
	var marks []tick
	if a.Binned {
		for _, t := range axisTicks(a, 5) {
			marks = append(marks, tick{0.02 + 0.96*a.active()*t.Value, t.Label})
		}
		if a.Inactive >= 0 {
			centre, _ := a.stretch(a.Inactive)
			marks = append(marks, tick{centre, inactiveLabel})
		}
	} else {
		every := (len(a.Labels) + 15) / 16
		for level, text := range a.Labels {
			if level%every == 0 {
				centre, _ := a.stretch(level)
				marks = append(marks, tick{centre, text})
			}
		}
	}
	sort.Slice(marks, func(i, j int) bool { return marks[i].at < marks[j].at })
	text := rightward(letters(tickSize, ink))
	for _, m := range marks {
		if m.text == "" {
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.4}, x-1, height(m.at), x+1, height(m.at))
			continue
		}
		m.text = fit(m.text, spacing-6, text.Width)
		w := text.Width(m.text)
		bar(c, fade(paper, 0.8), x+2.5, x+4.5+w, height(m.at)-4, height(m.at)+4)
		c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.6}, x, height(m.at), x+2, height(m.at)) // to one side: across, it reads as a minus
		c.FillText(text, vg.Point{X: x + 3.5, Y: height(m.at)}, m.text)
	}
}

// scoreAxis is the last axis, with the scale of colours beside it.
func scoreAxis(c, body draw.Canvas, x vg.Length, low, high float64, l *Landscape, y func(float64) vg.Length) {
	n := 40
	for i := range n {
		a, b := low+(high-low)*float64(i)/float64(n), low+(high-low)*float64(i+1)/float64(n)
		if high > low {
			bar(c, graded(unit((a+b)/2, low, high, l.Ascending)), x, x+4, y(a), y(b)+0.2)
		}
	}
	c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.6}, x, body.Min.Y, x, body.Max.Y)
	name := letters(labelSize, ink)
	c.FillText(name, vg.Point{X: x, Y: body.Max.Y + 6}, l.Metric)
	text := rightward(letters(tickSize, ink))
	for _, t := range (ticks{about: 6}).Ticks(low, high) {
		at := y(t.Value)
		c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.6}, x+4, at, x+6.5, at)
		c.FillText(text, vg.Point{X: x + 8, Y: at}, t.Label)
	}
}

// fit shortens text to a width.
func fit(text string, width vg.Length, measure func(string) vg.Length) string {
	runes := []rune(text)
	for n := len(runes); n > 1 && measure(text) > width; n-- {
		text = string(runes[:n-1]) + "…"
	}
	return text
}

// fold puts a name in two lines where it is too long for one: at an underscore, a dot or a space, else where it
// must.
func fold(name string, width vg.Length, measure func(string) vg.Length) []string {
	name = clip(name, 40)
	if measure(name) <= width {
		return []string{name}
	}
	best := -1
	for i, r := range name {
		if (r == '_' || r == '.' || r == ' ' || r == '-') && i > 0 && (best < 0 || abs(len(name)-2*i) < abs(len(name)-2*best)) {
			best = i + 1
		}
	}
	if best < 0 {
		return []string{fit(name, width, measure)}
	}
	return []string{fit(name[:best], width, measure), fit(name[best:], width, measure)}
}

func abs(n int) int { return max(n, -n) }
