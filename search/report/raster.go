package report

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"strconv"
	"strings"

	"golang.org/x/image/draw"
	"golang.org/x/image/font/sfnt"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// raster is a canvas of pixels. Images are enlarged to whole squares before they are drawn, since
// the canvas below would blur them.
type raster struct {
	*vgimg.Canvas
	figure *Figure
	dpi    int
}

func newRaster(f *Figure, dpi int) *raster {
	return &raster{vgimg.NewWith(vgimg.UseWH(vg.Length(f.Width), vg.Length(f.Height)), vgimg.UseDPI(dpi)), f, dpi}
}

func (r *raster) DrawImage(rect vg.Rectangle, img image.Image) {
	size := rect.Size()
	w, h := int(size.X.Dots(r.DPI())+0.5), int(size.Y.Dots(r.DPI())+0.5)
	large := image.NewNRGBA(image.Rect(0, 0, max(w, 1), max(h, 1)))
	draw.NearestNeighbor.Scale(large, large.Bounds(), img, img.Bounds(), draw.Src, nil)
	r.Canvas.DrawImage(rect, large)
}

// FillString puts a box where the font has no letter: it has Latin, Greek, Cyrillic and Hebrew.
// (An SVG's reader has fonts of their own.)
func (r *raster) FillString(f font.Face, pt vg.Point, text string) {
	var buffer sfnt.Buffer
	r.Canvas.FillString(f, pt, strings.Map(func(letter rune) rune {
		if i, err := f.Face.GlyphIndex(&buffer, letter); err != nil || i == 0 {
			return '□'
		}
		return letter
	}, text))
}

// bytes is the PNG file, with its resolution, title and origin in chunks of their own.
func (r *raster) bytes() ([]byte, error) {
	var out bytes.Buffer
	if err := png.Encode(&out, r.Image()); err != nil {
		return nil, err
	}
	const head = 8 + 25 // signature and IHDR
	data := out.Bytes()
	perMetre := uint32(float64(r.dpi)/0.0254 + 0.5)
	physical := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, perMetre), perMetre)
	chunks := chunk("pHYs", append(physical, 1))
	for _, text := range [][2]string{{"Title", r.figure.Title}, {"Description", r.figure.Caption}, {"Source", r.figure.Origin}} {
		if text[1] != "" { // iTXt: keyword, not compressed, no language, UTF-8
			chunks = append(chunks, chunk("iTXt", []byte(text[0]+"\x00\x00\x00\x00\x00"+text[1]))...)
		}
	}
	return append(append(append([]byte(nil), data[:head]...), chunks...), data[head:]...), nil
}

// chunk is one chunk of a PNG file.
func chunk(kind string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// short writes a number in few digits: 0.8432, 1.2e-05, 64.
func short(v float64, digits int) string { return strconv.FormatFloat(v, 'g', digits, 64) }
