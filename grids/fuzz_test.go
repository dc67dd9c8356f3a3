package grids

import (
	"errors"
	"strings"
	"testing"
)

// checkParsed states what holds whatever was parsed: a file or an *Error, never
// both or neither, and a grid whose points can be visited.
func checkParsed(t *testing.T, f *File, err error) {
	t.Helper()
	if (f == nil) == (err == nil) {
		t.Fatalf("file %v and error %v", f, err)
	}
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || len(e.Problems) == 0 {
			t.Fatalf("%T without problems: %v", err, err)
		}
		for _, p := range e.Problems {
			if p.order == 0 && (p.Position.Line < 1 || p.Position.Column < 1) || p.Message == "" {
				t.Fatalf("a problem without place or message: %+v", p)
			}
		}
		return
	}
	g := f.Grid
	if !g.Finite() {
		for _, p := range take(3, g.Draw(f.Seed)) {
			KeyOf(p.Values)
		}
		return
	}
	if g.Count() > g.Len() || g.Count() < 1 {
		t.Fatalf("Count %d of Len %d", g.Count(), g.Len())
	}
	for _, p := range take(3, g.Draw(f.Seed)) {
		again, ok := g.At(p.Index)
		if !ok || KeyOf(again.Values) != KeyOf(p.Values) {
			t.Fatalf("drew %v, but At gives %v", p, again)
		}
		for name := range p.Values {
			f.Errors([]Problem{{Path: g.Path(p, name), Message: "wrong"}})
		}
	}
	for _, p := range take(3, g.Points()) {
		KeyOf(p.Values)
	}
}

func FuzzParse(f *testing.F) {
	for _, b := range badFiles {
		f.Add([]byte(b.source()))
	}
	for _, name := range Shipped() {
		src, _ := Example(name)
		f.Add(src)
	}
	f.Add(Starter())
	f.Add([]byte(spaces))
	f.Add([]byte("\ufeff" + sweep))
	f.Add([]byte(strings.ReplaceAll(sweep, "\n", "\r\n")))
	f.Add([]byte(sweep + "[[grid]]\na = { min = 1, max = 1000, steps = 1000 }\n[[grid]]\na = [1, 2.5]\nb = { values = [[1], { x = 1 }], when = [ { a = 1 }, { a = [2.5] } ] }\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := Parse("t.toml", src)
		checkParsed(t, file, err)
	})
}
