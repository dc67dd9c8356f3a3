package report

import (
	"fmt"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Figure is one drawing: the same marks as SVG and as PNG. Its ID is stable, names
// files and is no user's text; its Title and Caption may hold any text.
type Figure struct {
	ID      string // "score", "curves", "confusion-cv"
	Title   string // what it shows, one line
	Caption string // how to read it: what was averaged, what was left out
	Origin  string // sweep, data, seed, version, kernel: goes into the files

	Width, Height float64 // points, 72 to the inch

	draw func(c draw.Canvas)
}

// Widths of a figure: one column of a page with two, and the whole page (89 and 183 mm).
const (
	columnWidth = 252
	pageWidth   = 519
)

// Omission says which figure is not there, and why.
type Omission struct{ ID, Title, Reason string }

// paint draws the figure on a canvas of its size. The libraries below panic on what they
// did not foresee; a figure is not worth the report's life.
func (f *Figure) paint(c vg.Canvas) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("draw figure %q: %v", f.ID, r)
		}
	}()
	f.draw(draw.NewCanvas(c, vg.Length(f.Width), vg.Length(f.Height)))
	return nil
}

// SVG is the figure as a file of its own: on white, colours as they are, text as text with the
// fonts of every system (Helvetica, Arial, Liberation Sans have the same widths).
func (f *Figure) SVG() ([]byte, error) {
	c := newVector(f, false)
	if err := f.paint(c); err != nil {
		return nil, err
	}
	return c.bytes(), nil
}

// Inline is the figure as an <svg> element for a page: id "fig-ID", class "figure", ink in
// currentColor and the other colours as variables with fallbacks (ThemeCSS), no style
// attributes. What a reader may point at is a <g class="mark"> with a <title>.
func (f *Figure) Inline() ([]byte, error) {
	c := newVector(f, true)
	if err := f.paint(c); err != nil {
		return nil, err
	}
	return c.bytes(), nil
}

// PNG is the figure at a resolution in dots per inch; 300 is what journals ask for.
func (f *Figure) PNG(dpi int) ([]byte, error) {
	if dpi < 10 || dpi > 2400 {
		return nil, fmt.Errorf("draw figure %q: %d dots per inch, want 10 to 2400", f.ID, dpi)
	}
	c := newRaster(f, dpi)
	if err := f.paint(c); err != nil {
		return nil, err
	}
	return c.bytes()
}
