package main

import (
	"os"
	"testing"
	"testing/fstest"
)

func TestMemoryOf(t *testing.T) {
	page := int64(os.Getpagesize())
	const info = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    8000 kB\n"
	for _, row := range []struct {
		name        string
		files       map[string]string
		total, free int64
	}{
		{"nothing to read", nil, 0, 0},
		{"no groups", map[string]string{"proc/meminfo": info}, 16000 << 10, 8000 << 10},
		{"a group without a limit", map[string]string{"proc/meminfo": info, "proc/self/cgroup": "0::/user\n",
			"sys/fs/cgroup/user/memory.max": "max\n", "sys/fs/cgroup/user/memory.current": "4096000\n"}, 16000 << 10, 8000 << 10},
		{"a group of version 2, bounded by the one around it", map[string]string{"proc/meminfo": info, "proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/memory.max": "4000000\n", "sys/fs/cgroup/a/memory.current": "3000000\n",
			"sys/fs/cgroup/a/memory.stat": "anon 2500000\ninactive_file 500000\n"}, 4000000, 1500000},
		{"a container", map[string]string{"proc/meminfo": info, "proc/self/cgroup": "0::/../../somewhere\n",
			"sys/fs/cgroup/memory.max": "4000000\n", "sys/fs/cgroup/memory.current": "5000000\n"}, 4000000, 1},
		{"version 1", map[string]string{"proc/meminfo": info, "proc/self/cgroup": "9:cpu,memory:/x\n1:name=systemd:/\n",
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes": "5000000\n", "sys/fs/cgroup/memory/x/memory.usage_in_bytes": "1000000\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 5000000, 4000000},
		{"ulimit -v, a part of it reserved and asleep", map[string]string{"proc/meminfo": info, "proc/self/statm": "2000 500 0 0 0 0 0\n",
			"proc/self/limits": "Limit Soft Limit Hard Limit Units\nMax address space         10000000             unlimited            bytes     \n"},
			10000000 - 1500*page, 10000000 - 2000*page},
		{"ulimit -v is used up", map[string]string{"proc/meminfo": info, "proc/self/statm": "2000 2000 0 0 0 0 0\n",
			"proc/self/limits": "Max address space         4096             4096            bytes     \n"}, 4096, 1},
		{"no ulimit -v", map[string]string{"proc/meminfo": info, "proc/self/statm": "2000 500 0 0 0 0 0\n",
			"proc/self/limits": "Max address space         unlimited            unlimited            bytes     \n"}, 16000 << 10, 8000 << 10},
		{"nonsense", map[string]string{"proc/meminfo": "MemTotal: many kB\n", "proc/self/cgroup": "0\n:\n"}, 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range row.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if total, free := memoryOf(root); total != row.total || free != row.free {
				t.Errorf("%d and %d free, want %d and %d", total, free, row.total, row.free)
			}
		})
	}
	if have, free := machineMemory(), freeMemory(); have <= 0 || free <= 0 || free > have {
		t.Errorf("this machine: %d, %d free", have, free)
	}
}
