package dataset

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// holdApart draws ceil(fraction·n) test rows, every class in its share, before any fold is made.
// Shares are rounded down, what is left goes to the largest remainders, ties to the lower class.
// Both lists of rows ascend. The draw is a function of labels, fraction and seed alone.
func holdApart(labels []int32, classes int, fraction float64, seed uint64) (train, test []int, err error) {
	n := len(labels)
	take := int(math.Ceil(fraction * float64(n)))
	if take >= n {
		return nil, nil, fieldError("test_fraction", "test_fraction %v of %d rows leaves none to train on", fraction, n)
	}
	members := make([][]int, classes)
	for row, l := range labels {
		members[l] = append(members[l], row)
	}
	counts := make([]int, classes)
	remainder := make([]uint64, classes)
	left := take
	for c, rows := range members {
		high, low := bits.Mul64(uint64(len(rows)), uint64(take))
		share, rest := bits.Div64(high, low, uint64(n))
		counts[c], remainder[c] = int(share), rest
		left -= counts[c]
	}
	order := ascending(classes)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainder[b], remainder[a]) })
	for _, c := range order[:left] {
		counts[c]++
	}
	held := make([]bool, n)
	for c, rows := range members {
		// The rows with the smallest keys are held: an even draw without a state to carry along.
		slices.SortFunc(rows, func(a, b int) int {
			return cmp.Or(cmp.Compare(drawKey(seed, a), drawKey(seed, b)), cmp.Compare(a, b))
		})
		for _, row := range rows[:counts[c]] {
			held[row] = true
		}
	}
	for row, h := range held {
		if h {
			test = append(test, row)
		} else {
			train = append(train, row)
		}
	}
	return train, test, nil
}

// drawKey is a counter-based random number: SplitMix64's finaliser over a key of the seed, with a
// purpose of its own so that no other stream of the seed meets it, plus the row's step.
func drawKey(seed uint64, row int) uint64 {
	const purpose, gamma = 0x7465737420726f77, 0x9e3779b97f4a7c15 // "test row"
	return finalise(finalise(seed^purpose) + uint64(row+1)*gamma)
}

func finalise(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
