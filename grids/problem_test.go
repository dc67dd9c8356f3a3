package grids

import (
	"strings"
	"testing"
)

// TestErrorsFindPlaces hands in problems as the trainer reports them.
func TestErrorsFindPlaces(t *testing.T) {
	src := `name = "t"
[data]
source = "d"
[params]
momentum = 2.0
early_stopping = { patience = -1 }
[model]
layers = [
  { type = "dense", units = "$widht" },
  { type = "dropout",
    rate = 1.5 },
  { type = "residual", layers = [ { type = "dense", units = 0 } ] },
]
[[grid]]
width = [1]
optimizer = ["adam", "adm"]
[[grid]]
epochs = [
  1, 2,
  -3,
]
m = { values = [0.5, 7], when = { epochs = 1 } }
rate = { min = 1.0, max = 2, steps = 3 }
`
	f, err := Parse("t.toml", []byte(src), "params.l2=-1", "model.layers[1].type=droput")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		problem Problem
		want    string
	}{
		{Problem{Path: "params.momentum"}, "t.toml:5:12: params.momentum: wrong"},
		{Problem{Path: "params.momentum", Key: true}, "t.toml:5:1: params.momentum: wrong"},
		{Problem{Path: "params.early_stopping.patience"}, "t.toml:6:31: params.early_stopping.patience: wrong"},
		{Problem{Path: "params.early_stopping.monitor"}, "t.toml:6:18: params.early_stopping.monitor: wrong"},
		{Problem{Path: "params.optimizer"}, "t.toml:4:2: params.optimizer: wrong"},
		{Problem{Path: "search.metric"}, "t.toml:1:1: search.metric: wrong"},
		{Problem{Path: "model.layers[0].units", Known: []string{"width", "classes"}}, `t.toml:9:29: model.layers[0].units: wrong; did you mean "width"?`},
		{Problem{Path: "model.layers[0].units", Known: []string{"$width"}}, `t.toml:9:29: model.layers[0].units: wrong; did you mean "$width"?`},
		{Problem{Path: "model.layers[1].rate"}, "t.toml:11:12: model.layers[1].rate: wrong"},
		{Problem{Path: "model.layers[1]"}, "t.toml:10:3: model.layers[1]: wrong"},
		{Problem{Path: "model.layers[1].type", Known: []string{"dense", "dropout"}},
			`--set model.layers[1].type=droput: model.layers[1].type: wrong; did you mean "dropout"?`},
		{Problem{Path: "model.layers[2].layers[0].units"}, "t.toml:12:61: model.layers[2].layers[0].units: wrong"},
		{Problem{Path: "model.layers[2].layers[0].activation"}, "t.toml:12:35: model.layers[2].layers[0].activation: wrong"},
		{Problem{Path: "model.layers[9].rate"}, "t.toml:8:10: model.layers[9].rate: wrong"},
		{Problem{Path: "grid[0].optimizer[1]", Known: []string{"sgd", "adam"}}, `t.toml:16:22: grid[0].optimizer[1]: wrong; did you mean "adam"?`},
		{Problem{Path: "grid[0].optimizer", Key: true}, "t.toml:16:1: grid[0].optimizer: wrong"},
		{Problem{Path: "grid[1].epochs[2]"}, "t.toml:20:3: grid[1].epochs[2]: wrong"},
		{Problem{Path: "grid[1].m[1]"}, "t.toml:22:22: grid[1].m[1]: wrong"},
		{Problem{Path: "grid[1].rate"}, "t.toml:23:8: grid[1].rate: wrong"},
		{Problem{Path: "grid[1].rate[2]"}, "t.toml:23:8: grid[1].rate[2]: wrong"},
		{Problem{Path: "params.l2"}, "--set params.l2=-1: params.l2: wrong"},
		{Problem{Path: ""}, "t.toml:1:1: wrong"},
		{Problem{Path: "no path at all"}, "t.toml:1:1: no path at all: wrong"},
	}
	for _, tt := range tests {
		t.Run(tt.problem.Path, func(t *testing.T) {
			tt.problem.Message = "wrong"
			if got := f.Errors([]Problem{tt.problem}); got == nil || got.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", got, tt.want)
			}
			tt.problem.Warning = true
			if err := f.Errors([]Problem{tt.problem}); err != nil {
				t.Errorf("a warning is an error: %v", err)
			}
			if got := f.Warnings([]Problem{tt.problem}); len(got) != 1 || got[0] != tt.want {
				t.Errorf("got  %v\nwant %s", got, tt.want)
			}
		})
	}
}

func TestErrorsSortedAndBounded(t *testing.T) {
	f := parseGrid(t, "[grid]\na = [1, 2, 3]\n", "grid.b=[1]")
	var problems []Problem
	for range 300 {
		problems = append(problems, Problem{Path: "grid.b", Message: "b"}, Problem{Path: "grid.a[2]", Message: "later"}, Problem{Path: "grid.a[0]", Message: "first"})
	}
	err := f.Errors(problems)
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != maxProblems+1 || lines[maxProblems] != "t.toml: and 800 more problems" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
	if got := f.Errors(problems[:3]).Error(); got != "t.toml:7:6: grid.a[0]: first\nt.toml:7:12: grid.a[2]: later\n--set grid.b=[1]: grid.b: b" {
		t.Errorf("not in order:\n%s", got)
	}
	if err := f.Errors(nil); err != nil {
		t.Errorf("no problems, yet %v", err)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"optimizer", "learning_rate", "l2", "epochs"}
	for word, want := range map[string]string{
		"optimiser": "optimizer", "OPTIMIZER": "optimizer", "leraning_rate": "learning_rate", "learningrate": "learning_rate", "epoch": "epochs",
		"l1": "l2", "$epochs": "epochs", "": "", "zebra": "", "x": "", strings.Repeat("epochs", 100): "",
	} {
		if got, _ := nearest(word, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}
