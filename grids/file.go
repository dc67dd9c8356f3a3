package grids

import "slices"

// File is a sweep file, parsed and checked as far as its own words go. What an
// optimizer or a layer may be is the trainer's to say; search asks it and hands
// its problems to Errors, which finds their place in the text.
type File struct {
	Path      string   // as given to Parse; used in messages and for relative paths
	Source    []byte   // the text as read, without overrides
	Overrides []string // --set key=value, in order; kept so that a store can resume

	Name   string
	Seed   uint64
	Data   Data
	Folds  Folds
	Search Search
	Grid   *Grid
	Params map[string]any // [params]; values as of TOML: string int64 float64 bool []any map[string]any
	Model  Model
	Refit  Refit

	root *node // the tree, kept for the places
}

// Data is the [data] section.
type Data struct {
	Source       string
	Limit        int    // 0: all
	Target       any    // string, int64 or nil (the last column)
	Test         string // "" none
	TestFraction float64
	Scale        string // "" default of the kind of data
}

// Folds is the [folds] section with defaults filled in.
type Folds struct {
	Scheme   string // stratified kfold grouped holdout
	K        int    // 1 for a holdout
	Shuffle  bool
	Repeats  int
	Group    string
	Fraction float64 // of a holdout, else 0
	Position string  // of a holdout: random last stratified; else ""
}

// Search is the [search] section with defaults filled in.
type Search struct {
	Strategy string // grid random
	Metric   string // as written; the trainer knows the names
	Trials   int    // random: 0 none given
	Validate string // "every epoch" | "final"
}

// Model is the [model] section.
type Model struct {
	Layers []map[string]any // as written, "$name" unresolved
	Init   string
}

// Refit is the [refit] section with defaults filled in.
type Refit struct {
	Enabled bool
	Epochs  any    // "config" | "best" | int64
	Rows    string // "all" | "train"
	Select  string // "best" | "1se" | "simplest": which trial
}

// Parse reads a sweep file strictly. Overrides are "key=value" as of --set and
// apply in order, each as if the file had said so. The error is an *Error with
// every problem found; only a text that is no TOML ends the search early.
func Parse(path string, src []byte, overrides ...string) (*File, error) {
	f := &File{Path: path, Source: slices.Clone(src), Overrides: slices.Clone(overrides)}
	root, problem := parseTree(f.Source)
	if problem != nil {
		return nil, &Error{File: path, Problems: []Placed{*problem}}
	}
	f.root = root
	r := &reader{file: f}
	for i, text := range overrides {
		if err := root.override(text, i+1); err != nil {
			r.report(&node{origin: i + 1}, false, Problem{Message: err.Error()})
		}
	}
	r.read()
	if len(r.err.Problems) > 0 {
		r.err.File = path
		sortProblems(r.err.Problems)
		r.err.Rest = f
		return nil, &r.err
	}
	return f, nil
}

// read fills the file from its tree, section by section.
func (r *reader) read() {
	f := r.file
	s := section{reader: r, node: f.root}
	s.allow("name", "seed", "data", "folds", "search", "grid", "params", "model", "refit")
	f.Name = s.readName()
	f.Seed = uint64(s.integer("seed", 0, 0))
	f.Data = s.section("data").readData()
	f.Folds = s.section("folds").readFolds()
	search := s.section("search")
	f.Search = search.readSearch()
	params := s.section("params")
	f.Params = params.readParams()
	f.Grid = r.readGrid(s, search, params)
	f.Model = s.section("model").readModel()
	f.Refit = s.section("refit").readRefit()
}
