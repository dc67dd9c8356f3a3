package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// CurvesFigure draws learning curves: loss above, accuracy below; training solid, validation
// dashed; folds thin, their mean thick.
func CurvesFigure(id, title string, c Curves) *Figure {
	folds := 0
	for _, f := range c.TrainLoss.Folds {
		if finite(f) > 0 {
			folds++
		}
	}
	caption := "Training (solid) and validation (dashed)."
	if folds > 1 {
		caption = fmt.Sprintf("Training (solid) and validation (dashed): the mean over %d folds thick, each fold thin.", folds)
	}
	if !c.ValidationLoss.some() {
		caption = "Training alone: no rows were held back for validation."
	}
	caption += " Training values are means over each epoch as it ran, with dropout on where there is any"
	if c.ValidationLoss.some() {
		caption += "; validation values are at the epoch's end"
	}
	caption += "."
	return &Figure{ID: id, Title: title, Caption: caption, Width: columnWidth, Height: 276, draw: func(all draw.Canvas) {
		var names []string
		var styles []draw.LineStyle
		for i, curve := range []Curve{c.TrainLoss, c.ValidationLoss} {
			if curve.some() {
				names, styles = append(names, curveNames[i]), append(styles, curveStyles[i])
			}
		}
		legendRow(all, all.Min.X+34, all.Max.Y-7, names, func(i int, r vg.Rectangle) {
			all.StrokeLine2(styles[i], r.Min.X-6, (r.Min.Y+r.Max.Y)/2, r.Max.X, (r.Min.Y+r.Max.Y)/2)
		})
		all = draw.Crop(all, 2, -6, 2, -14)
		loss := curvePanel(c, "", "loss (cross-entropy)", c.TrainLoss, c.ValidationLoss)
		accuracy := curvePanel(c, "epoch", "accuracy", c.TrainAccuracy, c.ValidationAccuracy)
		stack(all, 8, loss, accuracy)
	}}
}

// How training and validation are drawn, everywhere.
var (
	curveNames  = []string{"training", "validation"}
	curveStyles = []draw.LineStyle{
		{Color: blue, Width: 1.4},
		{Color: orange, Width: 1.4, Dashes: []vg.Length{4, 2}},
	}
)

// stack draws panels one above the other with their vertical axes aligned.
func stack(all draw.Canvas, gap vg.Length, panels ...*plot.Plot) {
	rows := make([][]*plot.Plot, len(panels))
	for i, p := range panels {
		rows[i] = []*plot.Plot{p}
	}
	canvases := plot.Align(rows, draw.Tiles{Rows: len(panels), Cols: 1, PadY: gap}, all)
	for i, p := range panels {
		p.Draw(canvases[i][0])
	}
}

func curvePanel(c Curves, x, y string, train, validation Curve) *plot.Plot {
	p := panel("", x, y)
	p.Add(gridY{})
	low, high := math.Inf(1), math.Inf(-1)
	for _, curve := range []Curve{train, validation} {
		for _, f := range curve.Folds {
			for _, v := range f {
				if v == v {
					low, high = math.Min(low, v), math.Max(high, v)
				}
			}
		}
	}
	span(&p.Y, low, high, 0.04)
	span(&p.X, 1, float64(max(c.Epochs, 2)), 0.01)
	p.X.Tick.Marker = rankTicks(c.Epochs)
	for i, curve := range []Curve{train, validation} {
		if !curve.some() {
			continue
		}
		thin := curveStyles[i]
		thin.Width, thin.Color = 0.5, fade(toNRGBA(thin.Color), 0.45)
		if len(curve.Folds) > 1 {
			for _, f := range curve.Folds {
				p.Add(line{f, thin})
			}
		}
		p.Add(line{curve.Mean, curveStyles[i]})
	}
	return p
}

// line is values by epoch; where it has gaps, or one value alone, they show as they are.
type line struct {
	values []float64
	style  draw.LineStyle
}

// Plot implements plot.Plotter.
func (l line) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var run []vg.Point
	flush := func() {
		switch {
		case len(run) > 1:
			c.StrokeLines(l.style, run)
		case len(run) == 1:
			c.DrawGlyphNoClip(draw.GlyphStyle{Color: l.style.Color, Radius: l.style.Width + 0.4, Shape: draw.CircleGlyph{}}, run[0])
		}
		run = nil
	}
	for _, v := range thinned(l.values) {
		if v.y != v.y {
			flush()
			continue
		}
		run = append(run, vg.Point{X: x(v.x), Y: y(v.y)})
	}
	flush()
}

type place struct{ x, y float64 }

// pointLimit is how many points of a curve are drawn: more than a printer's dots in a column.
const pointLimit = 600

// thinned gives a curve's points, of many every so-manieth and the last.
func thinned(values []float64) (out []place) {
	every := (len(values) + pointLimit - 1) / pointLimit
	for i, v := range values {
		if every < 2 || i%every == 0 || i == len(values)-1 {
			out = append(out, place{float64(i + 1), v})
		}
	}
	return out
}

// finite counts numbers.
func finite(values []float64) (n int) {
	for _, v := range values {
		if v == v {
			n++
		}
	}
	return n
}
