package report

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ConfusionFigure draws a confusion matrix: in each cell the count and below it the share of
// the true class' rows, which is also the colour. on says whose and on which rows.
func ConfusionFigure(id, on string, c *Confusion) *Figure {
	all := len(c.Classes)
	rows, right := c.rows()
	c = c.Aggregate(matrixClasses)
	k := len(c.Classes)
	f := &Figure{ID: id, Title: "Confusion matrix, " + on, Width: columnWidth}
	cell := 30.0
	switch {
	case k <= 3:
		cell = 46
	case k > 10:
		cell = math.Max(19.5, 330/float64(k))
	}
	head := 0.0 // of the longest name, at the left and, turned, at the top
	text := letters(tickSize, ink)
	for i := range c.Classes {
		head = math.Max(head, float64(text.Width(clip(c.Classes[i], 20))))
	}
	head = math.Min(head, 80) + 16
	turned := false
	for _, name := range c.Classes {
		turned = turned || float64(text.Width(clip(name, 20))) > cell-3
	}
	top := 24.0
	if turned {
		top = head + 4
	}
	f.Width = math.Max(head+cell*float64(k)+10, 150)
	f.Height = top + cell*float64(k) + 6
	f.Caption = fmt.Sprintf("Rows of each class (down) and what they were taken for (across), %s: counts, and their share of the row in %%; shade: the share. %s of %s rows right (%s).",
		on, grouped(right), grouped(rows), fmt.Sprintf("%.1f %%", 100*float64(right)/math.Max(1, float64(rows))))
	if c.Left > 0 {
		f.Caption += fmt.Sprintf(" Of %d classes the %d with the most errors; the others are put together.", all, k-1)
	}
	f.draw = func(canvas draw.Canvas) {
		drawMatrix(canvas, c, vg.Length(cell), vg.Length(head), vg.Length(top), turned)
	}
	return f
}

func drawMatrix(canvas draw.Canvas, c *Confusion, cell, head, top vg.Length, turned bool) {
	k := len(c.Classes)
	left, up := canvas.Min.X+head, canvas.Max.Y-top
	name, title := letters(tickSize, ink), letters(labelSize, ink)
	for i, class := range c.Classes {
		at := fit(clip(class, 20), 80, name.Width)
		canvas.FillText(leftward(name), vg.Point{X: left - 3, Y: up - cell*(vg.Length(i)+0.5)}, at)
		across := name
		where := vg.Point{X: left + cell*(vg.Length(i)+0.5), Y: up + 7}
		if turned {
			across = rightward(name)
			across.Rotation = math.Pi / 2
			where.Y = up + 3
		}
		canvas.FillText(across, where, at)
	}
	side := title
	side.Rotation = math.Pi / 2
	canvas.FillText(side, vg.Point{X: canvas.Min.X + 6, Y: up - cell*vg.Length(k)/2}, "true class")
	across := "taken for (rows, and % of the true class)"
	if title.Width(across) > cell*vg.Length(k) {
		across = "taken for (rows, %)"
	}
	canvas.FillText(title, vg.Point{X: left + cell*vg.Length(k)/2, Y: canvas.Max.Y - 6}, across)
	for i, row := range c.Counts {
		total := 0
		for _, n := range row {
			total += n
		}
		for j, n := range row {
			share := 0.0
			if total > 0 {
				share = float64(n) / float64(total)
			}
			color := blend(blues, math.Sqrt(share)) // errors of a few per cent must show
			x, y := left+cell*vg.Length(j), up-cell*vg.Length(i)
			marked(canvas, mark{title: fmt.Sprintf("true %s, taken for %s\n%d of %d rows, %s", c.Classes[i], c.Classes[j], n, total, percent(share))}, func() {
				bar(canvas, color, x, x+cell, y-cell, y)
				if n == 0 {
					return
				}
				size := vg.Length(tickSize)
				if cell < 24 {
					size = 5.5
				}
				count := letters(size, on(color))
				if i == j {
					count = bold(count)
				}
				canvas.FillText(count, vg.Point{X: x + cell/2, Y: y - cell*0.36}, strconv.Itoa(n))
				canvas.FillText(letters(size-1, on(color)), vg.Point{X: x + cell/2, Y: y - cell*0.70}, sharePercent(share))
			})
		}
	}
	frame := draw.LineStyle{Color: faint, Width: 0.4}
	for i := range k + 1 {
		at := cell * vg.Length(i)
		canvas.StrokeLine2(frame, left+at, up, left+at, up-cell*vg.Length(k))
		canvas.StrokeLine2(frame, left, up-at, left+cell*vg.Length(k), up-at)
	}
}

// sharePercent is a share without its sign, which the axis names.
func sharePercent(share float64) string {
	if share >= 0.0995 {
		return strconv.FormatFloat(100*share, 'f', 0, 64)
	}
	return strconv.FormatFloat(100*share, 'f', 1, 64)
}
