package report

import (
	"image/color"
	"math"
	"strconv"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Colours. Those of series are Okabe and Ito's (Color Universal Design, 2008), which the colour-blind
// tell apart; where there are several, markers or dashes differ too, so that nothing hangs on
// colour alone.
var (
	ink    = rgb(0x1a1a1a)
	muted  = rgb(0x666666)
	faint  = rgb(0xd4d4d4)
	paper  = rgb(0xffffff)
	blue   = rgb(0x0072b2)
	orange = rgb(0xd55e00) // vermillion
	green  = rgb(0x009e73)
	pink   = rgb(0xcc79a7)
	sky    = rgb(0x56b4e9)
	amber  = rgb(0xe69f00)

	// Text on a coloured cell does not turn with the page.
	dark  = rgb(0x111111)
	light = rgb(0xfdfdfd)
)

// themed are the colours that a page may change, by the names of its variables.
var themed, darkScores = func() (map[color.NRGBA]string, string) {
	names, css := scoreVariables()
	for c, name := range map[color.NRGBA]string{
		ink: "ink", muted: "muted", faint: "grid", paper: "paper",
		blue: "1", orange: "2", green: "3", pink: "4", sky: "5", amber: "6",
	} {
		names[c] = name
	}
	return names, css
}()

// ThemeCSS sets the variables that Inline's colours are for a dark page; on a light one
// the colours are those of the files.
func ThemeCSS() string {
	return "@media (prefers-color-scheme:dark){:root{--fig-muted:#a3a3a3;--fig-grid:#3d3d3d;--fig-paper:#16181c;" +
		"--fig-1:#4aa8e0;--fig-2:#ff8a3d;--fig-3:#22c79a;--fig-4:#e29cc6;--fig-5:#8ccbf2;--fig-6:#f2bc42;" + darkScores + "}}\n"
}

// nrgba is a colour of a figure.
type nrgba = color.NRGBA

// rgb is a colour as the web writes it.
func rgb(hex uint32) nrgba {
	return nrgba{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

// fade is a colour with an opacity.
func fade(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(255*opacity + 0.5)
	return c
}

// Sizes of text in points; a figure is printed at its own size.
const (
	tickSize  = 7
	labelSize = 8
	titleSize = 8
	smallSize = 6
)

var plain = aligner{plot.DefaultTextHandler}

// letters is a style of text, centred on its point unless told otherwise.
func letters(size vg.Length, c color.Color) text.Style {
	return text.Style{Color: c, Font: plotfont.Font{Typeface: "Liberation", Variant: "Sans", Size: size}, Handler: plain, XAlign: text.XCenter, YAlign: text.YCenter}
}

func bold(s text.Style) text.Style {
	s.Font.Weight = font.WeightBold
	return s
}

func leftward(s text.Style) text.Style {
	s.XAlign = text.XRight
	return s
}

func rightward(s text.Style) text.Style {
	s.XAlign = text.XLeft
	return s
}

// panel is a plot in the style of all figures.
func panel(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.TextHandler = plain
	p.Title.Text = title
	p.Title.TextStyle = bold(letters(titleSize, ink))
	p.Title.TextStyle.YAlign = text.YTop
	p.Title.Padding = 3
	for i, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.Text = []string{x, y}[i]
		a.Label.TextStyle = letters(labelSize, ink)
		a.Label.TextStyle.YAlign = text.YBottom
		a.Label.Padding = 2
		a.LineStyle = draw.LineStyle{Color: ink, Width: 0.5}
		a.Padding = 2
		a.Tick.Label = letters(tickSize, ink)
		a.Tick.LineStyle = draw.LineStyle{Color: ink, Width: 0.5}
		a.Tick.Length = 3
		a.Tick.Marker = ticks{about: 5}
	}
	p.X.Tick.Label.YAlign = text.YTop
	p.Y.Tick.Label.XAlign = text.XRight
	p.Legend.TextStyle = rightward(letters(tickSize, ink))
	p.Legend.TextStyle.YAlign = text.YBottom
	p.Legend.ThumbnailWidth = 16
	p.Legend.Padding = 1
	return p
}

// ticks are at round numbers, about so many, all written with the same digits.
type ticks struct {
	about int
	whole bool // at whole numbers only
}

func (t ticks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) || math.IsInf(high-low, 0) {
		return []plot.Tick{{Value: low, Label: short(low, 4)}}
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/float64(t.about))))
	for _, m := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*m) <= float64(t.about)+0.5 {
			step *= m
			break
		}
	}
	if t.whole {
		step = math.Max(1, math.Round(step))
	}
	digits := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var out []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9 && len(out) < 50; i++ {
		v := i * step
		label := strconv.FormatFloat(v, 'f', digits, 64)
		if math.Abs(v) >= 1e5 || digits > 5 && v != 0 {
			label = short(v, 3)
		}
		if v == 0 {
			label = "0"
		}
		out = append(out, plot.Tick{Value: v, Label: label})
	}
	return out
}

// logTicks are at powers of ten, and between them where there are few.
type logTicks struct{}

func (logTicks) Ticks(low, high float64) (out []plot.Tick) {
	decades := math.Log10(high / low)
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)) && len(out) < 200; e++ {
		for m := 1; m < 10; m++ {
			v := float64(m) * math.Pow(10, e)
			if v < low*(1-1e-9) || v > high*(1+1e-9) {
				continue
			}
			label := ""
			if m == 1 && (decades <= 7 || int(e)%2 == 0) || decades < 2.2 && (m == 2 || m == 5) || decades < 0.7 {
				label = short(v, 2)
				if v >= 1e-3 && v < 1e5 {
					label = strconv.FormatFloat(v, 'f', -1, 64)
					if v >= 1 {
						label = strconv.FormatFloat(math.Round(v), 'f', 0, 64)
					} else if len(label) > 6 {
						label = short(v, 2)
					}
				}
			}
			out = append(out, plot.Tick{Value: v, Label: label})
		}
	}
	return out
}

// fixed are ticks at given places.
type fixed []plot.Tick

func (f fixed) Ticks(_, _ float64) []plot.Tick { return f }

// gridY draws horizontal lines at the ticks, behind all else.
type gridY struct{}

func (gridY) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if !t.IsMinor() && t.Value >= p.Y.Min && t.Value <= p.Y.Max {
			c.StrokeLine2(draw.LineStyle{Color: faint, Width: 0.4}, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}

// gridX draws vertical ones.
type gridX struct{}

func (gridX) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if !t.IsMinor() && t.Value >= p.X.Min && t.Value <= p.X.Max {
			c.StrokeLine2(draw.LineStyle{Color: faint, Width: 0.4}, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
	}
}

// plotter is a function that draws within a panel.
type plotter func(c draw.Canvas, x, y func(float64) vg.Length)

// Plot implements plot.Plotter.
func (f plotter) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	f(c, x, y)
}

// span sets an axis to a range with a margin of a part of it.
func span(a *plot.Axis, low, high, margin float64) {
	if !(high > low) {
		d := math.Max(math.Abs(low)*0.05, 1e-3)
		if math.IsNaN(low) || math.IsInf(low, 0) {
			low, d = 0, 1
		}
		low, high = low-d, low+d
	}
	a.Min, a.Max = low-margin*(high-low), high+margin*(high-low)
}
