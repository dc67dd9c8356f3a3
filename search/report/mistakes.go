package report

import (
	"context"
	"fmt"
	"sort"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"espalier/trainer"
	"espalier/trainer/dataset"
)

// Mistake is a row that a model takes for another class.
type Mistake struct {
	Row                     int // in the test rows, from 0
	True, Taken             int // classes
	Probability, OfTheTruth float64
}

// Mistakes are rows a model gets wrong, and how many there are.
type Mistakes struct {
	List        []Mistake // the surest first, at most a few of one pair of classes
	Wrong, Rows int       // of so many rows looked at
}

// mistakeWork bounds what is spent on finding mistakes, in floating point operations: of a
// large network fewer rows are looked at.
const mistakeWork = 4e10

// FindMistakes predicts test rows and picks the mistakes the model is surest of, at most
// three of any pair of classes so that a figure shows more than one.
func FindMistakes(ctx context.Context, m *trainer.Model, rows *dataset.Rows, n int) (Mistakes, error) {
	var out Mistakes
	look := rows.N
	if cost := m.Config.Cost().FLOPsPerRow; cost > 0 {
		look = min(look, max(200, int(mistakeWork/float64(cost))))
	}
	index := make([]int, look)
	for i := range index {
		index[i] = i
	}
	p, err := m.Predict(ctx, dataset.NewView(rows, index, m.Prep))
	if err != nil {
		return out, err
	}
	out.Rows = look
	k := m.Config.Classes
	var all []Mistake
	for row := range look {
		of := p[row*k : (row+1)*k]
		taken := 0
		for c := range of {
			if of[c] > of[taken] {
				taken = c
			}
		}
		if truth := int(rows.Labels[row]); taken != truth {
			all = append(all, Mistake{row, truth, taken, float64(of[taken]), float64(of[truth])})
		}
	}
	out.Wrong = len(all)
	sort.SliceStable(all, func(i, j int) bool { return all[i].Probability > all[j].Probability })
	pairs := map[[2]int]int{}
	for _, a := range all {
		pair := [2]int{a.True, a.Taken}
		if pairs[pair]++; pairs[pair] <= 3 && len(out.List) < n {
			out.List = append(out.List, a)
		}
	}
	return out, nil
}

// mistakesShown is how many mistakes the figure has: five rows of four.
const mistakesShown = 20

// MistakesFigure draws test images that a model gets wrong, with their class, what they were
// taken for, and how sure the model was of either. nil without mistakes.
func MistakesFigure(set *dataset.Set, m Mistakes) *Figure {
	if len(m.List) == 0 {
		return nil
	}
	columns := min(4, len(m.List))
	rows := (len(m.List) + columns - 1) / columns
	cell := 62.0
	ratio := min(float64(set.Shape[0])/float64(set.Shape[1]), 1)
	side := 40.0
	line := side*ratio + 27
	f := &Figure{ID: "mistakes", Title: "Images that the model gets wrong", Width: cell*float64(columns) + 2, Height: float64(rows)*line + 6}
	f.Caption = "Test images that the refit model gets wrong and is surest of, at most three of each pair of classes: the true class, what it was taken for (→), and the probability given to either."
	if m.Rows < set.Test.N {
		f.Caption += fmt.Sprintf(" Of the first %s of %s test rows %s are wrong.", grouped(m.Rows), grouped(set.Test.N), grouped(m.Wrong))
	} else {
		f.Caption += fmt.Sprintf(" %s of %s test rows are wrong.", grouped(m.Wrong), grouped(m.Rows))
	}
	f.draw = func(c draw.Canvas) {
		name, small := letters(smallSize, ink), letters(smallSize, ink)
		for i, x := range m.List {
			middle := c.Min.X + 1 + vg.Length(cell)*(vg.Length(i%columns)+0.5)
			top := c.Max.Y - 3 - vg.Length(line)*vg.Length(i/columns)
			truth, taken := clip(set.Classes[x.True], 24), clip(set.Classes[x.Taken], 24)
			marked(c, mark{title: fmt.Sprintf("test row %d\ntrue: %s (%.3f)\ntaken for: %s (%.3f)", x.Row, truth, x.OfTheTruth, taken, x.Probability)}, func() {
				drawImage(c, picture(set.Shape, set.Test.Pixels, x.Row), middle, top, vg.Length(side))
				y := top - vg.Length(side*ratio) - 5
				both := func(y vg.Length, text string, p float64, of string) {
					number := fmt.Sprintf(" %.2f", p)
					text = of + fit(text, vg.Length(cell)-2-small.Width(of+number), name.Width) + number
					c.FillText(name, vg.Point{X: middle, Y: y}, text)
				}
				both(y, truth, x.OfTheTruth, "")
				both(y-8, taken, x.Probability, "→ ")
			})
		}
	}
	return f
}
