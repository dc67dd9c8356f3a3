//go:build !linux

package main

// machineMemory is the memory that this process can have, in bytes: not known
// here, which is 0.
func machineMemory() int64 { return 0 }
