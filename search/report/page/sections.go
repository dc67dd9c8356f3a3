package page

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"espalier/search"
	"espalier/trainer"
)

// axisValues is how many values of an axis are listed with what came of each.
const axisValues = 24

// axis is one axis of the grid and what its values came to.
type axis struct {
	Name   string
	Range  string // of a distribution or a long list
	Values []level
	More   int
}

type level struct {
	Value  string
	Points int
	Mean   string        // over the complete points with the value
	Best   string        // the best of them
	Bar    template.HTML // where that lies between the worst and the best of all
	Top    bool          // the winner has it
}

// newAxes says what was searched. Every complete point counts once per value, so on
// a full grid the means of an axis compare like with like.
func newAxes(s *search.Sweep, complete []search.Standing) []axis {
	low, high := math.Inf(1), math.Inf(-1)
	for i := range complete {
		low, high = min(low, complete[i].Mean), max(high, complete[i].Mean)
	}
	var out []axis
	for _, a := range s.File.Grid.Axes() {
		x := axis{Name: clean(a.Name)}
		if a.Values == nil {
			scale, kind := "", "real numbers"
			if a.Log {
				scale = ", logarithmic"
			}
			if a.Integer {
				kind = "integers"
			}
			x.Range = fmt.Sprintf("%s from %s to %s%s", kind, full(a.Min), full(a.Max), scale)
			out = append(out, x)
			continue
		}
		type sums struct {
			n         int
			sum, best float64
		}
		found := make(map[string]*sums)
		for i := range complete {
			v, active := complete[i].Trial.Point.Values[a.Name]
			if !active {
				continue
			}
			f := found[value(v)]
			if f == nil {
				f = &sums{best: complete[i].Mean} // standings come best first
				found[value(v)] = f
			}
			f.n++
			f.sum += complete[i].Mean
		}
		for i, v := range a.Values {
			if i == axisValues {
				x.More = len(a.Values) - i
				break
			}
			l := level{Value: brief(v)}
			if f := found[value(v)]; f != nil {
				mean := f.sum / float64(f.n)
				l.Points, l.Mean, l.Best = f.n, decimal(mean, 4), decimal(f.best, 4)
				l.Bar = levelBar(mean, f.best, low, high)
			}
			if len(complete) > 0 {
				w, active := complete[0].Trial.Point.Values[a.Name]
				l.Top = active && value(w) == value(v)
			}
			x.Values = append(x.Values, l)
		}
		out = append(out, x)
	}
	return out
}

// levelBar is a dot for the mean and a ring for the best, between the worst and the best point.
func levelBar(mean, best, low, high float64) template.HTML {
	if !(low < high) {
		return ""
	}
	at := func(x float64) float64 { return 4 + 92*(x-low)/(high-low) }
	return template.HTML(fmt.Sprintf(`<svg class="strip" viewBox="0 0 100 14" aria-hidden="true"><path class="reach" d="M%.1f 7H%.1f"/><circle cx="%.1f" cy="7" r="2.8"/><circle class="ring" cx="%.1f" cy="7" r="2.6"/></svg>`,
		at(mean), at(best), at(mean), at(best)))
}

// setting is one line of how the search was done.
type setting struct{ Name, Value string }

func newSettings(in *Input) []setting {
	s, f := in.Sweep, in.Sweep.File
	var out []setting
	add := func(name, value string) {
		if value != "" {
			out = append(out, setting{name, value})
		}
	}
	d := s.Data
	rows := plural(d.Rows, "training row")
	if d.TestRows > 0 {
		rows += ", " + plural(d.TestRows, "test row") + " held apart"
	} else {
		rows += ", no test rows"
	}
	add("data", fmt.Sprintf("%s: %s, %s", clean(d.Source), rows, plural(len(d.Classes), "class")))
	switch {
	case d.Kind == "images" && len(d.Shape) == 3:
		add("inputs", fmt.Sprintf("images of %d × %d × %d", d.Shape[0], d.Shape[1], d.Shape[2]))
	case len(d.Shape) == 1:
		add("inputs", plural(d.Shape[0], "column"))
	}
	strategy := "every point of the grid"
	if f.Search.Strategy == "random" {
		strategy = "random search"
	}
	add("search", fmt.Sprintf("%s: %s", strategy, plural(in.Ranking.Len(), "point")))
	scheme := fmt.Sprintf("%s, %s", f.Folds.Scheme, plural(s.K, "fold"))
	if f.Folds.Scheme == "holdout" {
		scheme = fmt.Sprintf("hold-out of %s, %s", full(f.Folds.Fraction), f.Folds.Position)
	}
	if s.Repeats > 1 {
		scheme += fmt.Sprintf(", %d times", s.Repeats)
	}
	if f.Folds.Shuffle {
		scheme += ", shuffled"
	}
	if f.Folds.Group != "" {
		scheme += ", grouped by " + clean(f.Folds.Group)
	}
	add("folds", scheme)
	better := "higher is better"
	if trainer.Ascending(s.Metric) {
		better = "lower is better"
	}
	add("ranked by", title(s.Metric)+" on validation rows, unweighted mean over the folds; "+better)
	var fixed []string
	for _, k := range sorted(f.Params) {
		fixed = append(fixed, clean(k)+" = "+value(f.Params[k]))
	}
	add("fixed", strings.Join(fixed, ", "))
	return out
}

// trouble is one (trial, fold) without a score.
type trouble struct {
	Trial  string
	Order  int
	Params string
	State  string
	Fold   int
	Reason string
}

// troubleRows is how many of them a page lists.
const troubleRows = 100

// newTroubles lists what failed and what diverged, and counts the rest.
func newTroubles(in *Input) (list []trouble, more int) {
	for i := range in.Ranking.Len() {
		st := in.Ranking.At(i)
		switch st.State {
		case search.Pending:
			return list, more // the last ones: nothing is known of them
		case search.Complete:
			continue
		}
		for slot := range st.Folds {
			t := trouble{Trial: st.Trial.ID()[:8], Order: st.Trial.Order, Params: params(st.Trial), Fold: slot}
			switch o, f := st.Outcomes[slot], st.Failures[slot]; {
			case f != nil && o == nil:
				t.State, t.Reason = "failed", clean(firstLine(f.Reason))
			case o != nil && o.State == search.Diverged:
				t.State, t.Reason = "diverged", clean(firstLine(o.Reason))
			case o != nil && math.IsNaN(st.Folds[slot]):
				t.State, t.Reason = "diverged", "its score is not finite"
			default:
				continue
			}
			if len(list) == troubleRows {
				more++
				continue
			}
			list = append(list, t)
		}
	}
	return list, more
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	if r := []rune(line); len(r) > 400 {
		line = string(r[:400]) + "…"
	}
	return line
}

// tested is the refit and what the test rows say of it.
type tested struct {
	Trial, When    string
	Order          int
	Winner         bool // the trial is the leader's
	Epochs, Rows   int
	Metric, Score  string
	Scores         []setting
	Looks          int
	Classes        []perClass
	MoreClasses    int
	Evaluated      bool
	ModelDigest    string
	OtherModels    int
	WithoutRefit   bool
	DifferenceText string
}

type perClass struct {
	Name                  string
	Precision, Recall, F1 string
	Rows                  int
	Bar                   template.HTML
}

// classRows is how many classes the page lists.
const classRows = 100

// newTested tells of the refit of the winner, else of the latest; nil without any.
func newTested(in *Input, complete []search.Standing) *tested {
	if len(in.Refits) == 0 {
		return nil
	}
	refit := in.Refits[len(in.Refits)-1]
	if len(complete) > 0 {
		for _, r := range in.Refits {
			if r.Trial == complete[0].Trial.Key {
				refit = r
			}
		}
	}
	t := &tested{When: moment(refit.Recorded), Epochs: refit.Epochs, ModelDigest: refit.Model, Looks: len(in.Tests), OtherModels: len(in.Refits) - 1}
	if trial, ok := in.Sweep.Trial(refit.Trial); ok {
		t.Order = trial.Order
		t.Trial = trial.ID()[:8]
	} else {
		t.Order, t.Trial = -1, fmt.Sprintf("%x", refit.Trial[:4])
	}
	t.Winner = len(complete) > 0 && refit.Trial == complete[0].Trial.Key
	for i := range in.Tests {
		if in.Tests[i].Model != refit.Model {
			continue
		}
		e := in.Tests[i].Result
		t.Evaluated, t.Rows, t.Metric = true, e.Rows, title(in.Sweep.Metric)
		score, _ := e.Scores.Metric(in.Sweep.Metric)
		t.Score = decimal(score, 4)
		for _, m := range []string{"accuracy", "loss", "f1_macro", "precision_macro", "recall_macro"} {
			x, _ := e.Scores.Metric(m)
			t.Scores = append(t.Scores, setting{title(m), decimal(x, 4)})
		}
		for c, p := range e.Classes {
			if c == classRows {
				t.MoreClasses = len(e.Classes) - c
				break
			}
			name := fmt.Sprint(c)
			if c < len(in.Sweep.Data.Classes) {
				name = clean(in.Sweep.Data.Classes[c])
			}
			t.Classes = append(t.Classes, perClass{
				Name: name, Precision: decimal(p.Precision, 4), Recall: decimal(p.Recall, 4), F1: decimal(p.F1, 4), Rows: p.Support, Bar: classBar(p.F1),
			})
		}
	}
	return t
}

func classBar(f1 float64) template.HTML {
	if math.IsNaN(f1) {
		return ""
	}
	return template.HTML(fmt.Sprintf(`<svg class="strip" viewBox="0 0 100 14" aria-hidden="true"><path class="track" d="M0 7H100"/><path class="fill" d="M0 7H%.1f"/></svg>`, 100*max(0, min(1, f1))))
}

// newProvenance says where the numbers come from (law 10).
func newProvenance(in *Input) []setting {
	s, head := in.Sweep, in.Ranking.Head(in.Version)
	out := []setting{
		{"sweep", clean(s.File.Name)},
		{"sweep ID", s.ID.String()},
		{"data", clean(s.Data.Source)},
		{"data fingerprint", s.Data.Fingerprint},
		{"seed", fmt.Sprint(s.File.Seed)},
		{"version", clean(in.Version)},
		{"kernel path", clean(head.Kernel)},
		{"trainer revision", clean(revisions(in))},
	}
	for _, m := range head.Mixed {
		out = append(out, setting{"mixed (--mix)", clean(m)})
	}
	if !in.Enrolment.Created.IsZero() {
		out = append(out, setting{"enrolled", moment(in.Enrolment.Created)})
	}
	seconds, trained := 0.0, 0
	for _, r := range in.Runs {
		seconds += r.Ended.Sub(r.Started).Seconds()
		trained += r.Trained
	}
	if len(in.Runs) > 0 {
		last := in.Runs[len(in.Runs)-1]
		out = append(out, setting{"runs", fmt.Sprintf("%s, %s of wall time in all, %s trained; the last with %s ended %s: %s",
			plural(len(in.Runs), "run"), lasting(seconds), plural(trained, "epoch"), plural(last.Workers, "worker"), moment(last.Ended), clean(firstLine(last.Exit)))})
	}
	if !in.Made.IsZero() {
		out = append(out, setting{"page made", moment(in.Made)})
	}
	return out
}

// revisions are the trainer revisions that the first rows come from.
func revisions(in *Input) string {
	var found []string
	for i := range min(in.Ranking.Len(), 100) {
		for _, o := range in.Ranking.At(i).Outcomes {
			if o != nil && !slices.Contains(found, o.Revision) {
				found = append(found, o.Revision)
			}
		}
	}
	if len(found) == 0 {
		return trainer.Revision()
	}
	return strings.Join(found, ", ")
}

// source is the sweep file itself.
type source struct {
	Name, Text string
	Overrides  []string
	Link       template.URL // its bytes, to save them
}

// linkBytes is up to how long a sweep file stands in the page a second time, to be saved.
const linkBytes = 128 << 10

func newSource(in *Input) source {
	e := in.Enrolment
	out := source{Name: FileName(in.Sweep.File.Name) + ".toml"}
	if len(e.Source) <= linkBytes {
		out.Link = template.URL("data:application/toml;base64," + base64.StdEncoding.EncodeToString(e.Source))
	}
	// Line feeds and tabs are what a text is made of; everything else hidden is shown.
	for i, line := range strings.Split(strings.ReplaceAll(string(e.Source), "\r\n", "\n"), "\n") {
		if i > 0 {
			out.Text += "\n"
		}
		out.Text += clean(strings.ReplaceAll(line, "\t", "    "))
	}
	for _, o := range e.Overrides {
		out.Overrides = append(out.Overrides, clean(o))
	}
	return out
}

// FileName is a sweep's name as any file system takes it, without suffix.
func FileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, name)
	if safe = strings.Trim(safe, "-"); safe == "" || len(safe) > 80 {
		return "sweep"
	}
	return safe
}
