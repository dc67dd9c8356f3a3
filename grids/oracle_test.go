package grids

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A plan is a grid as a test makes it up: rendered to TOML for Parse, and
// enumerated the slow and obvious way for comparison. Values are small integers.
type plan struct {
	grids   [][]planAxis
	exclude []map[string][]int
	fixed   map[string]int
}

type planAxis struct {
	name   string
	values []int
	when   []map[string][]int
}

func renderTables(tables []map[string][]int) string {
	var list []string
	for _, t := range tables {
		var fields []string
		for _, name := range slices.Sorted(maps.Keys(t)) {
			fields = append(fields, fmt.Sprintf("%s = %s", name, renderList(t[name])))
		}
		list = append(list, "{ "+strings.Join(fields, ", ")+" }")
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func renderList(values []int) string {
	return strings.ReplaceAll(fmt.Sprint(values), " ", ", ")
}

// render writes the plan as a sweep file.
func (p plan) render() string {
	var b strings.Builder
	b.WriteString("name = \"t\"\n[data]\nsource = \"d\"\n[model]\nlayers = [ { type = \"dense\" } ]\n")
	if len(p.exclude) > 0 {
		fmt.Fprintf(&b, "[search]\nexclude = %s\n", renderTables(p.exclude))
	}
	b.WriteString("[params]\n")
	for _, name := range slices.Sorted(maps.Keys(p.fixed)) {
		fmt.Fprintf(&b, "%s = %d\n", name, p.fixed[name])
	}
	for _, axes := range p.grids {
		if len(p.grids) == 1 {
			b.WriteString("[grid]\n")
		} else {
			b.WriteString("[[grid]]\n")
		}
		for _, a := range axes {
			if len(a.when) == 0 {
				fmt.Fprintf(&b, "%s = %s\n", a.name, renderList(a.values))
			} else {
				fmt.Fprintf(&b, "%s = { values = %s, when = %s }\n", a.name, renderList(a.values), renderTables(a.when))
			}
		}
	}
	return b.String()
}

// matches tells whether all names of a table are active with a value listed.
func matches(table map[string][]int, point map[string]int) bool {
	for name, values := range table {
		v, ok := point[name]
		if !ok || !slices.Contains(values, v) {
			return false
		}
	}
	return true
}

func matchesAny(tables []map[string][]int, point map[string]int) bool {
	return slices.ContainsFunc(tables, func(t map[string][]int) bool { return matches(t, point) })
}

// expand is the oracle: all points that run, in order, with raw indices.
func (p plan) expand() (points []map[string]int, raw []int) {
	seen := map[string]bool{}
	offset := 0
	for _, axes := range p.grids {
		sorted := slices.Clone(axes)
		slices.SortFunc(sorted, func(a, b planAxis) int { return strings.Compare(a.name, b.name) })
		size := 1
		for _, a := range sorted {
			size *= len(a.values)
		}
	next:
		for i := range size {
			digits, rest := map[string]int{}, i
			for k := len(sorted) - 1; k >= 0; k-- {
				digits[sorted[k].name] = rest % len(sorted[k].values)
				rest /= len(sorted[k].values)
			}
			// Activity by fixed-point iteration: conditions are acyclic, so as many
			// rounds as there are axes settle it.
			point := map[string]int{}
			for range sorted {
				for _, a := range sorted {
					if len(a.when) == 0 || matchesAny(a.when, point) {
						point[a.name] = a.values[digits[a.name]]
					} else {
						delete(point, a.name)
					}
				}
			}
			for _, a := range sorted {
				if _, active := point[a.name]; !active && digits[a.name] != 0 {
					continue next
				}
			}
			if matchesAny(p.exclude, point) {
				continue
			}
			effective := maps.Clone(p.fixed)
			maps.Copy(effective, point)
			code := fmt.Sprint(effective)
			if seen[code] {
				continue
			}
			seen[code] = true
			points = append(points, point)
			raw = append(raw, offset+i)
		}
		offset += size
	}
	return points, raw
}

var planNames = []string{"a", "b", "c", "d", "e"}

// makePlan draws a plan. Conditions only name axes later in a shuffled order, so
// they have no circles, and only values that exist.
func makePlan(r *rand.Rand) plan {
	p := plan{fixed: map[string]int{}}
	order := r.Perm(len(planNames))
	anyValue := map[string][]int{}
	for range 1 + r.IntN(3) {
		var axes []planAxis
		var before []planAxis
		for _, n := range order {
			if r.IntN(4) == 0 {
				continue
			}
			a := planAxis{name: planNames[n], values: r.Perm(4)[:1+r.IntN(3)]}
			if len(before) > 0 && r.IntN(3) == 0 {
				for range 1 + r.IntN(2) {
					a.when = append(a.when, makeTable(r, before, 1+r.IntN(2)))
				}
			}
			before = append(before, a)
			axes = append(axes, a)
			anyValue[a.name] = append(anyValue[a.name], a.values...)
		}
		p.grids = append(p.grids, axes)
	}
	var named []planAxis
	for _, name := range slices.Sorted(maps.Keys(anyValue)) {
		slices.Sort(anyValue[name])
		named = append(named, planAxis{name: name, values: slices.Compact(anyValue[name])})
	}
	if len(named) > 0 {
		for range r.IntN(4) {
			p.exclude = append(p.exclude, makeTable(r, named, 1+r.IntN(3)))
		}
	}
	for _, name := range planNames {
		plainEverywhere := len(p.grids) > 0
		for _, axes := range p.grids {
			i := slices.IndexFunc(axes, func(a planAxis) bool { return a.name == name })
			plainEverywhere = plainEverywhere && i >= 0 && len(axes[i].when) == 0
		}
		if !plainEverywhere && r.IntN(2) == 0 {
			p.fixed[name] = r.IntN(4)
		}
	}
	return p
}

func makeTable(r *rand.Rand, axes []planAxis, size int) map[string][]int {
	t := map[string][]int{}
	for range size {
		a := axes[r.IntN(len(axes))]
		t[a.name] = slices.Clone(a.values[:1+r.IntN(len(a.values))])
	}
	return t
}

// asInts turns a point's values into a plan's.
func asInts(values map[string]any) map[string]int {
	ints := make(map[string]int, len(values))
	for name, v := range values {
		ints[name] = int(v.(int64))
	}
	return ints
}

// TestGridAgainstOracle compares order, indices, counts, At and Draw with plain
// enumeration over many made-up grids with conditions, exclusions and unions.
func TestGridAgainstOracle(t *testing.T) {
	entangled := 0
	for seed := range uint64(3000) {
		p := makePlan(rand.New(rand.NewPCG(seed, 1)))
		want, raw := p.expand()
		text := p.render()
		f, err := Parse("t.toml", []byte(text))
		if len(want) == 0 {
			if err == nil || !strings.Contains(err.Error(), "every point is excluded") {
				t.Fatalf("seed %d: a grid without points gave %v\n%s", seed, err, text)
			}
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		g := f.Grid
		if g.Count() != len(want) || !g.Exact() {
			t.Fatalf("seed %d: Count is %d (exact %t), want %d\n%s", seed, g.Count(), g.Exact(), len(want), text)
		}
		if g.Count() < g.Len() {
			entangled++
		}
		i := 0
		for point := range g.Points() {
			if point.Index != raw[i] || !maps.Equal(asInts(point.Values), want[i]) {
				t.Fatalf("seed %d: point %d is %v, want index %d %v\n%s", seed, i, point, raw[i], want[i], text)
			}
			i++
		}
		if i != len(want) {
			t.Fatalf("seed %d: Points yields %d, want %d\n%s", seed, i, len(want), text)
		}
		i = 0
		for from := 0; from < g.Len(); from += 7 {
			g.Block(from, min(from+7, g.Len()), func(index int, values map[string]any) {
				if i >= len(want) || index != raw[i] || !maps.Equal(asInts(values), want[i]) {
					t.Fatalf("seed %d: Block's point %d is %v at %d\n%s", seed, i, values, index, text)
				}
				i++
			})
		}
		if i != len(want) {
			t.Fatalf("seed %d: Block visits %d, want %d\n%s", seed, i, len(want), text)
		}
		var drawn []int
		for point := range g.Draw(seed) {
			k, found := slices.BinarySearch(raw, point.Index)
			if !found || !maps.Equal(asInts(point.Values), want[k]) {
				t.Fatalf("seed %d: drew %v, which is no point\n%s", seed, point, text)
			}
			drawn = append(drawn, point.Index)
		}
		slices.Sort(drawn)
		if !slices.Equal(drawn, raw) {
			t.Fatalf("seed %d: drew the indices %v, want each of %v once\n%s", seed, drawn, raw, text)
		}
		for i := range g.Len() {
			_, found := slices.BinarySearch(raw, i)
			if _, ok := g.At(i); ok != found {
				t.Fatalf("seed %d: At(%d) says %t, want %t\n%s", seed, i, ok, found, text)
			}
			for k := range g.products {
				q := &g.products[k]
				if q.diagram == nil || i < q.offset || i >= q.offset+q.raw {
					continue
				}
				j, _ := slices.BinarySearch(raw, i)
				next, ok := newSeeker(q.diagram).next(i - q.offset)
				wantOK := j < len(raw) && raw[j] < q.offset+q.raw
				if ok != wantOK || ok && next != raw[j]-q.offset {
					t.Fatalf("seed %d: after %d comes %d (%t), want %v\n%s", seed, i, next+q.offset, ok, raw[j:], text)
				}
			}
		}
	}
	if entangled < 1000 {
		t.Errorf("only %d of the grids had excluded, repeated or inactive points; the generator is too tame", entangled)
	}
}
