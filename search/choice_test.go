package search

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// ranked gives standings of the test sweep's trials in the order named.
func ranked(t *testing.T, s *Sweep, scores map[int][]float64) []Standing {
	t.Helper()
	var facts []Fact
	for i, tr := range slices.Collect(s.Trials()) {
		for slot, score := range scores[i] {
			facts = append(facts, scored(tr, slot, score))
		}
	}
	return rank(t, s, facts)
}

// Trials are batch_size × epochs (1, 2, 4) × units (4, 8): even ones are the small model.
func TestChoose(t *testing.T) {
	three := sweep(t, text)
	holdout := strings.Replace(text, "k = 3", "scheme = \"holdout\"\nfraction = 0.25", 1)
	one := sweep(t, holdout)
	loss := sweep(t, strings.Replace(text, "k = 3", "k = 3\n[search]\nmetric = \"loss\"", 1))
	f1 := sweep(t, strings.Replace(holdout, "[params]", "[search]\nmetric = \"f1_macro\"\n[params]", 1))
	scores := map[int][]float64{
		5: {.84, .82, .84},    // leader: large, 4 epochs; standard error 0.00667
		3: {.83, .82, .84},    // large, 2 epochs; within one
		4: {.835, .805, .83},  // small, 4 epochs; 0.8233: beyond one, tied
		2: {.835, .805, .83},  // small, 2 epochs
		8: {.835, .805, .83},  // the same of the other batch size
		0: {.60, .61, .59},    // small, 1 epoch; far off
		1: {.84, .82},         // not ranked
		6: {.835, .805, .829}, // small, 1 epoch, a little less: tied too
	}
	for _, c := range []struct {
		name       string
		sweep      *Sweep
		scores     map[int][]float64
		how        Selection
		order      int
		candidates int
		err        string
	}{
		{"best", three, scores, SelectBest, 5, 1, ""},
		{"no word is best", three, scores, "", 5, 1, ""},
		{"1se", three, scores, SelectOneSE, 3, 2, ""},
		{"simplest", three, scores, SelectSimplest, 6, 6, ""},
		{"as simple as the leader", three, map[int][]float64{8: {.84, .82, .84}, 2: {.84, .82, .83}}, SelectSimplest, 8, 2, ""},
		{"of equals the better", three, map[int][]float64{5: {.84, .82, .84}, 8: {.84, .82, .835}, 2: {.84, .82, .83}}, SelectOneSE, 8, 3, ""},
		{"loss, 1se", loss, map[int][]float64{5: {.3, .4, .5}, 2: {.35, .45, .55}, 0: {.36, .46, .56}}, SelectOneSE, 2, 2, ""},
		{"one fold, 1se", one, map[int][]float64{5: {.9}, 3: {.885}, 2: {.88}}, SelectOneSE, 3, 2, ""},
		{"one fold, simplest", one, map[int][]float64{5: {.9}, 3: {.885}, 2: {.88}, 0: {.7}}, SelectSimplest, 2, 3, ""},
		{"one fold's F1", f1, map[int][]float64{5: {.9}}, SelectOneSE, 0, 0, `one fold's f1_macro has no standard error`},
		{"one fold's F1, simplest", f1, map[int][]float64{5: {.9}}, SelectSimplest, 0, 0, `one fold's f1_macro tells nothing about ties`},
		{"nothing ranked", three, map[int][]float64{5: {.9}}, SelectBest, 0, 0, "no trial has a result on every fold"},
		{"no rule", three, scores, "worst", 0, 0, `no rule "worst"`},
	} {
		if c.sweep == f1 { // the helper scores accuracy and loss
			f1.Metric = "f1_macro"
		}
		standings := ranked(t, c.sweep, c.scores)
		got, err := Choose(c.sweep, standings, c.how)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if order := standings[got.Index].Trial.Order; order != c.order || got.Candidates != c.candidates {
			t.Errorf("%s: trial %d of %d candidates, want %d of %d", c.name, order, got.Candidates, c.order, c.candidates)
		}
	}
	got, err := Choose(three, ranked(t, three, scores), SelectSimplest)
	if err != nil || got.Parameters >= got.LeaderParameters || got.Epochs != 1 || got.LeaderEpochs != 4 {
		t.Errorf("%+v, %v", got, err)
	}
	if c, _ := Choose(three, ranked(t, three, scores), SelectOneSE); math.Abs(c.Limit-(2.5/3-0.006666666666666672)) > 1e-12 {
		t.Errorf("limit %v", c.Limit)
	}
}

// Tibshirani and Tibshirani's bias by hand: the best of each fold less the leader there.
func TestOptimism(t *testing.T) {
	s := sweep(t, text)
	standings := ranked(t, s, map[int][]float64{0: {.5, .7, .6}, 1: {.6, .5, .65}, 2: {.4, .4, .7}})
	// The leader is trial 0, mean 0.6; bests are 0.6, 0.7, 0.7.
	if got, want := Optimism(s, standings), (0.1+0+0.1)/3; math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, want %v", got, want)
	}
	loss := sweep(t, strings.Replace(text, "k = 3", "k = 3\n[search]\nmetric = \"loss\"", 1))
	standings = ranked(t, loss, map[int][]float64{0: {.5, .7, .6}, 1: {.6, .5, .65}, 2: {.4, .4, .7}})
	// The leader is trial 2, mean 0.5; bests are 0.4, 0.4, 0.6.
	if got, want := Optimism(loss, standings), 0.1/3; math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Optimism(s, ranked(t, s, map[int][]float64{0: {.5, .7, .6}})); !math.IsNaN(got) {
		t.Errorf("of one trial %v", got)
	}
}
