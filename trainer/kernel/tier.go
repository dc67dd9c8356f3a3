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
	c := choose(os.Getenv("ESPALIER_SIMD"), best())
	switch conv := os.Getenv("ESPALIER_CONV"); conv {
	case "", "winograd":
	case "direct":
		c.direct = true
	default:
		c.err = errors.Join(c.err, fmt.Errorf("ESPALIER_CONV=%q: unknown, want direct or winograd", conv))
	}
	return c
})

// choose applies the wish of the environment to the best tier of the processor.
func choose(wish string, best tier) choice {
	switch wish {
	case "", best.String():
		return choice{tier: best}
	case generic.String():
		return choice{tier: generic}
	case avx2.String(), neon.String():
		return choice{tier: best, err: fmt.Errorf("ESPALIER_SIMD=%s: this processor has no such kernels (it has %s)", wish, best)}
	}
	return choice{tier: best, err: fmt.Errorf("ESPALIER_SIMD=%q: unknown, want generic, avx2 or neon", wish)}
}

func active() tier { return chosen().tier }

// directOnly tells whether ESPALIER_CONV=direct forbids Winograd's algorithm.
func directOnly() bool { return chosen().direct }

// Name is the tier in use: "avx2", "neon" or "generic". Two tiers may differ in the low bits of
// products, so the name belongs to the origin of every number.
func Name() string { return active().String() }

// Environment tells whether ESPALIER_SIMD asked for a tier that does not exist or that the processor
// lacks, or ESPALIER_CONV for an unknown algorithm; the kernels then run as if it were not set.
func Environment() error { return chosen().err }
