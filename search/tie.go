package search

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// TieLevel is the two-sided level of the test that tells a trial from the leader:
// with a p of at least this the two are tied. Each trial is tested by itself, and
// the leader is the best of many, so that some rows without the mark are no worse
// than it either: no mark is weaker evidence than a p below 0.05 says.
const TieLevel = 0.05

// Paired is the difference of a trial to the leader over the slots that both have.
// Every point sees the same folds and shuffles, so that the pairs belong together.
type Paired struct {
	Test         string // what P is of, for people; "" where no test is possible
	Slots        int
	Mean, StdErr float64 // of trial − leader; NaN without slots, StdErr where no test is possible
	T, P         float64 // the statistic and its two-sided p; NaN where no test is possible
}

// Tied tells whether the two cannot be told from each other.
func (p Paired) Tied() bool { return p.P >= TieLevel }

// Compare tests whether a trial differs from the leader.
//
// With two slots or more it is the corrected resampled t-test of Nadeau and Bengio
// (Inference for the Generalization Error, Machine Learning 52, 2003), as Bouckaert
// and Frank (2004) use it for repeated cross-validation: the training rows of the
// slots overlap, so that their differences are not independent and the variance of
// their mean is not s²/J but (1/J + validation rows / training rows)·s², with J − 1
// degrees of freedom for J slots. The t-test without it calls too much significant.
//
// With one slot nothing repeats. For accuracy there remain two shares of the same n
// validation rows: z = difference / √((p(1−p) + q(1−q)) / n). It takes the two as
// independent. The trials' mistakes go together, which makes the true error smaller:
// the test rather calls a tie. For other metrics there is no test.
func Compare(s *Sweep, trial, leader Standing) Paired {
	p := Paired{Mean: math.NaN(), StdErr: math.NaN(), T: math.NaN(), P: math.NaN()}
	var d []float64
	for slot := range min(len(trial.Folds), len(leader.Folds)) {
		if x := trial.Folds[slot] - leader.Folds[slot]; !math.IsNaN(x) {
			d = append(d, x)
		}
	}
	if p.Slots = len(d); p.Slots == 0 {
		return p
	}
	p.Mean = stat.Mean(d, nil)
	var upper func(x float64) float64
	switch j := float64(p.Slots); {
	case p.Slots > 1:
		p.StdErr = math.Sqrt((1/j + s.held()/(1-s.held())) * stat.Variance(d, nil))
		upper = distuv.StudentsT{Mu: 0, Sigma: 1, Nu: j - 1}.Survival
	case s.Slots() == 1 && s.Metric == "accuracy" && s.validated() > 0:
		a, b := s.standardError(trial.Folds), s.standardError(leader.Folds)
		p.StdErr = math.Hypot(a, b)
		upper = distuv.UnitNormal.Survival
	default:
		return p
	}
	p.Test = TestName(s)
	switch {
	case p.Mean == 0: // the leader itself, or one that cannot be told from it by any test
		p.T, p.P = 0, 1
	case p.StdErr == 0: // the same difference on every fold
		p.T, p.P = math.Copysign(math.Inf(1), p.Mean), 0
	default:
		p.T = p.Mean / p.StdErr
		p.P = 2 * upper(math.Abs(p.T))
	}
	return p
}

// TestName says by which test trials of a sweep are told from the leader, "" where
// none is possible.
func TestName(s *Sweep) string {
	switch {
	case s.Slots() > 1:
		return fmt.Sprintf("paired t-test over %d folds, corrected for overlapping training rows", s.Slots())
	case s.Metric == "accuracy" && s.validated() > 0:
		return fmt.Sprintf("two shares of %.0f validation rows", s.validated())
	}
	return ""
}

// Ties tells of each standing whether it is tied with the leader, which is the
// first; the leader is with itself. None is where no test is possible or nothing is
// ranked.
func Ties(s *Sweep, standings []Standing) []bool {
	tied := make([]bool, len(standings))
	for i := range standings {
		if standings[i].Rank > 0 && standings[0].Rank == 1 {
			tied[i] = Compare(s, standings[i], standings[0]).Tied()
		}
	}
	return tied
}

// standardError is that of the mean of a trial's folds: sample deviation over root n,
// or with a single fold and a share of right answers that of the share,
// √(p(1−p)/n); NaN where neither is known. For accuracy on one hold-out the latter
// is what Breiman et al. (Classification and Regression Trees, 1984, 3.4) use.
func (s *Sweep) standardError(folds []float64) float64 {
	switch n := s.validated(); {
	case len(folds) > 1:
		return stat.StdErr(stat.StdDev(folds, nil), float64(len(folds)))
	case len(folds) == 1 && s.Metric == "accuracy" && n > 0:
		return math.Sqrt(folds[0] * (1 - folds[0]) / n)
	}
	return math.NaN()
}

// held is the share of the training rows that a fold validates on.
func (s *Sweep) held() float64 {
	if s.File.Folds.Scheme == holdout {
		return s.File.Folds.Fraction
	}
	return 1 / float64(s.K)
}

// validated is how many rows a fold validates on, in grouped folds about.
func (s *Sweep) validated() float64 {
	n := float64(s.Data.Rows)
	if s.File.Folds.Scheme == holdout {
		return math.Ceil(s.File.Folds.Fraction * n)
	}
	return n / float64(s.K)
}
