package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"espalier/grids"
)

// goodSweep is a small valid sweep file; the tests below spoil it.
const goodSweep = `name = "small"
seed = 1

[data]
source = "fashion-mnist-mini"
limit = 300

[folds]
k = 3

[grid]
dropout = [0.2, 0.5]
hidden_units = [8, 16]
optimizer = ["adam", "sgd"]
epochs = [1, 2]

[params]
batch_size = 32

[model]
layers = [
  { type = "dense", units = "$hidden_units", activation = "relu" },
  { type = "dropout", rate = "$dropout" },
  { type = "dense", units = "$classes", activation = "softmax" },
]
`

// espalier runs the program in this process.
func espalier(args ...string) (code int, out, talk string) {
	var o, e bytes.Buffer
	code = run(args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// TestBadSweeps spoils a sweep file in every way that plan must notice: exit
// code 2, the place, the key, what is wrong; nothing on stdout.
func TestBadSweeps(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", folder)
	path := filepath.Join(folder, "small.toml")
	for _, row := range []struct{ name, old, new, want string }{
		{"unknown key", "seed = 1", "sede = 1", `small.toml:2:1: sede: unknown key; did you mean "seed"?`},
		{"unknown section", "[params]", "[parms]", `small.toml:17:2: parms: unknown key; did you mean "params"?`},
		{"wrong type", "seed = 1", `seed = "x"`, `small.toml:2:8: seed: must be an integer, have "x"`},
		{"no TOML", "seed = 1", "seed = 1 2", `small.toml:2:10: not TOML`},
		{"no name", `name = "small"`, "", `small.toml:1:1: name: missing`},
		{"empty axis", "epochs = [1, 2]", "epochs = []", `small.toml:15:10: grid.epochs: an axis needs at least one value`},
		{"duplicate value", "[8, 16]", "[8, 16, 8]", `small.toml:13:24: grid.hidden_units[2]: the value 8 is there already`},
		{"dropout of 1.5", "0.5]", "1.5]", `small.toml:12:17: grid.dropout[1]: must be in [0, 1), have 1.5`},
		{"0 units", "[8, 16]", "[0, 16]", `small.toml:13:17: grid.hidden_units[0]: must be at least 1, have 0`},
		{"unknown optimizer", `"sgd"`, `"sdg"`, `small.toml:14:22: grid.optimizer[1]: unknown optimizer "sdg"; did you mean "sgd"?`},
		{"unknown activation", "relu", "rleu", `unknown activation "rleu"; did you mean "relu"?`},
		{"unknown layer", `type = "dropout"`, `type = "dropuot"`, `small.toml:23:12: model.layers[1]`},
		{"unknown field of a layer", `rate = "$dropout"`, `rate = "$dropout", foo = 1`, `small.toml:23:48: model.layers[1].foo: unknown field "foo"`},
		{"an axis nobody uses", "epochs = [1, 2]", "epochs = [1, 2]\nunused = [1]", `small.toml:16:1: grid.unused: axis "unused" is used by nobody`},
		{"a reference to nothing", "$dropout", "$dropuot", `small.toml:23:30: model.layers[1].rate: reference to "$dropuot", but there is no parameter of that name; did you mean "$dropout"?`},
		{"k of 1", "k = 3", "k = 1", `small.toml:9:5: folds.k: must be at least 2, have 1`},
		{"k above the rows", "k = 3", "k = 301", `small.toml:9:5: folds.k: 301 folds of 300 rows`},
		{"batch of 0", "batch_size = 32", "batch_size = 0", `small.toml:18:14: params.batch_size: must be at least 1, have 0`},
		{"negative rate", "batch_size = 32", "learning_rate = -1", `small.toml:18:17: params.learning_rate: must be above 0`},
		{"a terabyte", "[8, 16]", "[8, 1000000000000]", `model.layers[0]: training would need`},
		{"unknown data", "fashion-mnist-mini", "fashion-mnist-minni", `small.toml:5:10: data.source: no such file or folder`},
		{"negative limit", "limit = 300", "limit = -1", `small.toml:6:9: data.limit: must be at least 1, have -1`},
		{"unknown metric", "[grid]", "[search]\nmetric = \"acuracy\"\n[grid]", `small.toml:12:10: search.metric: `},
		{"min above max", "dropout = [0.2, 0.5]", "dropout = { min = 0.5, max = 0.1, steps = 2 }", `small.toml:12:11: grid.dropout: min must be below max, have 0.5 and 0.1`},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := strings.Replace(goodSweep, row.old, row.new, 1)
			if text == goodSweep {
				t.Fatal("the file is not spoilt")
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			code, out, talk := espalier("-q", "plan", path, "--no-calibrate")
			if code != exitUsage || out != "" {
				t.Errorf("exit %d, stdout %q; want exit 2 and nothing", code, out)
			}
			found := false
			for _, line := range strings.Split(strings.TrimSpace(talk), "\n") {
				found = found || strings.HasPrefix(line, "espalier: read sweep "+folder) && strings.Contains(line, row.want)
				if strings.Contains(line, "goroutine") {
					t.Errorf("a stack trace: %s", talk)
				}
			}
			if !found {
				t.Errorf("have\n%swant a line with\n%s", talk, row.want)
			}
		})
	}
}

// TestShapesThatDoNotFit has layers that cannot follow each other: plan, summary and run name the layer and both shapes,
// and nothing is trained or stored.
func TestShapesThatDoNotFit(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", folder)
	iris, _ := grids.Material("iris.csv")
	if err := os.WriteFile(filepath.Join(folder, "iris.csv"), iris, 0o644); err != nil {
		t.Fatal(err)
	}
	path, store := filepath.Join(folder, "a.toml"), filepath.Join(folder, "a.db")
	for _, row := range []struct{ source, layers, want string }{
		{"fashion-mnist-mini", `{ type = "maxpool2d", pool_size = 29 }`, "a.toml:7:1: model.layers[0]: a pool of 29×29 does not fit its input of shape [28 28 1]"},
		{"fashion-mnist-mini", "{ type = \"maxpool2d\", pool_size = 9 },\n{ type = \"conv2d\", filters = 4, kernel_size = [2, 4] }",
			"a.toml:8:1: model.layers[1]: a kernel of 2×4 does not fit its input of shape [3 3 1]"},
		{"fashion-mnist-mini", `{ type = "residual", layers = [ { type = "conv2d", filters = 4, kernel_size = 3 } ] }`,
			"a.toml:7:1: model.layers[0]: a residual block turns its input of shape [28 28 1] into [26 26 4]"},
		{"fashion-mnist-mini", `{ type = "residual", layers = [ { type = "dense", units = 4 } ] }`,
			"a.toml:7:1: model.layers[0]: a residual block turns its input of shape [28 28 1] into [4]"},
		{"iris.csv", `{ type = "conv2d", filters = 4, kernel_size = 3 }`,
			"a.toml:7:1: model.layers[0]: conv2d needs maps of shape [height width channels], its input is [4]"},
	} {
		text := "name = \"a\"\n[data]\nsource = \"" + row.source + "\"\n\n[model]\nlayers = [\n" + row.layers + ",\n" +
			"{ type = \"dense\", units = \"$classes\", activation = \"softmax\" } ]\n"
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, verb := range []string{"plan", "summary", "run"} {
			code, out, talk := espalier("-q", "--store", store, verb, path)
			if code != exitUsage || out != "" || !strings.Contains(talk, row.want) {
				t.Errorf("%s: exit %d, stdout %q, %swant %s", verb, code, out, talk, row.want)
			}
		}
		if _, err := os.Stat(store); err == nil {
			t.Fatalf("%s: a store is left", row.layers)
		}
	}
}

// TestShapesOfPoints names the values of the axes that lead to a shape that does not fit, once for each shape.
func TestShapesOfPoints(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.toml")
	text := `name = "a"
[data]
source = "fashion-mnist-mini"
[grid]
pool = [2, 7]
batch_size = [16, 32]
[model]
layers = [
{ type = "maxpool2d", pool_size = "$pool" },
{ type = "maxpool2d", pool_size = 5 },
{ type = "flatten" },
{ type = "dense", units = "$classes", activation = "softmax" } ]
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, talk := espalier("-q", "plan", path)
	if want := "a.toml:10:1: model.layers[1]: a pool of 5×5 does not fit its input of shape [4 4 1] (at pool=7)\n"; code != exitUsage ||
		!strings.HasSuffix(talk, want) || strings.Count(talk, "\n") != 1 {
		t.Errorf("exit %d, %swant %s", code, talk, want)
	}
}

// TestAllProblemsAtOnce has three mistakes in one file.
func TestAllProblemsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.toml")
	text := strings.NewReplacer("0.5]", "1.5]", `"sgd"`, `"sdg"`, "batch_size = 32", "batch_size = 0").Replace(goodSweep)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, talk := espalier("-q", "plan", path, "--no-calibrate")
	if lines := strings.Count(talk, "\n"); code != exitUsage || lines != 3 {
		t.Errorf("exit %d and %d lines, want exit 2 and 3 lines\n%s", code, lines, talk)
	}
}

// TestOverrides has mistakes in --set: the message names the override.
func TestOverrides(t *testing.T) {
	for _, row := range []struct{ set, want string }{
		{"folds.k=1", "--set folds.k=1: folds.k: must be at least 2"},
		{"folds.kk=1", "folds.kk"},
		{"nonsense", "--set nonsense: "},
		{"grid.epochs=[", "--set grid.epochs=["},
	} {
		code, _, talk := espalier("-q", "plan", "quickstart", "--no-calibrate", "--set", row.set)
		if code != exitUsage || !strings.HasPrefix(talk, "espalier: ") || !strings.Contains(talk, row.want) {
			t.Errorf("--set %s: exit %d, %q; want exit 2 and %q", row.set, code, talk, row.want)
		}
	}
}

// TestUsageErrors are mistakes on the command line: exit 2, a hint, the nearest name.
func TestUsageErrors(t *testing.T) {
	for _, row := range []struct {
		args string
		want []string
	}{
		{"rnu", []string{`espalier: no verb "rnu"`, `hint: did you mean "run"?`}},
		{"help rnu", []string{`no verb "rnu"`}},
		{"--foo", []string{`espalier: no flag "--foo"`}},
		{"run --wrokers 2", []string{`espalier: run: no flag "--wrokers"`, "hint: did you mean --workers?"}},
		{"run -x", []string{`run: no flag "-x"`}},
		{"run --workers x", []string{`run: --workers "x": want a whole number`}},
		{"run --workers -2", []string{`--workers -2: want a number from 1 to 1024`}},
		{"run --workers 0", []string{`--workers 0: want a number from 1 to 1024`}},
		{"run --workers 99999999", []string{`--workers 99999999: want a number from 1 to 1024`}},
		{"resume --workers 1025", []string{`--workers 1025: want`}},
		{"plan quickstart --workers 0", []string{`--workers 0: want`}},
		{"leaderboard --top 0", []string{`--top 0: want a number from 1`}},
		{"leaderboard --precision -5", []string{`--precision -5: want a number from 0 to 20`}},
		{"run --budget 0s", []string{`--budget 0s: want a time above 0`}},
		{"run --job-timeout 0s", []string{`--job-timeout 0s: want a time above 0`}},
		{"run --max-failures 0", []string{`--max-failures 0: want a number from 1`}},
		{"resume --breaker -1", []string{`--breaker -1: want a number from 1, or 0 for never`}},
		{"run --budget 2", []string{`run: --budget "2": want a time such as 90s`}},
		{"run a b", []string{`run: one argument too many: "b"`, "hint: use: espalier run [FILE] [flags]"}},
		{"plan", []string{"plan: FILE is missing"}},
		{"plan nope", []string{`read sweep "nope": no such file or directory`, "shipped sweeps: "}},
		{"ls a", []string{`ls takes no arguments, have "a"`}},
		{"predict m", []string{"predict: FILE is missing"}},
		{"data foo", []string{`no verb "foo" of data`}},
		{"completion tcsh", []string{`completion "tcsh": no such shell`, `hint: `}},
		{"leaderboard --format xml", []string{`--format "xml": no such format`, "known: table csv json md"}},
		{"leaderboard --format jsno", []string{`did you mean "json"?`}},
		{"folds quickstart --format xml", []string{`--format "xml"`}},
	} {
		code, out, talk := espalier(strings.Fields(row.args)...)
		if code != exitUsage || out != "" {
			t.Errorf("%s: exit %d, stdout %q", row.args, code, out)
		}
		for _, want := range row.want {
			if !strings.Contains(talk, want) {
				t.Errorf("%s: have\n%swant %q", row.args, talk, want)
			}
		}
	}
}
