package grids

import "math/bits"

// permutation is a seeded bijection of 0 … n-1 in bounded memory.
//
// Short ones are shuffled outright (Fisher and Yates), which makes each of the n!
// orders as likely as the random numbers are good. Longer ones are a Feistel
// network: the number is cut into two halves, and each round adds to one half a
// random function of the other, which can be undone and so is a bijection of the
// power of four at or above n. Where it leads out of 0 … n-1 it is applied again
// until it is back ("cycle walking"): still a bijection, at four steps at worst on
// average, and it ends, since a cycle returns to where it began.
type permutation struct {
	n      uint64
	list   []uint32 // short ones
	rounds [rounds]stream
	half   uint // bits of a half
}

const (
	rounds   = 8
	maxShort = 4096
)

func newPermutation(seed, n uint64) *permutation {
	p := &permutation{n: n}
	if n <= maxShort {
		p.list = make([]uint32, n)
		s := newStream(seed, "shuffle")
		for i := range p.list {
			k := s.below(uint64(i), uint64(i)+1)
			p.list[i] = p.list[k]
			p.list[k] = uint32(i)
		}
		return p
	}
	p.half = uint(bits.Len64(n-1)+1) / 2
	for i := range p.rounds {
		p.rounds[i] = newStream(seed, "round "+string(rune('0'+i)))
	}
	return p
}

// at is where i goes, for i below n.
func (p *permutation) at(i uint64) uint64 {
	if p.list != nil {
		return uint64(p.list[i])
	}
	mask := uint64(1)<<p.half - 1
	for {
		left, right := i>>p.half, i&mask
		for _, round := range p.rounds {
			left, right = right, left^round.at(right)&mask
		}
		if i = left<<p.half | right; i < p.n {
			return i
		}
	}
}
