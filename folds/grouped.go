package folds

import (
	"fmt"
	"slices"
)

// Grouped makes k folds so that the rows of a group are all validated in the same one; groups has a
// group number for every row. Groups go to the lightest fold, the largest first; shuffled, in
// random order. Unshuffled it is scikit-learn's GroupKFold.
func Grouped(groups []int, k int, o Options) ([]Fold, error) {
	all, err := grouped(groups, k, o)
	if err != nil {
		return nil, fmt.Errorf("grouped folds: %w", err)
	}
	return all, nil
}

func grouped(groups []int, k int, o Options) ([]Fold, error) {
	n := len(groups)
	if err := checkFolds(n, k); err != nil {
		return nil, err
	}
	repeats, err := o.repeats(n, k)
	if err != nil {
		return nil, err
	}
	// Groups are numbered by their sorted numbers: the order decides ties of size.
	distinct := slices.Clone(groups)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	if k > len(distinct) {
		return nil, fmt.Errorf("k = %d is more than the %d groups there are", k, len(distinct))
	}
	number := make(map[int]int, len(distinct))
	for i, g := range distinct {
		number[g] = i
	}
	sizes := make([]int, len(distinct))
	for _, g := range groups {
		sizes[number[g]]++
	}

	var all []Fold
	of := make([]int, n)
	for repeat := range repeats {
		var order []int
		if o.Shuffle {
			order = identity(len(sizes))
			newStream(o.Seed, repeat, purposeGrouped).shuffle(order)
		} else {
			order = argsort(sizes)
			slices.Reverse(order)
		}
		fold := lightest(order, sizes, k)
		for row, g := range groups {
			of[row] = fold[number[g]]
		}
		folds, err := split(of, k)
		if err != nil {
			return nil, err
		}
		all = append(all, folds...)
	}
	return all, nil
}

// lightest puts the groups, in order, each into the fold with the fewest rows so far (the first of
// these) and gives the fold of every group.
func lightest(order, sizes []int, k int) []int {
	loads := make([]load, k)
	for f := range loads {
		loads[f].fold = f
	}
	fold := make([]int, len(sizes))
	for _, g := range order {
		fold[g] = loads[0].fold
		loads[0].rows += sizes[g]
		sink(loads)
	}
	return fold
}

// load is how many rows a fold validates so far.
type load struct{ rows, fold int }

func (l load) below(m load) bool { return l.rows < m.rows || l.rows == m.rows && l.fold < m.fold }

// sink restores the heap of loads, lightest on top, after the top one grew.
func sink(loads []load) {
	for at := 0; ; {
		child := 2*at + 1
		if child+1 < len(loads) && loads[child+1].below(loads[child]) {
			child++
		}
		if child >= len(loads) || !loads[child].below(loads[at]) {
			return
		}
		loads[at], loads[child] = loads[child], loads[at]
		at = child
	}
}
