package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // decoders of what predict reads
	_ "image/png"
	"slices"

	"golang.org/x/image/draw"
)

// Bounds of a picture for predict: what a header may promise before anything is decoded.
const (
	maxPictureBytes  = 64 << 20
	maxPicturePixels = 50_000_000
)

// picture is an image fitted to a model's size: H×W×C bytes.
type picture struct {
	pixels []byte
	light  bool // the rim is bright: probably dark on light
}

// readPicture reads a PNG or JPEG and fits it into height × width with its
// proportions kept, the rim filled with the picture's own background. channels
// is 1 (grey) or 3 (red, green, blue).
func readPicture(path string, height, width, channels int, invert bool) (*picture, error) {
	data, err := readRegular(path, maxPictureBytes)
	if err != nil {
		return nil, fmt.Errorf("read picture %q: %w", path, err)
	}
	p, err := decodePicture(data, height, width, channels, invert)
	if err != nil {
		return nil, fmt.Errorf("read picture %q: %w", path, err)
	}
	return p, nil
}

func decodePicture(data []byte, height, width, channels int, invert bool) (*picture, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width > maxPicturePixels/config.Height {
		return nil, fmt.Errorf("%d × %d pixels, at most %d are decoded", config.Width, config.Height, maxPicturePixels)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if channels != 1 && channels != 3 {
		return nil, fmt.Errorf("the model wants %d channels, a picture has 1 or 3", channels)
	}
	src := flatten(img)
	background := rim(src)
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(background), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(canvas, fit(src.Bounds(), width, height), src, src.Bounds(), draw.Src, nil)

	out := &picture{pixels: make([]byte, 0, height*width*channels)}
	out.light = color.GrayModel.Convert(background).(color.Gray).Y > 127
	for y := range height {
		for x := range width {
			c := canvas.RGBAAt(x, y)
			if channels == 3 {
				out.pixels = append(out.pixels, c.R, c.G, c.B)
			} else {
				out.pixels = append(out.pixels, color.GrayModel.Convert(c).(color.Gray).Y)
			}
		}
	}
	if invert {
		for i, v := range out.pixels {
			out.pixels[i] = 255 - v
		}
		out.light = !out.light
	}
	return out, nil
}

// flatten puts a picture on its likely ground: transparent parts become black,
// as the ground of Fashion-MNIST is.
func flatten(img image.Image) *image.RGBA {
	b := img.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Bounds(), image.Black, image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), img, b.Min, draw.Over)
	return out
}

// rim is the median colour of a picture's outermost pixels: its ground, even
// where the thing shown touches the edge.
func rim(img *image.RGBA) color.RGBA {
	b := img.Bounds()
	var seen [3][]uint8
	add := func(x, y int) {
		c := img.RGBAAt(x, y)
		for i, v := range []uint8{c.R, c.G, c.B} {
			seen[i] = append(seen[i], v)
		}
	}
	for x := range b.Dx() {
		add(x, 0)
		add(x, b.Dy()-1)
	}
	for y := range b.Dy() {
		add(0, y)
		add(b.Dx()-1, y)
	}
	for i := range seen {
		slices.Sort(seen[i])
	}
	middle := len(seen[0]) / 2
	return color.RGBA{R: seen[0][middle], G: seen[1][middle], B: seen[2][middle], A: 255}
}

// fit is the largest rectangle of the source's proportions in the middle of width × height.
func fit(src image.Rectangle, width, height int) image.Rectangle {
	w, h := width, src.Dy()*width/src.Dx()
	if h > height {
		w, h = src.Dx()*height/src.Dy(), height
	}
	w, h = max(w, 1), max(h, 1)
	at := image.Pt((width-w)/2, (height-h)/2)
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}
}
