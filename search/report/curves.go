package report

import (
	"math"

	"espalier/search"
	"espalier/trainer"
)

// Curve is a number by epoch: of every fold, and their mean over the folds that have the
// epoch. NaN where there is none.
type Curve struct {
	Folds [][]float64
	Mean  []float64
}

// Curves are the learning curves of a trial; index 0 is epoch 1.
type Curves struct {
	Epochs                            int
	TrainLoss, ValidationLoss         Curve
	TrainAccuracy, ValidationAccuracy Curve
	Scored                            []int // per fold: the epoch that its score is of, 0: none
}

// NewCurves reads histories, one per fold, nil where it has none. outcomes may be nil.
func NewCurves(histories [][]trainer.Epoch, outcomes []*search.Outcome) Curves {
	var c Curves
	for _, h := range histories {
		c.Epochs = max(c.Epochs, len(h))
	}
	read := func(value func(trainer.Epoch) float64) Curve {
		var curve Curve
		for _, h := range histories {
			fold := make([]float64, c.Epochs)
			for e := range fold {
				if fold[e] = math.NaN(); e < len(h) {
					if v := value(h[e]); !math.IsInf(v, 0) {
						fold[e] = v
					}
				}
			}
			curve.Folds = append(curve.Folds, fold)
		}
		curve.Mean = make([]float64, c.Epochs)
		for e := range curve.Mean {
			sum, n := 0.0, 0.0
			for _, fold := range curve.Folds {
				if v := fold[e]; v == v {
					sum, n = sum+v, n+1
				}
			}
			curve.Mean[e] = sum / n
		}
		return curve
	}
	validation := func(value func(*trainer.Scores) float64) func(trainer.Epoch) float64 {
		return func(e trainer.Epoch) float64 {
			if e.Validation == nil {
				return math.NaN()
			}
			return value(e.Validation)
		}
	}
	c.TrainLoss = read(func(e trainer.Epoch) float64 { return e.TrainLoss })
	c.TrainAccuracy = read(func(e trainer.Epoch) float64 { return e.TrainAccuracy })
	c.ValidationLoss = read(validation(func(s *trainer.Scores) float64 { return s.Loss }))
	c.ValidationAccuracy = read(validation(func(s *trainer.Scores) float64 { return s.Accuracy }))
	for slot, h := range histories {
		at := 0
		if slot < len(outcomes) {
			at = search.ScoredEpoch(h, outcomes[slot]) + 1
		}
		c.Scored = append(c.Scored, at)
	}
	return c
}

// empty tells whether no fold has an epoch.
func (c Curves) empty() bool { return c.Epochs == 0 }

// some tells whether a curve has a number.
func (c Curve) some() bool {
	for _, v := range c.Mean {
		if v == v {
			return true
		}
	}
	return false
}
