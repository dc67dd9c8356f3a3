package search_test

import (
	"strings"
	"testing"

	"espalier/grids"
	"espalier/search"
)

// A file with problems of grids' and of the trainer's own kind is told all of them
// together, in order of place.
func TestAddProblems(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"values beside a key", `name = "x"
sede = 1
[data]
source = "fashion-mnist-mini"
[search]
metric = "acuracy"
[grid]
optimizer = ["adamm"]
batch_size = [0, 16]
[params]
epochs = 0
[model]
layers = [ { type = "dense", units = 10, activation = "softmx" } ]
`, `x.toml:2:1: sede: unknown key; did you mean "seed"?
x.toml:6:10: search.metric: unknown metric "acuracy"; did you mean "accuracy"?
x.toml:8:14: grid.optimizer[0]: unknown optimizer "adamm"; did you mean "adam"?
x.toml:9:15: grid.batch_size[0]: must be at least 1, have 0
x.toml:11:10: params.epochs: must be at least 1, have 0
x.toml:13:55: model.layers[0].activation: unknown activation "softmx"; did you mean "softmax"?`},
		{"a broken axis spares the layers", `name = "x"
data = { source = "iris" }
grid = { units = [], optimizer = ["sdg"] }
model.layers = [ { type = "dense", units = "$units" }, { type = "dense", units = "$classes", activation = "softmax" } ]
`, `x.toml:3:18: grid.units: an axis needs at least one value
x.toml:3:35: grid.optimizer[0]: unknown optimizer "sdg"; did you mean "sgd"?`},
		{"no TOML at all", "name = ", "x.toml:1:7: not TOML"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := grids.Parse("x.toml", []byte(c.text))
			if err == nil {
				t.Fatal("no error")
			}
			got := strings.Split(search.AddProblems(err).Error(), "\n")
			want := strings.Split(c.want, "\n")
			if len(got) != len(want) {
				t.Fatalf("have\n%s\nwant\n%s", strings.Join(got, "\n"), c.want)
			}
			for i := range want {
				if !strings.HasPrefix(got[i], want[i]) {
					t.Errorf("have %s\nwant %s", got[i], want[i])
				}
			}
		})
	}
}
