package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // decoders of what predict reads
	_ "image/png"
	"slices"

	"golang.org/x/image/draw"
)

// Bounds of a picture for predict: what a header may promise before anything is decoded. A picture of one pixel
// by millions is nobody's, and fitting it takes gigabytes: the filter keeps its sums for every line of the source.
const (
	maxPictureBytes  = 64 << 20
	maxPicturePixels = 50_000_000
	maxPictureSide   = 1<<16 - 1 // JPEG's own
	maxPictureMemory = 256 << 20 // of the decoder
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
	if err := checkPicture(data, config); err != nil {
		return nil, err
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

// checkPicture refuses what a picture promises beyond the bounds.
func checkPicture(data []byte, config image.Config) error {
	if config.Width <= 0 || config.Height <= 0 || config.Width > maxPicturePixels/config.Height {
		return fmt.Errorf("%d × %d pixels, at most %d are decoded", config.Width, config.Height, maxPicturePixels)
	}
	if max(config.Width, config.Height) > maxPictureSide {
		return fmt.Errorf("%d × %d pixels, at most %d a side are decoded", config.Width, config.Height, maxPictureSide)
	}
	if need := config.Width * config.Height * pixelBytes(data, config.ColorModel); need > maxPictureMemory {
		return fmt.Errorf("%d × %d pixels take %s to decode, at most %s are used", config.Width, config.Height,
			bytesText(int64(need)), bytesText(maxPictureMemory))
	}
	return nil
}

// pixelBytes is the memory that a decoder takes for a pixel, at most.
func pixelBytes(data []byte, model color.Model) int {
	switch model {
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	case color.RGBAModel, color.NRGBAModel:
		return 4
	case color.Gray16Model:
		return 2
	}
	size := 1 // grey, a palette
	switch model {
	case color.YCbCrModel:
		size = 3
	case color.CMYKModel:
		size = 4
	}
	if progressive(data) { // all its coefficients, of four bytes, before any pixel
		size *= 5
	}
	return size
}

// progressive tells a JPEG that is sent in several passes over the whole picture: its frame begins with SOF2.
func progressive(data []byte) bool {
	if !bytes.HasPrefix(data, []byte("\xff\xd8")) {
		return false
	}
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		switch marker := data[at+1]; marker {
		case 0xff: // fill
			at++
			continue
		case 0xc2:
			return true
		case 0xc0, 0xc1, 0xda:
			return false
		}
		at += 2 + int(binary.BigEndian.Uint16(data[at+2:]))
	}
	return false
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
