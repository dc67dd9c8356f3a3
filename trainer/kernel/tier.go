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
)

func (t tier) String() string { return [...]string{"generic", "avx2", "neon"}[t] }

// choice is what the environment and the processor led to.
type choice struct {
	tier   tier
	direct bool // no Winograd
	err    error
}

// chosen reads ESPALIER_SIMD and ESPALIER_CONV once, at the first kernel call.
var chosen = sync.OnceValue(func() choice {
	return choose(os.Getenv("ESPALIER_SIMD"), os.Getenv("ESPALIER_CONV"), best())
})

// choose applies the wishes of the environment to the best tier of the processor.
func choose(simd, conv string, best tier) choice {
	c := choice{tier: best}
	switch simd {
	case "", best.String():
	case generic.String():
		c.tier = generic
	case avx2.String(), neon.String():
		c.err = fmt.Errorf("ESPALIER_SIMD=%s: this processor has no such kernels (it has %s)", simd, best)
	default:
		c.err = fmt.Errorf("ESPALIER_SIMD=%q: unknown, want generic, avx2 or neon", simd)
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
// the name belongs to the origin of every number.
func Name() string { return chosen().name() }

func (c choice) name() string {
	if c.direct {
		return c.tier.String() + "-direct"
	}
	return c.tier.String()
}

// Environment tells whether ESPALIER_SIMD asked for a tier that does not exist or that the processor
// lacks, or ESPALIER_CONV for an unknown algorithm; the kernels then run as if it were not set.
func Environment() error { return chosen().err }
