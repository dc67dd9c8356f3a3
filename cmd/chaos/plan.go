//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"time"
)

// A plan is where and how one kill falls.
type plan struct {
	place  string // "": at a time; else what a line of the process must contain …
	nth    int    // … for the so-many-th time
	after  time.Duration
	early  bool // the time counts from the process's start, not from its first step
	signal syscall.Signal
	twice  bool           // the signal comes again: the second ends it at once
	loose  time.Duration  // > 0: let go on at the place, and killed so much later
	rouse  syscall.Signal // sent at the time first, so that checkpoints are written; 0: nothing
}

func (p plan) String() string {
	var b strings.Builder
	if p.rouse != 0 {
		fmt.Fprintf(&b, "%s after %s, then ", name(p.rouse), p.after.Round(time.Millisecond))
	}
	b.WriteString(name(p.signal))
	if p.twice {
		b.WriteString(" twice")
	}
	switch {
	case p.place != "" && p.loose > 0:
		fmt.Fprintf(&b, " %s behind %q number %d", p.loose.Round(10*time.Microsecond), p.place, p.nth)
	case p.place != "":
		fmt.Fprintf(&b, " at %q number %d", p.place, p.nth)
	case p.early:
		fmt.Fprintf(&b, " %s after its start", p.after.Round(time.Millisecond))
	default:
		fmt.Fprintf(&b, " %s after its first step", p.after.Round(time.Millisecond))
	}
	return b.String()
}

func name(s syscall.Signal) string {
	switch s {
	case syscall.SIGKILL:
		return "SIGKILL"
	case syscall.SIGTERM:
		return "SIGTERM"
	case syscall.SIGINT:
		return "SIGINT"
	}
	return s.String()
}

// draw makes the next plan of a round; in the refit, once the search is known to be over.
func draw(r *rand.Rand, s sweep, refitting bool) plan {
	p := plan{signal: syscall.SIGKILL, nth: 1}
	if r.IntN(4) == 0 {
		p.loose = time.Duration(r.Int64N(int64(3 * time.Millisecond)))
	}
	gentle := []syscall.Signal{syscall.SIGTERM, syscall.SIGINT}[r.IntN(2)]
	switch n := r.IntN(100); {
	case refitting && n < 50 || !refitting && n < 12:
		p.place, p.nth = "refit", 1+r.IntN(8)
		if r.IntN(2) == 0 {
			p.place, p.nth = []string{"refit epoch", "refit commit", "refit committed", "refit save", "refit saved"}[r.IntN(5)], 1
		}
	case refitting && n < 65 || !refitting && n < 36: // in a checkpoint: with the signal that makes all workers write one, or when the clock does
		p.place, p.nth = []string{"checkpoint", "checkpoint half", "checkpoint named"}[r.IntN(3)], 1+r.IntN(2)
		if p.place == "checkpoint" {
			p.nth = 1 + r.IntN(7)
		}
		if !s.long || r.IntN(3) > 0 {
			p.rouse, p.after = gentle, time.Duration(r.Int64N(int64(500*time.Millisecond)))
		}
		if r.IntN(4) == 0 {
			p.signal = gentle
			p.twice = p.rouse == 0
		}
		return p
	case refitting && n < 75 || !refitting && n < 64:
		p.place, p.nth = []string{"commit", "committed"}[r.IntN(2)], 1+r.IntN(8)
		p.loose = 0
		if r.IntN(2) == 0 { // let go on into bbolt's own writing, which takes some hundred microseconds
			p.place, p.loose = "commit", 1+time.Duration(r.Int64N(int64(300*time.Microsecond)))
		}
	case n < 84:
		p.early, p.after = true, time.Duration(r.Int64N(int64(200*time.Millisecond)))
	default:
		p.after = time.Duration(r.Int64N(int64(1500 * time.Millisecond)))
	}
	if r.IntN(3) == 0 {
		p.signal, p.twice = gentle, r.IntN(4) == 0
	}
	return p
}
