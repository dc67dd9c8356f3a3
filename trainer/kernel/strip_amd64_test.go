package kernel

import (
	"testing"
	"unsafe"
)

// TestStripArgs holds the arguments where the generator of the assembly has them (_gen/strip.go).
func TestStripArgs(t *testing.T) {
	var g stripArgs
	for _, field := range []struct {
		name      string
		at, place uintptr
	}{
		{"mask", unsafe.Offsetof(g.mask), 4},
		{"bands", unsafe.Offsetof(g.bands), 8},
		{"bBand", unsafe.Offsetof(g.bBand), 15},
		{"maskTile", unsafe.Offsetof(g.maskTile), 22},
		{"scale", unsafe.Offsetof(g.scale), 23},
		{"bPanel", unsafe.Offsetof(g.bPanel), 24},
		{"panels", unsafe.Offsetof(g.panels), 27},
		{"the end", unsafe.Sizeof(g), 41}, // argPanelsLeft, and one
	} {
		if field.at != 8*field.place {
			t.Errorf("%s is at byte %d, want %d", field.name, field.at, 8*field.place)
		}
	}
}

// TestPanelsOf: what a call does is bounded, and never nothing.
func TestPanelsOf(t *testing.T) {
	for _, steps := range []int{0, 1, 10, 784, 1 << 20} {
		for _, rows := range []int{1, 6, 64, 1 << 16} {
			for _, groups := range []int{1, 49} {
				for _, panels := range []int{1, 2, 32, 1 << 20} {
					s := strip{rows: rows, groups: groups, panels: panels}
					s.segments(1, steps, steps, 0)
					n := avx2.panelsOf(&s)
					work := n * Width * rows * groups * max(1, steps)
					if n < 1 || n > panels || n > 1 && work > panelWork || n < panels && work+work/n <= panelWork {
						t.Errorf("%d steps, %d rows, %d groups: %d of %d panels go together", steps, rows, groups, n, panels)
					}
				}
			}
		}
	}
}
