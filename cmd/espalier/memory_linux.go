package main

import (
	"bufio"
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// machineMemory is the memory that this process can have, in bytes: the
// machine's, or less where a control group bounds it. 0: not known.
func machineMemory() int64 {
	total, _ := memoryOf(os.DirFS("/"))
	return total
}

// freeMemory is what of it can be had now without anybody having to swap. 0: not known.
func freeMemory() int64 {
	_, free := memoryOf(os.DirFS("/"))
	return free
}

// memoryOf reads what the kernel says of memory: the machine's, of every control
// group that this process is in, each of which may bound it, and of the limit on its address space.
func memoryOf(root fs.FS) (total, free int64) {
	info := numbers(root, "proc/meminfo")
	total, free = info["MemTotal:"]*1024, info["MemAvailable:"]*1024
	if total <= 0 {
		return 0, 0
	}
	for _, g := range groupsOf(root) {
		limit, used := number(root, g.limit), number(root, g.used)
		if limit <= 0 || limit >= total {
			continue
		}
		total = limit
		// Pages of files that nobody uses at the moment count as used and are given up first.
		room := limit - used + numbers(root, g.stat)[g.idle]
		free = min(free, max(room, 1))
	}
	if limit, asleep, mapped := addressSpace(root); limit > 0 && limit-asleep < total {
		total = max(limit-asleep, 1)
		free = min(free, max(limit-mapped, 1))
	}
	return total, min(free, total)
}

// addressSpace is what "ulimit -v" allows, 0 for no limit; how much of it is reserved without any memory behind it, of
// which Go does much; and how much is mapped in all.
func addressSpace(root fs.FS) (limit, asleep, mapped int64) {
	f, err := root.Open("proc/self/limits")
	if err != nil {
		return 0, 0, 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "Max address space "); ok {
			if words := strings.Fields(rest); len(words) > 0 {
				limit, _ = strconv.ParseInt(words[0], 10, 64) // "unlimited" is none
			}
		}
	}
	text, err := fs.ReadFile(root, "proc/self/statm")
	words := strings.Fields(string(text))
	if err != nil || len(words) < 2 {
		return 0, 0, 0
	}
	size, _ := strconv.ParseInt(words[0], 10, 64)
	resident, _ := strconv.ParseInt(words[1], 10, 64)
	page := int64(os.Getpagesize())
	return limit, (size - resident) * page, size * page
}

// A group is where a control group says what it allows.
type group struct{ limit, used, stat, idle string }

// groupsOf lists the control groups of this process from the innermost outwards, of
// version 2 and of version 1. In a container the path may be one of outside, of which
// only the outermost folder is there: missing files say nothing.
func groupsOf(root fs.FS) (all []group) {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		base, names := "", group{}
		switch {
		case parts[0] == "0" && parts[1] == "":
			base, names = "sys/fs/cgroup", group{"memory.max", "memory.current", "memory.stat", "inactive_file"}
		case strings.Contains(","+parts[1]+",", ",memory,"):
			base, names = "sys/fs/cgroup/memory", group{"memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat", "total_inactive_file"}
		default:
			continue
		}
		for at := path.Clean("/" + parts[2]); ; at = path.Dir(at) {
			in := path.Join(base, at)
			all = append(all, group{path.Join(in, names.limit), path.Join(in, names.used), path.Join(in, names.stat), names.idle})
			if at == "/" {
				break
			}
		}
	}
	return all
}

// number reads a file of one number; 0 where there is none ("max").
func number(root fs.FS, name string) int64 {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return int64(min(n, math.MaxInt64))
}

// numbers reads lines of a name and a number.
func numbers(root fs.FS, name string) map[string]int64 {
	f, err := root.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	all := map[string]int64{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if words := strings.Fields(lines.Text()); len(words) > 1 {
			if n, err := strconv.ParseInt(words[1], 10, 64); err == nil {
				all[words[0]] = n
			}
		}
	}
	return all
}
