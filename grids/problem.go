package grids

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Position is a place in a sweep file: line and column, both from 1, the column
// in bytes as compilers count it. The zero Position is no place in the file.
type Position struct{ Line, Column int }

// Problem is one thing wrong (or, with Warning, odd) at a key path such as
// "grid.optimizer[1]", "grid[0].epochs[2]" (of [[grid]]), "params.momentum" or
// "model.layers[2].rate".
type Problem struct {
	Path    string
	Message string
	Known   []string // the names that would have been right; the nearest is printed
	Warning bool
	Key     bool // the name itself is at fault, not its value: the place is where the name stands
}

// Placed is a problem together with its place: a position in the file, or the
// override that wrote what is wrong.
type Placed struct {
	Problem
	Position Position
	Override string // "grid.epochs=[2,4]" as given to --set; "" for the file
	order    int    // of the override, from 1
	have     string // the word that was not among Known
}

// Error is everything wrong with a sweep file, sorted by position; what
// overrides brought in comes last, in their order.
type Error struct {
	File     string // path as given to Parse
	Problems []Placed
	More     int // problems beyond the first maxProblems, not kept

	// Rest is what could be read in spite of the problems, so that others can add
	// theirs (Join); nil where the text is no TOML. Where the grid is at fault its
	// Axes are those that could be read, and nothing else of it may be asked.
	Rest *File
}

// Join adds problems that others have with e.Rest, in their places.
func (e *Error) Join(problems []Problem) {
	var more *Error
	if err := e.Rest.Errors(problems); !errors.As(err, &more) {
		return
	}
	e.Problems = append(e.Problems, more.Problems...)
	sortProblems(e.Problems)
	e.More += more.More
}

// maxProblems bounds what is kept of a hopeless file: nobody mends more at once.
const maxProblems = 100

// Error prints one problem a line.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	for _, p := range e.Problems {
		lines = append(lines, p.format(e.File))
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("%s: and %d more problems", e.File, e.More))
	}
	return strings.Join(lines, "\n")
}

// format prints "file:line:col: path: message" and, where it helps, a hint.
func (p Placed) format(file string) string {
	var b strings.Builder
	if p.order > 0 {
		fmt.Fprintf(&b, "--set %s", cmp.Or(shorten(p.Override), `""`))
	} else {
		fmt.Fprintf(&b, "%s:%d:%d", file, p.Position.Line, p.Position.Column)
	}
	if p.Path != "" {
		fmt.Fprintf(&b, ": %s", p.Path)
	}
	fmt.Fprintf(&b, ": %s", p.Message)
	b.WriteString(p.hint())
	return b.String()
}

// maxListed is how many known names are printed where none is near.
const maxListed = 12

// hint names the nearest known name, or all of them where they are few.
func (p Placed) hint() string {
	if len(p.Known) == 0 {
		return ""
	}
	// The value or the name may be the misspelt word; the closer one wins.
	best, distance := "", 1<<30
	for _, word := range []string{p.have, lastName(p.Path)} {
		if name, d := nearest(word, p.Known); d < distance {
			best, distance = name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	if len(p.Known) <= maxListed {
		return "; known: " + strings.Join(p.Known, ", ")
	}
	return ""
}

// nearest finds the known name with the least edits, at most a third of the
// word or one; "" where none is near. A leading "$" does not count.
func nearest(word string, known []string) (name string, distance int) {
	word = strings.ToLower(strings.TrimPrefix(word, "$"))
	if word == "" || len(word) > 100 {
		return "", 1 << 30
	}
	length := utf8.RuneCountInString(word)
	best := min(max(1, length/3), length-1) + 1 // of a single letter nothing is near
	for _, k := range known {
		if d := editDistance(word, strings.ToLower(strings.TrimPrefix(k, "$")), best); d < best {
			name, best = k, d
		}
	}
	if name == "" {
		return "", 1 << 30
	}
	return name, best
}

// editDistance counts insertions, deletions, replacements and swaps of
// neighbours that turn a into b; it gives up at limit.
func editDistance(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if len(s)-len(t) >= limit || len(t)-len(s) >= limit {
		return limit
	}
	before, last := make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := range s {
		next := make([]int, len(t)+1)
		next[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			next[j+1] = min(next[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, last = last, next
	}
	return last[len(t)]
}

// sortProblems orders by place: the file from top to bottom, then overrides.
func sortProblems(problems []Placed) {
	slices.SortStableFunc(problems, func(a, b Placed) int {
		return cmp.Or(
			cmp.Compare(a.order, b.order),
			cmp.Compare(a.Position.Line, b.Position.Line),
			cmp.Compare(a.Position.Column, b.Position.Column),
		)
	})
}

// maxQuoted is how many runes of the user's input a message repeats.
const maxQuoted = 60

// shorten cuts long input for a message and makes it printable on one line.
func shorten(s string) string {
	n := 0
	for i := range s {
		if n == maxQuoted {
			s = s[:i] + "…"
			break
		}
		n++
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// quote quotes the user's input, cut to a readable length.
func quote(s string) string { return fmt.Sprintf("%q", shorten(s)) }

// Errors turns problems into an *Error with places; nil where none is more than
// a warning.
func (f *File) Errors(problems []Problem) error {
	e := &Error{File: f.Path}
	for _, p := range problems {
		switch {
		case p.Warning:
		case len(e.Problems) >= maxProblems:
			e.More++
		default:
			e.Problems = append(e.Problems, f.place(p))
		}
	}
	if len(e.Problems) == 0 {
		return nil
	}
	sortProblems(e.Problems)
	return e
}

// Warnings formats the problems that are warnings, with places, a line each.
func (f *File) Warnings(problems []Problem) []string {
	var placed []Placed
	for _, p := range problems {
		if p.Warning {
			placed = append(placed, f.place(p))
		}
	}
	sortProblems(placed)
	lines := make([]string, len(placed))
	for i, p := range placed {
		lines[i] = p.format(f.Path)
	}
	return lines
}

// place finds where a problem's path stands, or the nearest thing around it.
func (f *File) place(p Problem) Placed {
	n, exact := f.root.find(p.Path)
	placed := Placed{Problem: p}
	if s, ok := n.value.(string); ok && exact && !p.Key {
		placed.have = s
	}
	f.locate(&placed, n, p.Key && exact)
	return placed
}

// locate fills in the position of a node, or the override that wrote it.
func (f *File) locate(p *Placed, n *node, key bool) {
	if n.origin > 0 {
		p.order, p.Override = n.origin, f.Overrides[n.origin-1]
		return
	}
	p.Position = n.at
	if key && n.name.Line > 0 {
		p.Position = n.name
	}
}
