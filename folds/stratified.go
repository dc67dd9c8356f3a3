package folds

import (
	"fmt"
	"slices"
)

// Stratified makes k folds that each hold every class in its share; labels has a class number for
// every row. Within a class the first rows go to fold 0 and so on, or shuffled, at random.
// Unshuffled it is scikit-learn's StratifiedKFold. A class with fewer rows than folds is a
// warning; where every class has fewer it is an error, as there.
func Stratified(labels []int, k int, o Options) ([]Fold, error) {
	all, err := stratified(labels, k, o)
	if err != nil {
		return nil, fmt.Errorf("stratified folds: %w", err)
	}
	return all, nil
}

func stratified(labels []int, k int, o Options) ([]Fold, error) {
	n := len(labels)
	if err := checkFolds(n, k); err != nil {
		return nil, err
	}
	repeats, err := o.repeats(n, k)
	if err != nil {
		return nil, err
	}
	classes := rowsByClass(labels)
	if err := checkClasses(classes, labels, k, o); err != nil {
		return nil, err
	}
	var all []Fold
	of := make([]int, n)
	for repeat := range repeats {
		random := newStream(o.Seed, repeat, purposeStratified)
		start := 0
		for _, rows := range classes {
			deal := shares(start, len(rows), k)
			if o.Shuffle {
				random.shuffle(deal)
			}
			for i, row := range rows {
				of[row] = deal[i]
			}
			start += len(rows)
		}
		folds, err := split(of, k)
		if err != nil {
			return nil, err
		}
		all = append(all, folds...)
	}
	return all, nil
}

// rowsByClass lists the rows of every class, classes in order of first appearance.
func rowsByClass(labels []int) [][]int {
	number := make(map[int]int)
	var classes [][]int
	for row, label := range labels {
		c, ok := number[label]
		if !ok {
			c = len(classes)
			number[label] = c
			classes = append(classes, nil)
		}
		classes[c] = append(classes[c], row)
	}
	return classes
}

// checkClasses warns of classes that cannot be in every fold.
func checkClasses(classes [][]int, labels []int, k int, o Options) error {
	small, least := 0, 0
	for c, rows := range classes {
		if len(rows) < k {
			small++
		}
		if len(rows) < len(classes[least]) {
			least = c
		}
	}
	switch {
	case small == len(classes):
		return fmt.Errorf("k = %d is more than the rows of any class", k)
	case small == 1:
		o.warn("class %d has %d rows, fewer than the %d folds: some folds validate without it", labels[classes[least][0]], len(classes[least]), k)
	case small > 1:
		o.warn("%d classes have fewer rows than the %d folds, the smallest (class %d) %d: some folds validate without them", small, k, labels[classes[least][0]], len(classes[least]))
	}
	return nil
}

// shares deals the positions start … start+count-1 of the sorted labels round-robin to k folds and
// gives the folds they fall to, ascending: the class's first rows go to the first of these.
func shares(start, count, k int) []int {
	deal := make([]int, count)
	for i := range deal {
		deal[i] = (start + i) % k
	}
	slices.Sort(deal)
	return deal
}
