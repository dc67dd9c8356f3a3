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
func bomb() []byte { return promising(image.NewGray(image.Rect(0, 0, 1, 1)), 100_000, 100_000) }

// promising is a PNG whose header promises other dimensions than it has.
func promising(img image.Image, width, height uint32) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	data := b.Bytes()
	binary.BigEndian.PutUint32(data[16:], width) // of IHDR
	binary.BigEndian.PutUint32(data[20:], height)
	copy(data[29:], crcOf(data[12:29]))
	return data
}

// passes makes a baseline JPEG one of several passes: by the marker of its frame alone, which is what tells.
func passes(t *testing.T, data []byte) []byte {
	t.Helper()
	at := bytes.Index(data, []byte{0xff, 0xc0})
	if at < 0 {
		t.Fatal("no frame in the JPEG")
	}
	data = bytes.Clone(data)
	data[at+1] = 0xc2
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
	one := image.Rect(0, 0, 1, 1)
	var jpg bytes.Buffer
	if err := jpeg.Encode(&jpg, image.NewRGBA(one), nil); err != nil {
		t.Fatal(err)
	}
	photo := jpg.Bytes()
	large := func(data []byte) []byte { // writes 7000 × 7000 into the frame of a JPEG
		data = bytes.Clone(data)
		at := max(bytes.Index(data, []byte{0xff, 0xc0}), bytes.Index(data, []byte{0xff, 0xc2}))
		binary.BigEndian.PutUint16(data[at+5:], 7000)
		binary.BigEndian.PutUint16(data[at+7:], 7000)
		return data
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
		{name: "promises too much of one row", data: promising(image.NewGray(one), 50_000_000, 1), channels: 1, fails: "50000000 × 1 pixels, at most 65535 a side"},
		{name: "promises too much of one column", data: promising(image.NewGray(one), 1, 65536), channels: 1, fails: "1 × 65536 pixels, at most 65535 a side"},
		{name: "as long as may be", data: encode(image.NewGray(image.Rect(0, 0, 1, 65535))), channels: 1},
		{name: "sixteen bits a channel", data: promising(image.NewNRGBA64(one), 7000, 7000), channels: 1, fails: "7000 × 7000 pixels take 392 MB to decode, at most 268 MB"},
		{name: "as many of eight bits, and cut off", data: promising(image.NewGray(one), 7000, 7000), channels: 1, fails: "not enough pixel data"},
		{name: "several passes", data: large(passes(t, photo)), channels: 1, fails: "7000 × 7000 pixels take 735 MB to decode"},
		{name: "one pass, and cut off", data: large(photo), channels: 1, fails: "invalid JPEG"},
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
	b.Reset()
	if err := jpeg.Encode(&b, trousers(9, 13, 255, 0), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(promising(image.NewNRGBA64(image.Rect(0, 0, 1, 1)), 7000, 7000))
	f.Add(promising(image.NewGray(image.Rect(0, 0, 1, 1)), 1, 50_000_000))
	f.Fuzz(func(t *testing.T, data []byte) {
		config, _, err := image.DecodeConfig(bytes.NewReader(data))
		if err == nil && config.Width*config.Height > 1<<20 && checkPicture(data, config) == nil {
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
