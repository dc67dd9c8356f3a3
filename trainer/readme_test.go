package trainer

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadme: grids/README.md has a row for every layer type with all its fields, and one for every parameter with what
// its tables may hold.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../grids/README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := func(name string) string {
		return regexp.MustCompile("(?m)^\\|[^|]*`" + name + "`.*$").FindString(string(text))
	}
	has := func(name string, words []string) {
		t.Helper()
		for _, word := range words {
			if !strings.Contains(row(name), "`"+word+"`") {
				t.Errorf("the row of %s does not tell of %s", name, word)
			}
		}
	}
	for _, kind := range layerNames {
		f := &fields{table: map[string]any{"type": kind}}
		new(reading).readLayer(new(layer), f)
		has(kind, f.known[1:])
	}
	for _, name := range paramNames {
		has(name, []string{name})
	}
	for _, kind := range scheduleNames {
		f := &fields{table: map[string]any{paramSchedule: kind}}
		readSchedule(f)
		for field := range f.resolved[paramSchedule].(map[string]any) {
			has(paramSchedule, []string{kind, field})
		}
	}
	has("activation", activationNames)
	has(paramInitializer, initializerNames)
	has(paramOptimizer, optimizerNames)
	f := &fields{table: map[string]any{paramEarlyStopping: map[string]any{}}}
	readEarlyStopping(f)
	for field := range f.resolved[paramEarlyStopping].(map[string]any) {
		has(paramEarlyStopping, []string{field})
	}
}
