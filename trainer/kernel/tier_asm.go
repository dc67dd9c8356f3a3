//go:build amd64 || arm64

package kernel

// chunk bounds the floats of one elementwise assembly call, which cannot be preempted: even dividing
// and missing every cache it takes well under a millisecond.
const chunk = 1 << 15

// bytes is a stride of floats in bytes.
func bytes(floats int) int { return floats * 4 }
