package main

import (
	"bytes"
	"runtime"
	"testing"
)

// TestLiveLinesPaint looks at the bytes: what stays goes above, lines are overdrawn in place.
func TestLiveLinesPaint(t *testing.T) {
	var out bytes.Buffer
	lines := []string{"one", "two"}
	paint := func(s string) string { return "\x1b[?7l" + s + "\x1b[J\x1b[?7h" } // without wrapping
	l := &liveLines{w: &out, draw: func(int, bool) []string { return lines }, stop: make(chan struct{})}
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"first", func() { l.paint("") }, paint("one\x1b[K\ntwo")},
		{"again", func() { l.paint("") }, "\r\x1b[1A" + paint("one\x1b[K\ntwo")},
		{"a line above", func() { l.Write([]byte("said\n")) }, "\r\x1b[1Asaid\x1b[K\n" + paint("one\x1b[K\ntwo")},
		{"one line less", func() { lines = lines[:1]; l.paint("") }, "\r\x1b[1A" + paint("one")},
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

func TestFoldLine(t *testing.T) {
	for _, row := range []struct {
		line          string
		width, indent int
		want          string
	}{
		{"fits as it is", 13, 2, "fits as it is"},
		{"no terminal, no width", 0, 2, "no terminal, no width"},
		{"one two three four", 9, 2, "one two\n  three\n  four"},
		{"test      accuracy 0.9  loss 0.3", 22, 10, "test      accuracy 0.9\n          loss 0.3"},
		{"a averyveryverylongword b", 10, 2, "a\n  averyveryverylongword\n  b"},
		{"  32 points × 3 folds", 14, 2, "  32 points ×\n  3 folds"},
		{"too narrow to indent", 2, 2, "too narrow to indent"},
	} {
		if have := foldLine(row.line, row.width, row.indent); have != row.want {
			t.Errorf("%q at %d: %q, want %q", row.line, row.width, have, row.want)
		}
	}
}

func TestLocale(t *testing.T) {
	for _, row := range []struct {
		all, kind, lang string
		unicode         bool
	}{
		{"", "", "", true}, {"", "", "C", false}, {"", "", "de_DE.UTF-8", true}, {"C", "en_US.UTF-8", "en_US.UTF-8", false},
		{"", "C.utf8", "C", true}, {"POSIX", "", "", false}, {"", "", "de_DE@euro", false},
	} {
		t.Setenv("LC_ALL", row.all)
		t.Setenv("LC_CTYPE", row.kind)
		t.Setenv("LANG", row.lang)
		if have := unicodeLocale(); have != row.unicode && runtime.GOOS != "windows" {
			t.Errorf("%+v: %t", row, have)
		}
	}
	if have := ascii.Replace("█▌··  ┤╭─╮│…"); have != "#=..  |.-.|~" {
		t.Errorf("%q", have)
	}
}
