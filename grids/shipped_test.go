package grids

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestShipped(t *testing.T) {
	points := map[string]int{"iris": 8, "mlp-baseline-1": 1, "mlp-baseline-2": 1, "mlp-grid-1": 32, "mlp-grid-2": 8, "mlp-random": 0, "quickstart": 8}
	for name, want := range points {
		if !slices.Contains(Shipped(), name) {
			t.Errorf("%s is not shipped", name)
			continue
		}
		src, ok := Example(name)
		other, _ := Example(name + ".toml")
		if !ok || string(src) != string(other) {
			t.Errorf("%s: with and without .toml are two things", name)
		}
		f, err := Parse(name+".toml", src)
		if err != nil {
			t.Error(err)
			continue
		}
		if f.Name != name {
			t.Errorf("%s calls itself %q", name, f.Name)
		}
		if f.Grid.Count() != want {
			t.Errorf("%s has %d points, want %d", name, f.Grid.Count(), want)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Shipped() {
		src, _ := Example(name)
		if _, err := Parse(name, src); err != nil {
			t.Error(err)
		}
		if !strings.Contains(string(readme), name+".toml") {
			t.Errorf("README.md does not list %s", name)
		}
	}
	for _, name := range []string{"", "starter", "nothing", "../grids/iris"} {
		if _, ok := Example(name); ok {
			t.Errorf("there is an example %q", name)
		}
	}
}

// TestStarter: the file parses, and every key the format knows is shown. What its commented lines say is search's
// to try, and that every parameter is shown.
func TestStarter(t *testing.T) {
	text := string(Starter())
	f, err := Parse("starter.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if f.Grid.Count() != 8 {
		t.Errorf("%d points, want 8", f.Grid.Count())
	}
	for _, key := range []string{"name", "seed", "source", "limit", "target", "test", "test_fraction", "scale", "scheme", "k", "shuffle", "repeats", "group",
		"fraction", "position", "strategy", "metric", "trials", "validate", "exclude", "layers", "init", "enabled", "epochs", "rows", "[grid]", "[params]"} {
		if !strings.Contains(text, "\n"+key+" ") && !strings.Contains(text, "\n# "+key+" ") && !strings.Contains(text, "\n"+key) {
			t.Errorf("%s is not shown", key)
		}
	}
}

// irisSum starts the SHA-256 of iris.csv as testdata/iris.py writes it.
const irisSum = "9cc1c345c71bcc9b"

// TestMaterial: the irises are the rows of scikit-learn's load_iris.
func TestMaterial(t *testing.T) {
	data, ok := Material("iris.csv")
	if !ok {
		t.Fatal("no iris.csv")
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	if len(lines) != 151 || lines[0] != "sepal_length,sepal_width,petal_length,petal_width,species" {
		t.Fatalf("%d lines, the first %q", len(lines), lines[0])
	}
	for i, line := range lines[1:] {
		species := []string{"setosa", "versicolor", "virginica"}[i/50]
		if strings.Count(line, ",") != 4 || !strings.HasSuffix(line, ","+species) {
			t.Errorf("line %d: %q, want a %s", i+2, line, species)
		}
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:8]); got != irisSum {
		t.Errorf("SHA-256 starts with %s, want %s", got, irisSum)
	}
	if _, ok := Material("iris.toml"); ok {
		t.Error("a sweep file is no material")
	}
	if _, ok := Material("none.csv"); ok {
		t.Error("there is a none.csv")
	}
}
