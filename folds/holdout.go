package folds

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Position says which rows a hold-out takes.
type Position string

// The positions of a hold-out.
const (
	Random             Position = "random"     // drawn by the seed
	Last               Position = "last"       // the last rows: Keras' validation_split
	StratifiedPosition Position = "stratified" // drawn by the seed, every class in its share
)

// Holdout takes ceil(fraction·n) rows to validate on, once a repeat; the product is taken in
// floating point, as scikit-learn does. labels has a class number for every row; it is needed for
// the stratified position only. Random and stratified positions are drawn whether or not
// o.Shuffle is set; the last rows are always the same, so they allow no repeats.
func Holdout(n int, labels []int, fraction float64, p Position, o Options) ([]Fold, error) {
	all, err := holdout(n, labels, fraction, p, o)
	if err != nil {
		return nil, fmt.Errorf("hold-out: %w", err)
	}
	return all, nil
}

func holdout(n int, labels []int, fraction float64, p Position, o Options) ([]Fold, error) {
	if !(fraction > 0 && fraction < 1) {
		return nil, fmt.Errorf("fraction must be above 0 and below 1, have %v", fraction)
	}
	if n < 0 {
		return nil, fmt.Errorf("the number of rows must not be negative, have %d", n)
	}
	o.Shuffle = o.Shuffle || p != Last // drawn positions differ from repeat to repeat by themselves
	repeats, err := o.repeats(n, 1)
	if err != nil {
		return nil, err
	}
	take := int(math.Ceil(fraction * float64(n)))
	if take < minRows || n-take < minRows {
		return nil, fmt.Errorf("fraction %v of %d rows leaves %d to train on and %d to validate on, needs %d of each", fraction, n, n-take, take, minRows)
	}
	if p == Last && repeats > 1 {
		return nil, fmt.Errorf("%d repeats of the last rows are all the same: take position %q or %q", repeats, Random, StratifiedPosition)
	}
	if p == StratifiedPosition && len(labels) != n {
		return nil, fmt.Errorf("have %d labels for %d rows", len(labels), n)
	}
	var all []Fold
	for repeat := range repeats {
		taken := make([]bool, n)
		switch p {
		case Random:
			order := identity(n)
			newStream(o.Seed, repeat, purposeHoldout).shuffle(order)
			for _, row := range order[:take] {
				taken[row] = true
			}
		case Last:
			for row := n - take; row < n; row++ {
				taken[row] = true
			}
		case StratifiedPosition:
			takeStratified(taken, labels, take, newStream(o.Seed, repeat, purposeHoldout), o)
		default:
			return nil, fmt.Errorf("unknown position %q; known: %s, %s, %s", p, Random, Last, StratifiedPosition)
		}
		fold := Fold{Train: make([]int, 0, n-take), Validation: make([]int, 0, take)}
		for row, t := range taken {
			if t {
				fold.Validation = append(fold.Validation, row)
			} else {
				fold.Train = append(fold.Train, row)
			}
		}
		all = append(all, fold)
		o.Warn = nil // what there is to warn of is the same in every repeat
	}
	return all, nil
}

// takeStratified marks `take` rows, every class in its share: rounded down, and what is left goes
// to the classes with the largest remainders, ties to the class seen first.
func takeStratified(taken []bool, labels []int, take int, random *stream, o Options) {
	classes := rowsByClass(labels)
	n := len(labels)
	counts := make([]int, len(classes))
	left := take
	for c, rows := range classes {
		counts[c] = len(rows) * take / n
		left -= counts[c]
	}
	byRemainder := identity(len(classes))
	slices.SortStableFunc(byRemainder, func(a, b int) int {
		return cmp.Compare(len(classes[b])*take%n, len(classes[a])*take%n)
	})
	for _, c := range byRemainder[:left] {
		counts[c]++
	}
	missing := 0
	for c, rows := range classes {
		order := slices.Clone(rows)
		random.shuffle(order)
		for _, row := range order[:counts[c]] {
			taken[row] = true
		}
		if counts[c] == 0 || counts[c] == len(rows) {
			missing++
		}
	}
	if missing > 0 {
		o.warn("%d of %d classes are too small to be both in the training and in the validation rows", missing, len(classes))
	}
}
