package report

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"espalier/trainer"
)

// kindColors tell kinds of layers apart; each block has its kind's name under it.
var kindColors = map[string]nrgba{
	"input": rgb(0xe2e2e2), "conv2d": rgb(0xa6cde6), "dense": rgb(0xf3bf99),
	"maxpool2d": rgb(0xa3dbc8), "avgpool2d": rgb(0xa3dbc8), "global_avg_pool": rgb(0xa3dbc8),
	"batchnorm": rgb(0xf5dda6), "dropout": rgb(0xd0d0d0), "residual": rgb(0xe9c3d9),
}

// Bounds of a drawing of a network, and the room a block has, in points.
const (
	blockLimit  = 72
	blockWidth  = 54.0
	blockHeight = 122.0
)

// ArchitectureFigure draws a network: a block a layer, its size by its output (the side of
// maps, on a square root's scale; the depth of channels and units on a logarithm's), with its kind, output shape
// and parameters.
func ArchitectureFigure(c *trainer.Config) *Figure {
	blocks := Blocks(c)
	s := c.Summary()
	f := &Figure{ID: "architecture", Title: "Architecture of the network"}
	f.Caption = fmt.Sprintf("The layers in order with output shape and parameters; %s parameters, %s of them trained. Blocks: the side of maps on a square root's scale, channels and units on a logarithm's.", thousands(s.Total), thousands(s.Trainable))
	if left := len(blocks) - blockLimit; left > 0 {
		blocks = blocks[:blockLimit]
		f.Caption += fmt.Sprintf(" The last %d layers are left out.", left)
	}
	columns := min(len(blocks), int(math.Floor(pageWidth/blockWidth)))
	if rows := (len(blocks) + columns - 1) / columns; rows > 1 { // rows of even length
		columns = (len(blocks) + rows - 1) / rows
	}
	rows := (len(blocks) + columns - 1) / columns
	f.Width = math.Max(blockWidth*float64(columns)+6, 120)
	f.Height = blockHeight*float64(rows) + 4
	f.draw = func(canvas draw.Canvas) {
		for i, b := range blocks {
			x := canvas.Min.X + 3 + blockWidth*(vg.Length(i%columns)+0.5)
			y := canvas.Max.Y - 2 - blockHeight*vg.Length(i/columns)
			drawBlock(canvas, b, c.Shape, x, y, i > 0, i%columns == 0)
		}
	}
	return f
}

// How much of a block's colour its top and its side have.
const topShade, sideShade = 0.93, 0.8

func shaded(c nrgba, shade float64) nrgba {
	mix := func(v uint8) uint8 { return uint8(float64(v) * shade) }
	return nrgba{R: mix(c.R), G: mix(c.G), B: mix(c.B), A: 0xff}
}

// drawBlock draws one block in the room below y around x.
func drawBlock(c draw.Canvas, b Block, input []int, x, y vg.Length, arrow, first bool) {
	const room = 82 // above the words
	centre := y - room/2 - 2
	width, height, depth := 9.0, 20.0, 0.0
	if len(b.Output) == 3 {
		biggest := math.Max(float64(input[0]), 1)
		height = 10 + 40*math.Sqrt(math.Min(1, float64(b.Output[0])/biggest))
		width = 2 + 2.6*math.Log2(1+float64(b.Output[2]))
		depth = height * 0.32
	} else if len(b.Output) == 1 {
		height = 8 + 6*math.Log2(1+float64(b.Output[0]))
	}
	if b.Kind == "dropout" || b.Kind == "batchnorm" || b.Kind == "activation" || b.Kind == "flatten" {
		width *= 0.55
	}
	width, height = math.Min(width, 26), math.Min(height, 66)
	w, h, d := vg.Length(width), vg.Length(height), vg.Length(depth)
	fill, known := kindColors[b.Kind]
	if !known {
		fill = rgb(0xf2f2f2)
	}
	left, bottom := x-(w+d)/2, centre-(h+d)/2
	title := fmt.Sprintf("%s (%s %s)\noutput %s\n%s parameters", b.Name, b.Kind, b.Detail, shapeText(b.Output), thousands(b.Params))
	marked(c, mark{title: title}, func() {
		edge := draw.LineStyle{Color: rgb(0x333333), Width: 0.5}
		face := func(shade float64, pts ...vg.Point) {
			c.FillPolygon(shaded(fill, shade), pts)
			c.StrokeLines(edge, append(pts, pts[0]))
		}
		if d > 0 {
			face(topShade, vg.Point{X: left, Y: bottom + h}, vg.Point{X: left + d, Y: bottom + h + d}, vg.Point{X: left + w + d, Y: bottom + h + d}, vg.Point{X: left + w, Y: bottom + h})
			face(sideShade, vg.Point{X: left + w, Y: bottom}, vg.Point{X: left + w + d, Y: bottom + d}, vg.Point{X: left + w + d, Y: bottom + h + d}, vg.Point{X: left + w, Y: bottom + h})
		}
		face(1, vg.Point{X: left, Y: bottom}, vg.Point{X: left + w, Y: bottom}, vg.Point{X: left + w, Y: bottom + h}, vg.Point{X: left, Y: bottom + h})
		under := y - room - 6
		kind := bold(letters(smallSize+0.5, ink))
		c.FillText(kind, vg.Point{X: x, Y: under}, fit(b.Kind, blockWidth-2, kind.Width))
		small := letters(smallSize, ink)
		params := ""
		if b.Params > 0 {
			params = thousands(b.Params)
		}
		for i, text := range []string{b.Detail, shapeText(b.Output), params} {
			if text == "" {
				continue
			}
			style := small
			if i == 2 {
				style = letters(smallSize, muted)
				text += " params"
			}
			c.FillText(style, vg.Point{X: x, Y: under - 8*vg.Length(i+1)}, fit(text, blockWidth-1, style.Width))
		}
	})
	if arrow {
		tip := left - 2
		tail := x - blockWidth/2 - 4
		if first {
			tail = x - blockWidth/2
		}
		if tip-tail < 5 {
			tail = tip - 5
		}
		c.StrokeLine2(draw.LineStyle{Color: muted, Width: 0.6}, tail, centre, tip-1, centre)
		c.FillPolygon(muted, []vg.Point{{X: tip, Y: centre}, {X: tip - 3, Y: centre + 1.6}, {X: tip - 3, Y: centre - 1.6}})
	}
}

// tableRows is how many layers the layer table lists.
const tableRows = 80

// LayersFigure draws the layer table as Keras' summary prints it.
func LayersFigure(c *trainer.Config) *Figure {
	s := c.Summary()
	shown := s.Layers[:min(len(s.Layers), tableRows)]
	f := &Figure{ID: "layers", Title: "Layer table", Width: columnWidth, Height: float64(11*(len(shown)+4)) + 26}
	f.Caption = "The layers of the network with output shape (without the batch) and parameters."
	if left := len(s.Layers) - len(shown); left > 0 {
		f.Caption += fmt.Sprintf(" The last %d layers are left out.", left)
	}
	f.draw = func(canvas draw.Canvas) {
		left, right := canvas.Min.X+4, canvas.Max.X-4
		middle := left + (right-left)*0.71
		y := canvas.Max.Y - 10
		text := letters(tickSize, ink)
		row := func(style func() (a, b, c string), heavy bool) {
			name, shape, params := style()
			of := text
			if heavy {
				of = bold(text)
			}
			canvas.FillText(rightward(of), vg.Point{X: left + 2, Y: y}, fit(name, middle-left-24, of.Width))
			canvas.FillText(of, vg.Point{X: middle, Y: y}, shape)
			canvas.FillText(leftward(of), vg.Point{X: right - 2, Y: y}, params)
			y -= 11
		}
		rule := func(width vg.Length) {
			canvas.StrokeLine2(draw.LineStyle{Color: ink, Width: width}, left, y+4, right, y+4)
			y -= 4.5
		}
		rule(1)
		row(func() (string, string, string) { return "layer (type)", "output shape", "parameters" }, true)
		rule(0.5)
		for _, l := range shown {
			row(func() (string, string, string) {
				return l.Name + " (" + l.Type + ")", strings.ReplaceAll(shapeText(l.Output), "×", " × "), thousands(l.Params)
			}, false)
		}
		rule(0.5)
		row(func() (string, string, string) { return "total", "", thousands(s.Total) }, true)
		row(func() (string, string, string) { return "trained", "", thousands(s.Trainable) }, false)
		row(func() (string, string, string) { return "not trained", "", thousands(s.NonTrainable) }, false)
		rule(1)
	}
	return f
}
