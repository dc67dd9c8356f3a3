package search

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"espalier/trainer"
)

// Rank orders the trials of a sweep by what the facts say of them: complete ones by
// their mean, ties to the earlier point; then diverged, failed, partial and pending
// ones in the order of the sweep. It is pure: the order of the facts matters only
// where one takes back another.
func Rank(s *Sweep, facts iter.Seq2[Fact, error]) ([]Standing, error) {
	x, err := s.index()
	if err != nil {
		return nil, err
	}
	n, slots := len(x.keys), s.Slots()
	outcomes, failures := make([]*Outcome, n*slots), make([]*Failure, n*slots)
	if err := gather(x, slots, facts, outcomes, failures); err != nil {
		return nil, err
	}
	standings, scores := make([]Standing, n), make([]float64, n*slots)
	for i := range standings {
		lo, hi := i*slots, (i+1)*slots
		standings[i] = Standing{
			Trial: x.trial(i), Folds: scores[lo:hi:hi], Outcomes: outcomes[lo:hi:hi], Failures: failures[lo:hi:hi],
		}
		standings[i].sum(s)
	}
	sortStandings(standings, trainer.Ascending(s.Metric))
	return standings, nil
}

// gather puts the facts in their slots, the latest word where several speak of one.
func gather(x *index, slots int, facts iter.Seq2[Fact, error], outcomes []*Outcome, failures []*Failure) error {
	orders := x.orders()
	at := func(trial [16]byte, slot int) int {
		if i, ok := orders[trial]; ok && slot >= 0 && slot < slots {
			return int(i)*slots + slot
		}
		return -1
	}
	for f, err := range facts {
		if err != nil {
			return err
		}
		switch {
		case f.Outcome != nil:
			if i := at(f.Outcome.Trial, f.Outcome.Slot); i >= 0 && (outcomes[i] == nil || outcomes[i].State != Complete) {
				outcomes[i], failures[i] = f.Outcome, nil
			}
		case f.Failure != nil:
			if i := at(f.Failure.Trial, f.Failure.Slot); i >= 0 && outcomes[i] == nil {
				failures[i] = f.Failure
			}
		case f.Retraction != nil:
			if i := at(f.Retraction.Trial, f.Retraction.Slot); i >= 0 {
				failures[i] = nil
				if outcomes[i] != nil && outcomes[i].State != Complete {
					outcomes[i] = nil
				}
			}
		}
	}
	return nil
}

// sum fills in what follows from the outcomes and failures.
func (st *Standing) sum(s *Sweep) {
	st.Mean, st.Std, st.StdErr, st.TrainScore, st.Gap = math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()
	st.Best, st.Epochs = math.NaN(), math.NaN()
	recorded, finite, bad, broken := 0, 0, 0, 0
	var train, best, trained float64
	for slot := range st.Folds {
		st.Folds[slot] = math.NaN()
		if st.Failures[slot] != nil {
			broken++
		}
		o := st.Outcomes[slot]
		if o == nil {
			continue
		}
		recorded++
		trained += float64(o.Epochs)
		best += float64(o.Best)
		st.Seconds += o.Seconds
		train += trainScore(s.Metric, o)
		score := scoreOf(s, o)
		if math.IsNaN(score) || math.IsInf(score, 0) {
			bad++
			continue
		}
		st.Folds[slot] = score
		finite++
	}
	if recorded > 0 {
		st.Epochs = trained / float64(recorded)
		if bad == 0 {
			st.Best, st.TrainScore = best/float64(recorded), train/float64(recorded)
		}
	}
	switch slots := len(st.Folds); {
	case broken > 0:
		st.State = Failed
	case bad > 0:
		st.State = Diverged
	case finite == slots:
		st.State = Complete
		st.Mean = stat.Mean(st.Folds, nil)
		st.Std = stat.PopStdDev(st.Folds, nil)
		if slots > 1 {
			st.StdErr = stat.StdErr(stat.StdDev(st.Folds, nil), float64(slots))
		}
		st.Gap = st.TrainScore - st.Mean
		if trainer.Ascending(s.Metric) {
			st.Gap = -st.Gap
		}
	case recorded > 0:
		st.State = Partial
	default:
		st.State = Pending
	}
}

// trainScore is what training itself reports of the metric: accuracy and loss have
// a running mean, the macro scores none.
func trainScore(metric string, o *Outcome) float64 {
	switch metric {
	case "accuracy":
		return o.Train.Accuracy
	case "loss":
		return o.Train.Loss
	}
	return math.NaN()
}

var stateOrder = map[State]int{Complete: 0, Diverged: 1, Failed: 2, Partial: 3, Pending: 4}

// sortStandings sorts and gives out the ranks.
func sortStandings(standings []Standing, ascending bool) {
	type place struct {
		state, order int
		mean         float64
	}
	places := make([]place, len(standings))
	for i := range standings {
		st := &standings[i]
		places[i] = place{state: stateOrder[st.State], order: i, mean: -st.Mean}
		if ascending {
			places[i].mean = st.Mean
		}
		if st.State != Complete {
			places[i].mean = 0
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.state, b.state), cmp.Compare(a.mean, b.mean), cmp.Compare(a.order, b.order))
	})
	sorted := make([]Standing, len(standings))
	for at, p := range places {
		sorted[at] = standings[p.order]
		if p.state == 0 {
			sorted[at].Rank = at + 1
		}
	}
	copy(standings, sorted)
}

// Paired is the difference of a trial to the leader over the slots that both have.
// Every point sees the same folds and shuffles, so that the pairs belong together.
type Paired struct {
	Slots        int
	Mean, StdErr float64 // of trial − leader; NaN without slots, StdErr below two
	T, P         float64 // Student's t and its two-sided p; NaN where undefined
}

// Compare pairs two standings slot by slot. The folds' training rows overlap, so
// that p is smaller than it ought to be: a hint, no proof.
func Compare(trial, leader Standing) Paired {
	var d []float64
	for slot := range min(len(trial.Folds), len(leader.Folds)) {
		if x := trial.Folds[slot] - leader.Folds[slot]; !math.IsNaN(x) {
			d = append(d, x)
		}
	}
	p := Paired{Slots: len(d), Mean: math.NaN(), StdErr: math.NaN(), T: math.NaN(), P: math.NaN()}
	if len(d) > 0 {
		p.Mean = stat.Mean(d, nil)
	}
	if len(d) > 1 {
		p.StdErr = stat.StdErr(stat.StdDev(d, nil), float64(len(d)))
		if p.StdErr > 0 {
			p.T = p.Mean / p.StdErr
			t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(len(d) - 1)}
			p.P = 2 * t.CDF(-math.Abs(p.T))
		}
	}
	return p
}
