package report

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// importanceRows is how many parts a figure of importance lists.
const importanceRows = 16

// ImportanceFigure draws the share of the score's variance that each axis and each pair of
// axes has: bars, the largest first; pairs are hatched by a lighter colour and named "a × b".
func ImportanceFigure(l *Landscape, a *Analysis) *Figure {
	type row struct {
		name         string
		share, error float64
		pair         bool
	}
	var rows []row
	for _, i := range byShare(a) {
		rows = append(rows, row{clip(l.Axes[i].Name, 24), a.Effects[i].Share, a.Effects[i].Error, false})
	}
	left := 0
	rows, left = rows[:min(len(rows), importanceRows)], max(0, len(rows)-importanceRows)
	rest := 0.0
	for _, p := range a.Pairs {
		if len(rows) < importanceRows && p.Share >= 0.002 {
			rows = append(rows, row{clip(l.Axes[p.First].Name, 16) + " × " + clip(l.Axes[p.Second].Name, 16), p.Share, p.Error, true})
		} else {
			rest += p.Share
		}
	}
	if rest += a.Higher; rest >= 0.0005 {
		rows = append(rows, row{"all other interactions", rest, 0, true})
	}
	f := &Figure{ID: "importance", Title: "Importance of the axes", Width: columnWidth, Height: float64(13*len(rows)) + 38}
	f.Caption = "Share of the score's variance over the grid that an axis has by itself (dark) and that two have only together (light)."
	if !a.Exact {
		f.Caption += " Bars at the ends: deviation over the forest's trees."
	}
	if left > 0 {
		f.Caption += fmt.Sprintf(" %s with the smallest shares are left out.", count(left, "axis"))
	}
	f.Caption += " " + a.method(l)
	f.draw = func(c draw.Canvas) {
		p := panel("", "share of the score's variance (%)", "")
		p.Add(gridX{})
		high := 0.0
		names := make(fixed, len(rows))
		for i, r := range rows {
			high = max(high, 100*(r.share+r.error))
			names[i] = plot.Tick{Value: float64(-i), Label: r.name}
		}
		p.X.Min, p.X.Max = 0, max(high*1.12, 1)
		p.Y.Min, p.Y.Max = float64(1-len(rows))-0.55, 0.55
		p.Y.Tick.Marker, p.Y.Tick.Length, p.Y.Width = names, 0, 0
		p.Y.Padding, p.X.Padding = 0, 0
		p.Add(plotter(func(c draw.Canvas, x, y func(float64) vg.Length) {
			for i, r := range rows {
				marked(c, mark{title: fmt.Sprintf("%s: %s of the variance", r.name, percent(r.share))}, func() {
					color := blue
					if r.pair {
						color = sky
					}
					bar(c, color, x(0), x(100*r.share), y(float64(-i)-0.34), y(float64(-i)+0.34))
					end := x(100 * r.share)
					if r.error > 0 {
						style := draw.LineStyle{Color: ink, Width: 0.6}
						lowEnd, highEnd := x(max(0, 100*(r.share-r.error))), x(100*(r.share+r.error))
						c.StrokeLine2(style, lowEnd, y(float64(-i)), highEnd, y(float64(-i)))
						c.StrokeLine2(style, highEnd, y(float64(-i)-0.15), highEnd, y(float64(-i)+0.15))
						end = highEnd
					}
					text := rightward(letters(tickSize, ink))
					c.FillText(text, vg.Point{X: end + 3, Y: y(float64(-i)) + text.FontExtents().Descent}, percent(r.share)) // level with the axis' labels
				})
			}
		}))
		p.Draw(draw.Crop(c, 2, -24, 2, -3))
	}
	return f
}

// bar fills a rectangle.
func bar(c draw.Canvas, color nrgba, x0, x1, y0, y1 vg.Length) {
	c.FillPolygon(color, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}
