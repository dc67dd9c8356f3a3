package report

import (
	"fmt"
	"image"
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"espalier/trainer/dataset"
)

// classLimit is how many classes a figure of samples shows.
const classLimit = 60

// SamplesFigure draws the first training image of each class.
func SamplesFigure(set *dataset.Set) *Figure {
	first := make([]int, len(set.Classes))
	for i := range first {
		first[i] = -1
	}
	found := 0
	for row, label := range set.Train.Labels {
		if first[label] < 0 {
			first[label] = row
			if found++; found == len(first) {
				break
			}
		}
	}
	shown := min(len(set.Classes), classLimit)
	columns := 5
	width := float64(columnWidth)
	switch {
	case shown < 5:
		columns = shown
	case shown > 20:
		columns, width = 10, pageWidth
	}
	rows := (shown + columns - 1) / columns
	cell := (width - 8) / float64(columns)
	h, w := set.Shape[0], set.Shape[1]
	side := min(cell-6, 64)
	ratio := min(float64(h)/float64(w), 1)
	f := &Figure{ID: "samples", Title: "One image of each class", Width: width}
	line := side*ratio + 13
	f.Height = float64(rows)*line + 6
	f.Caption = fmt.Sprintf("The first training image of each class of %s, %d × %d pixels.", printable(set.Source), h, w)
	if shown < len(set.Classes) {
		f.Caption += fmt.Sprintf(" The first %d of %d classes.", shown, len(set.Classes))
	}
	f.draw = func(c draw.Canvas) {
		text := letters(tickSize, ink)
		for class := range shown {
			x := c.Min.X + 4 + vg.Length(cell)*(vg.Length(class%columns)+0.5)
			top := c.Max.Y - 3 - vg.Length(line)*vg.Length(class/columns)
			if first[class] >= 0 {
				drawImage(c, picture(set.Shape, set.Train.Pixels, first[class]), x, top, vg.Length(side))
			} else {
				c.FillText(letters(smallSize, muted), vg.Point{X: x, Y: top - vg.Length(side*ratio/2)}, "no rows")
			}
			c.FillText(text, vg.Point{X: x, Y: top - vg.Length(side*ratio) - 5}, fit(clip(set.Classes[class], 30), vg.Length(cell)-1, text.Width))
		}
	}
	return f
}

// drawImage puts an image below a point, in the middle, no larger than a square; a thin frame tells a
// black image from a black page.
func drawImage(c draw.Canvas, img image.Image, x, top, side vg.Length) {
	b := img.Bounds()
	w, h := side, side*vg.Length(b.Dy())/vg.Length(b.Dx())
	if h > side {
		w, h = side*side/h, side
	}
	rect := vg.Rectangle{Min: vg.Point{X: x - w/2, Y: top - h}, Max: vg.Point{X: x + w/2, Y: top}}
	c.DrawImage(rect, img)
	c.SetLineStyle(draw.LineStyle{Color: muted, Width: 0.3})
	c.Stroke(rect.Path())
}

// picture is one row of images; of many channels the first three are its colours, of two the
// first is its grey.
func picture(shape []int, pixels []byte, row int) image.Image {
	h, w, channels := shape[0], shape[1], shape[2]
	at := row * h * w * channels
	if channels < 3 {
		img := image.NewGray(image.Rect(0, 0, w, h))
		for i := range w * h {
			img.Pix[i] = pixels[at+i*channels]
		}
		return img
	}
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		p := pixels[at+i*channels:]
		img.SetNRGBA(i%w, i/w, color.NRGBA{p[0], p[1], p[2], 0xff})
	}
	return img
}

// printable takes out of a text what would break a line.
func printable(text string) string { return clip(strings.TrimSpace(text), 200) }
