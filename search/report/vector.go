package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// vector is a vg.Canvas that writes SVG. gonum has one, but a report needs what it has
// not: colours by the page's variables, text that falls back on the reader's fonts,
// marks one can point at, and a third of the bytes.
type vector struct {
	figure *Figure
	inline bool
	out    bytes.Buffer
	open   string // attributes of the open <g>, "" none
	now    pen
	stack  []pen
	anchor float64 // where the next text is held: 0 at its left end, 1 at its right
}

// pen is the state of a canvas: how it draws and where (x' = a·x + c·y + e, y' = b·x + d·y + f).
type pen struct {
	color            color.NRGBA
	width            vg.Length
	dash             string
	a, b, c, d, e, f float64
}

// fontFamily is what a reader's system has of Helvetica's widths; the rest is for letters
// that none of them has.
const fontFamily = "Helvetica,Arial,'Liberation Sans','Noto Sans','DejaVu Sans',sans-serif"

func newVector(f *Figure, inline bool) *vector {
	v := &vector{figure: f, inline: inline}
	v.now = pen{a: 1, d: -1, f: f.Height, width: 1, color: toNRGBA(color.Black)}
	w := &v.out
	if inline { // at least a column wide, lest the page enlarges its letters over those of others
		room := math.Max(f.Width, columnWidth)
		fmt.Fprintf(w, `<svg id="fig-%s" class="figure" role="img" viewBox="%s 0 %s %s" font-family="%s">`, f.ID,
			number((f.Width-room)/2), number(room), number(f.Height), fontFamily)
	} else {
		w.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
		fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="%[1]spt" height="%[2]spt" viewBox="0 0 %[1]s %[2]s" font-family="%[3]s">`,
			number(f.Width), number(f.Height), fontFamily)
	}
	fmt.Fprintf(w, "\n<title>%s</title>\n", escape(f.Title))
	if text := strings.TrimSpace(f.Caption + "\n" + f.Origin); text != "" && !inline {
		fmt.Fprintf(w, "<desc>%s</desc>\n", escape(text))
	}
	if !inline {
		fmt.Fprintf(w, `<path fill="#fff" d="M0 0H%sV%sH0z"/>`+"\n", number(f.Width), number(f.Height))
	}
	return v
}

func (v *vector) bytes() []byte {
	v.group("")
	v.out.WriteString("</svg>\n")
	return v.out.Bytes()
}

// group begins a <g> with attributes unless that is the one that is open: neighbours
// drawn alike share it.
func (v *vector) group(attributes string) {
	if v.open == attributes {
		return
	}
	if v.open != "" {
		v.out.WriteString("</g>\n")
	}
	if v.open = attributes; attributes != "" {
		v.out.WriteString("<g " + attributes + ">\n")
	}
}

// begin opens a mark that a reader may point at; end closes it.
func (v *vector) begin(m mark) {
	v.group("")
	v.out.WriteString(`<g class="mark"`)
	if m.trial != "" {
		fmt.Fprintf(&v.out, ` data-trial="%s"`, escape(m.trial))
	}
	fmt.Fprintf(&v.out, "><title>%s</title>\n", escape(m.title))
}

func (v *vector) end() {
	v.group("")
	v.out.WriteString("</g>\n")
}

// paint is a colour as an attribute's value, and its opacity's attribute.
func (v *vector) paint(name string) string {
	c := v.now.color
	value := fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
	if c.R>>4 == c.R&15 && c.G>>4 == c.G&15 && c.B>>4 == c.B&15 {
		value = fmt.Sprintf("#%x%x%x", c.R&15, c.G&15, c.B&15)
	}
	if v.inline {
		solid := c
		solid.A = 255
		if variable := themed[solid]; variable == "ink" {
			value = "currentColor"
		} else if variable != "" {
			value = "var(--fig-" + variable + "," + value + ")"
		}
	}
	out := name + `="` + value + `"`
	if c.A != 255 {
		out += ` ` + name + `-opacity="` + strconv.FormatFloat(float64(c.A)/255, 'f', 2, 64) + `"`
	}
	return out
}

func (v *vector) SetLineWidth(w vg.Length) { v.now.width = w }

func (v *vector) SetLineDash(pattern []vg.Length, _ vg.Length) {
	parts := make([]string, len(pattern))
	for i, d := range pattern {
		parts[i] = number(float64(d))
	}
	v.now.dash = strings.Join(parts, " ")
}

func (v *vector) SetColor(c color.Color) {
	if c == nil {
		c = color.Black
	}
	v.now.color = toNRGBA(c)
}

func (v *vector) Rotate(rad float64) {
	sin, cos := math.Sincos(rad)
	p := &v.now
	p.a, p.b, p.c, p.d = p.a*cos+p.c*sin, p.b*cos+p.d*sin, p.c*cos-p.a*sin, p.d*cos-p.b*sin
}

func (v *vector) Translate(pt vg.Point) { v.now.e, v.now.f = v.place(pt) }

func (v *vector) Scale(x, y float64) {
	p := &v.now
	p.a, p.b, p.c, p.d = p.a*x, p.b*x, p.c*y, p.d*y
}

func (v *vector) Push() { v.stack = append(v.stack, v.now) }

func (v *vector) Pop() { v.now, v.stack = v.stack[len(v.stack)-1], v.stack[:len(v.stack)-1] }

// place is where a point lies in the SVG's coordinates.
func (v *vector) place(pt vg.Point) (x, y float64) {
	p := v.now
	return p.a*float64(pt.X) + p.c*float64(pt.Y) + p.e, p.b*float64(pt.X) + p.d*float64(pt.Y) + p.f
}

func (v *vector) Stroke(p vg.Path) {
	if v.now.width <= 0 {
		return
	}
	attributes := `fill="none" ` + v.paint("stroke") + ` stroke-width="` + number(float64(v.now.width)) + `"`
	if v.now.dash != "" {
		attributes += ` stroke-dasharray="` + v.now.dash + `"`
	}
	v.group(attributes)
	v.path(p)
}

func (v *vector) Fill(p vg.Path) {
	v.group(v.paint("fill"))
	v.path(p)
}

// path writes a path; a whole circle is written as one.
func (v *vector) path(p vg.Path) {
	for i, comp := range p {
		if comp.Type != vg.ArcComp || math.Abs(comp.Angle) < 2*math.Pi-1e-9 {
			continue
		}
		if i <= 1 && len(p)-i <= 2 { // nothing beside it but where it begins and its close
			x, y := v.place(comp.Pos)
			fmt.Fprintf(&v.out, `<circle cx="%s" cy="%s" r="%s"/>`+"\n", number(x), number(y), number(float64(comp.Radius)))
			return
		}
	}
	v.out.WriteString(`<path d="`)
	var at [2]string
	line := func(command string, pt vg.Point) {
		x, y := v.place(pt)
		to := [2]string{number(x), number(y)}
		switch {
		case command == "L" && to[0] == at[0]:
			v.out.WriteString("V" + to[1])
		case command == "L" && to[1] == at[1]:
			v.out.WriteString("H" + to[0])
		default:
			v.out.WriteString(command + to[0] + " " + to[1])
		}
		at = to
	}
	for i, comp := range p {
		switch comp.Type {
		case vg.MoveComp:
			line("M", comp.Pos)
		case vg.LineComp:
			line("L", comp.Pos)
		case vg.ArcComp:
			v.arc(comp, i == 0, line)
			at = [2]string{}
		case vg.CurveComp:
			command := "Q"
			if len(comp.Control) == 2 {
				command = "C"
			}
			for _, pt := range comp.Control {
				x, y := v.place(pt)
				v.out.WriteString(command + number(x) + " " + number(y))
				command = " "
			}
			line(" ", comp.Pos)
		case vg.CloseComp:
			v.out.WriteString("z")
			at = [2]string{}
		}
	}
	v.out.WriteString("\"/>\n")
}

// arc writes an arc in steps of at most a third of a turn, which SVG has a single way to read.
func (v *vector) arc(comp vg.PathComp, first bool, line func(string, vg.Point)) {
	on := func(angle float64) vg.Point {
		sin, cos := math.Sincos(angle)
		return vg.Point{X: comp.Pos.X + comp.Radius*vg.Length(cos), Y: comp.Pos.Y + comp.Radius*vg.Length(sin)}
	}
	command := "L"
	if first {
		command = "M"
	}
	line(command, on(comp.Start))
	steps := max(1, int(math.Ceil(math.Abs(comp.Angle)/(2*math.Pi/3))))
	sweep := "0" // y points down
	if comp.Angle < 0 {
		sweep = "1"
	}
	radius := number(float64(comp.Radius))
	for i := 1; i <= steps; i++ {
		x, y := v.place(on(comp.Start + comp.Angle*float64(i)/float64(steps)))
		fmt.Fprintf(&v.out, "A%s %s 0 0 %s %s %s", radius, radius, sweep, number(x), number(y))
	}
}

func (v *vector) FillString(f font.Face, pt vg.Point, text string) {
	if f.Font.Size == 0 || strings.TrimSpace(text) == "" {
		return
	}
	attributes := v.paint("fill") + ` font-size="` + number(float64(f.Font.Size)) + `"`
	if f.Font.Weight > 0 {
		attributes += ` font-weight="bold"`
	}
	if f.Font.Style != 0 {
		attributes += ` font-style="italic"`
	}
	// A reader's font may be wider than ours: text is held where its style aligns it, and pressed into the width that
	// the drawing left it where that matters and our font has all its letters.
	width := f.Width(text)
	pt.X += width * vg.Length(v.anchor)
	held := ""
	switch v.anchor {
	case 0.5:
		held = ` text-anchor="middle"`
	case 1:
		held = ` text-anchor="end"`
	}
	v.group(attributes + held)
	x, y := v.place(pt)
	turn := ""
	if degrees := math.Atan2(v.now.b, v.now.a) * 180 / math.Pi; math.Abs(degrees) > 1e-6 {
		turn = fmt.Sprintf(` transform="rotate(%s %s %s)"`, number(degrees), number(x), number(y))
	}
	if len(text) > looseText && measured(text) {
		turn += fmt.Sprintf(` textLength="%s" lengthAdjust="spacingAndGlyphs"`, number(float64(width)))
	}
	fmt.Fprintf(&v.out, `<text x="%s" y="%s"%s>%s</text>`+"\n", number(x), number(y), turn, escape(text))
}

// looseText is up to how many bytes a text may be as wide as the reader's font makes it.
const looseText = 1

// measured tells whether our font has the letters of a text, so that its width is known: Latin, Greek, Cyrillic and
// the signs that figures use.
func measured(text string) bool {
	for _, r := range text {
		if r < ' ' || r >= 0x500 && !strings.ContainsRune("–—…→−×", r) {
			return false
		}
	}
	return true
}

// DrawImage puts an image in as PNG; its pixels stay sharp squares.
func (v *vector) DrawImage(rect vg.Rectangle, img image.Image) {
	var data bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&data, img); err != nil {
		panic(err) // an image without pixels; paint turns it into an error
	}
	v.group("")
	x, y := v.place(vg.Point{X: rect.Min.X, Y: rect.Max.Y})
	href := "href"
	if !v.inline {
		href = "xlink:href" // what drawing programs of before SVG 2 know
	}
	fmt.Fprintf(&v.out, `<image x="%s" y="%s" width="%s" height="%s" image-rendering="pixelated" preserveAspectRatio="none" %s="data:image/png;base64,%s"/>`+"\n",
		number(x), number(y), number(float64(rect.Max.X-rect.Min.X)), number(float64(rect.Max.Y-rect.Min.Y)), href,
		base64.StdEncoding.EncodeToString(data.Bytes()))
}

// number writes a coordinate: a hundredth of a point is finer than any printer.
func number(x float64) string {
	if x != x || math.IsInf(x, 0) {
		panic(fmt.Sprintf("a coordinate is %v", x))
	}
	s := strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64)
	if s == "-0" {
		return "0"
	}
	return s
}

// escape makes text safe in XML and HTML; characters that XML has no way to write become U+FFFD.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '"':
			b.WriteString("&#34;")
		case r == '\'':
			b.WriteString("&#39;")
		case r < ' ' && r != '\t' && r != '\n', r == 0x7f, r >= 0x80 && r < 0xa0, r&0xfffe == 0xfffe:
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func toNRGBA(c color.Color) color.NRGBA { return color.NRGBAModel.Convert(c).(color.NRGBA) }

// mark is something of a figure that one may point at.
type mark struct{ title, trial string }

// marked draws something as a mark, where the canvas knows marks.
func marked(c draw.Canvas, m mark, body func()) {
	if v := vectorOf(c); v != nil {
		v.begin(m)
		defer v.end()
	}
	body()
}

// vectorOf is the SVG that something is drawn on, nil where it is another canvas.
func vectorOf(c vg.Canvas) *vector {
	for {
		switch inner := c.(type) {
		case draw.Canvas:
			c = inner.Canvas
		case *draw.Canvas:
			c = inner.Canvas
		case *vector:
			return inner
		default:
			return nil
		}
	}
}

// aligner is a text handler that tells an SVG where text is aligned, which a canvas does not learn.
type aligner struct{ text.Handler }

func (a aligner) Draw(c vg.Canvas, txt string, style text.Style, pt vg.Point) {
	if v := vectorOf(c); v != nil {
		v.anchor = -float64(style.XAlign)
		defer func() { v.anchor = 0 }()
	}
	a.Handler.Draw(c, txt, style, pt)
}
