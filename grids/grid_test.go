package grids

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// parseGrid parses the minimal sweep with more lines.
func parseGrid(t testing.TB, more string, overrides ...string) *File {
	t.Helper()
	f, err := Parse("t.toml", []byte(sweep+more), overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestParameterGrid compares the order of points with scikit-learn's; see
// testdata/parameter_grid.py.
func TestParameterGrid(t *testing.T) {
	text, err := os.ReadFile("testdata/parameter_grid.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Grids []struct {
			Name, TOML string
			Points     []map[string]any
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Grids) == 0 {
		t.Fatal("no golden grids")
	}
	for _, g := range golden.Grids {
		t.Run(g.Name, func(t *testing.T) {
			grid := parseGrid(t, g.TOML).Grid
			i := 0
			for p := range grid.Points() {
				if i >= len(g.Points) || !slices.Equal(Canonical(p.Values), Canonical(g.Points[i])) {
					t.Fatalf("point %d is %v, want %v", i, p.Values, g.Points[i:])
				}
				i++
			}
			if i != len(g.Points) || grid.Count() != i {
				t.Errorf("%d points, Count %d, want %d", i, grid.Count(), len(g.Points))
			}
		})
	}
}

// axesOf writes n axes of k values each, a00, a01, …
func axesOf(n, k int) string {
	var b strings.Builder
	for i := range n {
		values := make([]string, k)
		for v := range values {
			values[v] = fmt.Sprint(v)
		}
		fmt.Fprintf(&b, "a%02d = [%s]\n", i, strings.Join(values, ", "))
	}
	return b.String()
}

// TestCountHuge counts grids that nobody could visit. Expected counts are worked
// out by hand.
func TestCountHuge(t *testing.T) {
	const million, trillion = 1_000_000, 1_000_000_000_000
	tests := []struct {
		name, grid string
		raw, count int
	}{
		{"plain", "[grid]\n" + axesOf(12, 10), trillion, trillion},
		{"an exclusion", "[search]\nexclude = [ { a00 = 1, a05 = [2, 3] } ]\n[grid]\n" + axesOf(12, 10),
			trillion, trillion - 2*trillion/100},
		{"two that overlap", "[search]\nexclude = [ { a00 = 1 }, { a11 = 2 } ]\n[grid]\n" + axesOf(12, 10),
			trillion, trillion * 81 / 100},
		{"a condition", "[grid]\nm = { values = [1, 2, 3], when = { a00 = 4 } }\n" + axesOf(12, 10),
			3 * trillion, trillion*9/10 + 3*trillion/10},
		{"condition on condition", "[grid]\nm = { values = [1, 2, 3], when = { a00 = 4 } }\nn = { values = [1, 2], when = { m = 2 } }\n" + axesOf(12, 10),
			6 * trillion, trillion*9/10 + (3+1)*trillion/10},
		{"a union without overlap", "[[grid]]\nb = [1]\n" + axesOf(12, 10) + "[[grid]]\nb = [2]\n" + axesOf(12, 10),
			2 * trillion, 2 * trillion},
		{"a union that repeats", "[[grid]]\n" + axesOf(12, 10) + "[[grid]]\n" + axesOf(12, 10), 2 * trillion, trillion},
		{"a union that overlaps", "[[grid]]\n" + axesOf(12, 10) + "[[grid]]\n" + strings.Replace(axesOf(12, 10), "[0, ", "[-1, ", 3),
			2 * trillion, 2*trillion - trillion*729/1000},
		{"all at once", "[search]\nexclude = [ { a00 = 1, a05 = [2, 3] } ]\n" +
			"[[grid]]\nm = { values = [1, 2, 3], when = { a00 = 4 } }\n" + axesOf(12, 10) +
			"[[grid]]\n" + strings.Replace(axesOf(12, 10), "a11 = [0, ", "a11 = [10, 0, ", 1),
			3*trillion + trillion*11/10,
			// First: a00=1 loses a fifth, a00=4 counts threefold. Second: where a00 is 4
			// nothing is in the first, since m is absent; elsewhere the new value of a11 alone.
			(trillion*8/10 + trillion/10*8/10 + 3*trillion/10) +
				(trillion*11/100 + (trillion/100)*8 + (trillion/100)*8/10)},
		{"forty axes in two halves", "[[grid]]\n" + axesOf(40, 2) + "[[grid]]\n" + strings.ReplaceAll(axesOf(40, 2), "[0, 1]", "[1, 2]"),
			2 << 40, 2<<40 - 1},
		{"a list as long as may be", "[grid]\na = { min = 1, max = 1000000, steps = 1000000 }\n", million, million},
		{"two of those", "[grid]\na = { min = 1, max = 1000000, steps = 1000000 }\nb = { min = 0.0, max = 1.0, steps = 1000000 }\n", trillion, trillion},
		{"the largest", "[grid]\n" + axesOf(62, 2), 1 << 62, 1 << 62},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			g := parseGrid(t, tt.grid).Grid
			runtime.ReadMemStats(&after)
			if g.Len() != tt.raw || g.Count() != tt.count || !g.Exact() {
				t.Errorf("Len %d, Count %d, Exact %t; want %d and %d", g.Len(), g.Count(), g.Exact(), tt.raw, tt.count)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 100<<20 {
				t.Errorf("allocated %d MB in all", used>>20)
			}
			n := 0
			for p := range g.Points() {
				if _, ok := g.At(p.Index); !ok {
					t.Fatalf("index %d is no point", p.Index)
				}
				if n++; n == 100 {
					break
				}
			}
			n = 0
			seen := map[int]bool{}
			for p := range g.Draw(1) {
				if seen[p.Index] {
					t.Fatalf("index %d drawn twice", p.Index)
				}
				seen[p.Index] = true
				if n++; n == 100 {
					break
				}
			}
			if n != 100 {
				t.Errorf("drew %d, want 100", n)
			}
		})
	}
}

// TestConditionsOnRanges: a value of a range is found by its number.
func TestConditionsOnRanges(t *testing.T) {
	g := parseGrid(t, `[search]
exclude = { rate = [0.3, 1] }
[grid]
rate = { min = 0.1, max = 1.0, steps = 10 }
width = { min = 2, max = 6, steps = 5 }
m = { values = [1, 2], when = { width = [2.0, 6], rate = 0.2 } }
`).Grid
	// Eight rates by five widths, and m twice at two of them.
	if g.Count() != 8*5+2 {
		t.Errorf("Count is %d, want 42", g.Count())
	}
	_, err := Parse("t.toml", []byte(sweep+"[search]\nexclude = { width = [3, 2.5, \"x\"] }\n[grid]\nwidth = { min = 2, max = 6, steps = 5 }\n"))
	want := `t.toml:7:25: search.exclude.width[1]: the axis "width" has no value 2.5; known: 2, 3, 4, 5, 6
t.toml:7:30: search.exclude.width[2]: the axis "width" has no value "x"; known: 2, 3, 4, 5, 6`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestCountEntangled: beyond what Parse works through, Count is an upper bound and
// says so, and Points and Draw still give points.
func TestCountEntangled(t *testing.T) {
	// Exclusions of distant pairs of axes: the sets of undecided claims explode.
	var rules []string
	for i := range 24 {
		for k := range i {
			rules = append(rules, fmt.Sprintf("{ a%02d = %d, a%02d = %d }", k, (i*7+k*3)%6, i, (i*5+k)%6))
		}
	}
	g := parseGrid(t, "[search]\nexclude = ["+strings.Join(rules, ", ")+"]\n[grid]\n"+axesOf(24, 6)).Grid
	if g.Exact() {
		t.Fatal("counted after all: the test needs a harder grid")
	}
	if g.Count() != g.Len() {
		t.Errorf("Count is %d, want the upper bound %d", g.Count(), g.Len())
	}
	n := 0
	for p := range g.Draw(3) {
		if _, ok := g.At(p.Index); !ok {
			t.Fatalf("index %d is no point", p.Index)
		}
		if n++; n == 10 {
			break
		}
	}
	if n != 10 {
		t.Errorf("drew %d, want 10", n)
	}
}

// TestSparse: where hardly any raw index is a point, points are found all the same.
func TestSparse(t *testing.T) {
	var b strings.Builder
	b.WriteString("[grid]\nz = [0, 1, 2, 3, 4]\n")
	for z := range 5 {
		for i := range 3 {
			fmt.Fprintf(&b, "%c%d = { values = [0, 1, 2, 3, 4, 5], when = { z = %d } }\n", 'a'+z, i, z)
		}
	}
	g := parseGrid(t, b.String()).Grid
	if g.Len() != 2_350_924_922_880 || g.Count() != 1080 {
		t.Fatalf("Len %d, Count %d, want 5·6^15 and 5·6^3", g.Len(), g.Count())
	}
	n, last := 0, -1
	for p := range g.Points() {
		if p.Index <= last {
			t.Fatalf("index %d after %d", p.Index, last)
		}
		last = p.Index
		n++
	}
	drawn := map[int]bool{}
	for p := range g.Draw(9) {
		drawn[p.Index] = true
	}
	if n != 1080 || len(drawn) != 1080 {
		t.Errorf("%d points and %d drawn, want 1080 of each", n, len(drawn))
	}
}

func TestAxes(t *testing.T) {
	g := parseGrid(t, `[search]
strategy = "random"
trials = 3
[[grid]]
optimizer = ["adam", "sgd"]
momentum = { values = [0.0, 0.9], when = { optimizer = "sgd" } }
rate = { min = 0.1, max = 0.3, steps = 3 }
[[grid]]
optimizer = ["sgd", "nadam"]
rate = [0.5, 0.1]
l2 = { min = 1e-3, max = 1.0, scale = "log" }
`).Grid
	want := []Axis{
		{Name: "l2", Path: "grid[1].l2", Min: 1e-3, Max: 1, Log: true, Conditional: true},
		{Name: "momentum", Path: "grid[0].momentum", Values: []any{0.0, 0.9}, Paths: []string{"grid[0].momentum[0]", "grid[0].momentum[1]"}, Conditional: true},
		{Name: "optimizer", Path: "grid[0].optimizer", Values: []any{"adam", "sgd", "nadam"},
			Paths: []string{"grid[0].optimizer[0]", "grid[0].optimizer[1]", "grid[1].optimizer[1]"}},
		{Name: "rate", Path: "grid[0].rate", Values: []any{0.1, 0.2, 0.3, 0.5}, Paths: []string{"grid[0].rate", "grid[0].rate", "grid[0].rate", "grid[1].rate[0]"}, Min: 0.1, Max: 0.3},
	}
	if got := g.Axes(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if g.Finite() || g.Len() != 0 || g.Count() != 0 || g.Exact() {
		t.Errorf("a grid with a distribution: Finite %t, Len %d, Count %d, Exact %t", g.Finite(), g.Len(), g.Count(), g.Exact())
	}
	for p := range g.Points() {
		t.Fatalf("a grid with a distribution has a point %v", p)
	}
}

func TestRanges(t *testing.T) {
	tests := []struct {
		name, text string
		want       []any
	}{
		{"linear", "{ min = 0.1, max = 0.5, steps = 5 }", []any{0.1, 0.2, 0.3, 0.4, 0.5}},
		{"linear down to negative", "{ min = -1.0, max = 1, steps = 3 }", []any{-1.0, 0.0, 1.0}},
		{"log", "{ min = 1e-4, max = 1e-1, scale = \"log\", steps = 4 }", []any{1e-4, 1e-3, 1e-2, 1e-1}},
		{"log between", "{ min = 1.0, max = 100, scale = \"log\", steps = 5 }", []any{1.0, 3.16227766016838, 10.0, 31.6227766016838, 100.0}},
		{"integers", "{ min = 1, max = 10, steps = 4 }", []any{int64(1), int64(4), int64(7), int64(10)}},
		{"integers rounded", "{ min = 0, max = 10, steps = 5 }", []any{int64(0), int64(3), int64(5), int64(8), int64(10)}},
		{"integers, repeats dropped", "{ min = 1, max = 3, steps = 9 }", []any{int64(1), int64(2), int64(3)}},
		{"integers log", "{ min = 16, max = 256, scale = \"log\", steps = 5 }", []any{int64(16), int64(32), int64(64), int64(128), int64(256)}},
		{"one end is no integer", "{ min = 1, max = 2.0, steps = 2 }", []any{1.0, 2.0}},
		{"negative integers", "{ min = -3, max = 0, steps = 3 }", []any{int64(-3), int64(-2), int64(0)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, strategy := range []string{"grid", "random"} {
				g := parseGrid(t, "[search]\nstrategy = \""+strategy+"\"\n[grid]\na = "+tt.text+"\n").Grid
				if got := g.Axes()[0].Values; !reflect.DeepEqual(got, tt.want) {
					t.Errorf("%s: got %v, want %v", strategy, got, tt.want)
				}
			}
		})
	}
}

func TestPath(t *testing.T) {
	g := parseGrid(t, `[params]
m = 3
[[grid]]
o = ["a", "b"]
m = { values = [1, 2.0], when = { o = "b" } }
r = { min = 1, max = 3, steps = 3 }
[[grid]]
o = ["c", "b"]
`).Grid
	tests := []struct {
		index int
		axis  string
		want  string
	}{
		{0, "o", "grid[0].o[0]"},
		{0, "m", "params.m"},
		{3, "m", "grid[0].m[0]"},
		{9, "m", "grid[0].m[1]"},
		{1, "r", "grid[0].r"}, // a range's value stands nowhere by itself
		{12, "o", "grid[1].o[0]"},
		{13, "o", "grid[1].o[1]"},
	}
	for _, tt := range tests {
		p, _ := g.At(tt.index)
		if got := g.Path(p, tt.axis); got != tt.want {
			t.Errorf("At(%d) = %v: Path of %s is %s, want %s", tt.index, p.Values, tt.axis, got, tt.want)
		}
	}
	if got := parseGrid(t, "[grid]\n\"größe\" = [1, 2]\n").Grid.Path(Point{Index: 1, Values: map[string]any{"größe": int64(2)}}, "größe"); got != "grid.größe[1]" {
		t.Errorf("got %s", got)
	}
}

// TestGridCanonical: the text tells grids apart by what they expand to, not by how
// they are laid out in the file.
func TestGridCanonical(t *testing.T) {
	same := []string{
		"[search]\nexclude = { a = 1 }\n[grid]\na = [1, 2]\nb = { values = [3], when = { a = [2, 1] } }\n",
		"[grid]\nb = { when = [ { a = [1, 2.0] } ], values = [3.0] }\na = { values = [1.0, 2] }\n[search]\nexclude = [ { a = [1] } ]\n",
		"[search]\nexclude = { a = 1 }\n[[grid]]\na = [1, 2]\nb = { values = [3], when = { a = [2, 1] } }\n",
	}
	want := parseGrid(t, same[0]).Grid.Canonical()
	for _, text := range same {
		if got := parseGrid(t, text).Grid.Canonical(); got != want {
			t.Errorf("got\n%s\nwant\n%s\nof\n%s", got, want, text)
		}
	}
	others := []string{
		"[grid]\na = [1, 2]\n", "[grid]\na = [2, 1]\n", "[grid]\na = [\"1\", 2]\n", "[grid]\nb = [1, 2]\n", "[grid]\na = [1, 2]\nb = [1]\n",
		"[search]\nexclude = { a = 1 }\n[grid]\na = [1, 2]\n", "[search]\nexclude = { a = 2 }\n[grid]\na = [1, 2]\n",
		"[grid]\na = [1, 2]\nb = { values = [1], when = { a = 1 } }\n", "[grid]\na = [1, 2]\nb = { values = [1], when = { a = 2 } }\n",
		"[grid]\na = { min = 1, max = 9, steps = 3 }\n", "[grid]\na = { min = 1.0, max = 9, steps = 3 }\n", "[grid]\na = { min = 1, max = 9, steps = 4 }\n",
		"[search]\nstrategy = \"random\"\ntrials = 3\n[grid]\na = { min = 1.0, max = 9 }\n", "[search]\nstrategy = \"random\"\ntrials = 3\n[grid]\na = { min = 1.0, max = 9, scale = \"log\" }\n",
		"[[grid]]\na = [1]\n[[grid]]\na = [2]\n", "[[grid]]\na = [2]\n[[grid]]\na = [1]\n", "",
	}
	seen := map[string]string{}
	for _, text := range others {
		code := parseGrid(t, text).Grid.Canonical()
		if other, ok := seen[code]; ok {
			t.Errorf("%q and %q have the same text %s", text, other, code)
		}
		seen[code] = text
	}
}
