package main

import (
	"bytes"
	"testing"
)

// TestLiveLinesPaint looks at the bytes: what stays goes above, lines are overdrawn in place.
func TestLiveLinesPaint(t *testing.T) {
	var out bytes.Buffer
	lines := []string{"one", "two"}
	l := &liveLines{w: &out, draw: func(int, bool) []string { return lines }, stop: make(chan struct{})}
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"first", func() { l.paint("") }, "one\x1b[K\ntwo\x1b[J"},
		{"again", func() { l.paint("") }, "\r\x1b[1Aone\x1b[K\ntwo\x1b[J"},
		{"a line above", func() { l.Write([]byte("said\n")) }, "\r\x1b[1Asaid\x1b[K\none\x1b[K\ntwo\x1b[J"},
		{"one line less", func() { lines = lines[:1]; l.paint("") }, "\r\x1b[1Aone\x1b[J"},
		{"end", l.end, "\r\x1b[J"},
	} {
		out.Reset()
		step.do()
		if out.String() != step.want {
			t.Errorf("%s: have %q, want %q", step.name, out.String(), step.want)
		}
	}
	l.drawn = []int{100, 30}
	if have := l.back(40); have != "\r\x1b[3A" {
		t.Errorf("after the terminal became narrower: %q, want 3 rows up", have)
	}
}
