package search

import (
	"fmt"

	"espalier/folds"
	"espalier/grids"
	"espalier/trainer/dataset"
)

// MakeFolds gives a sweep's folds over the training rows: Slots of them, in order
// of repeat, then fold. They are a function of the seed and the rows alone.
func MakeFolds(s *Sweep, set *dataset.Set, warn func(string)) ([]folds.Fold, error) {
	f := s.File.Folds
	o := folds.Options{Shuffle: f.Shuffle, Seed: s.File.Seed, Repeats: s.Repeats, Warn: warn}
	labels := make([]int, set.Train.N)
	for i := range labels {
		labels[i] = int(set.Train.Labels[i])
	}
	var (
		made []folds.Fold
		err  error
	)
	switch f.Scheme {
	case "kfold":
		made, err = folds.KFold(set.Train.N, f.K, o)
	case grouped:
		if set.Train.Groups == nil {
			return nil, fmt.Errorf("make folds of %q: no group column was loaded", s.Data.Source)
		}
		made, err = folds.Grouped(set.Train.Groups, f.K, o)
	case holdout:
		made, err = folds.Holdout(set.Train.N, labels, f.Fraction, folds.Position(f.Position), o)
	default:
		made, err = folds.Stratified(labels, f.K, o)
	}
	if err != nil {
		key := "folds.k"
		if f.Scheme == holdout {
			key = "folds.fraction"
		}
		return nil, s.File.Errors([]grids.Problem{{Path: key, Message: fmt.Sprintf("%s folds of %q: %v", f.Scheme, s.Data.Source, err)}})
	}
	if len(made) != s.Slots() {
		return nil, fmt.Errorf("make %s folds of %q: have %d, want %d", f.Scheme, s.Data.Source, len(made), s.Slots())
	}
	return made, nil
}
