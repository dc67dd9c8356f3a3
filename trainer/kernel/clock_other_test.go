//go:build !linux

package kernel

import "time"

var begin = time.Now()

// clock is the time since the start.
func clock() time.Duration { return time.Since(begin) }
