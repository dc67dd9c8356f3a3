package search

import (
	"fmt"
	"strings"
	"testing"

	"espalier/grids"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// text is a sweep file that works; tests replace parts of it.
const text = `
name = "t"
seed = 7
[data]
source = "nowhere"
[folds]
k = 3
[grid]
batch_size = [16, 32]
epochs = [1, 2, 4]
units = [4, 8]
[params]
optimizer = "sgd"
[model]
layers = [
  { type = "dense", units = "$units", activation = "relu" },
  { type = "dense", units = "$classes", activation = "softmax" },
]
`

func info() dataset.Info {
	return dataset.Info{
		Source: "nowhere", Kind: "images", Shape: []int{4, 4, 1}, Classes: []string{"a", "b", "c"}, Rows: 1000,
		Fingerprint: strings.Repeat("ab", 32),
	}
}

func parse(t testing.TB, source string) *grids.File {
	t.Helper()
	f, err := grids.Parse("t.toml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func sweep(t testing.TB, source string) *Sweep {
	t.Helper()
	s, _, err := New(parse(t, source), "", info(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewReportsEveryProblem(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		want           []string // parts of the message
	}{
		{"unknown optimizer in params", `optimizer = "sgd"`, `optimizer = "sdg"`, []string{"t.toml:13:", "optimizer", `"sdg"`, "sgd"}},
		{"unknown optimizer on an axis", `units = [4, 8]`, "units = [4, 8]\nmomentum = [0.5, 1.5]", []string{"t.toml:12:", "momentum", "1.5"}},
		{"an axis nobody uses", `units = [4, 8]`, "units = [4, 8]\nbatch_sise = [1]", []string{"batch_sise", "batch_size"}},
		{"a parameter nobody uses", `optimizer = "sgd"`, `opttimizer = "sgd"`, []string{"opttimizer", "optimizer"}},
		{"a reference to nothing", `"$units"`, `"$unitz"`, []string{"unitz"}},
		{"zero units", `units = [4, 8]`, `units = [4, 0]`, []string{"t.toml:11:13", "units", "0"}},
		{"k above the rows", `k = 3`, `k = 1001`, []string{"folds.k", "1001", "1000 rows"}},
		{"unknown metric", `[folds]`, "[search]\nmetric = \"acuracy\"\n[folds]", []string{"metric", "acuracy", "accuracy"}},
		{"unknown scale", `source = "nowhere"`, "source = \"nowhere\"\nscale = \"unti\"", []string{"scale", "unti", "unit"}},
		{"rows of a hold-out that is none", `[folds]`, "[refit]\nrows = \"train\"\n[folds]", []string{"refit.rows", "holdout"}},
		{"a model of a terabyte", `units = [4, 8]`, `units = [4, 1099511627776]`, []string{"t.toml:16:", "model.layers[0]", "TB", "limit"}},
		{"two at once", `units = [4, 8]`, "units = [4, 0]\nmomentum = [0.5, 1.5]", []string{"t.toml:11:", "t.toml:12:"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := strings.Replace(text, c.old, c.new, 1)
			if source == text {
				t.Fatal("nothing replaced")
			}
			f, err := grids.Parse("t.toml", []byte(source))
			if err == nil {
				_, _, err = New(f, "", info(), nil)
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in:\n%v", want, err)
				}
			}
		})
	}
}

func TestNewWarns(t *testing.T) {
	source := strings.Replace(text, `optimizer = "sgd"`, "optimizer = \"adam\"\nmomentum = 0.9", 1)
	_, warnings, err := New(parse(t, source), "", info(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "momentum") {
		t.Errorf("warnings %q, want one on momentum", warnings)
	}
}

// A grid of 10^12 points is checked, planned and refused by what needs them all.
func TestHugeGrid(t *testing.T) {
	var axes strings.Builder
	for _, name := range []string{"units", "momentum", "weight_decay", "l2"} {
		fmt.Fprintf(&axes, "%s = { min = 0.0001, max = 0.5, steps = 1000 }\n", name)
	}
	source := strings.Replace(text, "units = [4, 8]\n", strings.Replace(axes.String(), "units = { min = 0.0001, max = 0.5", "units = { min = 1, max = 1000", 1), 1)
	source = strings.Replace(strings.Replace(source, "epochs = [1, 2, 4]\n", "", 1), "batch_size = [16, 32]\n", "", 1)
	s := sweep(t, source)
	p := s.Plan(false)
	if p.Points != 1e12 || p.Fits != 3e12 || p.Counted {
		t.Errorf("plan %+v", p)
	}
	if got := p.String(); !strings.HasPrefix(got, "1000000000000 points × 3 folds = 3000000000000 fits; too many") {
		t.Errorf("plan %q", got)
	}
	if _, err := s.index(); err == nil || !strings.Contains(err.Error(), "too many points") {
		t.Errorf("index: %v", err)
	}
	n := 0
	for range s.Trials() {
		if n++; n == 10 {
			break
		}
	}
}

func TestIdentity(t *testing.T) {
	base := sweep(t, text)
	for _, c := range []struct {
		name, old, new string
		same           bool
		diff           string
	}{
		{"another value on an axis", "units = [4, 8]", "units = [4, 8, 9]", true, ""},
		{"another fixed parameter", `optimizer = "sgd"`, `optimizer = "adam"`, true, ""},
		{"defaults written out", "seed = 7", "seed = 7\n[search]\nstrategy = \"grid\"\nmetric = \"categorical_accuracy\"", true, ""},
		{"no refit", "[folds]", "[refit]\nenabled = false\n[folds]", true, ""},
		{"the seed", "seed = 7", "seed = 8", false, "seed: 7 → 8"},
		{"the folds", "k = 3", "k = 4", false, "folds.k: 3 → 4"},
		{"shuffled folds", "k = 3", "k = 3\nshuffle = true", false, "folds.shuffle: false → true"},
		{"the metric", "[folds]", "[search]\nmetric = \"loss\"\n[folds]", false, `search.metric: "accuracy" → "loss"`},
		{"scaling", `source = "nowhere"`, "source = \"nowhere\"\nscale = \"none\"", false, "data.scale: unit → none"},
		{"a layer", `"relu"`, `"tanh"`, false, "model.layers[0]: "},
		{"the strategy", "[folds]", "[search]\nstrategy = \"random\"\n[folds]", false, `search.strategy: "grid" → "random"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := strings.Replace(text, c.old, c.new, 1)
			if strings.Contains(c.new, "[search]\nstrategy = \"grid\"") {
				source = strings.Replace(text, "[folds]", "[search]\nstrategy = \"grid\"\nmetric = \"categorical_accuracy\"\n[folds]", 1)
			}
			s := sweep(t, source)
			if (s.ID == base.ID) != c.same {
				t.Errorf("same ID: %v", s.ID == base.ID)
			}
			err := Changed(base.Enrolment(), s)
			if c.same != (err == nil) {
				t.Fatalf("changed: %v", err)
			}
			if !c.same && !strings.Contains(err.Error(), c.diff) {
				t.Errorf("no %q in: %v", c.diff, err)
			}
		})
	}
	other := info()
	other.Fingerprint = strings.Repeat("cd", 32)
	s, _, err := New(parse(t, text), "", other, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := Changed(base.Enrolment(), s); err == nil || !strings.Contains(err.Error(), "data: abababababab… → cdcdcdcdcdcd…") {
		t.Errorf("other data: %v", err)
	}
}

// Under random search the grid belongs to what must not change; `trials` may.
func TestIdentityOfRandomSearch(t *testing.T) {
	source := strings.Replace(text, "[folds]", "[search]\nstrategy = \"random\"\ntrials = 4\n[folds]", 1)
	base := sweep(t, source)
	if s := sweep(t, strings.Replace(source, "trials = 4", "trials = 6", 1)); s.ID != base.ID {
		t.Error("raising trials changed the ID")
	}
	for _, c := range []struct{ old, new, diff string }{
		{"units = [4, 8]", "units = [4, 8, 9]", "grid.units: [4, 8] → [4, 8, 9]"},
		{"trials = 4", "trials = 4\nexclude = [{ units = 4, epochs = 1 }]", "grid: 12 points → 10 points"},
		{"trials = 4", "trials = 4\nexclude = [{ units = 4, epochs = 1 }]", "grid: nothing → without epochs = 1 and units = 4"},
	} {
		err := Changed(base.Enrolment(), sweep(t, strings.Replace(source, c.old, c.new, 1)))
		if err != nil && strings.Contains(err.Error(), conditionsKey) {
			t.Errorf("a hash where words should be: %v", err)
		}
		if err == nil || !strings.Contains(err.Error(), c.diff) {
			t.Errorf("no %q in: %v", c.diff, err)
		}
	}
	var first, more []grids.Key
	for tr := range base.Trials() {
		first = append(first, tr.Key)
	}
	for tr := range sweep(t, strings.Replace(source, "trials = 4", "trials = 40", 1)).Trials() {
		more = append(more, tr.Key)
	}
	if len(first) != 4 || len(more) != 12 {
		t.Fatalf("%d and %d trials, want 4 and 12", len(first), len(more))
	}
	for i := range first {
		if first[i] != more[i] {
			t.Errorf("trial %d differs in the longer search", i)
		}
	}
}

// A distribution over three integers ends when it only repeats itself.
func TestRandomSearchExhausts(t *testing.T) {
	source := strings.Replace(text, "[folds]", "[search]\nstrategy = \"random\"\ntrials = 40\n[folds]", 1)
	a, b, found := strings.Cut(source, "[grid]")
	_, rest, _ := strings.Cut(b, "[params]")
	if !found {
		t.Fatal("no grid")
	}
	s := sweep(t, a+"[grid]\nunits = { min = 1, max = 3 }\n[params]"+rest)
	n := 0
	for range s.Trials() {
		n++
	}
	if n != 3 {
		t.Errorf("%d trials, want 3", n)
	}
}

// The keyer must agree with the definition of a key on every kind of grid.
func TestKeysByDefinition(t *testing.T) {
	for _, c := range []struct{ name, grid string }{
		{"lists", "batch_size = [16, 32]\nepochs = [1, 2]\nunits = [4, 8]\nlearning_rate = [0.1, 1.0]"},
		{"tables and lists as values", "schedule = [\"constant\", { type = \"step\", every = 2, factor = 0.5 }]\nearly_stopping = [false, { patience = 2 }]\nunits = [4]"},
		{"ranges", "units = { min = 1, max = 9, steps = 3 }\nlearning_rate = { min = 1e-4, max = 1e-1, scale = \"log\", steps = 4 }"},
		{"conditions", "units = [4]\nweight_decay = { values = [0.0, 0.5], when = { batch_size = 16 } }\nbatch_size = [16, 32]"},
		{"floats that are integers", "units = [4, 8.0]\nmomentum = [0.0, 0.5]"},
		{"defaults that depend on the optimizer", "units = [4]\nlearning_rate = { values = [0.1, 0.2], when = { optimizer = [\"sgd\", \"adamw\"] } }\noptimizer = [\"sgd\", \"adam\", \"adamw\", \"nadam\"]\nnesterov = [false, true]\nmomentum = [0.0, 0.9]\nweight_decay = { values = [0.0, 0.1], when = { optimizer = \"adam\" } }"},
		{"parameters that their default leaves out", "units = [4]\nema = [0.0, 0.5]\naugment_flip = [false, true]\nepochs = [1, 2]"},
		{"no axes but one", "units = [4]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b, _ := strings.Cut(text, "[grid]")
			_, rest, _ := strings.Cut(b, "[params]")
			if strings.Contains(c.grid, "optimizer =") {
				rest = strings.Replace(rest, `optimizer = "sgd"`, "", 1)
			}
			s := sweep(t, a+"[grid]\n"+c.grid+"\n[params]"+rest)
			k, n := newKeyer(s), 0
			for p := range s.File.Grid.Points() {
				effective := trainer.Effective(s.values(p))
				if got, want := k.key(p.Values), grids.KeyOf(effective); got != want {
					t.Errorf("%v: key %v, want %v", p.Values, got, want)
				}
				delete(effective, "epochs")
				if got, want := k.family(p.Values), grids.KeyOf(effective); got != want {
					t.Errorf("%v: family %v, want %v", p.Values, got, want)
				}
				n++
			}
			x, err := s.index()
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 || len(x.keys) != n {
				t.Errorf("%d keys of %d points", len(x.keys), n)
			}
			i := 0
			for tr := range s.Trials() {
				if x.keys[i] != tr.Key || x.trial(i).Point.Index != tr.Point.Index {
					t.Errorf("trial %d: the index and Trials disagree", i)
				}
				i++
			}
		})
	}
}

func TestLookup(t *testing.T) {
	s := sweep(t, text)
	for tr := range s.Trials() {
		got, err := s.Lookup(tr.ID()[:10])
		if err != nil || got.Key != tr.Key || got.Order != tr.Order {
			t.Errorf("%s: %v, %v", tr.ID(), got, err)
		}
		if back, ok := s.Trial(tr.Key); !ok || back.Order != tr.Order {
			t.Errorf("%s: not found by key", tr.ID())
		}
	}
	for _, prefix := range []string{"", "zz", "0123456789abcdef0123"} {
		if _, err := s.Lookup(prefix); err == nil {
			t.Errorf("%q: found", prefix)
		}
	}
}
