package main

import (
	"math"
	"testing"

	"espalier/trainer"
)

func TestClassesOf(t *testing.T) {
	// Three classes, rows true: the third is never predicted, the second never wrong.
	have := classesOf([]int{
		3, 1, 0,
		0, 4, 0,
		1, 1, 0,
	}, 3)
	want := []trainer.Class{
		{Precision: 3.0 / 4, Recall: 3.0 / 4, F1: 3.0 / 4, Support: 4},
		{Precision: 4.0 / 6, Recall: 1, F1: 0.8, Support: 4},
		{Precision: 0, Recall: 0, F1: 0, Support: 2},
	}
	for c := range want {
		if math.Abs(have[c].Precision-want[c].Precision) > 1e-15 || math.Abs(have[c].Recall-want[c].Recall) > 1e-15 ||
			math.Abs(have[c].F1-want[c].F1) > 1e-15 || have[c].Support != want[c].Support {
			t.Errorf("class %d: have %v, want %v", c, have[c], want[c])
		}
	}
}
