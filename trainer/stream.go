package trainer

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"espalier/trainer/kernel"
)

// Streams key every random number of a fit: initial weights, shuffles, dropout,
// augmentation. A number is a function of (Seed, Repeat, Fold, purpose, step, element)
// and of nothing else: no point, worker or clock. So every point of a sweep sees the
// same shuffles, and points that differ only in epochs are one trajectory.
//
// Repeat and Fold count from 0. A fit on all training rows (a refit) uses RefitStreams.
type Streams struct {
	Seed         uint64
	Repeat, Fold int
}

// RefitStreams are the streams of a fit on all training rows: repeat 0, fold −1, which no fold has.
func RefitStreams(seed uint64) Streams { return Streams{Seed: seed, Fold: -1} }

// stream gives the counter-based stream of one purpose ("shuffle", "dropout layers.1") at step 0.
// The key is a hash, so two purposes share a stream with probability 2⁻⁶⁴.
func (s Streams) stream(purpose string) kernel.Stream {
	head := make([]byte, 0, 64)
	head = append(head, "espalier stream 1\x00"...)
	for _, n := range []uint64{s.Seed, uint64(int64(s.Repeat)), uint64(int64(s.Fold))} {
		head = binary.LittleEndian.AppendUint64(head, n)
	}
	sum := sha256.Sum256(append(head, purpose...))
	return kernel.Stream{Key: [2]uint32{binary.LittleEndian.Uint32(sum[0:]), binary.LittleEndian.Uint32(sum[4:])}}
}

// at gives a purpose's stream for one step (or epoch).
func at(s kernel.Stream, step uint64) kernel.Stream {
	s.Hi = [2]uint32{uint32(step), uint32(step >> 32)}
	return s
}

// draws reads a stream one word after the other.
type draws struct {
	stream kernel.Stream
	next   uint64 // index in the stream of the first word not in buffer
	left   int
	buffer [256]uint32
}

func (d *draws) reset(s kernel.Stream) { d.stream, d.next, d.left = s, 0, 0 }

func (d *draws) word() uint32 {
	if d.left == 0 {
		d.stream.Uint32s(d.buffer[:], d.next)
		d.next += uint64(len(d.buffer))
		d.left = len(d.buffer)
	}
	w := d.buffer[len(d.buffer)-d.left]
	d.left--
	return w
}

// below draws uniformly from [0, n), n > 0, without bias (Lemire 2019).
func (d *draws) below(n uint32) uint32 {
	for {
		high, low := bits.Mul32(d.word(), n)
		if low >= n || low >= -n%n {
			return high
		}
	}
}

// permute fills order with a uniform permutation of 0…len−1 (Fisher and Yates), from scratch:
// the permutation of an epoch does not depend on the one before.
func (d *draws) permute(order []int32) {
	for i := range order {
		order[i] = int32(i)
	}
	for i := len(order) - 1; i > 0; i-- {
		j := d.below(uint32(i + 1))
		order[i], order[j] = order[j], order[i]
	}
}
