//go:build amd64 || arm64

package kernel

import "unsafe"

// philoxArgs are the arguments of the assembly: n rounds of eight blocks, whose counters advance by
// advance a round. The amd64 generator counts on the order of the fields, the arm64
// one on their names.
type philoxArgs struct {
	n         int
	dst       unsafe.Pointer
	step      int // bytes between groups of 16 floats
	counter   [8]uint32
	advance   uint32
	high      uint32
	hi        [2]uint32
	key       [2]uint32
	threshold uint32
	scale     float32
}

// blocks fills whole rounds of dst from block i on and gives how many words it filled.
func (t tier) blocks(s Stream, dst []uint32, i uint64) int {
	n := min(len(dst)/32, chunk/32)
	// The high word of the counter is the same for a whole call.
	if t == generic || n == 0 || i>>32 != (i+8*uint64(n))>>32 {
		return 0
	}
	g := philoxArgs{n: n, dst: unsafe.Pointer(&dst[0]), advance: 8, high: uint32(i >> 32), hi: s.Hi, key: s.Key}
	for lane := range 4 {
		g.counter[lane] = uint32(i) + 2*uint32(lane)
		g.counter[lane+4] = g.counter[lane] + 1
	}
	philoxAsm((*uint64)(unsafe.Pointer(&g)))
	return 32 * n
}

func (t tier) dropGroups(d drop, s Stream, x []float32, xStep, n int, g, gStep uint64) {
	last := 2*(g+uint64(n+4)*gStep) + 8
	for t != generic && n >= 4 && 2*g>>32 == last>>32 {
		m := min(n/4, chunk/64)
		inside(x, 4*m, xStep)
		a := philoxArgs{
			n: m, dst: unsafe.Pointer(&x[0]), step: bytes(xStep), advance: uint32(8 * gStep), high: uint32(2 * g >> 32),
			hi: s.Hi, key: s.Key, threshold: d.threshold, scale: d.scale,
		}
		for lane := range 4 {
			a.counter[lane] = uint32(2 * (g + uint64(lane)*gStep))
			a.counter[lane+4] = a.counter[lane] + 1
		}
		dropAsm((*uint64)(unsafe.Pointer(&a)))
		g += uint64(4*m) * gStep
		if n -= 4 * m; n > 0 {
			x = x[4*m*xStep:]
		}
	}
	if t != generic && n > 0 && n < 4 && 2*g>>32 == last>>32 {
		t.dropRest(d, s, x, xStep, n, g, gStep)
		return
	}
	dropGroupsGeneric(d, s, x, xStep, n, g, gStep)
}

// dropRest treats fewer than four groups in a buffer of four: a map 7 wide ends with three.
func (t tier) dropRest(d drop, s Stream, x []float32, xStep, n int, g, gStep uint64) {
	var four [4 * Width]float32
	for i := range n {
		copy(four[i*Width:(i+1)*Width], x[i*xStep:])
	}
	t.dropGroups(d, s, four[:], Width, 4, g, gStep)
	for i := range n {
		copy(x[i*xStep:][:Width], four[i*Width:])
	}
}
