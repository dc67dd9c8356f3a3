package search

import (
	"iter"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"espalier/trainer"
)

// Rank orders the trials of a sweep by what the facts say of them: complete ones by
// their mean, ties to the earlier point; then diverged, failed, partial and pending
// ones in the order of the sweep. It is pure: the order of the facts matters only
// where one takes back another.
func Rank(s *Sweep, facts iter.Seq2[Fact, error]) ([]Standing, error) {
	r, err := NewRanking(s, facts)
	if err != nil {
		return nil, err
	}
	standings := make([]Standing, r.Len())
	for i := range standings {
		standings[i] = r.At(i)
	}
	return standings, nil
}

// A Ranking is what Rank returns, before standings are made of it: they are most of
// the work, and of 100,000 trials people look at ten.
type Ranking struct {
	index    *index
	slots    int
	places   []place // in order of rank
	outcomes []*Outcome
	failures []*Failure
	scores   []float64
}

// NewRanking orders the trials; see Rank.
func NewRanking(s *Sweep, facts iter.Seq2[Fact, error]) (*Ranking, error) {
	// The keys of the trials and the facts are found at the same time.
	indexed := make(chan error, 1)
	go func() {
		_, err := s.index()
		indexed <- err
	}()
	placed, err := placedFacts(facts)
	if failed := <-indexed; failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, err
	}
	x, _ := s.index()
	n, slots := len(x.keys), s.Slots()
	r := &Ranking{
		index: x, slots: slots, places: make([]place, n), scores: make([]float64, n*slots),
		outcomes: make([]*Outcome, n*slots), failures: make([]*Failure, n*slots),
	}
	for _, block := range placed {
		r.gather(block)
	}
	for i := range r.places {
		r.places[i] = r.place(i)
	}
	slices.SortFunc(r.places, place.compare)
	return r, nil
}

// Len is the number of trials.
func (r *Ranking) Len() int { return len(r.places) }

// At makes the i-th standing.
func (r *Ranking) At(i int) Standing {
	p := r.places[i]
	lo, hi := int(p.order)*r.slots, (int(p.order)+1)*r.slots
	st := Standing{
		Trial: r.index.trial(int(p.order)), State: classes[p.class],
		Folds: r.scores[lo:hi:hi], Outcomes: r.outcomes[lo:hi:hi], Failures: r.failures[lo:hi:hi],
	}
	if st.State == Complete {
		st.Rank = i + 1
	}
	st.sum(r.index.sweep)
	return st
}

// Recorded is what is recorded of a trial, by its place in the order of the sweep: outcomes and failures by slot, nil where
// there is none. The trial itself is made only where there is something.
func (r *Ranking) Recorded(order int) (t Trial, outcomes []*Outcome, failures []*Failure) {
	lo, hi := order*r.slots, (order+1)*r.slots
	outcomes, failures = r.outcomes[lo:hi:hi], r.failures[lo:hi:hi]
	for slot := range outcomes {
		if outcomes[slot] != nil || failures[slot] != nil {
			return r.index.trial(order), outcomes, failures
		}
	}
	return Trial{}, nil, nil
}

// placedFacts are those that speak of a (trial, slot), in blocks: growing one slice
// to 100,000 of them would copy them over and over.
func placedFacts(facts iter.Seq2[Fact, error]) (blocks [][]Fact, err error) {
	var block []Fact
	for f, err := range facts {
		if err != nil {
			return nil, err
		}
		if f.Outcome == nil && f.Failure == nil && f.Retraction == nil {
			continue
		}
		if block = append(block, f); len(block) == 1024 {
			blocks, block = append(blocks, block), make([]Fact, 0, 1024)
		}
	}
	return append(blocks, block), nil
}

// gather puts the facts in their slots, the latest word where several speak of one.
func (r *Ranking) gather(facts []Fact) {
	orders, outcomes, failures := r.index.orders(), r.outcomes, r.failures
	at := func(trial [16]byte, slot int) int {
		if i, ok := orders[trial]; ok && slot >= 0 && slot < r.slots {
			return int(i)*r.slots + slot
		}
		return -1
	}
	for _, f := range facts {
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
}

// A place is what the order of a trial depends on: 16 bytes, so that sorting is
// quick.
type place struct {
	key   float64 // ascending: the mean, or its negative; 0 where there is none
	order int32   // of the trial in the sweep
	class int32   // of its state, in classes
}

// classes are the states in the order of a leaderboard.
var classes = [...]State{Complete, Diverged, Failed, Partial, Pending}

func (p place) compare(q place) int {
	switch {
	case p.class != q.class:
		return int(p.class - q.class)
	case p.key < q.key:
		return -1
	case p.key > q.key:
		return 1
	}
	return int(p.order - q.order)
}

// place finds a trial's state and mean, and fills in its scores: NaN where a slot
// has none.
func (r *Ranking) place(order int) place {
	s := r.index.sweep
	lo, hi := order*r.slots, (order+1)*r.slots
	outcomes, failures, scores := r.outcomes[lo:hi], r.failures[lo:hi], r.scores[lo:hi]
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
	p := place{order: int32(order)}
	switch {
	case broken > 0:
		p.class = 2
	case bad > 0:
		p.class = 1
	case recorded == len(outcomes):
		p.key = stat.Mean(scores, nil)
		if !trainer.Ascending(s.Metric) {
			p.key = -p.key
		}
	case recorded > 0:
		p.class = 3
	default:
		p.class = 4
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
	st.StdErr = s.standardError(st.Folds)
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
