package folds

import "fmt"

// KFold cuts n rows into k blocks; the first n mod k are one row longer. Shuffled, the blocks are
// cut from a permutation of the rows. Unshuffled it is scikit-learn's KFold.
func KFold(n, k int, o Options) ([]Fold, error) {
	all, err := kfold(n, k, o)
	if err != nil {
		return nil, fmt.Errorf("k-fold: %w", err)
	}
	return all, nil
}

func kfold(n, k int, o Options) ([]Fold, error) {
	if err := checkFolds(n, k); err != nil {
		return nil, err
	}
	repeats, err := o.repeats(n, k)
	if err != nil {
		return nil, err
	}
	var all []Fold
	of := make([]int, n)
	for repeat := range repeats {
		order := identity(n)
		if o.Shuffle {
			newStream(o.Seed, repeat, purposeKFold).shuffle(order)
		}
		size, longer := n/k, n%k
		for i, row := range order {
			// The first `longer` blocks have size+1 rows.
			if first := longer * (size + 1); i < first {
				of[row] = i / (size + 1)
			} else {
				of[row] = longer + (i-first)/size
			}
		}
		folds, err := split(of, k)
		if err != nil {
			return nil, err
		}
		all = append(all, folds...)
	}
	return all, nil
}
