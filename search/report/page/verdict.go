package page

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"espalier/search"
	"espalier/trainer"
)

// tieRows is how many tied points the page compares with the winner one by one.
const tieRows = 20

// verdict is what the page says of the winner.
type verdict struct {
	Metric   string
	Trial    string // short; "" no point is complete yet
	Order    int
	Mean     string
	StdErr   string
	Folds    int
	Params   []param
	Settled  bool // nothing is to do any more
	Of       int  // complete points
	Tied     int
	Test     string // its name; "" where none is possible
	Level    string // of it
	Ties     []tie
	MoreTies int
	OneSE    *chosen
	Simplest *chosen
	Optimism string // "" where it cannot be estimated
	None     bool   // of it to four digits
	Honest   string // the mean without it
}

type param struct{ Name, Value string }

type tie struct {
	Trial      string
	Order      int
	Rank       int
	Difference string
	StdErr     string
	P          string
	Params     string
}

// chosen is another point one might take.
type chosen struct {
	Trial, Score, Limit, Params string
	Order                       int
	Same                        bool // it is the winner
	Candidates                  int
	Because                     string // in what it is simpler
}

// newVerdict judges the standings, which are all complete ones in order of rank.
func newVerdict(in *Input, complete []search.Standing, tied []bool) verdict {
	s := in.Sweep
	v := verdict{Metric: title(s.Metric), Of: len(complete), Folds: s.Slots()}
	v.Settled = !in.Status.Running && in.Status.Done+in.Status.Failed >= in.Status.Total
	if len(complete) == 0 {
		return v
	}
	leader := complete[0]
	v.Trial, v.Order, v.Mean, v.StdErr = leader.Trial.ID()[:8], leader.Trial.Order, decimal(leader.Mean, 4), decimal(leader.StdErr, 4)
	for _, k := range sorted(leader.Trial.Point.Values) {
		v.Params = append(v.Params, param{clean(k), brief(leader.Trial.Point.Values[k])})
	}
	v.Test, v.Level = search.TestName(s), full(search.TieLevel)
	for i := 1; i < len(complete) && i < len(tied); i++ {
		if !tied[i] {
			continue
		}
		if v.Tied++; len(v.Ties) == tieRows {
			v.MoreTies++
			continue
		}
		c := search.Compare(s, complete[i], leader)
		v.Ties = append(v.Ties, tie{
			Trial: complete[i].Trial.ID()[:8], Order: complete[i].Trial.Order, Rank: complete[i].Rank,
			Difference: signed(c.Mean), StdErr: decimal(c.StdErr, 4), P: decimal(c.P, 3), Params: params(complete[i].Trial),
		})
	}
	if len(complete) > 1 {
		v.OneSE, v.Simplest = choose(in, complete, search.SelectOneSE), choose(in, complete, search.SelectSimplest)
	}
	if o := search.Optimism(s, complete); !math.IsNaN(o) {
		v.Optimism = decimal(o, 4)
		v.None = v.Optimism == decimal(0, 4)
		if trainer.Ascending(s.Metric) {
			o = -o
		}
		v.Honest = decimal(leader.Mean-o, 4)
	}
	return v
}

// choose is another rule's choice; nil where it has none.
func choose(in *Input, complete []search.Standing, how search.Selection) *chosen {
	c, err := search.Choose(in.Sweep, complete, how)
	if err != nil || c.Index < 0 || c.Index >= len(complete) {
		return nil
	}
	st := complete[c.Index]
	out := &chosen{
		Trial: st.Trial.ID()[:8], Order: st.Trial.Order, Score: decimal(st.Mean, 4), Limit: decimal(c.Limit, 4), Params: params(st.Trial),
		Same: c.Index == 0, Candidates: c.Candidates,
	}
	switch {
	case c.Parameters != c.LeaderParameters:
		out.Because = fmt.Sprintf("%s parameters against %s", thousands(int(c.Parameters)), thousands(int(c.LeaderParameters)))
	case c.Epochs != c.LeaderEpochs:
		out.Because = fmt.Sprintf("as many parameters, %s against %d", plural(c.Epochs, "epoch"), c.LeaderEpochs)
	}
	return out
}

// signed writes a difference with its sign.
func signed(x float64) string {
	if text := decimal(x, 4); x > 0 {
		return "+" + text
	} else {
		return text
	}
}

// params writes a trial's values on the axes in one line.
func params(t search.Trial) string {
	var parts []string
	for _, k := range sorted(t.Point.Values) {
		parts = append(parts, clean(k)+"="+brief(t.Point.Values[k]))
	}
	return strings.Join(parts, "  ")
}

// headline is one of the numbers at the top.
type headline struct {
	Label, Value, Note string
	Mark               template.HTML // a progress bar
}

// newHeadlines are the few numbers that one looks for first.
func newHeadlines(in *Input, v verdict, t *tested) []headline {
	var out []headline
	if v.Trial != "" {
		note := "mean over " + plural(v.Folds, "fold")
		if v.StdErr != "" {
			note = "± " + v.StdErr + " standard error, " + plural(v.Folds, "fold")
		}
		label := "best " + v.Metric
		if !v.Settled {
			label += " so far"
		}
		out = append(out, headline{Label: label, Value: v.Mean, Note: note})
	}
	if t != nil && t.Score != "" {
		looks := "looked at once"
		if t.Looks > 1 {
			looks = plural(t.Looks, "model") + " looked at them"
		}
		out = append(out, headline{Label: "test " + t.Metric, Value: t.Score, Note: plural(t.Rows, "test row") + ", " + looks})
	}
	st := in.Status
	if v.Of > 1 && v.Test != "" {
		out = append(out, headline{Label: "tied with the best", Value: thousands(v.Tied), Note: "of " + plural(v.Of-1, "other complete point")})
	}
	note := plural(st.Trials, "point") + " × " + plural(in.Sweep.Slots(), "fold")
	if st.Trials == 0 {
		note = plural(in.Ranking.Len(), "point") + " × " + plural(in.Sweep.Slots(), "fold")
	}
	var bad []string
	if st.Failed > 0 {
		bad = append(bad, thousands(st.Failed)+" failed")
	}
	if st.Diverged > 0 {
		bad = append(bad, thousands(st.Diverged)+" diverged")
	}
	if len(bad) > 0 {
		note += "; " + strings.Join(bad, ", ")
	}
	value := thousands(st.Done)
	if st.Done < st.Total {
		value += " of " + thousands(st.Total)
	}
	out = append(out, headline{Label: "fits done", Value: value, Note: note})
	return out
}
