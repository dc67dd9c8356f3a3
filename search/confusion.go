package search

import "espalier/trainer"

// Confusion sums the confusion matrices of a trial over its folds, each at the epoch that its scores are of:
// classes × classes counts of validation rows, the row the label, the column the prediction. histories are the
// trial's, by slot. It is nil where no fold has a matrix: no outcome, or more classes than matrices are kept for.
func (s *Standing) Confusion(classes int, histories [][]trainer.Epoch) []int {
	sum := make([]int, classes*classes)
	found := false
	for slot, h := range histories {
		e := ScoredEpoch(h, s.Outcomes[slot])
		if e < 0 || len(h[e].Confusion) != len(sum) {
			continue
		}
		found = true
		for i, n := range h[e].Confusion {
			sum[i] += n
		}
	}
	if !found {
		return nil
	}
	return sum
}

// ScoredEpoch is the index of the epoch that an outcome's scores are of: the last one, or with
// restore_best an earlier one; −1 where there is none.
func ScoredEpoch(h []trainer.Epoch, o *Outcome) int {
	if o == nil {
		return -1
	}
	for e := len(h) - 1; e >= 0; e-- {
		if v := h[e].Validation; v != nil && *v == o.Scores {
			return e
		}
	}
	return -1
}
