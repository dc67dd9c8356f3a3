package trainer

import (
	"bytes"
	"testing"

	"espalier/trainer/dataset"
)

// TestAugmentVariesAsSaid finds for every varied image the flip, shift and square that explain it.
func TestAugmentVariesAsSaid(t *testing.T) {
	const h, w, c, rows = 6, 5, 2, 60
	src := make([]byte, rows*h*w*c)
	for i := range src {
		src[i] = byte(1 + i%255) // no 0, so that what was erased shows
	}
	numbers := make([]int32, rows)
	for i := range numbers {
		numbers[i] = int32(rows - 1 - i)
	}
	view := dataset.View{Rows: &dataset.Rows{N: rows, Pixels: src}}
	for _, row := range []Augment{{Flip: true}, {Shift: 2}, {Cutout: 3}, {Flip: true, Shift: 1, Cutout: 2}} {
		config := &Config{Shape: []int{h, w, c}, Params: Params{Augment: row}}
		a := newAugmenter(config, rows, Streams{Seed: 3})
		out := bytes.Clone(a.vary(view, numbers, 7))
		if again := a.vary(view, numbers, 7); !bytes.Equal(out, again) {
			t.Errorf("%+v: the same step gives other images", row)
		}
		if other := a.vary(view, numbers, 8); bytes.Equal(out, other) {
			t.Errorf("%+v: another step gives the same images", row)
		}
		var seen [5]map[int]bool
		for i := range seen {
			seen[i] = map[int]bool{}
		}
		for i, n := range numbers {
			got := out[i*h*w*c : (i+1)*h*w*c]
			from := src[int(n)*h*w*c : (int(n)+1)*h*w*c]
			key, ok := explain(got, from, h, w, c, row)
			if !ok {
				t.Fatalf("%+v: image %d is no variation", row, i)
			}
			for i, v := range key {
				seen[i][v] = true
			}
		}
		// Every flip, shift and place is taken: where one hides another, explain finds the first.
		want := [5]int{1, 2*row.Shift + 1, 2*row.Shift + 1, 1, 1}
		if row.Flip {
			want[0] = 2
		}
		if row.Cutout > 0 && row.Shift == 0 {
			want[3], want[4] = h, w
		}
		for i, n := range want {
			if len(seen[i]) < n {
				t.Errorf("%+v: %s takes %d values, want %d", row, []string{"flip", "shift down", "shift right", "row of the square", "column of the square"}[i], len(seen[i]), n)
			}
		}
	}
}

// explain searches the variations allowed for one that turns from into got, the plain way.
func explain(got, from []byte, h, w, c int, a Augment) (key [5]int, ok bool) {
	flips := 1
	if a.Flip {
		flips = 2
	}
	for flip := range flips {
		for down := -a.Shift; down <= a.Shift; down++ {
			for right := -a.Shift; right <= a.Shift; right++ {
				for cy := range h {
					for cx := range w {
						if bytes.Equal(got, varied(from, h, w, c, flip == 1, down, right, cy, cx, a.Cutout)) {
							return [5]int{flip, down, right, cy, cx}, true
						}
					}
				}
			}
		}
	}
	return key, false
}

func varied(from []byte, h, w, c int, flip bool, down, right, cy, cx, cutout int) []byte {
	out := make([]byte, len(from))
	for y := range h {
		for x := range w {
			sy, sx := y-down, x-right
			if sy < 0 || sy >= h || sx < 0 || sx >= w {
				continue
			}
			if top, left := cy-cutout/2, cx-cutout/2; y >= top && y < top+cutout && x >= left && x < left+cutout {
				continue
			}
			if flip {
				sx = w - 1 - sx
			}
			copy(out[(y*w+x)*c:(y*w+x+1)*c], from[(sy*w+sx)*c:])
		}
	}
	return out
}

func TestAugmentRefuses(t *testing.T) {
	for name, values := range map[string]fieldsOf{
		"augment_shift":  {"augment_shift": int64(5)},
		"augment_cutout": {"augment_cutout": int64(9)},
	} {
		_, problems := Compile(Spec{Layers: head(), Values: values}, []int{6, 5, 1}, 3)
		if len(problems) != 1 || problems[0].Param != name || problems[0].Warning {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
