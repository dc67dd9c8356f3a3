package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// trousers draws two legs, light on dark or dark on light, in any size.
func trousers(width, height int, light, dark uint8) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			shade := dark
			if v > 0.05 && v < 0.95 && u > 0.3 && u < 0.7 && (v < 0.3 || u < 0.46 || u > 0.54) {
				shade = light
			}
			img.SetGray(x, y, color.Gray{Y: shade})
		}
	}
	return img
}

// writePictures puts pictures for scripts into a folder.
func writePictures(folder string) error {
	var plain, inverted, photo bytes.Buffer
	if err := png.Encode(&plain, trousers(28, 28, 220, 0)); err != nil {
		return err
	}
	if err := png.Encode(&inverted, trousers(280, 280, 30, 255)); err != nil {
		return err
	}
	if err := jpeg.Encode(&photo, trousers(300, 400, 220, 0), nil); err != nil {
		return err
	}
	for name, data := range map[string][]byte{"trousers.png": plain.Bytes(), "inverted.png": inverted.Bytes(),
		"photo.jpg": photo.Bytes(), "bomb.png": bomb()} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// bomb is a PNG whose header promises 100,000 × 100,000 pixels.
func bomb() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	data := b.Bytes()
	for _, at := range []int{16, 20} { // width and height of IHDR
		copy(data[at:], []byte{0, 1, 0x86, 0xa0})
	}
	copy(data[29:], crcOf(data[12:29]))
	return data
}

func TestDecodePicture(t *testing.T) {
	encode := func(img image.Image) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	transparent := image.NewNRGBA(image.Rect(0, 0, 10, 10))
	for i := range 10 {
		transparent.SetNRGBA(i, 5, color.NRGBA{R: 255, G: 255, B: 255, A: 255})
	}
	for _, row := range []struct {
		name     string
		data     []byte
		channels int
		invert   bool
		light    bool
		corner   uint8 // of the result
		fails    string
	}{
		{name: "light on dark", data: encode(trousers(56, 56, 255, 0)), channels: 1, corner: 0},
		{name: "dark on light", data: encode(trousers(56, 56, 0, 255)), channels: 1, light: true, corner: 255},
		{name: "dark on light, inverted", data: encode(trousers(56, 56, 0, 255)), channels: 1, invert: true, corner: 0},
		{name: "three channels", data: encode(trousers(20, 10, 255, 7)), channels: 3, corner: 7},
		{name: "transparent ground is black", data: encode(transparent), channels: 1, corner: 0},
		{name: "one pixel", data: encode(image.NewGray(image.Rect(0, 0, 1, 1))), channels: 1},
		{name: "very wide", data: encode(image.NewGray(image.Rect(0, 0, 4000, 1))), channels: 1},
		{name: "promises too much", data: bomb(), channels: 1, fails: "100000 × 100000 pixels"},
		{name: "no picture", data: []byte("hello"), channels: 1, fails: "unknown format"},
		{name: "cut off", data: encode(trousers(56, 56, 255, 0))[:60], channels: 1, fails: "not enough pixel data"},
		{name: "a model of four channels", data: encode(trousers(5, 5, 1, 0)), channels: 4, fails: "4 channels"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, err := decodePicture(row.data, 28, 28, row.channels, row.invert)
			if row.fails != "" {
				if err == nil || !strings.Contains(err.Error(), row.fails) {
					t.Fatalf("error %v, want one with %q", err, row.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(p.pixels) != 28*28*row.channels {
				t.Fatalf("%d bytes", len(p.pixels))
			}
			if p.light != row.light || p.pixels[0] != row.corner {
				t.Errorf("light %t, corner %d; want %t, %d", p.light, p.pixels[0], row.light, row.corner)
			}
		})
	}
}

func FuzzDecodePicture(f *testing.F) {
	f.Add(bomb())
	var b bytes.Buffer
	if err := png.Encode(&b, trousers(9, 13, 255, 0)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		config, _, err := image.DecodeConfig(bytes.NewReader(data))
		if err == nil && config.Width*config.Height > 1<<20 {
			t.Skip("slow, not wrong")
		}
		p, err := decodePicture(data, 28, 28, 1, false)
		if err == nil && len(p.pixels) != 28*28 {
			t.Fatalf("%d bytes", len(p.pixels))
		}
	})
}

// crcOf is a PNG chunk's checksum.
func crcOf(chunk []byte) []byte {
	return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(chunk))
}
