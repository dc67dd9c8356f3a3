package kernel

import "golang.org/x/sys/cpu"

// best is the fastest tier of this processor. The operating system's support of the wide registers is
// part of what cpu tells.
func best() tier {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return avx2
	}
	return generic
}

// chunk bounds the floats of one elementwise assembly call, which cannot be preempted: even dividing
// and missing every cache it takes well under a millisecond.
const chunk = 1 << 15

// bytes is a stride of floats in bytes.
func bytes(floats int) int { return floats * 4 }
