package kernel

import (
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
	tier tier
	err  error
}

// chosen reads ESPALIER_SIMD once, at the first kernel call.
var chosen = sync.OnceValue(func() choice { return choose(os.Getenv("ESPALIER_SIMD"), best()) })

// choose applies the wish of the environment to the best tier of the processor.
func choose(wish string, best tier) choice {
	switch wish {
	case "", best.String():
		return choice{tier: best}
	case generic.String():
		return choice{tier: generic}
	case avx2.String(), neon.String():
		return choice{best, fmt.Errorf("ESPALIER_SIMD=%s: this processor has no such kernels (it has %s)", wish, best)}
	}
	return choice{best, fmt.Errorf("ESPALIER_SIMD=%q: unknown, want generic, avx2 or neon", wish)}
}

func active() tier { return chosen().tier }

// Name is the tier in use: "avx2", "neon" or "generic". Two tiers may differ in the low bits of
// products, so the name belongs to the origin of every number.
func Name() string { return active().String() }

// Environment tells whether ESPALIER_SIMD asked for a tier that does not exist or that the processor
// lacks; the kernels then run on the best tier there is.
func Environment() error { return chosen().err }
