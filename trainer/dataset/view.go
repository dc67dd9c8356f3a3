package dataset

import "fmt"

// View is some rows of a set as a trainer sees them: images stay bytes and are converted when a
// batch is gathered (Affine), tables are encoded once when the view is made.
type View struct {
	Rows  *Rows
	Index []int // nil: all rows in order
	Prep  *Preprocessing
	// Encoded is set for tables: len(view)×features float32, in view order.
	Encoded []float32
	// Unknown counts the cells whose level was not among the training rows: all zeros.
	Unknown int
}

// NewView makes a view of rows of the set that prep was fitted on, or of one that Match accepts.
func NewView(rows *Rows, index []int, prep *Preprocessing) View {
	v := View{Rows: rows, Index: index, Prep: prep}
	if prep.Kind == Table {
		v.encode()
	}
	return v
}

// NewImageView makes a view of n images for prediction: n×H×W×C bytes, raw as in the source.
func NewImageView(pixels []byte, n int, prep *Preprocessing) (View, error) {
	if prep.Kind != Images {
		return View{}, fmt.Errorf("view images: the model is for a %s", prep.Kind)
	}
	size := product(prep.Shape)
	if n < 0 || len(pixels)%size != 0 || len(pixels)/size != n {
		return View{}, fmt.Errorf("view images: %d bytes are not %d images of %v", len(pixels), n, prep.Shape)
	}
	return View{Rows: &Rows{N: n, Pixels: pixels}, Prep: prep}, nil
}

// Len is the number of rows.
func (v View) Len() int {
	switch {
	case v.Index != nil:
		return len(v.Index)
	case v.Rows != nil:
		return v.Rows.N
	}
	return 0
}

// Row is the number in Rows of the view's i-th row.
func (v View) Row(i int) int {
	if v.Index != nil {
		return v.Index[i]
	}
	return i
}

// Label is the class of the view's i-th row, -1 where the rows have no labels.
func (v View) Label(i int) int32 {
	if v.Rows.Labels == nil {
		return -1
	}
	return v.Rows.Labels[v.Row(i)]
}

// encode writes the rows of a table as features.
func (v *View) encode() {
	p := v.Prep
	// place maps a level's number in the rows to its position in the encoding, -1: unknown.
	place := make([][]int, len(p.Columns))
	for c, column := range p.Columns {
		if column.Levels == nil {
			continue
		}
		known := positions(column.Levels)
		place[c] = make([]int, len(v.Rows.Levels[c]))
		for l, name := range v.Rows.Levels[c] {
			at, ok := known[name]
			if !ok {
				at = -1
			}
			place[c][l] = at
		}
	}
	width := product(p.Shape)
	v.Encoded = make([]float32, v.Len()*width)
	for i := range v.Len() {
		cells := v.Rows.Cells[v.Row(i)*len(p.Columns):]
		out := v.Encoded[i*width : (i+1)*width]
		at := 0
		for c, column := range p.Columns {
			if column.Levels == nil {
				out[at] = p.scaled(at, cells[c])
				at++
				continue
			}
			if level := place[c][int(cells[c])]; level >= 0 {
				out[at+level] = 1
			} else {
				v.Unknown++
			}
			at += len(column.Levels)
		}
	}
}

func positions(levels []string) map[string]int {
	m := make(map[string]int, len(levels))
	for i, l := range levels {
		m[l] = i
	}
	return m
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
