package trainer

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"espalier/trainer/kernel"
)

func TestScoresEqualScikitLearn(t *testing.T) {
	text, err := os.ReadFile("testdata/scores.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name                  string
		Truth, Predicted      []int32
		Classes               int
		Accuracy              float64
		Precision, Recall, F1 []float64
		Support, Confusion    []int
		Macro                 [3]float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		counts := newTally(c.Classes)
		for i := range c.Truth {
			counts.add(c.Truth[i], c.Predicted[i])
		}
		scores, classes := counts.score()
		if !slices.Equal(counts.confusion(), c.Confusion) {
			t.Errorf("%s: confusion %v, want %v", c.Name, counts.confusion(), c.Confusion)
		}
		same := near(scores.Accuracy, c.Accuracy, 1e-14) && near(scores.Precision, c.Macro[0], 1e-14) &&
			near(scores.Recall, c.Macro[1], 1e-14) && near(scores.F1, c.Macro[2], 1e-14)
		for i, k := range classes {
			same = same && near(k.Precision, c.Precision[i], 1e-14) && near(k.Recall, c.Recall[i], 1e-14) &&
				near(k.F1, c.F1[i], 1e-14) && k.Support == c.Support[i]
		}
		if !same {
			t.Errorf("%s: %+v %+v, want %+v", c.Name, scores, classes, c)
		}
	}
}

// Golearn keeps its counts in maps, which are walked in another order each time.
func TestScoresAreReproducible(t *testing.T) {
	counts := newTally(40)
	for i := range 5000 {
		counts.add(int32(i*7%40), int32(i*i%40))
	}
	first, _ := counts.score()
	for range 20 {
		if again, _ := counts.score(); again != first {
			t.Fatalf("%v, then %v", first, again)
		}
	}
}

func TestMetricNames(t *testing.T) {
	s := Scores{Loss: 1, Accuracy: 2, F1: 3, Precision: 4, Recall: 5}
	want := map[string]float64{"loss": 1, "accuracy": 2, "categorical_accuracy": 2, "f1_macro": 3, "precision_macro": 4, "recall_macro": 5}
	for _, name := range Metrics() {
		if v, ok := s.Metric(name); !ok || v != want[name] {
			t.Errorf("%s: %v %t", name, v, ok)
		}
		if Ascending(name) != (name == "loss") {
			t.Errorf("%s: ascending %t", name, Ascending(name))
		}
	}
	if _, ok := s.Metric("acc"); ok || len(Metrics()) != len(want) {
		t.Error("metrics", Metrics())
	}
}

func TestConfusionIsLeftOutAboveTheLimit(t *testing.T) {
	if newTally(confusionLimit).confusion() == nil || newTally(confusionLimit+1).confusion() != nil {
		t.Error("the limit is not where it is said to be")
	}
}

// Of equal values the first counts, also where they lie in different panels.
func TestArgmaxTakesTheFirst(t *testing.T) {
	for _, row := range []struct {
		top  []int
		want int32
	}{{[]int{0, 1}, 0}, {[]int{3, 9}, 3}, {[]int{5, 20, 33}, 5}, {[]int{16, 17}, 16}, {[]int{34}, 34}} {
		m := kernel.Panels(make([]float32, kernel.PanelLen(3, 35)), 3, 35)
		for c := range 35 {
			m.Set(1, c, -2)
		}
		for _, c := range row.top {
			m.Set(1, c, -1)
		}
		if got := argmax(m, 1); got != row.want {
			t.Errorf("largest at %v: %d, want %d", row.top, got, row.want)
		}
	}
}
