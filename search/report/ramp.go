package report

import (
	"fmt"
	"image/color"
	"math"
)

// viridis (van der Walt and Smith, 2015) at eleven places: lightness rises evenly, so that it
// reads in grey and for every kind of colour-blindness.
var viridis = []color.NRGBA{
	{0x44, 0x01, 0x54, 0xff}, {0x48, 0x24, 0x75, 0xff}, {0x41, 0x44, 0x87, 0xff}, {0x35, 0x5f, 0x8d, 0xff},
	{0x2a, 0x78, 0x8e, 0xff}, {0x21, 0x91, 0x8c, 0xff}, {0x22, 0xa8, 0x84, 0xff}, {0x44, 0xbf, 0x70, 0xff},
	{0x7a, 0xd1, 0x51, 0xff}, {0xbd, 0xdf, 0x26, 0xff}, {0xfd, 0xe7, 0x25, 0xff},
}

// blues run from white to ink: for shares and counts, of which most are near nothing. The white is not
// paper's, which a page may turn dark.
var blues = []color.NRGBA{
	{0xfe, 0xfe, 0xfe, 0xff}, {0xde, 0xeb, 0xf7, 0xff}, {0xc6, 0xdb, 0xef, 0xff}, {0x9e, 0xca, 0xe1, 0xff}, {0x6b, 0xae, 0xd6, 0xff},
	{0x42, 0x92, 0xc6, 0xff}, {0x21, 0x71, 0xb5, 0xff}, {0x08, 0x51, 0x9c, 0xff}, {0x08, 0x30, 0x6b, 0xff},
}

// blend is the colour at a place of a ramp, 0 to 1.
func blend(ramp []color.NRGBA, at float64) color.NRGBA {
	if at != at {
		return faint
	}
	at = math.Max(0, math.Min(1, at)) * float64(len(ramp)-1)
	i := min(int(at), len(ramp)-2)
	t := at - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-t) + float64(b)*t + 0.5) }
	a, b := ramp[i], ramp[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

// goodness is the colour of a score, 0 the worst and 1 the best: in all figures the
// darker is the better.
func goodness(at float64) color.NRGBA {
	c := blend(viridis, 0.92*(1-math.Max(0, math.Min(1, at))))
	c.B &^= 1
	return c
}

// steps is how many colours scores have where a page's theme turns them round.
const steps = 9

// graded is goodness in steps, each a colour that a page may change: on a dark page the
// lighter is the better.
func graded(at float64) color.NRGBA {
	if at != at {
		return faint
	}
	i := int(math.Round(math.Max(0, math.Min(1, at)) * (steps - 1)))
	c := goodness(float64(i) / (steps - 1))
	c.B |= 1 // no other colour is one that a page changes
	return c
}

// scoreVariables adds the colours of scores to what a page may change, and their dark
// versions to ThemeCSS.
func scoreVariables() (map[color.NRGBA]string, string) {
	names, css := map[color.NRGBA]string{}, ""
	for i := range steps {
		at := float64(i) / (steps - 1)
		names[graded(at)] = fmt.Sprintf("s%d", i)
		c := blend(viridis, 0.12+0.88*at)
		css += fmt.Sprintf("--fig-s%d:#%02x%02x%02x;", i, c.R, c.G, c.B)
	}
	return names, css
}

// on is the colour of text on a cell of a colour: the one with more contrast as WCAG 2 measures it, though white may
// lose by a little, since dark letters on a deep colour look smudged.
func on(c color.NRGBA) color.NRGBA {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	luminance := 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
	if 1.05/(luminance+0.05) < 3.7 {
		return dark
	}
	return light
}
