//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd

package main

// machineMemory is the memory that this process can have, in bytes: not known
// here, which is 0.
func machineMemory() int64 { return 0 }

// freeMemory is what of it can be had now: not known either.
func freeMemory() int64 { return 0 }
