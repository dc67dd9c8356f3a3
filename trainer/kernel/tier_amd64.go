package kernel

import "golang.org/x/sys/cpu"

// best is the fastest tier of this processor. The operating system's support of the wide registers is
// part of what cpu tells.
func best() tier {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return generic
	case x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL:
		return avx512
	}
	return avx2
}
