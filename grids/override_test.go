package grids

import (
	"reflect"
	"strings"
	"testing"
)

const tuned = `name = "t"
seed = 1
[data]
source = "d"
[params]
early_stopping = { patience = 3 }
[model]
layers = [ { type = "residual", layers = [ { type = "dense", units = 3 } ] } ]
[grid]
epochs = [1, 2]
optimizer = ["adam", "sgd"]
`

func TestOverrides(t *testing.T) {
	tests := []struct {
		set  string
		read func(f *File) any
		want any
	}{
		{"seed=3", func(f *File) any { return f.Seed }, uint64(3)},
		{" seed = 3 ", func(f *File) any { return f.Seed }, uint64(3)},
		{"name=x", func(f *File) any { return f.Name }, "x"},
		{"name=two words", func(f *File) any { return f.Name }, "two words"},
		{"name=\"quoted\"", func(f *File) any { return f.Name }, "quoted"},
		{"name='quoted'", func(f *File) any { return f.Name }, "quoted"},
		{"name=a=b", func(f *File) any { return f.Name }, "a=b"},
		{"name=a # b", func(f *File) any { return f.Name }, "a # b"},
		{"data.limit=500", func(f *File) any { return f.Data.Limit }, 500},
		{"data.limit=1_000", func(f *File) any { return f.Data.Limit }, 1000},
		{"data.source=/a/b.csv", func(f *File) any { return f.Data.Source }, "/a/b.csv"},
		{"data.\"scale\"=unit", func(f *File) any { return f.Data.Scale }, "unit"},
		{"folds.k=3", func(f *File) any { return f.Folds.K }, 3},
		{"folds={k=4,shuffle=true}", func(f *File) any { return f.Folds.K }, 4},
		{"refit.enabled=false", func(f *File) any { return f.Refit.Enabled }, false},
		{"refit.epochs=best", func(f *File) any { return f.Refit.Epochs }, "best"},
		{"refit.epochs=3", func(f *File) any { return f.Refit.Epochs }, int64(3)},
		{"grid.epochs=[2,4,6]", func(f *File) any { return f.Grid.Count() }, 6},
		{"grid.epochs=[ # why\n2 ]", func(f *File) any { return f.Grid.Count() }, 2},
		{"grid.epochs[1]=7", func(f *File) any { return f.Grid.Axes()[0].Values }, []any{int64(1), int64(7)}},
		{"grid.rate={min=0.1,max=0.2,steps=2}", func(f *File) any { return f.Grid.Count() }, 8},
		{"grid={}", func(f *File) any { return f.Grid.Count() }, 1},
		{"grid=[{a=[1]},{a=[2,3]}]", func(f *File) any { return f.Grid.Count() }, 3},
		{"params.learning_rate=1e-3", func(f *File) any { return f.Params["learning_rate"] }, 1e-3},
		{"params.early_stopping.patience=5", func(f *File) any { return f.Params["early_stopping"] }, map[string]any{"patience": int64(5)}},
		{"params.schedule.type=cosine", func(f *File) any { return f.Params["schedule"] }, map[string]any{"type": "cosine"}},
		{"model.layers[0].layers[0].units=32", func(f *File) any { return f.Model.Layers[0]["layers"].([]any)[0] },
			map[string]any{"type": "dense", "units": int64(32)}},
		{"model.layers[0].layers[0].units=$width", func(f *File) any { return f.Model.Layers[0]["layers"].([]any)[0] },
			map[string]any{"type": "dense", "units": "$width"}},
	}
	for _, tt := range tests {
		t.Run(tt.set, func(t *testing.T) {
			f, err := Parse("t.toml", []byte(tuned), tt.set)
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.read(f); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %#v, want %#v", got, tt.want)
			}
			if string(f.Source) != tuned || !reflect.DeepEqual(f.Overrides, []string{tt.set}) {
				t.Error("source or overrides are not kept as given")
			}
		})
	}
}

func TestOverridesInOrder(t *testing.T) {
	f, err := Parse("t.toml", []byte(tuned), "seed=3", "grid.a=[1]", "seed=4", "grid.a[0]=9")
	if err != nil {
		t.Fatal(err)
	}
	if f.Seed != 4 || f.Grid.Axes()[0].Values[0] != int64(9) {
		t.Errorf("seed %d, a %v: the later override must win", f.Seed, f.Grid.Axes()[0].Values)
	}
}

func TestOverridesBad(t *testing.T) {
	tests := []struct{ set, want string }{
		{"", `--set "": expected a name before ""`},
		{"seed", `--set seed: expected key=value`},
		{"=3", `--set =3: expected a name before "=3"`},
		{"seed.=3", `--set seed.=3: expected a name before "=3"`},
		{"seed seed=3", `--set seed seed=3: unexpected "seed=3" in a key`},
		{"grid[x]=3", `--set grid[x]=3: "[x]=3" is no index such as [0]`},
		{"grid[-1]=3", `--set grid[-1]=3: "[-1]=3" is no index such as [0]`},
		{"grid[0=3", `--set grid[0=3: "[0=3" is no index such as [0]`},
		{"\"a=3", `--set "a=3: the quote in "\"a=3" is not closed`},
		{"seed=x", `--set seed=x: seed: must be an integer, have "x"`},
		{"seed=-1", `--set seed=-1: seed: must be at least 0, have -1`},
		{"name=", `--set name=: name: must not be empty`},
		{"sede=1", `--set sede=1: sede: unknown key; did you mean "seed"?`},
		{"fold.k=1", `--set fold.k=1: fold: unknown key; did you mean "folds"?`},
		{"folds.k=1", `--set folds.k=1: folds.k: must be at least 2, have 1`},
		{"seed.x=1", `--set seed.x=1: seed is 1, not a table`},
		{"seed[0]=1", `--set seed[0]=1: seed is 1, not a list`},
		{"grid.epochs=[]", `--set grid.epochs=[]: grid.epochs: an axis needs at least one value`},
		{"grid.epochs=[1,1]", `--set grid.epochs=[1,1]: grid.epochs[1]: the value 1 is there already, at grid.epochs[0]`},
		{"grid.epochs[2]=1", `--set grid.epochs[2]=1: grid.epochs has 2 elements, so there is no grid.epochs[2]`},
		{"grid.epochs.x=1", `--set grid.epochs.x=1: grid.epochs is a list of 2; say which, as in grid.epochs[0].x`},
		{"grid[0].epochs=[1]", `--set grid[0].epochs=[1]: grid is a table, not a list`},
		{"grid.optimizer=[adam,sgd]", `--set grid.optimizer=[adam,sgd]: "[adam,sgd]" is no TOML value; strings in it need quotes, and the whole needs quotes for the shell`},
		{"model.layers[1].units=3", `--set model.layers[1].units=3: model.layers has 1 elements, so there is no model.layers[1]`},
		{"params.l2=nan", `--set params.l2=nan: params.l2: must be a finite number, have nan`},
		{"name=a\nseed=3", `--set name=a seed=3: name: must be printable, have "a\nseed=3"`},
		{"seed=3\nname=\"b\"", `--set seed=3 name="b": seed: must be an integer, have "3 name=\"b\""`},
		{"name=\xff", "--set name=\ufffd: not UTF-8"},
		{"grid." + strings.Repeat("a.", 200) + "a=1", "--set grid." + strings.Repeat("a.", 27) + "a…: a key of more than 100 parts"},
	}
	for _, tt := range tests {
		t.Run(tt.set, func(t *testing.T) {
			_, err := Parse("t.toml", []byte(tuned), tt.set)
			if err == nil {
				t.Fatalf("no error, want %s", tt.want)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

// TestProblemsOfOverridesComeLast: the file from top to bottom, then overrides in
// their order.
func TestProblemsOfOverridesComeLast(t *testing.T) {
	_, err := Parse("t.toml", []byte(strings.Replace(tuned, "seed = 1", "sede = 1", 1)+"x = 3\n"), "refit.rows=none", "folds.k=0")
	want := `t.toml:2:1: sede: unknown key; did you mean "seed"?
t.toml:12:5: grid.x: an axis is a list of values or a range such as { min = 1, max = 9, steps = 3 }, have 3; what is fixed belongs in [params]
--set refit.rows=none: refit.rows: unknown rows "none"; known: all, train
--set folds.k=0: folds.k: must be at least 2, have 0`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func FuzzOverride(f *testing.F) {
	for _, s := range []string{"", "seed=3", "name=x", "grid.epochs=[2,4]", "model.layers[0].units=32", "grid={a=[1],b={values=[1],when={a=1}}}",
		"grid.a={min=1,max=1e300,steps=1000000}", "grid=[{a=[1]},{a=[1]}]", "params.\"a.b\"=1", "a[0][1].b=1", "grid[99999999999]=1", "name=\"\"\"x\ny\"\"\""} {
		f.Add(s, "")
		f.Add("grid.epochs=[1]", s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		file, err := Parse("t.toml", []byte(tuned), a, b)
		checkParsed(t, file, err)
	})
}
