package folds

import "math/bits"

// stream is a counter-based generator: its i-th number is mix(key + (i+1)·gamma), which is
// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014) started at
// key. It is written out here, not taken from math/rand, because folds must not change with the
// version of Go. Any change of this file changes the folds of every shuffled sweep.
type stream struct{ state uint64 }

const gamma = 0x9e3779b97f4a7c15

// Purposes keep the streams of different schemes apart.
const (
	purposeKFold uint64 = iota + 1
	purposeStratified
	purposeGrouped
	purposeHoldout
)

// newStream keys a stream by seed, repeat and purpose.
func newStream(seed uint64, repeat int, purpose uint64) *stream {
	key := mix(seed + gamma)
	key = mix(key ^ (uint64(repeat) + gamma))
	key = mix(key ^ (purpose + gamma))
	return &stream{key}
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (s *stream) next() uint64 {
	s.state += gamma
	return mix(s.state)
}

// below draws evenly from 0 … n-1 by the high half of a product, rejecting the few low halves that
// would make some numbers likelier (Lemire: Fast Random Integer Generation in an Interval, 2019).
func (s *stream) below(n uint64) uint64 {
	high, low := bits.Mul64(s.next(), n)
	if low < n {
		for reject := -n % n; low < reject; {
			high, low = bits.Mul64(s.next(), n)
		}
	}
	return high
}

// shuffle permutes evenly (Fisher-Yates, from the end).
func (s *stream) shuffle(v []int) {
	for i := len(v) - 1; i > 0; i-- {
		j := int(s.below(uint64(i + 1)))
		v[i], v[j] = v[j], v[i]
	}
}

func identity(n int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = i
	}
	return v
}
