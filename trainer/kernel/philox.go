package kernel

import "math/bits"

// Stream is a stream of random words that any place of can be computed by itself: Philox4x32-10
// (Salmon, Moraes, Dror, Shaw 2011). Word i is word i mod 4 of the block whose counter is
// (i/4 low, i/4 high, Hi[0], Hi[1]) under Key.
type Stream struct {
	Key [2]uint32
	Hi  [2]uint32
}

const (
	philoxM0 = 0xD2511F53
	philoxM1 = 0xCD9E8D57
	philoxW0 = 0x9E3779B9
	philoxW1 = 0xBB67AE85
	rounds   = 10
)

// Uint32s fills dst with the words from start on.
func (s Stream) Uint32s(dst []uint32, start uint64) { active().uint32s(s, dst, start) }

func (t tier) uint32s(s Stream, dst []uint32, start uint64) {
	if skip := start % 4; skip != 0 {
		b := s.block(start / 4)
		n := copy(dst, b[skip:])
		dst, start = dst[n:], start+uint64(n)
	}
	n := t.blocks(s, dst, start/4)
	dst, start = dst[n:], start+uint64(n)
	for len(dst) > 0 {
		b := s.block(start / 4)
		n := copy(dst, b[:])
		dst, start = dst[n:], start+uint64(n)
	}
}

// block is the four words 4·i … 4·i+3.
func (s Stream) block(i uint64) [4]uint32 {
	c := [4]uint32{uint32(i), uint32(i >> 32), s.Hi[0], s.Hi[1]}
	k0, k1 := s.Key[0], s.Key[1]
	for range rounds {
		h0, l0 := bits.Mul32(philoxM0, c[0])
		h1, l1 := bits.Mul32(philoxM1, c[2])
		c = [4]uint32{h1 ^ c[1] ^ k0, l1, h0 ^ c[3] ^ k1, l0}
		k0 += philoxW0
		k1 += philoxW1
	}
	return c
}
