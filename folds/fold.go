package folds

import "fmt"

// Fold is one (train, validation) pair of row indices, each ascending.
type Fold struct{ Train, Validation []int }

// Options are what every scheme takes. The zero value: no shuffle, one repeat.
type Options struct {
	Shuffle bool
	Seed    uint64
	Repeats int              // 0 and 1: once; more needs Shuffle
	Warn    func(msg string) // nil: dropped
}

// MaxIndices bounds the row numbers that one call hands out: 1 GiB of them.
const MaxIndices = 1 << 27

// minRows is how many rows there must be to train on, and to validate on.
const minRows = 2

// repeats checks the options for k folds of n rows and gives the number of repeats.
func (o Options) repeats(n, k int) (int, error) {
	repeats := max(1, o.Repeats)
	switch {
	case o.Repeats < 0:
		return 0, fmt.Errorf("repeats must not be negative, have %d", o.Repeats)
	case repeats > 1 && !o.Shuffle:
		return 0, fmt.Errorf("%d repeats need shuffle: without it they are all the same", repeats)
	case n > 0 && k > 0 && repeats > MaxIndices/n/k:
		return 0, fmt.Errorf("%d × %d folds of %d rows are too many: together they may hold %d row numbers", repeats, k, n, MaxIndices)
	}
	return repeats, nil
}

func (o Options) warn(format string, args ...any) {
	if o.Warn != nil {
		o.Warn(fmt.Sprintf(format, args...))
	}
}

// checkFolds refuses a number of folds that n rows cannot give.
func checkFolds(n, k int) error {
	switch {
	case k < 2:
		return fmt.Errorf("k must be at least 2, have %d", k)
	case k > n:
		return fmt.Errorf("k = %d is more than the %d rows there are", k, n)
	}
	return nil
}

// split makes the k folds of one repeat from the number of the fold that validates each row.
func split(of []int, k int) ([]Fold, error) {
	sizes := make([]int, k)
	for _, f := range of {
		sizes[f]++
	}
	folds := make([]Fold, k)
	for f := range folds {
		if validation := sizes[f]; validation < minRows || len(of)-validation < minRows {
			return nil, fmt.Errorf("fold %d has %d rows to train on and %d to validate on, needs %d of each", f, len(of)-validation, validation, minRows)
		}
		folds[f] = Fold{Train: make([]int, 0, len(of)-sizes[f]), Validation: make([]int, 0, sizes[f])}
	}
	for f := range folds {
		for row, at := range of {
			if at == f {
				folds[f].Validation = append(folds[f].Validation, row)
			} else {
				folds[f].Train = append(folds[f].Train, row)
			}
		}
	}
	return folds, nil
}
