package search

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// A Ranking counts without standings what NewBoard and a count over Rank's
// standings find.
func TestRankingOfRandomFacts(t *testing.T) {
	s := sweep(t, text)
	trials := slices.Collect(s.Trials())
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		var facts []Fact
		for range r.IntN(3 * len(trials)) {
			tr, slot := trials[r.IntN(len(trials))], r.IntN(s.Slots())
			switch r.IntN(6) {
			case 0:
				facts = append(facts, Fact{Failure: &Failure{Trial: tr.Key, Slot: slot}})
			case 1:
				facts = append(facts, Fact{Outcome: &Outcome{Trial: tr.Key, Slot: slot, State: Diverged, Kernel: "b"}})
			case 2:
				facts = append(facts, Fact{Retraction: &Retraction{Trial: tr.Key, Slot: slot}})
			default:
				facts = append(facts, scored(tr, slot, r.Float64()))
			}
		}
		ranking, err := NewRanking(s, seq(facts))
		if err != nil {
			t.Fatal(err)
		}
		standings := rank(t, s, facts)

		want := NewBoard(s, standings, "v")
		want.Rows = []BoardRow{}
		if got := ranking.Head("v"); !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d: head %+v, want %+v", seed, got, want)
		}
		counts := Status{Sweep: s.File.Name, ID: s.ID, Metric: s.Metric, Left: -1, Trials: len(trials), Total: len(trials) * s.Slots()}
		for i := range standings {
			st := &standings[i]
			done := 0
			for slot, o := range st.Outcomes {
				if o != nil {
					done++
				}
				if o != nil && o.State == Diverged {
					counts.Diverged++
				}
				if o == nil && st.Failures[slot] != nil {
					counts.Failed++
				}
			}
			counts.Done += done
			if done == s.Slots() {
				counts.Completed++
			}
			if st.Rank == 1 {
				counts.Best = &BestStatus{Trial: st.Trial.ID(), Mean: st.Mean, Params: st.Trial.Point.Values}
			}
		}
		if got := ranking.Status(); !reflect.DeepEqual(got, counts) {
			t.Errorf("seed %d: status %+v, want %+v", seed, got, counts)
		}
	}
}
