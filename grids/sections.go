package grids

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds a sweep's name, in runes: it heads tables and names files.
const maxName = 200

func (s section) readName() string {
	s.require("name", `"my-sweep"`)
	n := s.get("name")
	name := s.text("name", "")
	if n == nil || n.value != any(name) {
		return name
	}
	switch {
	case strings.TrimSpace(name) == "":
		s.fault(n, "name", "must not be empty")
	case strings.TrimSpace(name) != name:
		s.fault(n, "name", "must not start or end with a space, have %s", quote(name))
	case utf8.RuneCountInString(name) > maxName:
		s.fault(n, "name", "must have at most %d characters, have %d", maxName, utf8.RuneCountInString(name))
	case strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }):
		s.fault(n, "name", "must be printable, have %q", name)
	}
	return name
}

func (s section) readData() Data {
	s.allow("source", "limit", "target", "test", "test_fraction", "scale")
	s.require("source", `"fashion-mnist"`)
	d := Data{
		Source:       s.text("source", ""),
		Limit:        int(s.integer("limit", 0, 1)),
		Test:         s.text("test", ""),
		TestFraction: s.share("test_fraction", 0),
		Scale:        s.text("scale", ""),
	}
	for _, name := range []string{"source", "test", "scale"} {
		if n := s.get(name); n != nil && n.value == any("") {
			s.fault(n, join(s.path, name), "must not be empty")
		}
	}
	if s.get("test") != nil {
		s.refuse("test_fraction", "test and test_fraction exclude each other")
	}
	if n := s.get("target"); n != nil {
		switch v := n.value.(type) {
		case string:
			d.Target = v
			if v == "" {
				s.fault(n, join(s.path, "target"), `must be a column's name or index, have ""`)
			}
		case int64:
			d.Target = v
			if v < 0 {
				s.fault(n, join(s.path, "target"), "must be at least 0, have %d", v)
			}
		default:
			s.fault(n, join(s.path, "target"), "must be a column's name or index, have %s", n.describe())
		}
	}
	return d
}

func (s section) readFolds() Folds {
	s.allow("scheme", "k", "shuffle", "repeats", "group", "fraction", "position")
	f := Folds{Scheme: s.choice("scheme", "stratified", "kfold", "grouped", "holdout")}
	f.Shuffle = s.flag("shuffle", false)
	f.Repeats = int(s.integer("repeats", 1, 1))
	f.Group = s.text("group", "")
	if f.Scheme == "grouped" {
		s.require("group", `"patient"`)
		if n := s.get("group"); n != nil && n.value == any("") {
			s.fault(n, join(s.path, "group"), `must be a column's name, have ""`)
		}
	} else {
		s.refuse("group", `only scheme = "grouped" has a group column`)
	}
	if f.Scheme == "holdout" {
		const why = "a holdout has fraction and position, not "
		s.refuse("k", why+"k")
		s.refuse("shuffle", why+`shuffle; position = "random" draws the rows`)
		f.K, f.Shuffle = 1, false
		f.Fraction = s.share("fraction", 0.25)
		f.Position = s.choice("position", "random", "last", "stratified")
		if f.Repeats > 1 && f.Position == "last" {
			s.fault(s.get("repeats"), join(s.path, "repeats"), `position = "last" is the same each time, so repeats must be 1, have %d`, f.Repeats)
		}
		return f
	}
	f.K = int(s.integer("k", 5, 2))
	const why = `only scheme = "holdout" has a `
	s.refuse("fraction", why+"fraction")
	s.refuse("position", why+"position")
	if n := s.get("repeats"); n != nil && f.Repeats > 1 && !f.Shuffle {
		s.fault(n, join(s.path, "repeats"), "%d repeats without shuffle = true would be the same folds again", f.Repeats)
	}
	return f
}

func (s section) readSearch() Search {
	s.allow("strategy", "metric", "trials", "validate", "exclude")
	f := Search{
		Strategy: s.choice("strategy", "grid", "random"),
		Metric:   s.text("metric", "accuracy"),
		Validate: s.choice("validate", "every epoch", "final"),
		Trials:   int(s.integer("trials", 0, 1)),
	}
	if f.Strategy == "grid" {
		s.refuse("trials", `only strategy = "random" has trials; a grid runs every point`)
	}
	return f
}

func (s section) readParams() map[string]any {
	params := map[string]any{}
	if s.node == nil {
		return params
	}
	for _, name := range s.node.names {
		n, path := s.node.fields[name], join(s.path, name)
		s.checkIdentifier(n, path, name)
		if s.checkValue(n, path) {
			params[name] = n.plain()
		}
	}
	return params
}

// checkIdentifier reports a name that no $reference could take.
func (r *reader) checkIdentifier(n *node, path, name string) {
	why := ""
	switch {
	case name == "classes":
		why = `"classes" is taken: $classes comes from the data`
	case utf8.RuneCountInString(name) > maxName:
		why = "a name of more than 200 characters"
	}
	for i, c := range name {
		if !unicode.IsLetter(c) && c != '_' && (i == 0 || !unicode.IsDigit(c) && c != '-') {
			why = "a name is a letter or _, then letters, digits, _ and -, have " + quote(name)
			break
		}
	}
	if name == "" {
		why = "a name must not be empty"
	}
	if why != "" {
		r.report(n, true, Problem{Path: path, Message: why, Key: true})
	}
}

func (s section) readModel() Model {
	s.allow("layers", "init")
	s.require("layers", `[ { type = "dense", units = "$classes", activation = "softmax" } ]`)
	m := Model{Init: s.text("init", "")}
	if n := s.get("init"); n != nil && n.value == any("") {
		s.fault(n, join(s.path, "init"), "must not be empty")
	}
	n := s.get("layers")
	if n == nil {
		return m
	}
	path := join(s.path, "layers")
	if n.kind != listKind {
		s.fault(n, path, "must be a list of tables, have %s", n.describe())
		return m
	}
	if len(n.items) == 0 {
		s.fault(n, path, "must hold at least one layer")
	}
	for i, layer := range n.items {
		if layer.kind != tableKind {
			s.fault(layer, item(path, i), "must be a table such as { type = \"dense\", units = 64 }, have %s", layer.describe())
		} else if s.checkValue(layer, item(path, i)) {
			m.Layers = append(m.Layers, layer.plain().(map[string]any))
		}
	}
	return m
}

func (s section) readRefit() Refit {
	s.allow("enabled", "epochs", "rows", "select")
	r := Refit{Enabled: s.flag("enabled", true), Epochs: "config", Rows: s.choice("rows", "all", "train"), Select: s.choice("select", "best", "1se", "simplest")}
	if r.Rows == "train" && s.file.Folds.Scheme != "holdout" {
		s.fault(s.get("rows"), join(s.path, "rows"), `"train" means the training rows of a holdout, but folds.scheme is %q`, s.file.Folds.Scheme)
	}
	n := s.get("epochs")
	if n == nil {
		return r
	}
	if _, ok := n.number(); ok {
		r.Epochs = s.integer("epochs", 1, 1)
	} else if n.kind == scalarKind && (n.value == any("config") || n.value == any("best")) {
		r.Epochs = n.value
	} else {
		s.report(n, false, Problem{Path: join(s.path, "epochs"),
			Message: `must be "config", "best" or a number of epochs, have ` + n.describe(), Known: []string{"config", "best"}})
	}
	return r
}
