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
