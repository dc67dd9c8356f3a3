package report

import (
	"fmt"
	"math"
	"sort"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"espalier/folds"
	"espalier/trainer/dataset"
)

// Distribution is how many rows of each class there are: to train and to validate on in a
// fold, on average, and to test on.
type Distribution struct {
	Classes []string
	Parts   []Part
	Folds   int // that Training and Validation are means over; 0: the training rows as a whole
}

// Part is the rows of one kind.
type Part struct {
	Name      string
	Counts    []float64 // per class; over folds the mean
	Low, High []float64 // per class, over folds: the fewest and the most
	Rows      float64
}

// NewDistribution counts; without folds there are training and test rows alone.
func NewDistribution(set *dataset.Set, f []folds.Fold) Distribution {
	k := len(set.Classes)
	d := Distribution{Classes: set.Classes, Folds: len(f)}
	over := func(name string, rows func(folds.Fold) []int) {
		p := Part{Name: name, Counts: make([]float64, k), Low: make([]float64, k), High: make([]float64, k)}
		for i, fold := range f {
			counts := make([]float64, k)
			for _, row := range rows(fold) {
				counts[set.Train.Labels[row]]++
			}
			for c, n := range counts {
				p.Counts[c] += n / float64(len(f))
				if i == 0 {
					p.Low[c] = n
				}
				p.Low[c], p.High[c] = math.Min(p.Low[c], n), math.Max(p.High[c], n)
				p.Rows += n / float64(len(f))
			}
		}
		d.Parts = append(d.Parts, p)
	}
	whole := func(name string, rows *dataset.Rows) {
		p := Part{Name: name, Rows: float64(rows.N)}
		for _, n := range rows.Counts(k) {
			p.Counts = append(p.Counts, float64(n))
		}
		d.Parts = append(d.Parts, p)
	}
	if len(f) > 0 {
		over("training", func(f folds.Fold) []int { return f.Train })
		over("validation", func(f folds.Fold) []int { return f.Validation })
	} else {
		whole("training", set.Train)
	}
	if set.Test != nil && set.Test.Labels != nil {
		whole("test", set.Test)
	}
	return d
}

// namedClasses is up to how many classes each has bars and a name of its own.
const namedClasses = 40

// DistributionFigure draws the class distribution.
func DistributionFigure(d Distribution) *Figure {
	f := &Figure{ID: "classes", Title: "Class distribution", Width: columnWidth}
	f.Caption = "Rows of each class."
	if d.Folds > 1 {
		f.Caption = fmt.Sprintf("Rows of each class; training and validation rows are means over %d folds, with the fewest and the most where folds differ.", d.Folds)
	}
	for _, p := range d.Parts {
		f.Caption += fmt.Sprintf(" %s: %s rows.", p.Name, grouped(int(math.Round(p.Rows))))
	}
	if len(d.Classes) > namedClasses {
		f.Height = 170
		f.Caption += fmt.Sprintf(" %d classes, those with the most training rows first.", len(d.Classes))
		f.draw = func(c draw.Canvas) { manyClasses(c, d) }
		return f
	}
	thick := 5.0
	if len(d.Classes) > 15 {
		thick = 3.2
	}
	group := thick*float64(len(d.Parts)) + 4
	f.Height = group*float64(len(d.Classes)) + 54
	f.draw = func(c draw.Canvas) { fewClasses(c, d) }
	return f
}

var partColors = []nrgba{blue, amber, muted}

// legendRow draws names with their boxes in a row above a panel, from the left.
func legendRow(c draw.Canvas, x, y vg.Length, names []string, box func(i int, rect vg.Rectangle)) {
	text := rightward(letters(tickSize, ink))
	for i, name := range names {
		box(i, vg.Rectangle{Min: vg.Point{X: x, Y: y - 3}, Max: vg.Point{X: x + 10, Y: y + 3}})
		c.FillText(text, vg.Point{X: x + 13, Y: y}, name)
		x += 13 + text.Width(name) + 12
	}
}

func fewClasses(c draw.Canvas, d Distribution) {
	p := panel("", "rows", "")
	p.Add(gridX{})
	high := 0.0
	names := make(fixed, len(d.Classes))
	for i, name := range d.Classes {
		names[i] = plot.Tick{Value: float64(-i), Label: fit(clip(name, 30), 84, p.Y.Tick.Label.Width)}
		for _, part := range d.Parts {
			high = math.Max(high, part.Counts[i])
			if part.High != nil {
				high = math.Max(high, part.High[i])
			}
		}
	}
	p.X.Min, p.X.Max = 0, math.Max(high*1.04, 1)
	p.X.Tick.Marker = ticks{about: 5, whole: true}
	p.Y.Min, p.Y.Max = float64(1-len(d.Classes))-0.5, 0.5
	p.Y.Tick.Marker, p.Y.Tick.Length, p.Y.Padding, p.X.Padding = names, 0, 0, 0
	n := float64(len(d.Parts))
	p.Add(plotter(func(c draw.Canvas, x, y func(float64) vg.Length) {
		for i, name := range d.Classes {
			for k, part := range d.Parts {
				middle := float64(-i) + 0.84*((n-1)/2-float64(k))/n
				half := 0.42 / n
				marked(c, mark{title: fmt.Sprintf("%s\n%s: %s rows, %s", name, part.Name, short(part.Counts[i], 6), percent(part.Counts[i]/part.Rows))}, func() {
					bar(c, partColors[k], x(0), x(part.Counts[i]), y(middle-half), y(middle+half))
					if part.High != nil && part.High[i]-part.Low[i] > 0.01*high {
						c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.7}, x(part.Low[i]), y(middle), x(part.High[i]), y(middle))
					}
				})
			}
		}
	}))
	p.Draw(draw.Crop(c, 3, -10, 2, -16))
	var labels []string
	for _, part := range d.Parts {
		labels = append(labels, part.Name)
	}
	legendRow(c, c.Min.X+8, c.Max.Y-8, labels, func(i int, r vg.Rectangle) { bar(c, partColors[i], r.Min.X, r.Max.X, r.Min.Y, r.Max.Y) })
}

// manyClasses draws counts as lines over the classes, the largest first.
func manyClasses(c draw.Canvas, d Distribution) {
	order := make([]int, len(d.Classes))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return d.Parts[0].Counts[order[i]] > d.Parts[0].Counts[order[j]] })
	p := panel("", "class, by training rows", "rows")
	p.Add(gridY{})
	styles := []draw.LineStyle{{Color: blue, Width: 1.2}, {Color: amber, Width: 1.2, Dashes: []vg.Length{4, 2}}, {Color: muted, Width: 1.2, Dashes: []vg.Length{1.5, 1.5}}}
	var names []string
	high := 0.0
	for k, part := range d.Parts {
		values := make([]float64, len(order))
		for i, class := range order {
			values[i] = part.Counts[class]
			high = math.Max(high, values[i])
		}
		p.Add(line{values, styles[k]})
		names = append(names, part.Name)
	}
	p.Y.Min, p.Y.Max = 0, math.Max(high*1.05, 1)
	p.Y.Tick.Marker = ticks{about: 5, whole: true}
	p.X.Min, p.X.Max = 1, float64(len(order))
	p.X.Tick.Marker = rankTicks(len(order))
	p.Draw(draw.Crop(c, 2, -8, 2, -16))
	legendRow(c, c.Min.X+34, c.Max.Y-8, names, func(i int, r vg.Rectangle) {
		c.StrokeLine2(styles[i], r.Min.X-6, (r.Min.Y+r.Max.Y)/2, r.Max.X, (r.Min.Y+r.Max.Y)/2)
	})
}
