package search

import (
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
	scores, places := make([]float64, n*slots), make([]place, n)
	for i := range places {
		lo, hi := i*slots, (i+1)*slots
		places[i] = s.place(i, outcomes[lo:hi], failures[lo:hi], scores[lo:hi])
	}
	slices.SortFunc(places, place.compare)
	standings := make([]Standing, n)
	for at, p := range places {
		lo, hi := p.order*slots, (p.order+1)*slots
		st := &standings[at]
		st.Trial, st.State = x.trial(p.order), p.state
		st.Folds, st.Outcomes, st.Failures = scores[lo:hi:hi], outcomes[lo:hi:hi], failures[lo:hi:hi]
		if p.state == Complete {
			st.Rank = at + 1
		}
		st.sum(s)
	}
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

// A place is what the order of a trial depends on. Places are sorted before
// standings are made, which are ten times their size.
type place struct {
	state State
	class int     // of the state: 0 comes first
	key   float64 // ascending: the mean, or its negative; 0 where there is none
	order int
}

func (p place) compare(q place) int {
	switch {
	case p.class != q.class:
		return p.class - q.class
	case p.key < q.key:
		return -1
	case p.key > q.key:
		return 1
	}
	return p.order - q.order
}

// place finds a trial's state and mean, and fills in its scores: NaN where a slot
// has none.
func (s *Sweep) place(order int, outcomes []*Outcome, failures []*Failure, scores []float64) place {
	recorded, bad, broken := 0, 0, 0
	for slot, o := range outcomes {
		scores[slot] = math.NaN()
		if failures[slot] != nil {
			broken++
		}
		if o == nil {
			continue
		}
		recorded++
		if score := scoreOf(s, o); score-score == 0 { // finite
			scores[slot] = score
		} else {
			bad++
		}
	}
	p := place{order: order}
	switch {
	case broken > 0:
		p.state, p.class = Failed, 2
	case bad > 0:
		p.state, p.class = Diverged, 1
	case recorded == len(outcomes):
		p.state = Complete
		p.key = stat.Mean(scores, nil)
		if !trainer.Ascending(s.Metric) {
			p.key = -p.key
		}
	case recorded > 0:
		p.state, p.class = Partial, 3
	default:
		p.state, p.class = Pending, 4
	}
	return p
}

// sum fills in what follows from the state, the scores and the outcomes.
func (st *Standing) sum(s *Sweep) {
	nan := math.NaN()
	st.Mean, st.Std, st.StdErr, st.TrainScore, st.Gap, st.Best, st.Epochs = nan, nan, nan, nan, nan, nan, nan
	var train, best, trained, recorded float64
	for _, o := range st.Outcomes {
		if o == nil {
			continue
		}
		recorded++
		trained += float64(o.Epochs)
		best += float64(o.Best)
		st.Seconds += o.Seconds
		train += trainScore(s.Metric, o)
	}
	if recorded > 0 {
		st.Epochs = trained / recorded
		if st.State != Diverged {
			st.Best, st.TrainScore = best/recorded, train/recorded
		}
	}
	if st.State != Complete {
		return
	}
	st.Mean = stat.Mean(st.Folds, nil)
	st.Std = stat.PopStdDev(st.Folds, nil)
	if n := len(st.Folds); n > 1 {
		st.StdErr = stat.StdErr(stat.StdDev(st.Folds, nil), float64(n))
	}
	st.Gap = st.TrainScore - st.Mean
	if trainer.Ascending(s.Metric) {
		st.Gap = -st.Gap
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
