//go:build darwin || freebsd || netbsd || openbsd

package main

import (
	"math"
	"runtime"

	"golang.org/x/sys/unix"
)

// machineMemory is the machine's memory in bytes. 0: not known.
func machineMemory() int64 {
	name := map[string]string{"darwin": "hw.memsize", "freebsd": "hw.physmem"}[runtime.GOOS]
	if name == "" {
		name = "hw.physmem64"
	}
	n, err := unix.SysctlUint64(name)
	if err != nil {
		return 0
	}
	return int64(min(n, math.MaxInt64))
}

// freeMemory is what of it can be had now: not known here, which is 0.
func freeMemory() int64 { return 0 }
