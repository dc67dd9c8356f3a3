package grids

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"math/bits"
)

// Draw yields the points of a random search in order of drawing.
//
// A finite grid is drawn without replacement: a permutation of its points, keyed
// by the seed, in bounded memory, until none is left. Where an axis is a
// distribution every draw stands by itself and the sequence does not end: draw n
// takes, for each axis, a number keyed by (seed, n, the axis' name); of a union,
// each product equally often. Draws that an exclusion forbids are passed over.
//
// Either way the first n of a longer search are the n.
func (g *Grid) Draw(seed uint64) iter.Seq[Point] {
	if !g.finite {
		return g.sample(seed)
	}
	return func(yield func(Point) bool) {
		order := newPermutation(seed, uint64(g.count))
		for n := range g.count {
			// Where Count is an upper bound, At sorts out what does not run.
			if point, ok := g.At(g.nth(int(order.at(uint64(n))))); ok && !yield(point) {
				return
			}
		}
	}
}

// nth is the raw index of the n-th of the points that Count counts, in some fixed order:
// the permutation runs over these numbers, so that no draw is wasted, however few
// of the raw indices are points.
func (g *Grid) nth(n int) int {
	for k := range g.products {
		p := &g.products[k]
		if n >= p.count {
			n -= p.count
			continue
		}
		if p.diagram == nil {
			return p.offset + n
		}
		digits := make([]int, len(p.axes))
		p.diagram.pick(n, digits)
		return p.offset + p.encode(digits)
	}
	return -1
}

// hopeless is how many draws in a row may be excluded before a search gives up.
const hopeless = 100_000

// sample draws from distributions.
func (g *Grid) sample(seed uint64) iter.Seq[Point] {
	return func(yield func(Point) bool) {
		which := newStream(seed, "")
		streams := make([]stream, len(g.names))
		for name, text := range g.names {
			streams[name] = newStream(seed, "$"+text)
		}
		s := newScratch(g)
		misses := 0
		for n := 0; misses < hopeless; n++ {
			p := &g.products[which.below(uint64(n), uint64(len(g.products)))]
			for k := range p.axes {
				s.digits[k] = 0
				if a := &p.axes[k]; !a.free() {
					s.digits[k] = int(streams[a.global].below(uint64(n), uint64(len(a.values))))
				}
			}
			g.activate(p, s) // an inactive axis is left out, whatever was drawn for it
			if holdAny(p.rules, s.active, s.ids) {
				misses++
				continue
			}
			misses = 0
			values := make(map[string]any, len(p.axes))
			for k := range p.axes {
				a := &p.axes[k]
				switch {
				case !s.active[a.global]:
				case a.free():
					values[a.name] = a.spread.draw(streams[a.global].unit(uint64(n)))
				default:
					values[a.name] = a.values[s.digits[k]]
				}
			}
			if !yield(Point{Index: n, Values: values}) {
				return
			}
		}
	}
}

// stream is a counter-based source of random numbers: number n is a function of
// the key and n alone.
type stream struct{ a, b uint64 }

// newStream keys a stream by the seed and a name, through SHA-256, so that no two
// names give related numbers.
func newStream(seed uint64, name string) stream {
	text := binary.BigEndian.AppendUint64([]byte("espalier draw\x00"), seed)
	sum := sha256.Sum256(append(text, name...))
	return stream{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])}
}

// at is number n: two rounds of a 64-bit mixer around the key.
func (s stream) at(n uint64) uint64 {
	return mix(mix(n*0x9e3779b97f4a7c15+s.a) ^ s.b)
}

// unit is number n as a float in [0, 1), a multiple of 2^-53.
func (s stream) unit(n uint64) float64 { return float64(s.at(n)>>11) / (1 << 53) }

// below is number n as an integer under limit; its bias is under limit / 2^64.
func (s stream) below(n, limit uint64) uint64 {
	high, _ := bits.Mul64(s.at(n), limit)
	return high
}

// mix is the finaliser of SplitMix64 (Stafford's variant 13), a bijection.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
