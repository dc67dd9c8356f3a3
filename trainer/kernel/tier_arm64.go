package kernel

// best is the fastest tier of this processor: Advanced SIMD is part of every arm64 that Go runs on.
func best() tier { return neon }

// chunk bounds the floats of one elementwise assembly call, which cannot be preempted: even dividing
// and missing every cache it takes well under a millisecond.
const chunk = 1 << 15

// bytes is a stride of floats in bytes.
func bytes(floats int) int { return floats * 4 }
