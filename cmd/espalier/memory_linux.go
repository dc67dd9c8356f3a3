package main

import (
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// machineMemory is the memory that this process can have, in bytes: the
// machine's, or less where a control group bounds it. 0: not known.
func machineMemory() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	have := int64(min(uint64(info.Totalram)*uint64(info.Unit), math.MaxInt64))
	// Version 2 of control groups; "max" where there is no limit.
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && limit > 0 {
			have = min(have, limit)
		}
	}
	return have
}
