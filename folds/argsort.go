package folds

import "math/bits"

// Runs of up to smallRun+1 NumPy sorts by insertion.
const smallRun = 15

// argsort gives the order that sorts values, ascending, equal values in the very order in which
// NumPy's argsort leaves them: a quicksort by the median of three (numpy/core/src/npysort/quicksort.cpp),
// by insertion for short runs and by heap where it runs too deep. The order of ties is what
// GroupKFold's assignment hangs on.
func argsort(values []int) []int {
	order := identity(len(values))
	if len(order) > 1 {
		quicksort(values, order, 2*(bits.Len(uint(len(order)))-1))
	}
	return order
}

// quicksort sorts one run; depth is how many more times it may be cut. NumPy goes on with the
// smaller part and keeps the larger on a stack, and looks at the depth only when it takes a run from
// there. The parts do not touch each other, so recursion into the larger gives the same order.
func quicksort(v, order []int, depth int) {
	if depth < 0 {
		heapsort(v, order)
		return
	}
	for len(order)-1 > smallRun {
		cut := partition(v, order)
		depth--
		left, right := order[:cut], order[cut+1:]
		if len(left) < len(right) {
			quicksort(v, right, depth)
			order = left
		} else {
			quicksort(v, left, depth)
			order = right
		}
	}
	for i := 1; i < len(order); i++ {
		moved := order[i]
		j := i
		for ; j > 0 && v[moved] < v[order[j-1]]; j-- {
			order[j] = order[j-1]
		}
		order[j] = moved
	}
}

// partition cuts a run of at least four at the median of its ends and its middle, and gives the
// median's place.
func partition(v, order []int) int {
	last := len(order) - 1
	middle := last / 2
	sortPair := func(a, b int) {
		if v[order[b]] < v[order[a]] {
			order[a], order[b] = order[b], order[a]
		}
	}
	sortPair(0, middle)
	sortPair(middle, last)
	sortPair(0, middle)
	pivot := v[order[middle]]
	i, j := 0, last-1
	order[middle], order[j] = order[j], order[middle]
	for {
		for i++; v[order[i]] < pivot; i++ {
		}
		for j--; pivot < v[order[j]]; j-- {
		}
		if i >= j {
			break
		}
		order[i], order[j] = order[j], order[i]
	}
	order[i], order[last-1] = order[last-1], order[i]
	return i
}

// heapsort sorts a run that quicksort cuts badly.
func heapsort(v, order []int) {
	sift := func(root, n int) {
		moved := order[root]
		for {
			child := 2*root + 1
			if child >= n {
				break
			}
			if child+1 < n && v[order[child]] < v[order[child+1]] {
				child++
			}
			if v[moved] >= v[order[child]] {
				break
			}
			order[root] = order[child]
			root = child
		}
		order[root] = moved
	}
	n := len(order)
	for root := n/2 - 1; root >= 0; root-- {
		sift(root, n)
	}
	for n--; n > 0; n-- {
		order[0], order[n] = order[n], order[0]
		sift(0, n)
	}
}
