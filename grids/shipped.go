package grids

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.toml *.csv
var shipped embed.FS

// starter is the file that Starter gives; it is no sweep to run as it is.
const starter = "starter.toml"

// Shipped lists the names of the embedded sweep files, sorted, without ".toml".
func Shipped() []string {
	// Reading the root of an embedded file system cannot fail.
	entries, _ := fs.ReadDir(shipped, ".")
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".toml"); ok && e.Name() != starter {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Example gives the text of a shipped sweep file by name, with or without
// ".toml"; ok is false where there is none.
func Example(name string) (src []byte, ok bool) {
	name = strings.TrimSuffix(name, ".toml")
	if !slices.Contains(Shipped(), name) {
		return nil, false
	}
	src, err := shipped.ReadFile(name + ".toml")
	return src, err == nil
}

// Starter is the commented sweep file that `espalier init` writes.
func Starter() []byte {
	src, _ := shipped.ReadFile(starter)
	return src
}

// Material gives a data file that a shipped sweep names, such as "iris.csv"; ok
// is false where there is none. A sweep's paths are relative to its folder, so
// whoever runs a shipped sweep puts its material there first.
func Material(name string) (data []byte, ok bool) {
	if !strings.HasSuffix(name, ".csv") {
		return nil, false
	}
	data, err := shipped.ReadFile(name)
	return data, err == nil
}
