package search

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"espalier/grids"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// planned reads a sweep of the embedded images and checks it as plan does.
func planned(t *testing.T, text string, settings ...string) *Sweep {
	t.Helper()
	f, err := grids.Parse("sweep.toml", []byte(text), settings...)
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Load(dataset.Options{Source: "fashion-mnist-mini", Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	set.Info.Groups = 3 // as if a table, for the line that asks for groups
	s, warnings, err := New(f, "", set.Info, nil)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("warnings %q, error %v", warnings, err)
	}
	return s
}

// TestStarter: what init writes is a sweep without a warning, so it is with each of its commented lines uncommented and
// with those of a section all together, and it shows every parameter.
func TestStarter(t *testing.T) {
	text := string(grids.Starter())
	planned(t, text)
	lines := strings.Split(text, "\n")
	settings := map[string][]string{
		"repeats":  {"folds.shuffle=true"},
		"group":    {"folds.scheme=grouped"},
		"fraction": {`folds={scheme="holdout",fraction=0.25}`},
		"position": {`folds={scheme="holdout",position="random"}`},
		"rows":     {`folds={scheme="holdout"}`},
		"trials":   {"search.strategy=random"},
	}
	tried := 0
	together := map[string][]string{} // by section
	section := ""
	for i, line := range lines {
		if strings.HasPrefix(line, "[") {
			section, _, _ = strings.Cut(line, " ")
		}
		bare, ok := strings.CutPrefix(line, "# ")
		if !ok || !strings.Contains(bare, " = ") {
			continue
		}
		tried++
		one := slices.Clone(lines)
		one[i] = bare
		key, _, _ := strings.Cut(bare, " ")
		t.Run(bare, func(t *testing.T) { planned(t, strings.Join(one, "\n"), settings[key]...) })
		if together[section] == nil {
			together[section] = slices.Clone(lines)
		}
		together[section][i] = bare
	}
	for _, section := range []string{"[grid]", "[params]", "[model]"} {
		t.Run(section, func(t *testing.T) { planned(t, strings.Join(together[section], "\n")) })
	}
	if tried < 30 {
		t.Errorf("only %d commented lines", tried)
	}
	for _, name := range trainer.ParamNames() {
		if !regexp.MustCompile(`(?m)\b` + name + `\b`).MatchString(text) {
			t.Errorf("%s is not shown", name)
		}
	}
}

// TestResidualExample: the network shown in grids/README.md is a sweep without a warning.
func TestResidualExample(t *testing.T) {
	readme, err := os.ReadFile("../grids/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```toml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found || !strings.Contains(example, "residual") {
		t.Fatal("no example")
	}
	planned(t, example)
}
