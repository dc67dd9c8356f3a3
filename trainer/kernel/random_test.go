package kernel

import (
	"fmt"
	"math"
	"testing"
)

// TestPhiloxKnownAnswers holds the vectors that the authors publish with Random123 (kat_vectors).
func TestPhiloxKnownAnswers(t *testing.T) {
	for _, row := range []struct {
		name         string
		counter, out [4]uint32
		key          [2]uint32
	}{
		{"zeros", [4]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, [2]uint32{}},
		{"ones", [4]uint32{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, [2]uint32{^uint32(0), ^uint32(0)}},
		{"digits of pi", [4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}, [2]uint32{0xa4093822, 0x299f31d0}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := Stream{Key: row.key, Hi: [2]uint32{row.counter[2], row.counter[3]}}
			if got := s.block(uint64(row.counter[0]) | uint64(row.counter[1])<<32); got != row.out {
				t.Errorf("got %08x, want %08x", got, row.out)
			}
		})
	}
}

func TestUint32sByPlace(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		s := Stream{Key: [2]uint32{3, 4}, Hi: [2]uint32{5, 6}}
		for _, start := range []uint64{0, 1, 6, 1 << 33, 4<<32 - 50} {
			for range 20 {
				dst := make([]uint32, rnd.IntN(200))
				k.uint32s(s, dst, start)
				for i, got := range dst {
					at := start + uint64(i)
					if want := s.block(at / 4)[at%4]; got != want {
						t.Fatalf("start %d: word %d is %08x, want %08x", start, i, got, want)
					}
				}
			}
		}
	})
}

func TestDropout(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		rnd := source(t)
		for _, rate := range []float32{.2, .5, .9999999} {
			for range 50 {
				rows, cols, first := rnd.IntN(30), 1+rnd.IntN(50), rnd.IntN(3)
				s := Stream{Key: [2]uint32{rnd.Uint32(), 1}, Hi: [2]uint32{7, rnd.Uint32()}}
				x := matrix(rnd, layout(rnd.IntN(int(layouts))), rows, cols, nil)
				was := make([]float32, rows*cols)
				x.Unpack(was)
				k.dropout(x, s, rate, first)
				for r := range rows {
					for c := range cols {
						group := uint64((first+r)*x.panels() + c/Width)
						word := s.block(2*group + uint64(c%Width/8))[c%8/2]
						want := was[r*cols+c] * (1 / (1 - rate))
						if word>>(16*(c%2))&0xffff < min(uint32(math.Round(float64(rate)*65536)), 65535) {
							want = 0
						}
						if got := x.At(r, c); !same(got, want) {
							t.Fatalf("%d×%d from row %d, rate %v: element (%d, %d) is %v, want %v", rows, cols, first, rate, r, c, got, want)
						}
					}
				}
				untouched(t, x)
			}
		}
	})
}

// TestDropoutRate checks the share kept over many elements, five standard deviations wide.
func TestDropoutRate(t *testing.T) {
	eachTier(t, func(t *testing.T, k tier) {
		const rows, cols, rate = 1000, 160, .3
		x := Panels(make([]float32, PanelLen(rows, cols)), rows, cols)
		for i := range x.Data {
			x.Data[i] = 1
		}
		k.dropout(x, Stream{Key: [2]uint32{1, 2}}, rate, 0)
		kept := 0
		for _, v := range x.Data {
			if v != 0 {
				kept++
			}
		}
		n := float64(rows * cols)
		if d := math.Abs(float64(kept) - n*(1-rate)); d > 5*math.Sqrt(n*rate*(1-rate)) {
			t.Errorf("kept %d of %.0f at rate %v", kept, n, rate)
		}
	})
}

func TestDropoutRateZeroAndBad(t *testing.T) {
	x := Panels([]float32{1: 2, 15: 0}, 1, 5)
	Dropout(x, Stream{}, 0)
	if x.At(0, 1) != 2 {
		t.Errorf("rate 0 changed an element to %v", x.At(0, 1))
	}
	for _, rate := range []float32{-.1, 1, float32(math.NaN())} {
		func() {
			defer func() {
				if fmt.Sprint(recover()) != fmt.Sprintf("kernel: Dropout: rate %v from row 0", rate) {
					t.Errorf("rate %v did not panic as it should", rate)
				}
			}()
			Dropout(x, Stream{}, rate)
		}()
	}
}
