package report

import (
	"fmt"
	"image"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// PairsFigure draws the mean score over two axes at a time, the others averaged over: the
// pairs with the largest interactions first, and one scale of colours for all. nil without
// two axes.
func PairsFigure(l *Landscape, a *Analysis) *Figure {
	shown := a.Pairs[:min(len(a.Pairs), 6)]
	if len(shown) == 0 {
		return nil
	}
	columns := min(2, len(shown))
	rows := (len(shown) + columns - 1) / columns
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range shown {
		for _, row := range p.Means {
			for _, m := range row {
				if m == m {
					low, high = math.Min(low, m), math.Max(high, m)
				}
			}
		}
	}
	f := &Figure{ID: "pairs", Title: "Effect of two axes together", Width: columnWidth, Height: float64(128*rows) + 34}
	f.Caption = "Mean " + metricLabel(l.Metric) + " at each two values, all other axes averaged over; coloured by it: darker is better. In brackets the share of the score's variance that the two have only together."
	if len(shown) < len(a.Pairs) {
		f.Caption += fmt.Sprintf(" The %d of %d pairs with the largest.", len(shown), len(a.Pairs))
	}
	var axes []int
	for _, p := range shown {
		axes = append(axes, p.First, p.Second)
	}
	f.Caption += l.inactive(axes) + " " + a.method(l)
	f.draw = func(c draw.Canvas) {
		scale := draw.Crop(c, 40, -40, 4, 0)
		scale.Max.Y = scale.Min.Y + 26
		colorScale(scale, low, high, l.Ascending, metricLabel(l.Metric))
		panels := make([][]*plot.Plot, rows)
		for i := range rows * columns {
			var p *plot.Plot
			if i < len(shown) {
				p = pairPanel(l, shown[i], low, high, []vg.Length{200, 64}[columns-1])
			}
			panels[i/columns] = append(panels[i/columns], p)
		}
		canvases := plot.Align(panels, draw.Tiles{Rows: rows, Cols: columns, PadX: 10, PadY: 6}, draw.Crop(c, 2, -8, 34, -3))
		for i := range shown {
			panels[i/columns][i%columns].Draw(canvases[i/columns][i%columns])
		}
	}
	return f
}

// cellLimit is up to how many cells of a heat map each can be pointed at; more are an image.
const cellLimit = 150

// seam is by how much neighbouring cells overlap, lest paper shows between them.
const seam = 0.25

// pairPanel is one heat map.
func pairPanel(l *Landscape, pair Pair, low, high float64, room vg.Length) *plot.Plot {
	ax, ay := &l.Axes[pair.First], &l.Axes[pair.Second]
	if len(ax.Labels) < len(ay.Labels) {
		ax, ay = ay, ax
	}
	flip := ax == &l.Axes[pair.Second]
	p := panel(" ", clip(ax.Name, 24), clip(ay.Name, 18)) // room for the share, which stands over the cells alone
	p.Title.TextStyle = letters(smallSize, muted)
	p.Title.Padding = 2
	columns, rows := len(ax.Labels), len(ay.Labels)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, float64(columns)-0.5, -0.5, float64(rows)-0.5
	p.X.Padding, p.Y.Padding = 0, 0
	p.X.Tick.Marker, p.Y.Tick.Marker = levelTicks(ax, room), levelTicks(ay, 9*vg.Length(len(ay.Labels)))
	if !ay.Binned {
		p.Y.Tick.Marker = labelTicks(ay.Labels, 1e6, -1)
	}
	value := func(i, j int) float64 {
		if flip {
			i, j = j, i
		}
		return pair.Means[i][j]
	}
	digits := max(0, min(6, 2-int(math.Floor(math.Log10(math.Max(math.Abs(low), math.Abs(high)))))))
	p.Add(plotter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		c.FillText(p.Title.TextStyle, vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: c.Max.Y + 5}, "("+percent(pair.Share)+")")
		if columns*rows > cellLimit {
			img := image.NewNRGBA(image.Rect(0, 0, columns, rows))
			for i := range columns {
				for j := range rows {
					if m := value(i, j); m == m {
						img.SetNRGBA(i, rows-1-j, goodness(unit(m, low, high, l.Ascending)))
					}
				}
			}
			c.DrawImage(c.Rectangle, img)
			return
		}
		width, height := x(1)-x(0), y(1)-y(0)
		for i := range columns {
			for j := range rows {
				m := value(i, j)
				if m != m {
					continue
				}
				color := goodness(unit(m, low, high, l.Ascending))
				marked(c, mark{title: fmt.Sprintf("%s = %s\n%s = %s\nmean %s", ax.Name, ax.Labels[i], ay.Name, ay.Labels[j], short(m, 4))}, func() {
					bar(c, color, x(float64(i)-0.5), x(float64(i)+0.5)+seam, y(float64(j)-0.5), y(float64(j)+0.5)+seam)
					if width > 21 && height > 8 {
						c.FillText(letters(smallSize, on(color)), vg.Point{X: x(float64(i)), Y: y(float64(j))}, strconv.FormatFloat(m, 'f', digits, 64))
					}
				})
			}
		}
	}))
	return p
}

// levelTicks are the ticks of an axis whose levels lie at 0, 1, 2 …
func levelTicks(a *LandscapeAxis, width vg.Length) fixed {
	if !a.Binned {
		return labelTicks(a.Labels, width, a.Inactive).(fixed)
	}
	var out fixed
	for _, t := range spaced(axisTicks(a, 3), width) {
		t.Value = t.Value*bins - 0.5
		out = append(out, t)
	}
	if a.Inactive >= 0 && width > 60 {
		for i := range out {
			if out[i].Value > bins*0.72 {
				out[i].Label = ""
			}
		}
		t := labelTicks([]string{inactiveLabel}, width, 0).(fixed)[0]
		t.Value = float64(a.Inactive)
		out = append(out, t)
	}
	return out
}

// unit is how good a score is between the worst and the best: 0 to 1.
func unit(v, low, high float64, ascending bool) float64 {
	if !(high > low) {
		return 0.5
	}
	at := (v - low) / (high - low)
	if ascending {
		at = 1 - at
	}
	return at
}

// colorScale draws what the colours of scores mean.
func colorScale(c draw.Canvas, low, high float64, ascending bool, label string) {
	if !(high > low) {
		d := math.Max(math.Abs(low)*0.01, 1e-6)
		low, high = low-d, high+d
	}
	p := panel("", label, "")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, 0, 1
	p.Y.Tick.Marker, p.Y.Width, p.X.Padding, p.Y.Padding = fixed{}, 0, 0, 0
	p.X.Label.TextStyle.Font.Size = tickSize
	p.Add(plotter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		const n = 48
		for i := range n {
			a, b := low+(high-low)*float64(i)/n, low+(high-low)*float64(i+1)/n
			bar(c, goodness(unit((a+b)/2, low, high, ascending)), x(a), x(b)+0.3, y(0), y(1))
		}
	}))
	p.Draw(c)
}
