package grids

import (
	"strings"
	"testing"
)

// sweep is a minimal good file; tests replace or append lines. Its lines:
//
//	1 name, 2 [data], 3 source, 4 [model], 5 layers, then what a test adds from 6 on
const sweep = `name = "t"
[data]
source = "d"
[model]
layers = [ { type = "dense", units = 3 } ]
`

// badFiles are whole files, or additions to sweep where they start with "+", and
// the error each gives.
var badFiles = []badFile{
	{"empty file", "",
		`a.toml:1:1: name: missing; for example name = "my-sweep"` + "\n" +
			`a.toml:1:1: data.source: missing; for example source = "fashion-mnist"` + "\n" +
			`a.toml:1:1: model.layers: missing; for example layers = [ { type = "dense", units = "$classes", activation = "softmax" } ]`},
	{"syntax", "name = \"t\"\nseed = = 3\n",
		`a.toml:2:8: not TOML: unexpected character U+003D '=' at start of value`},
	{"unterminated string", "name = \"t\n",
		`a.toml:1:10: not TOML: basic strings cannot have new lines`},
	{"duplicate key", "+[params]\na = 1\na = 2\n",
		`a.toml:8:1: not TOML: key a is already defined`},
	{"duplicate table", "+[params]\na = 1\n[params]\n",
		`a.toml:8:2: not TOML: table params already exists`},
	{"not UTF-8", "name = \"\xff\"\n",
		`a.toml:1:9: not TOML: invalid UTF-8 character in basic string`},
	{"unknown section", "+[parms]\na = 1\n",
		`a.toml:6:2: parms: unknown key; did you mean "params"?`},
	{"unknown key", "+[search]\nmetrik = \"accuracy\"\n",
		`a.toml:7:1: search.metrik: unknown key; did you mean "metric"?`},
	{"unknown key without neighbour", "+[refit]\nzzzzzz = 1\n",
		`a.toml:7:1: refit.zzzzzz: unknown key; known: enabled, epochs, rows, select`},
	{"section is no table", "+[search.strategy]\na = 1\n",
		`a.toml:6:9: search.strategy: must be a string, have a table`},
	{"data is no table", "name = \"t\"\ndata = 3\n[model]\nlayers = [ {} ]\n",
		`a.toml:2:8: data: must be a table, have 3`},
	{"name missing", "[data]\nsource = \"d\"\n[model]\nlayers = [ {} ]\n",
		`a.toml:1:1: name: missing; for example name = "my-sweep"`},
	{"name of a wrong type", "name = 3\n[data]\nsource = \"d\"\n[model]\nlayers = [ {} ]\n",
		`a.toml:1:8: name: must be a string, have 3`},
	{"name empty", "name = \"\"\n[data]\nsource = \"d\"\n[model]\nlayers = [ {} ]\n",
		`a.toml:1:8: name: must not be empty`},
	{"name not printable", "name = \"a\\nb\"\n[data]\nsource = \"d\"\n[model]\nlayers = [ {} ]\n",
		`a.toml:1:8: name: must be printable, have "a\nb"`},
	{"name with a zero byte", "name = \"a\\u0000b\"\n[data]\nsource = \"d\"\n[model]\nlayers = [ {} ]\n",
		`a.toml:1:8: name: must not hold a zero byte`},
	{"seed negative", "seed = -1\n" + sweep,
		`a.toml:1:8: seed: must be at least 0, have -1`},
	{"seed no integer", "seed = 1.5\n" + sweep,
		`a.toml:1:8: seed: must be an integer, have 1.5`},
	{"source missing", "name = \"t\"\n[data]\n[model]\nlayers = [ {} ]\n",
		`a.toml:2:2: data.source: missing; for example source = "fashion-mnist"`},
	{"limit of 0", "name = \"t\"\n[data]\nsource = \"d\"\nlimit = 0\n[model]\nlayers = [ {} ]\n",
		`a.toml:4:9: data.limit: must be at least 1, have 0`},
	{"target and scale of wrong types", "name = \"t\"\n[data]\nsource = \"d\"\ntarget = 1.5\nscale = 1\n[model]\nlayers = [ {} ]\n",
		`a.toml:4:10: data.target: must be a column's name or index, have 1.5` + "\n" +
			`a.toml:5:9: data.scale: must be a string, have 1`},
	{"range with decimals and fewer than two steps", "+[grid]\nrate = { min = 0.1, max = 0.2, steps = 1.5 }\n",
		`a.toml:7:40: grid.rate.steps: must be an integer, have 1.5`},
	{"data of empty strings", "name = \"t\"\n[data]\nsource = \"\"\ntarget = \"\"\ntest = \"\"\n[model]\nlayers = [ {} ]\ninit = \"\"\n",
		"a.toml:3:10: data.source: must not be empty\n" +
			"a.toml:4:10: data.target: must be a column's name or index, have \"\"\n" +
			"a.toml:5:8: data.test: must not be empty\n" +
			"a.toml:8:8: model.init: must not be empty"},
	{"target below 0", "name = \"t\"\n[data]\nsource = \"d\"\ntarget = -1\n[model]\nlayers = [ {} ]\n",
		`a.toml:4:10: data.target: must be at least 0, have -1`},
	{"name with a space around", "name = \" t\"\n[data]\nsource = \"d\"\n[model]\nlayers = [ {} ]\n",
		`a.toml:1:8: name: must not start or end with a space, have " t"`},
	{"name too long", "name = \"" + strings.Repeat("é", 201) + "\"\n[data]\nsource = \"d\"\n[model]\nlayers = [ {} ]\n",
		`a.toml:1:8: name: must have at most 200 characters, have 201`},
	{"fraction a string", "+[folds]\nscheme = \"holdout\"\nfraction = \"0.2\"\n",
		`a.toml:8:12: folds.fraction: must be a number, have "0.2"`},
	{"k of 1", "+[folds]\nk = 1\n",
		`a.toml:7:5: folds.k: must be at least 2, have 1`},
	{"k a string", "+[folds]\nk = \"3\"\n",
		`a.toml:7:5: folds.k: must be an integer, have "3"`},
	{"k a date", "+[folds]\nk = 2026-01-01\n",
		`a.toml:7:5: folds.k: must be an integer, have the date 2026-01-01`},
	{"unknown scheme", "+[folds]\nscheme = \"stratifed\"\n",
		`a.toml:7:10: folds.scheme: unknown scheme "stratifed"; did you mean "stratified"?`},
	{"fraction of 1", "+[folds]\nscheme = \"holdout\"\nfraction = 1.0\n",
		`a.toml:8:12: folds.fraction: must lie between 0 and 1, have 1`},
	{"fraction NaN", "+[folds]\nscheme = \"holdout\"\nfraction = nan\n",
		`a.toml:8:12: folds.fraction: must lie between 0 and 1, have nan`},
	{"fraction without holdout", "+[folds]\nfraction = 0.2\nposition = \"last\"\n",
		`a.toml:7:1: folds.fraction: only scheme = "holdout" has a fraction` + "\n" +
			`a.toml:8:1: folds.position: only scheme = "holdout" has a position`},
	{"holdout with k", "+[folds]\nscheme = \"holdout\"\nk = 3\nshuffle = true\n",
		`a.toml:8:1: folds.k: a holdout has fraction and position, not k` + "\n" +
			`a.toml:9:1: folds.shuffle: a holdout has fraction and position, not shuffle; position = "random" draws the rows`},
	{"holdout unknown position", "+[folds]\nscheme = \"holdout\"\nposition = \"first\"\n",
		`a.toml:8:12: folds.position: unknown position "first"; known: random, last, stratified`},
	{"last repeated", "+[folds]\nscheme = \"holdout\"\nposition = \"last\"\nrepeats = 2\n",
		`a.toml:9:11: folds.repeats: position = "last" is the same each time, so repeats must be 1, have 2`},
	{"repeats without shuffle", "+[folds]\nrepeats = 2\n",
		`a.toml:7:11: folds.repeats: 2 repeats without shuffle = true would be the same folds again`},
	{"repeats of 0", "+[folds]\nshuffle = true\nrepeats = 0\n",
		`a.toml:8:11: folds.repeats: must be at least 1, have 0`},
	{"shuffle no boolean", "+[folds]\nshuffle = \"yes\"\n",
		`a.toml:7:11: folds.shuffle: must be true or false, have "yes"`},
	{"grouped without group", "+[folds]\nscheme = \"grouped\"\n",
		`a.toml:6:2: folds.group: missing; for example group = "patient"`},
	{"group without grouped", "+[folds]\ngroup = \"patient\"\n",
		`a.toml:7:1: folds.group: only scheme = "grouped" has a group column`},
	{"unknown strategy", "+[search]\nstrategy = \"gird\"\n",
		`a.toml:7:12: search.strategy: unknown strategy "gird"; did you mean "grid"?`},
	{"trials under grid", "+[search]\ntrials = 3\n",
		`a.toml:7:1: search.trials: only strategy = "random" has trials; a grid runs every point`},
	{"trials of 0", "+[search]\nstrategy = \"random\"\ntrials = 0\n",
		`a.toml:8:10: search.trials: must be at least 1, have 0`},
	{"unknown validate", "+[search]\nvalidate = \"every epochs\"\n",
		`a.toml:7:12: search.validate: unknown validate "every epochs"; did you mean "every epoch"?`},
	{"layers missing", "name = \"t\"\n[data]\nsource = \"d\"\n[model]\n",
		`a.toml:4:2: model.layers: missing; for example layers = [ { type = "dense", units = "$classes", activation = "softmax" } ]`},
	{"layers empty", "name = \"t\"\n[data]\nsource = \"d\"\n[model]\nlayers = []\n",
		`a.toml:5:10: model.layers: must hold at least one layer`},
	{"a layer no table", "name = \"t\"\n[data]\nsource = \"d\"\n[model]\nlayers = [ {}, \"dense\" ]\n",
		`a.toml:5:16: model.layers[1]: must be a table such as { type = "dense", units = 64 }, have "dense"`},
	{"a layer with infinity", "name = \"t\"\n[data]\nsource = \"d\"\n[model]\nlayers = [ { rate = inf } ]\n",
		`a.toml:5:21: model.layers[0].rate: must be a finite number, have inf`},
	{"refit epochs", "+[refit]\nepochs = \"bset\"\n",
		`a.toml:7:10: refit.epochs: must be "config", "best" or a number of epochs, have "bset"; did you mean "best"?`},
	{"refit epochs 0", "+[refit]\nepochs = 0\n",
		`a.toml:7:10: refit.epochs: must be at least 1, have 0`},
	{"refit epochs 2.5", "+[refit]\nepochs = 2.5\n",
		`a.toml:7:10: refit.epochs: must be an integer, have 2.5`},
	{"refit select", "+[refit]\nselect = \"1es\"\n",
		`a.toml:7:10: refit.select: unknown select "1es"; did you mean "1se"?`},
	{"refit rows", "+[refit]\nrows = \"some\"\n",
		`a.toml:7:8: refit.rows: unknown rows "some"; known: all, train`},
	{"refit rows train without holdout", "+[refit]\nrows = \"train\"\n",
		`a.toml:7:8: refit.rows: "train" means the training rows of a holdout, but folds.scheme is "stratified"`},
	{"param NaN", "+[params]\nlearning_rate = nan\nl2 = -inf\n",
		`a.toml:7:17: params.learning_rate: must be a finite number, have nan` + "\n" +
			`a.toml:8:6: params.l2: must be a finite number, have -inf`},
	{"param overflows", "+[params]\nlearning_rate = 1e999\n",
		`a.toml:7:17: not TOML: the number "1e999" is too large`},
	{"param a date", "+[params]\nlearning_rate = 10:00:00\n",
		`a.toml:7:17: params.learning_rate: must be a string, number, boolean, list or table, have the date 10:00:00`},
	{"param name", "+[params]\n\"learning rate\" = 1\n",
		`a.toml:7:1: params."learning rate": a name is a letter or _, then letters, digits, _ and -, have "learning rate"`},
	{"param empty name", "+[params]\n\"\" = 1\n",
		`a.toml:7:1: params."": a name must not be empty`},
	{"param classes", "+[params]\nclasses = 10\n",
		`a.toml:7:1: params.classes: "classes" is taken: $classes comes from the data`},
	{"integer out of range", "+[params]\na = 9223372036854775808\n",
		`a.toml:7:5: not TOML: decimal number is too large to fit in a 64-bit signed integer`},
	{"axis a scalar", "+[grid]\nepochs = 3\n",
		`a.toml:7:10: grid.epochs: an axis is a list of values or a range such as { min = 1, max = 9, steps = 3 }, have 3; what is fixed belongs in [params]`},
	{"axis empty", "+[grid]\nepochs = []\n",
		`a.toml:7:10: grid.epochs: an axis needs at least one value`},
	{"axis empty values", "+[grid]\nepochs = { values = [] }\n",
		`a.toml:7:21: grid.epochs: an axis needs at least one value`},
	{"axis values no list", "+[grid]\nepochs = { values = 3 }\n",
		`a.toml:7:21: grid.epochs.values: must be a list, have 3`},
	{"axis duplicate", "+[grid]\nepochs = [1, 2, 1]\n",
		`a.toml:7:17: grid.epochs[2]: the value 1 is there already, at grid.epochs[0]`},
	{"axis duplicate of another type", "+[grid]\nepochs = [3, 3.0]\n",
		`a.toml:7:14: grid.epochs[1]: the value 3 is there already, at grid.epochs[0]`},
	{"axis duplicate tables", "+[grid]\nschedule = [ { a = 1, b = 2 }, { b = 2.0, a = 1 } ]\n",
		`a.toml:7:32: grid.schedule[1]: the value a table is there already, at grid.schedule[0]`},
	{"axis NaN", "+[grid]\nrate = [0.1, nan]\n",
		`a.toml:7:14: grid.rate[1]: must be a finite number, have nan`},
	{"axis name", "+[grid]\n\"9\" = [1]\n",
		`a.toml:7:1: grid.9: a name is a letter or _, then letters, digits, _ and -, have "9"`},
	{"axis of a longer list", "+[grid]\nepochs = [\n  10,\n  20,\n  10,\n]\n",
		`a.toml:10:3: grid.epochs[2]: the value 10 is there already, at grid.epochs[0]`},
	{"axis and fixed", "+[params]\nepochs = 3\n[grid]\nepochs = [1, 2]\n",
		"a.toml:7:1: params.epochs: both fixed here and an axis, at grid.epochs; only an axis with `when` may have a fixed value for where it is inactive"},
	{"grid no table", "grid = 3\n" + sweep,
		`a.toml:1:8: grid: must be a table of axes, or several under [[grid]], have 3`},
	{"grid an empty list", "grid = []\n" + sweep,
		`a.toml:1:8: grid: must be a table of axes, or several under [[grid]], have an empty list`},
	{"grid a list of no tables", "grid = [ {}, 3 ]\n" + sweep,
		`a.toml:1:14: grid[1]: must be a table of axes, have 3`},
	{"range without min", "+[grid]\nrate = { max = 1, steps = 3 }\n",
		`a.toml:7:1: grid.rate.min: missing; for example min = 0.1`},
	{"range min above max", "+[grid]\nrate = { min = 0.1, max = 0.01, steps = 3 }\n",
		`a.toml:7:8: grid.rate: min must be below max, have 0.1 and 0.01`},
	{"range min equals max", "+[grid]\nrate = { min = 1, max = 1.0, steps = 3 }\n",
		`a.toml:7:8: grid.rate: min must be below max, have 1 and 1`},
	{"range log of 0", "+[grid]\nrate = { min = 0, max = 1, scale = \"log\", steps = 3 }\n",
		`a.toml:7:16: grid.rate.min: scale = "log" needs a min above 0, have 0`},
	{"range unknown scale", "+[grid]\nrate = { min = 1, max = 2, scale = \"logg\", steps = 3 }\n",
		`a.toml:7:36: grid.rate.scale: unknown scale "logg"; did you mean "log"?`},
	{"range of 1 step", "+[grid]\nrate = { min = 1, max = 2, steps = 1 }\n",
		`a.toml:7:36: grid.rate.steps: must be at least 2, have 1`},
	{"range of too many steps", "+[grid]\nrate = { min = 1, max = 2.5, steps = 1000001 }\n",
		`a.toml:7:38: grid.rate.steps: must be at most 1000000, have 1000001`},
	{"range unknown key", "+[grid]\nrate = { min = 1, max = 2, step = 3 }\n",
		`a.toml:7:28: grid.rate.step: unknown key; did you mean "steps"?`},
	{"range and values", "+[grid]\nrate = { min = 1, values = [2] }\n",
		`a.toml:7:10: grid.rate.min: an axis has values or a range, not both`},
	{"range NaN", "+[grid]\nrate = { min = nan, max = \"x\", steps = 3 }\n",
		`a.toml:7:16: grid.rate.min: must be a finite number, have nan` + "\n" +
			`a.toml:7:27: grid.rate.max: must be a number, have "x"`},
	{"range too wide", "+[grid]\nrate = { min = -1e308, max = 1e308, steps = 3 }\n",
		`a.toml:7:8: grid.rate: min and max are too far apart, have -1e+308 and 1e+308`},
	{"range of huge integers", "+[grid]\nrate = { min = 0, max = 9007199254740993, steps = 3 }\n",
		`a.toml:7:25: grid.rate.max: must lie between -2^53 and 2^53, have 9007199254740993`},
	{"distribution under grid", "+[grid]\nrate = { min = 1, max = 2 }\n",
		`a.toml:7:8: grid.rate: a range without steps is a distribution, for strategy = "random" only; add steps = 5, say`},
	{"distribution without trials", "+[search]\nstrategy = \"random\"\n[grid]\nrate = { min = 1.0, max = 2 }\n",
		`a.toml:6:2: search.trials: missing; for example trials = 40`},
	{"when names no axis", "+[grid]\noptimizer = [\"sgd\"]\nm = { values = [1], when = { optimiser = \"sgd\" } }\n",
		`a.toml:8:30: grid.m.when.optimiser: there is no axis "optimiser"; did you mean "optimizer"?`},
	{"when names a fixed name", "+[params]\noptimizer = \"sgd\"\n[grid]\nm = { values = [1], when = { optimizer = \"sgd\" } }\n",
		`a.toml:9:30: grid.m.when.optimizer: "optimizer" is fixed in [params], so nothing can depend on it`},
	{"when names no value", "+[grid]\noptimizer = [\"sgd\", \"adam\"]\nm = { values = [1], when = { optimizer = [\"sgd\", \"adm\"] } }\n",
		`a.toml:8:50: grid.m.when.optimizer[1]: the axis "optimizer" has no value "adm"; did you mean "adam"?`},
	{"when empty", "+[grid]\nm = { values = [1], when = {} }\nn = { values = [1], when = [] }\n",
		`a.toml:7:28: grid.m.when: must name at least one axis` + "\n" +
			`a.toml:8:28: grid.n.when: must hold at least one table`},
	{"when an empty list of values", "+[grid]\na = [1]\nm = { values = [1], when = { a = [] } }\n",
		`a.toml:8:34: grid.m.when.a: must hold at least one value`},
	{"when a string", "+[grid]\nm = { values = [1], when = \"sgd\" }\n",
		`a.toml:7:28: grid.m.when: must be a table such as { optimizer = "sgd" }, have "sgd"`},
	{"when names itself", "+[grid]\nm = { values = [1], when = { m = 1 } }\n",
		`a.toml:7:30: grid.m.when.m: an axis cannot depend on itself`},
	{"when in a circle", "+[grid]\na = { values = [1], when = { b = 1 } }\nb = { values = [1], when = { c = 1 } }\nc = { values = [1], when = { a = 1 } }\n",
		`a.toml:7:28: grid.a.when: the conditions go round in a circle: a needs b needs c needs a`},
	{"when names a distribution", "+[search]\nstrategy = \"random\"\ntrials = 3\n[grid]\na = { min = 1.0, max = 2 }\nm = { values = [1], when = { a = 1.5 } }\n",
		`a.toml:11:34: grid.m.when.a: "a" is a distribution; a condition needs an axis with listed values`},
	{"exclude names no axis", "+[search]\nexclude = [ { optimiser = \"sgd\" } ]\n[grid]\noptimizer = [\"sgd\"]\n",
		`a.toml:7:15: search.exclude[0].optimiser: there is no axis "optimiser"; did you mean "optimizer"?`},
	{"exclude names no value", "+[search]\nexclude = { epochs = [10, 30] }\n[grid]\nepochs = [10, 20]\n",
		`a.toml:7:27: search.exclude.epochs[1]: the axis "epochs" has no value 30; known: 10, 20`},
	{"exclude empty", "+[search]\nexclude = [ {} ]\n",
		`a.toml:7:13: search.exclude[0]: must name at least one axis`},
	{"exclude everything", "+[search]\nexclude = { a = [1, 2] }\n[grid]\na = [1, 2]\n",
		`a.toml:7:11: search.exclude: nothing is left of the grid: every point is excluded`},
	{"exclude beside a broken axis", "+[search]\nexclude = { a = 1 }\n[grid]\na = []\n",
		`a.toml:9:5: grid.a: an axis needs at least one value`},
	{"in a union", "+[[grid]]\na = [1]\n[[grid]]\na = [1, 2, 2]\nb = 3\n",
		`a.toml:9:12: grid[1].a[2]: the value 2 is there already, at grid[1].a[1]` + "\n" +
			`a.toml:10:5: grid[1].b: an axis is a list of values or a range such as { min = 1, max = 9, steps = 3 }, have 3; what is fixed belongs in [params]`},
	{"too many points", "+[grid]\n" + manyAxes(64),
		`a.toml:6:2: grid: more than 2^63-1 points`},
	{"several at once", "name = \"t\"\nsede = 3\n[data]\nsorce = \"d\"\ntest = \"a\"\ntest_fraction = 2\n[folds]\nk = 1\n[grid]\na = []\n",
		`a.toml:1:1: model.layers: missing; for example layers = [ { type = "dense", units = "$classes", activation = "softmax" } ]` + "\n" +
			`a.toml:2:1: sede: unknown key; did you mean "seed"?` + "\n" +
			`a.toml:3:2: data.source: missing; for example source = "fashion-mnist"` + "\n" +
			`a.toml:4:1: data.sorce: unknown key; did you mean "source"?` + "\n" +
			`a.toml:6:1: data.test_fraction: test and test_fraction exclude each other` + "\n" +
			`a.toml:6:17: data.test_fraction: must lie between 0 and 1, have 2` + "\n" +
			`a.toml:8:5: folds.k: must be at least 2, have 1` + "\n" +
			`a.toml:10:5: grid.a: an axis needs at least one value`},
	{"deep nesting", "+[params]\na = " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "\n",
		`a.toml:7:5: nested more than 100 levels deep`},
	{"too long", sweep + strings.Repeat("#", maxSource),
		`a.toml:1:1: a sweep file of 1048658 bytes, the limit is 1048576`},
	{"too many keys", sweep + "[params]\n" + manyAxes(200) + strings.Repeat("a.b.c = 1\n", 10_000),
		`a.toml:6805:5: more than 20000 keys`},
	{"too many keys in braces", "+a = [ { x = { " + strings.Repeat("a = 1, ", 5001) + " } } ]\n",
		`a.toml:6:1: more than 5000 keys in one pair of braces`},
	{"deep dotted key", "+[params]\n" + strings.Repeat("a.", 200) + "a = 1\n",
		`a.toml:7:201: nested more than 100 levels deep`},
	{"deep tables", "+[params]\na = " + strings.Repeat("{ a = ", 200) + "1" + strings.Repeat(" }", 200) + "\n",
		`a.toml:7:601: nested more than 100 levels deep`},
}

type badFile struct{ name, text, want string }

func (b badFile) source() string {
	if rest, ok := strings.CutPrefix(b.text, "+"); ok {
		return sweep + rest
	}
	return b.text
}

// manyAxes are axes a0 … of two values each.
func manyAxes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("a" + strings.Repeat("x", i) + " = [1, 2]\n")
	}
	return b.String()
}

// TestParseBadFiles checks places and words of every error.
func TestParseBadFiles(t *testing.T) {
	for _, tt := range badFiles {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Parse("a.toml", []byte(tt.source()))
			if f != nil || err == nil {
				t.Fatalf("no error, want\n%s", tt.want)
			}
			if err.Error() != tt.want {
				t.Errorf("got\n%s\nwant\n%s", err, tt.want)
			}
		})
	}
}
