package trainer

import (
	"fmt"

	"espalier/trainer/dataset"
	"espalier/trainer/kernel"
)

// Augment says how training images are varied, anew each time they are seen. The zero value: not at
// all. What is moved in or erased is 0, the background of the sources.
type Augment struct {
	Flip   bool // augment_flip: mirror left to right, half of the rows
	Shift  int  // augment_shift: move by up to so many pixels in each direction
	Cutout int  // augment_cutout: erase a square of so many pixels a side around a random pixel (DeVries and Taylor 2017)
}

// check refuses variations that would leave nothing of an image.
func (a Augment) check(shape []int) (problems []Problem) {
	if len(shape) != 3 {
		return nil
	}
	side := min(shape[0], shape[1])
	for _, p := range []struct {
		name   string
		pixels int
	}{{paramShift, a.Shift}, {paramCutout, a.Cutout}} {
		if p.pixels >= side {
			problems = append(problems, Problem{Param: p.name, Message: fmt.Sprintf("must be below the side of the images, have %d with images of %d×%d", p.pixels, shape[0], shape[1])})
		}
	}
	return problems
}

// augmenter varies the images of a batch. Its numbers are keyed by step and place in the batch.
type augmenter struct {
	Augment
	shape  []int
	stream kernel.Stream
	words  [wordsPerImage]uint32 // of the image at hand
	pixels []byte                // of the batch
}

func newAugmenter(c *Config, batch int, s Streams) *augmenter {
	return &augmenter{
		Augment: c.Params.Augment, shape: c.Shape, stream: s.stream("augment"), pixels: make([]byte, batch*int(size(c.Shape))),
	}
}

// wordsPerImage is how many words of the stream an image has, used or not.
const wordsPerImage = 8

// vary copies the images at the positions of a view, varied, and gives the copies.
func (a *augmenter) vary(v dataset.View, positions []int32, step uint64) []byte {
	s := at(a.stream, step)
	n := int(size(a.shape))
	for i, p := range positions {
		s.Uint32s(a.words[:], uint64(i)*wordsPerImage)
		row := v.Row(int(p))
		a.image(a.pixels[i*n:(i+1)*n], v.Rows.Pixels[row*n:(row+1)*n])
	}
	return a.pixels
}

// draw is a number in [0, n) of the image's i-th word; the bias of 2⁻³²·n does not matter for pixels.
func (a *augmenter) draw(i, n int) int { return int(uint64(a.words[i]) * uint64(n) >> 32) }

// image writes one varied image. Every variation has a word of its own, so that one does not change the
// numbers of another.
func (a *augmenter) image(dst, src []byte) {
	h, w, c := a.shape[0], a.shape[1], a.shape[2]
	flip := a.Flip && a.draw(0, 2) == 1
	down := a.draw(1, 2*a.Shift+1) - a.Shift
	right := a.draw(2, 2*a.Shift+1) - a.Shift
	top := a.draw(3, h) - a.Cutout/2
	left := a.draw(4, w) - a.Cutout/2
	clear(dst)
	for y := max(0, down); y < min(h, h+down); y++ {
		from := src[(y-down)*w*c : (y-down+1)*w*c]
		to := dst[y*w*c : (y+1)*w*c]
		if !flip {
			copy(to[max(0, right)*c:], from[max(0, -right)*c:min(w, w-right)*c])
			continue
		}
		for x := max(0, right); x < min(w, w+right); x++ {
			copy(to[x*c:(x+1)*c], from[(w-1-(x-right))*c:])
		}
	}
	for y := max(0, top); y < min(h, top+a.Cutout); y++ {
		clear(dst[(y*w+max(0, left))*c : (y*w+max(max(0, left), min(w, left+a.Cutout)))*c])
	}
}
