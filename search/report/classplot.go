package report

import (
	"fmt"
	"sort"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"espalier/trainer"
)

// worstClasses is how many classes a figure of class scores shows.
const worstClasses = 25

// ClassScoresFigure draws precision and recall of the classes with the lowest F1: where there
// are too many for a matrix. on says on which rows.
func ClassScoresFigure(id, on string, names []string, classes []trainer.Class) *Figure {
	order := make([]int, len(classes))
	f1 := make([]float64, len(classes))
	for i, c := range classes {
		order[i] = i
		if c.Precision+c.Recall > 0 {
			f1[i] = 2 * c.Precision * c.Recall / (c.Precision + c.Recall)
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return f1[order[i]] < f1[order[j]] })
	order = order[:min(len(order), worstClasses)]
	f := &Figure{ID: id, Title: "Hardest classes, " + on, Width: columnWidth, Height: float64(10*len(order)) + 54}
	f.Caption = fmt.Sprintf("Precision (of the rows taken for the class, those that are of it) and recall (of its rows, those that are found), %s: the %d of %d classes with the lowest F1.", on, len(order), len(classes))
	f.draw = func(c draw.Canvas) {
		p := panel("", "precision and recall", "")
		p.Add(gridX{})
		labels := make(fixed, len(order))
		for i, class := range order {
			labels[i] = plot.Tick{Value: float64(-i), Label: fit(clip(names[class], 30), 90, p.Y.Tick.Label.Width)}
		}
		p.X.Min, p.X.Max = -0.02, 1.02
		p.Y.Min, p.Y.Max = float64(1-len(order))-0.6, 0.6
		p.Y.Tick.Marker, p.Y.Tick.Length, p.Y.Padding, p.X.Padding = labels, 0, 0, 0
		p.Add(plotter(func(c draw.Canvas, x, y func(float64) vg.Length) {
			for i, class := range order {
				of := classes[class]
				at := y(float64(-i))
				marked(c, mark{title: fmt.Sprintf("%s\nprecision %.3f\nrecall %.3f\n%s", names[class], of.Precision, of.Recall, count(of.Support, "row"))}, func() {
					c.StrokeLine2(draw.LineStyle{Color: faint, Width: 1}, x(of.Precision), at, x(of.Recall), at)
					c.DrawGlyphNoClip(draw.GlyphStyle{Color: blue, Radius: 2.2, Shape: draw.CircleGlyph{}}, vg.Point{X: x(of.Recall), Y: at})
					c.DrawGlyphNoClip(draw.GlyphStyle{Color: orange, Radius: 2.4, Shape: draw.PyramidGlyph{}}, vg.Point{X: x(of.Precision), Y: at})
				})
			}
		}))
		p.Draw(draw.Crop(c, 3, -10, 2, -16))
		legendRow(c, c.Min.X+8, c.Max.Y-8, []string{"recall", "precision"}, func(i int, r vg.Rectangle) {
			style := draw.GlyphStyle{Color: blue, Radius: 2.2, Shape: draw.CircleGlyph{}}
			if i == 1 {
				style = draw.GlyphStyle{Color: orange, Radius: 2.4, Shape: draw.PyramidGlyph{}}
			}
			c.DrawGlyphNoClip(style, vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: (r.Min.Y + r.Max.Y) / 2})
		})
	}
	return f
}
