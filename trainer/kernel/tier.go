package kernel

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// tier is a set of kernels: the plain Go twins, or one instruction set. Kernels are methods of a
// tier, so that tests run every tier the processor has in one binary.
type tier uint8

const (
	generic tier = iota
	avx2         // AVX2 and FMA, amd64
	neon         // Advanced SIMD, arm64
	avx512       // AVX-512 F, DQ, BW and VL, amd64: the bits of avx2 in fewer instructions
)

func (t tier) String() string { return [...]string{"generic", "avx2", "neon", "avx512"}[t] }

// has tells whether a processor whose best tier is t has the kernels of another.
func (t tier) has(other tier) bool {
	return other == t || other == generic || other == avx2 && t == avx512
}

// choice is what the environment and the processor led to.
type choice struct {
	tier   tier
	direct bool // no Winograd
	plain  bool // the processor has nothing better than generic
	err    error
}

// chosen reads ESPALIER_SIMD and ESPALIER_CONV once, at the first kernel call.
var chosen = sync.OnceValue(func() choice {
	return choose(os.Getenv("ESPALIER_SIMD"), os.Getenv("ESPALIER_CONV"), best())
})

// choose applies the wishes of the environment to the best tier of the processor.
func choose(simd, conv string, best tier) choice {
	c := choice{tier: best, plain: best == generic}
	known := simd == ""
	for _, t := range []tier{generic, avx2, avx512, neon} {
		if simd != t.String() {
			continue
		}
		known = true
		if best.has(t) {
			c.tier = t
		} else {
			c.err = fmt.Errorf("ESPALIER_SIMD=%s: this processor has no such kernels (it has %s)", simd, best)
		}
	}
	if !known {
		c.err = fmt.Errorf("ESPALIER_SIMD=%q: unknown, want generic, avx2, avx512 or neon", simd)
	}
	switch conv {
	case "", "winograd":
	case "direct":
		c.direct = true
	default:
		c.err = errors.Join(c.err, fmt.Errorf("ESPALIER_CONV=%q: unknown, want direct or winograd", conv))
	}
	return c
}

func active() tier { return chosen().tier }

// directOnly tells whether ESPALIER_CONV=direct forbids Winograd's algorithm.
func directOnly() bool { return chosen().direct }

// Name is the tier in use: "avx2", "neon" or "generic", and "avx2-direct" and so on where
// ESPALIER_CONV=direct forbids Winograd's algorithm. Two names may differ in the low bits of products, so
// the name belongs to the origin of every number. AVX-512 gives the bits of AVX2 and goes by its name.
func Name() string { return chosen().name() }

func (c choice) name() string {
	name := c.tier.String()
	if c.tier == avx512 {
		name = avx2.String()
	}
	if c.direct {
		name += "-direct"
	}
	return name
}

// Environment tells whether ESPALIER_SIMD asked for a tier that does not exist or that the processor
// lacks, or ESPALIER_CONV for an unknown algorithm; the kernels then run as if it were not set.
func Environment() error { return chosen().err }

// Plain tells whether this processor has none of the fast kernels: all work is many times slower there.
func Plain() bool { return chosen().plain }
