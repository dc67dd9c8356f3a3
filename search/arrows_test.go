package search

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows is the import policy of the module: who may import whom. A package that
// is not on the left may import none of ours; an edge that is not here fails.
const arrows = `
cmd/chaos
cmd/espalier        any
cmd/race            any
search              grids folds trainer trainer/dataset
search/exchange     search grids folds trainer trainer/dataset
search/report       search grids folds trainer trainer/dataset
search/report/page  search/report search grids folds trainer trainer/dataset
search/report/web   search/report/page search/report search grids trainer
search/searchtest   search grids folds trainer trainer/dataset
store               search grids folds trainer trainer/dataset
trainer             trainer/dataset trainer/kernel
trainer/onnx        trainer trainer/dataset
`

// doors are the libraries that have one: everything else goes through it.
// A file instead of a folder on the right is the only file of its folder.
const doors = `
github.com/pelletier/go-toml     grids
github.com/BurntSushi/toml       none
go.etcd.io/bbolt                 store
github.com/sjwhitworth/golearn   trainer/dataset trainer/metrics.go
gonum.org/v1/gonum               search search/report trainer/kernel_test
gonum.org/v1/plot                search/report
github.com/rs/zerolog            cmd/espalier
github.com/spf13                 cmd/espalier
github.com/jedib0t               cmd/espalier cmd/race
github.com/vbauerster            cmd/espalier
github.com/chromedp              search/report/web_test
github.com/parquet-go            search/exchange
google.golang.org/protobuf       trainer/onnx search/exchange
log                              cmd/espalier store/server.go search/report/web/server.go
log/slog                         cmd/espalier
`

// tests may go further than the code they test.
const testArrows = `
search              search/searchtest
search/report/page  search/searchtest
search/report/web   search/searchtest
store               search/searchtest store/storetest
search/exchange     search/searchtest
trainer             grids
trainer/onnx        grids
cmd/espalier        any
`

const module = "espalier"

func table(text string) map[string][]string {
	rows := make(map[string][]string)
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 {
			rows[words[0]] = words[1:]
		}
	}
	return rows
}

// An edge is one import of one file.
type edge struct {
	folder, file string // from the module's root
	target       string // import path
	test         bool
}

// edges reads the imports of every Go file of the module.
func edges(t *testing.T, root string) (all []edge) {
	t.Helper()
	err := filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && at != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(at, ".go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), at, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, at)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		for _, spec := range file.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			all = append(all, edge{path.Dir(rel), rel, target, strings.HasSuffix(rel, "_test.go")})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// allowed tells whether an edge between packages of ours is listed.
func (e edge) allowed(code, tests map[string][]string) bool {
	target := strings.TrimPrefix(e.target, module+"/")
	lists := [][]string{code[e.folder]}
	if e.test {
		lists = append(lists, tests[e.folder])
	}
	for _, list := range lists {
		if slices.Contains(list, "any") || slices.Contains(list, target) {
			return true
		}
	}
	return target == e.folder // an external test of the package itself
}

// through tells whether a file may use a library with such doors.
func (e edge) through(open []string) bool {
	for _, door := range open {
		if door == e.folder || door == e.file || e.test && door == e.folder+"_test" {
			return true
		}
	}
	return false
}

func TestArrows(t *testing.T) {
	all := edges(t, "..")
	if len(all) < 100 {
		t.Fatalf("%d imports in the whole module: is .. its root?", len(all))
	}
	code, tests, libraries := table(arrows), table(testArrows), table(doors)
	for _, e := range all {
		if e.target == "C" || e.target == "unsafe" && !strings.HasPrefix(e.folder, "trainer") && e.folder != "store/storetest" {
			t.Errorf("%s imports %s", e.file, e.target)
		}
		if strings.HasPrefix(e.target, module+"/") {
			if !e.allowed(code, tests) {
				t.Errorf("%s imports %s: no such arrow", e.file, e.target)
			}
			continue
		}
		for library, open := range libraries {
			if (e.target == library || strings.HasPrefix(e.target, library+"/")) && !e.through(open) {
				t.Errorf("%s imports %s: only %s may", e.file, e.target, strings.Join(open, ", "))
			}
		}
	}
}

// The six folders of code are given, and nothing else lies at the top.
func TestTopLevel(t *testing.T) {
	known := strings.Fields("cmd search trainer folds store grids go.mod go.sum README.md LICENSE CHANGELOG.md CONTRIBUTING.md")
	known = append(known, "espalier") // what go build ./cmd/espalier leaves, not tracked
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(known, e.Name()) {
			t.Errorf("%s at the top of the module", e.Name())
		}
	}
}
