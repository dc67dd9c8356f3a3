package search

import (
	"cmp"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"

	"espalier/trainer"
)

// Selection is a rule that picks the trial to refit.
type Selection string

// The rules. Simplest is fewest parameters, then fewest epochs asked for, then
// the better rank.
const (
	SelectBest     Selection = "best"     // the leader
	SelectOneSE    Selection = "1se"      // the simplest within one standard error of the leader's mean
	SelectSimplest Selection = "simplest" // the simplest that is tied with the leader
)

// Selections are all rules.
var Selections = []Selection{SelectBest, SelectOneSE, SelectSimplest}

// Choice is what a rule picked and why.
type Choice struct {
	How        Selection
	Index      int     // of the trial in the standings
	Candidates int     // trials that the rule chose among
	Limit      float64 // SelectOneSE: the mean that is good enough; else NaN
	// Parameters and Epochs of the choice, and of the leader it stands in for. Zero
	// under SelectBest, which does not look at them.
	Parameters, LeaderParameters int64
	Epochs, LeaderEpochs         int
}

// Choose picks the trial to refit from Rank's standings.
//
// SelectOneSE is Breiman's rule (Breiman, Friedman, Olshen, Stone: Classification and
// Regression Trees, 1984, 3.4.3): differences below one standard error of the
// leader's mean are noise, so of the trials within it the simplest is taken. It is the
// rule of R's glmnet (lambda.1se) and rpart. SelectSimplest asks the test of Compare
// instead, which pairs folds and is mostly the more generous. Both are an error where
// the sweep gives them nothing to go by: a single fold and another metric than accuracy.
func Choose(s *Sweep, standings []Standing, how Selection) (Choice, error) {
	c := Choice{How: how, Limit: math.NaN()}
	if len(standings) == 0 || standings[0].Rank != 1 {
		return c, fmt.Errorf("choose a trial of sweep %q: no trial has a result on every fold", s.File.Name)
	}
	leader := standings[0]
	var candidate func(st *Standing) bool
	switch how {
	case SelectBest, "":
		c.How, c.Candidates = SelectBest, 1
		return c, nil
	case SelectOneSE:
		if math.IsNaN(leader.StdErr) {
			return c, fmt.Errorf("choose a trial of sweep %q by %q: one fold's %s has no standard error", s.File.Name, how, s.Metric)
		}
		c.Limit = leader.Mean - leader.StdErr
		candidate = func(st *Standing) bool { return st.Mean >= c.Limit }
		if trainer.Ascending(s.Metric) {
			c.Limit = leader.Mean + leader.StdErr
			candidate = func(st *Standing) bool { return st.Mean <= c.Limit }
		}
	case SelectSimplest:
		if TestName(s) == "" {
			return c, fmt.Errorf("choose a trial of sweep %q by %q: one fold's %s tells nothing about ties", s.File.Name, how, s.Metric)
		}
		candidate = func(st *Standing) bool { return Compare(s, *st, leader).Tied() }
	default:
		return c, fmt.Errorf("choose a trial of sweep %q: no rule %q", s.File.Name, how)
	}
	models := newModels(s)
	size := func(i int) simplicity {
		t := standings[i].Trial
		return simplicity{models.facts(t.Point.Values).parameters, s.epochsOf(t.Point.Values), standings[i].Rank}
	}
	first := size(0)
	best := first
	c.Candidates = 1
	for i := 1; i < len(standings) && standings[i].Rank > 0; i++ {
		if !candidate(&standings[i]) {
			continue
		}
		c.Candidates++
		if have := size(i); have.compare(best) < 0 {
			best, c.Index = have, i
		}
	}
	c.Parameters, c.Epochs = best.parameters, best.epochs
	c.LeaderParameters, c.LeaderEpochs = first.parameters, first.epochs
	return c, nil
}

// simplicity orders trials from the simplest on.
type simplicity struct {
	parameters int64
	epochs     int
	rank       int // equals of which one scores better are no reason to take the other
}

func (a simplicity) compare(b simplicity) int {
	return cmp.Or(cmp.Compare(a.parameters, b.parameters), cmp.Compare(a.epochs, b.epochs), cmp.Compare(a.rank, b.rank))
}

// Optimism estimates by how much the leader's mean is too good because the leader is
// the best of all ranked trials on the very folds it is measured on. It is the bias of
// Tibshirani and Tibshirani (A bias correction for the minimum error rate in
// cross-validation, Annals of Applied Statistics 3, 2009): the mean over the folds of
// how much better than the leader the best trial of that fold is, in units of the
// metric and never negative. NaN below two folds or two ranked trials.
//
// With few folds it errs on the safe side: each fold's best is a maximum of noisier
// numbers than the leader's mean.
func Optimism(s *Sweep, standings []Standing) float64 {
	n := 0
	for n < len(standings) && standings[n].Rank > 0 {
		n++
	}
	if n < 2 || s.Slots() < 2 {
		return math.NaN()
	}
	sign := 1.0
	if trainer.Ascending(s.Metric) {
		sign = -1
	}
	bias := make([]float64, s.Slots())
	for slot := range bias {
		for i := range n {
			bias[slot] = max(bias[slot], sign*(standings[i].Folds[slot]-standings[0].Folds[slot]))
		}
	}
	return stat.Mean(bias, nil)
}
