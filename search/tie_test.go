package search

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// standing makes a ranked one of scores.
func standing(s *Sweep, rank int, scores ...float64) Standing {
	st := Standing{Rank: rank, State: Complete, Folds: scores}
	st.Outcomes = make([]*Outcome, len(scores))
	st.sum(s)
	return st
}

// The corrected test against numpy 1.24.2 and scipy 1.10.1:
//
//	d = a - b; se = sqrt((1/len(d) + held/(1-held)) * d.var(ddof=1)); t = d.mean()/se; 2*stats.t.sf(abs(t), len(d)-1)
func TestCompare(t *testing.T) {
	three := sweep(t, text)
	four := sweep(t, strings.Replace(text, "k = 3", "k = 2\nshuffle = true\nrepeats = 2", 1))
	quarter := sweep(t, strings.Replace(text, "k = 3", "scheme = \"holdout\"\nfraction = 0.25", 1))
	large := sweep(t, strings.Replace(text, "k = 3", "scheme = \"holdout\"\nfraction = 0.25", 1))
	large.Data.Rows = 60_000
	loss := sweep(t, strings.Replace(text, "k = 3", "scheme = \"holdout\"\nfraction = 0.25\n[search]\nmetric = \"loss\"", 1))
	nan := math.NaN()
	for _, c := range []struct {
		name             string
		sweep            *Sweep
		trial, leader    []float64
		mean, se, tee, p float64
		tied             bool
	}{
		{"three folds", three, []float64{.80, .79, .82}, []float64{.84, .82, .84}, -.03, 0.009128709291752725, -3.2863353450310075, 0.08144134645630773, true},
		{"three folds, nearer", three, []float64{.81, .815, .83}, []float64{.84, .82, .84}, -.015, 0.012076147288491152, -1.2421180068162405, 0.34008798240390936, true},
		{"two folds twice", four, []float64{.81, .80, .83, .82}, []float64{.84, .82, .84, .845}, -.02125, 0.009547032697824639, -2.225822480407125, 0.11243236601804393, true},
		{"one hold-out of 15,000", large, []float64{.9}, []float64{.906}, -.006, 0.003417250356646407, -1.7557976073746717, 0.07912297308601716, true},
		{"the same of 250", quarter, []float64{.9}, []float64{.906}, -.006, 0.02646990744222578, -0.2266724964224311, 0.8206784151458255, true},
		{"the same everywhere", three, []float64{.8, .8, .8}, []float64{.8, .8, .8}, 0, 0, 0, 1, true},
		{"worse by the same everywhere", three, []float64{.5, .5, .5}, []float64{.75, .75, .75}, -.25, 0, math.Inf(-1), 0, false},
		{"a fold is missing", three, []float64{.80, .79, nan}, []float64{.84, .82, .84}, -.035, 0.007071067811865481, -4.949747468305817, 0.12690837398847035, true},
		{"far off", three, []float64{.60, .61, .59}, []float64{.84, .82, .84}, -.23333333333333334, 0.019002923751652315, -12.278812270298397, 0.0065673860248160005, false},
		{"one loss", loss, []float64{.3}, []float64{.2}, .1, nan, nan, nan, false},
		{"nothing in common", three, []float64{nan, nan, nan}, []float64{.8, .8, .8}, nan, nan, nan, nan, false},
	} {
		got := Compare(c.sweep, standing(c.sweep, 2, c.trial...), standing(c.sweep, 1, c.leader...))
		for what, v := range map[string][2]float64{"mean": {got.Mean, c.mean}, "standard error": {got.StdErr, c.se}, "t": {got.T, c.tee}, "p": {got.P, c.p}} {
			if v[0] != v[1] && !(math.Abs(v[0]-v[1]) < 1e-9*math.Abs(v[1])+1e-15) && !(math.IsNaN(v[0]) && math.IsNaN(v[1])) {
				t.Errorf("%s: %s %.12v, want %v", c.name, what, v[0], v[1])
			}
		}
		if got.Tied() != c.tied {
			t.Errorf("%s: tied %t", c.name, got.Tied())
		}
		if (got.Test != "") == math.IsNaN(got.P) {
			t.Errorf("%s: p %v by test %q", c.name, got.P, got.Test)
		}
	}
	if got := standing(large, 1, .9).StdErr; math.Abs(got-0.002449489742783178) > 1e-15 {
		t.Errorf("standard error of 0.9 of 15,000 rows: %v", got)
	}
	if got := standing(loss, 1, .9).StdErr; !math.IsNaN(got) {
		t.Errorf("standard error of one loss: %v", got)
	}
}

func TestTies(t *testing.T) {
	s := sweep(t, text)
	rows := []Standing{
		standing(s, 1, .84, .82, .84), standing(s, 2, .84, .82, .84), standing(s, 3, .80, .79, .82),
		standing(s, 4, .60, .61, .59), {State: Partial, Folds: []float64{.84, math.NaN(), math.NaN()}},
	}
	if got, want := Ties(s, rows), []bool{true, true, true, false, false}; !slices.Equal(got, want) {
		t.Errorf("tied: %v, want %v", got, want)
	}
	if got := Ties(s, rows[4:]); got[0] {
		t.Error("a trial that is not ranked is tied with nobody")
	}
	if got := Ties(s, nil); len(got) != 0 {
		t.Error(got)
	}
}
