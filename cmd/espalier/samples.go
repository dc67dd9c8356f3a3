package main

import (
	"fmt"
	"io"
	"strings"

	"espalier/trainer/dataset"
)

// shades are characters from dark to light, for a light-on-dark terminal.
const shades = " .:-=+*#%@"

// drawSamples draws the first images of each class in characters, as many side
// by side as the terminal has room for.
func drawSamples(w io.Writer, set *dataset.Set, each, width int) error {
	h, wide, channels := set.Shape[0], set.Shape[1], set.Shape[2]
	if each < 1 || wide > 64 || h > 64 {
		return nil
	}
	if width == 0 {
		width = 80
	}
	across := max(1, (width+2)/(wide+2))
	var picked []int
	for c := range set.Classes {
		n := 0
		for row, label := range set.Train.Labels {
			if int(label) == c && n < each {
				picked = append(picked, row)
				n++
			}
		}
	}
	for len(picked) > 0 {
		line := picked[:min(across, len(picked))]
		picked = picked[len(line):]
		var b strings.Builder
		b.WriteByte('\n')
		for _, row := range line {
			name := clip(printable(set.Classes[set.Train.Labels[row]]), wide)
			b.WriteString(name + strings.Repeat(" ", wide-len([]rune(name))+2))
		}
		b.WriteByte('\n')
		for y := 0; y < h; y += 2 { // a character is about twice as high as wide
			for _, row := range line {
				for x := range wide {
					b.WriteByte(shades[shade(set.Train.Pixels, row, y, x, h, wide, channels)])
				}
				b.WriteString("  ")
			}
			b.WriteByte('\n')
		}
		lines := strings.Split(b.String(), "\n")
		for i := range lines {
			lines[i] = strings.TrimRight(lines[i], " ")
		}
		if _, err := fmt.Fprint(w, strings.Join(lines, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// shade is the mean brightness of two pixels, one above the other, as an index into shades.
func shade(pixels []byte, row, y, x, height, width, channels int) int {
	sum, n := 0, 0
	for dy := range 2 {
		if y+dy >= height {
			break
		}
		at := ((row*height+y+dy)*width + x) * channels
		for c := range channels {
			sum += int(pixels[at+c])
			n++
		}
	}
	return sum * (len(shades) - 1) / (255 * n)
}
