//go:build unix

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A report is what the rounds came to.
type report struct {
	rounds int
	kills  int
	where  map[string]map[string]int // signal, then place
	starts []time.Duration           // from a process's start to its first new step
	lost   []loss
	seen   map[*trail]int // losses of a trail that are counted
}

// places are the columns; of them three must each have a tenth of the kills.
var places = []string{"start", "search", "commit", "checkpoint", "refit"}

func (r *report) add(t *trail, e ending) {
	if r.where == nil {
		r.where, r.seen = map[string]map[string]int{}, map[*trail]int{}
	}
	if e.started > 0 {
		r.starts = append(r.starts, e.started)
	}
	r.lost = append(r.lost, t.lost[r.seen[t]:]...)
	r.seen[t] = len(t.lost)
	if e.code == 0 {
		return
	}
	how := name(e.signal)
	switch e.code {
	case 130:
		how = "SIGINT"
	case 143:
		how = "SIGTERM"
	}
	if r.where[how] == nil {
		r.where[how] = map[string]int{}
	}
	r.where[how][e.inside]++
	r.kills++
}

// write prints the report.
func (r *report) write(w io.Writer, took time.Duration) {
	fmt.Fprintf(w, "%d kills in %d rounds, %s\n\n%-10s", r.kills, r.rounds, took.Round(time.Second), "")
	for _, p := range places {
		fmt.Fprintf(w, "%12s", p)
	}
	fmt.Fprintf(w, "%12s\n", "all")
	total := map[string]int{}
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT} {
		r.row(w, name(signal), r.where[name(signal)])
		for p, n := range r.where[name(signal)] {
			total[p] += n
		}
	}
	r.row(w, "all", total)

	var all, longest loss
	again := 0
	for _, l := range r.lost {
		all.epochs, all.took = all.epochs+l.epochs, all.took+l.took
		if l.epochs > 0 {
			again++
		}
		longest.epochs, longest.took = max(longest.epochs, l.epochs), max(longest.took, l.took)
	}
	fmt.Fprintf(w, "\ntrained again: %d epochs, %s; of %d jobs that went on %d lost some, at most %d epochs and %s\n",
		all.epochs, all.took.Round(time.Millisecond), len(r.lost), again, longest.epochs, longest.took.Round(time.Millisecond))
	if len(r.starts) > 0 {
		slices.Sort(r.starts)
		at := func(q float64) time.Duration {
			return r.starts[int(q*float64(len(r.starts)-1))].Round(time.Millisecond)
		}
		fmt.Fprintf(w, "from start to the first new step: median %s, 99 in 100 within %s, at most %s (%d starts)\n", at(0.5), at(0.99), at(1), len(r.starts))
	}
}

func (r *report) row(w io.Writer, name string, of map[string]int) {
	var b strings.Builder
	sum := 0
	for _, p := range places {
		fmt.Fprintf(&b, "%12d", of[p])
		sum += of[p]
	}
	fmt.Fprintf(w, "%-10s%s%12d\n", name, b.String(), sum)
}
