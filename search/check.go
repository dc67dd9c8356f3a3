package search

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"espalier/grids"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

const (
	walkLimit    = 20_000 // raw indices that the check of a grid looks at
	compileLimit = 2_048  // distinct models that it compiles
	spareLimit   = 512    // points of models seen before, for what depends on other parameters
)

// A checker collects what is wrong with a sweep. The trainer says what is wrong,
// by parameter or by layer; the checker finds the key path where it was written.
type checker struct {
	sweep    *Sweep
	problems []grids.Problem
	seen     map[[2]string]bool // path and message: said once
	told     []string           // paths that somebody else has a problem with
}

// AddProblems adds to the problems that grids has with a file those that the
// trainer has with what could be read of it all the same, so that a user mends
// them together: values by themselves, names, and where neither grid nor model is
// in doubt, the layers. What depends on the data comes with New. Other errors pass
// through.
func AddProblems(err error) error {
	var e *grids.Error
	if !errors.As(err, &e) || e.Rest == nil {
		return err
	}
	doubtful := func(section string) bool {
		return slices.ContainsFunc(e.Problems, func(p grids.Placed) bool {
			return p.Path == section || strings.HasPrefix(p.Path, section+".") || strings.HasPrefix(p.Path, section+"[")
		})
	}
	c := &checker{sweep: &Sweep{File: e.Rest}, seen: make(map[[2]string]bool)}
	for _, p := range e.Problems {
		c.told = append(c.told, p.Path)
	}
	c.checkMetric()
	used := c.used()
	if doubtful("model") {
		used = nil // a reference may be among what could not be read
	}
	c.checkAxes(used)
	c.checkParams(used)
	if !slices.ContainsFunc([]string{"grid", "params", "model", "search.exclude"}, doubtful) {
		c.checkNames()
	}
	e.Join(c.problems)
	return err
}

// checkNames looks at the layers' types, fields and words without knowing the data:
// on a shape that stands in for it, and only at what no shape could change.
func (c *checker) checkNames() {
	for p := range c.sample() {
		spec := trainer.Spec{Layers: c.sweep.File.Model.Layers, Values: c.sweep.values(p)}
		_, problems := trainer.Compile(spec, []int{28, 28, 1}, 10)
		problems = slices.DeleteFunc(problems, func(p trainer.Problem) bool { return len(p.Known) == 0 })
		c.take(problems, "", func(param string) string { return c.place(p, param) })
		return
	}
}

func (c *checker) report(p grids.Problem) { c.reportAt(p, "") }

// reportAt names a point at which the problem shows, once: the first.
func (c *checker) reportAt(p grids.Problem, point string) {
	if slices.Contains(c.told, p.Path) {
		return
	}
	if at := [2]string{p.Path, p.Message}; !c.seen[at] {
		c.seen[at] = true
		if point != "" {
			p.Message += " (at " + point + ")"
		}
		c.problems = append(c.problems, p)
	}
}

func (c *checker) wrong(path, format string, args ...any) {
	c.report(grids.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) check() {
	c.checkMetric()
	c.checkData()
	c.checkFolds()
	used := c.used()
	c.checkAxes(used)
	c.checkParams(used)
	c.checkPoints()
}

func (c *checker) checkMetric() {
	metric := c.sweep.File.Search.Metric
	if known := trainer.Metrics(); !slices.Contains(known, metric) {
		c.report(grids.Problem{Path: "search.metric", Message: fmt.Sprintf("unknown metric %q", metric), Known: known})
	}
}

// checkData asks whether the kind of data can be scaled so. Without rows there is
// nothing to fit, but a scale that is none is told all the same.
func (c *checker) checkData() {
	_, err := dataset.FitPreprocessing(c.sweep.Data, &dataset.Rows{}, []int{}, c.sweep.File.Data.Scale)
	var at *dataset.FieldError
	if errors.As(err, &at) && at.Field == "scale" {
		c.report(grids.Problem{Path: "data.scale", Message: at.Message, Known: at.Known})
	}
}

func (c *checker) checkFolds() {
	f, rows := c.sweep.File.Folds, c.sweep.Data.Rows
	if f.Scheme == holdout {
		validation := int(math.Ceil(f.Fraction * float64(rows)))
		if validation < 2 || rows-validation < 2 {
			c.wrong("folds.fraction", "%v of %d rows leaves %d to train on and %d to validate on, want two of each at least",
				f.Fraction, rows, rows-validation, validation)
		}
		return
	}
	if f.K > rows {
		c.wrong("folds.k", "%d folds of %d rows", f.K, rows)
	} else if rows/max(1, f.K) < 2 {
		c.wrong("folds.k", "%d folds of %d rows leaves fewer than two rows to validate on", f.K, rows)
	}
	if f.Scheme == grouped {
		switch groups := c.sweep.Data.Groups; {
		case f.Group == "":
			c.wrong("folds.scheme", `"grouped" needs folds.group, the column that tells groups apart`)
		case groups < f.K:
			c.wrong("folds.k", "%d folds, but %q has only %d distinct values", f.K, f.Group, groups)
		}
	}
}

// used are the names that a value may have: the trainer's, and those that some
// layer refers to. Where checks get nil instead, any name will do.
func (c *checker) used() map[string]bool {
	used := make(map[string]bool)
	for _, name := range trainer.References(c.sweep.File.Model.Layers) {
		used[name] = true
	}
	for _, name := range trainer.ParamNames() {
		used[name] = true
	}
	return used
}

func (c *checker) unused(path, what, name string, used map[string]bool) {
	known := make([]string, 0, len(used))
	for n := range used {
		known = append(known, n)
	}
	slices.Sort(known)
	c.report(grids.Problem{Path: path, Known: known, Key: true,
		Message: fmt.Sprintf("%s %q is used by nobody: the trainer has no such parameter, and no layer refers to $%s", what, name, name)})
}

// checkAxes looks at every value of every axis by itself.
func (c *checker) checkAxes(used map[string]bool) {
	s := c.sweep
	if s.File.Search.Strategy == random && s.File.Search.Trials == 0 && !s.File.Grid.Finite() && len(c.told) == 0 {
		c.wrong("search.trials", "missing: a random search over a range without steps has no end")
	}
	for _, axis := range s.File.Grid.Axes() {
		if used != nil && !used[axis.Name] {
			c.unused(axis.Path, "axis", axis.Name, used)
			continue
		}
		if axis.Values == nil {
			if s.File.Search.Strategy != random {
				c.wrong(axis.Path, `a range without steps is for search.strategy = "random"; give steps to make it a list`)
			}
			for _, end := range []any{endOf(axis, axis.Min), endOf(axis, axis.Max)} {
				c.take(trainer.CheckParam(axis.Name, end), "", func(string) string { return axis.Path })
			}
			continue
		}
		for i, v := range axis.Values {
			c.take(trainer.CheckParam(axis.Name, v), "", func(string) string { return axis.Paths[i] })
		}
	}
}

// endOf is an end of a distribution as the values drawn from it are typed.
func endOf(axis grids.Axis, x float64) any {
	if axis.Integer {
		return int64(x)
	}
	return x
}

// checkParams looks at what is fixed.
func (c *checker) checkParams(used map[string]bool) {
	for name, v := range c.sweep.File.Params {
		path := "params." + name
		if used != nil && !used[name] {
			c.unused(path, "parameter", name, used)
			continue
		}
		c.take(trainer.CheckParam(name, v), "", func(string) string { return path })
	}
	slices.SortStableFunc(c.problems, func(a, b grids.Problem) int { return strings.Compare(a.Path, b.Path) })
}

// take reports what the trainer found; place finds where a parameter was written, point says in words
// which values of the axes led there ("": none did).
func (c *checker) take(problems []trainer.Problem, point string, place func(param string) string) {
	for _, p := range problems {
		path := p.Path
		if p.Param != "" {
			if at := place(p.Param); at != "" {
				path = at
			}
		}
		point := point
		if p.Param != "" || !strings.HasSuffix(p.Path, "]") { // a value of its own is wrong, not what a layer gets
			point = ""
		}
		c.reportAt(grids.Problem{Path: path, Message: p.Message, Known: p.Known, Warning: p.Warning}, point)
	}
}

// checkPoints compiles a sample of whole points: every one up to walkLimit whose
// model differs, beyond that an even spread, and each value that a layer refers to.
func (c *checker) checkPoints() {
	refs := trainer.References(c.sweep.File.Model.Layers)
	models, spare := make(map[string]bool), 0
	var first *grids.Point
	for p := range c.sample() {
		if first == nil {
			first = &p
		}
		values := c.sweep.values(p)
		var model strings.Builder
		for _, name := range refs {
			model.WriteString(inline(values[name]))
			model.WriteByte(0)
		}
		known := models[model.String()]
		if known {
			spare++
		}
		if known && spare > spareLimit || !known && len(models) >= compileLimit {
			continue
		}
		models[model.String()] = true
		config, problems := c.sweep.compile(values, c.sweep.Data.Shape)
		c.take(problems, pointText(p, refs), func(param string) string { return c.place(p, param) })
		if config != nil && c.sweep.weights != nil && !known {
			c.take(config.CheckWeights(c.sweep.weights), pointText(p, refs), func(string) string { return "" })
		}
	}
	if first == nil {
		c.wrong("grid", "no point is left to run: search.exclude takes them all")
		return
	}
	if c.sweep.File.Grid.Len() > walkLimit {
		c.checkReferenced(*first, refs)
	}
}

// pointText is those values of a point that the model refers to, as in "kernel=9 pool=2".
func pointText(p grids.Point, refs []string) string {
	var parts []string
	for _, name := range refs {
		if v, ok := p.Values[name]; ok {
			parts = append(parts, name+"="+inline(v))
		}
	}
	return strings.Join(parts, " ")
}

// checkReferenced tries each value of the axes that the model refers to on one
// point. Only what the value itself is blamed for counts: the combination may be
// none of the grid's.
func (c *checker) checkReferenced(base grids.Point, refs []string) {
	values := c.sweep.values(base)
	for _, axis := range c.sweep.File.Grid.Axes() {
		if !slices.Contains(refs, axis.Name) {
			continue
		}
		before, had := values[axis.Name]
		for i, v := range axis.Values[:min(len(axis.Values), compileLimit)] {
			values[axis.Name] = v
			_, problems := c.sweep.compile(values, c.sweep.Data.Shape)
			problems = slices.DeleteFunc(problems, func(p trainer.Problem) bool { return p.Param != axis.Name })
			c.take(problems, "", func(string) string { return axis.Paths[i] })
		}
		values[axis.Name] = before
		if !had {
			delete(values, axis.Name)
		}
	}
}

// sample yields all points of a grid that is small, else an even spread: raw
// indices a golden-ratio step apart, which meets every value of every axis soon.
func (c *checker) sample() func(yield func(grids.Point) bool) {
	g, trials := c.sweep.File.Grid, c.sweep.File.Search.Trials
	return func(yield func(grids.Point) bool) {
		if !g.Finite() {
			n := 0
			for p := range g.Draw(c.sweep.File.Seed) {
				if n++; n > walkLimit || trials > 0 && n > trials || !yield(p) {
					return
				}
			}
			return
		}
		length := g.Len()
		if length <= walkLimit {
			for i := range length {
				if p, ok := g.At(i); ok && !yield(p) {
					return
				}
			}
			return
		}
		step := int(float64(length)*0.6180339887498949) | 1
		for i, at := 0, 0; i < walkLimit; i, at = i+1, (at+step)%length {
			if p, ok := g.At(at); ok && !yield(p) {
				return
			}
		}
	}
}

// place is the key path of a parameter's value at a point: of the axis where it is
// active, else of what is fixed; "" where it is a default.
func (c *checker) place(p grids.Point, param string) string {
	if _, active := p.Values[param]; active {
		return c.sweep.File.Grid.Path(p, param)
	}
	if _, fixed := c.sweep.File.Params[param]; fixed {
		return "params." + param
	}
	return ""
}
