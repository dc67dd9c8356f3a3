package search

import (
	"slices"
	"testing"

	"espalier/trainer"
)

func TestScoredEpoch(t *testing.T) {
	history := []trainer.Epoch{
		{Number: 1, Validation: &trainer.Scores{Loss: 0.9}},
		{Number: 2, Validation: &trainer.Scores{Loss: 0.5}},
		{Number: 3, Validation: &trainer.Scores{Loss: 0.7}},
		{Number: 4},
	}
	for _, row := range []struct {
		name    string
		outcome *Outcome
		want    int
	}{
		{"the last validated", &Outcome{Scores: trainer.Scores{Loss: 0.7}}, 2},
		{"restored", &Outcome{Scores: trainer.Scores{Loss: 0.5}}, 1},
		{"diverged", &Outcome{}, -1},
		{"missing", nil, -1},
	} {
		if have := ScoredEpoch(history, row.outcome); have != row.want {
			t.Errorf("%s: epoch %d, want %d", row.name, have, row.want)
		}
	}
}

func TestStandingConfusion(t *testing.T) {
	history := func(loss float64, matrix ...int) []trainer.Epoch {
		return []trainer.Epoch{
			{Number: 1, Validation: &trainer.Scores{Loss: 9}, Confusion: []int{100, 100, 100, 100}}, // not what is scored
			{Number: 2, Validation: &trainer.Scores{Loss: loss}, Confusion: matrix},
		}
	}
	outcome := func(loss float64) *Outcome { return &Outcome{Scores: trainer.Scores{Loss: loss}} }
	histories := [][]trainer.Epoch{history(0.5, 1, 2, 3, 4), history(0.6, 10, 20, 30, 40), history(0.7, 5, 5, 5, 5)}
	row := &Standing{Outcomes: []*Outcome{outcome(0.5), outcome(0.6), nil}}
	if have, want := row.Confusion(2, histories), []int{11, 22, 33, 44}; !slices.Equal(have, want) {
		t.Errorf("have %v, want %v", have, want)
	}
	if have := row.Confusion(3, histories); have != nil {
		t.Errorf("matrices of another size are summed: %v", have)
	}
	if have := (&Standing{Outcomes: make([]*Outcome, 3)}).Confusion(2, histories); have != nil {
		t.Errorf("no outcome, but %v", have)
	}
}
