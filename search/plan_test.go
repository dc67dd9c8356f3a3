package search

import (
	"strings"
	"testing"
)

func TestPlan(t *testing.T) {
	reported := strings.NewReplacer("epochs = [1, 2, 4]", "epochs = [10, 20]", "units = [4, 8]", "units = [4, 8]\nmomentum = [0.1, 0.5]\nl2 = [0.0, 0.1]").Replace(text)
	for _, c := range []struct {
		name, source string
		noShare      bool
		want         string
	}{
		{"the contract's example", reported, false, "32 points × 3 folds = 96 fits; 16 families share epochs: 960 of 1440 epochs to train"},
		{"without sharing", reported, true, "32 points × 3 folds = 96 fits; 1440 epochs to train"},
		{
			"a schedule that depends on the total", strings.Replace(reported, `optimizer = "sgd"`, "optimizer = \"sgd\"\nschedule = \"cosine\"", 1), false,
			"32 points × 3 folds = 96 fits; 1440 epochs to train",
		},
		{
			"half of them", strings.Replace(reported, "l2 = [0.0, 0.1]", "schedule = [\"constant\", \"cosine\"]", 1), false,
			"32 points × 3 folds = 96 fits; 8 families share epochs: 1200 of 1440 epochs to train",
		},
		{"one family", strings.NewReplacer("batch_size = [16, 32]", "", "units = [4, 8]", "units = [4]").Replace(text), false, "3 points × 3 folds = 9 fits; 1 family shares epochs: 12 of 21 epochs to train"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := sweep(t, c.source).Plan(c.noShare).String(); got != c.want {
				t.Errorf("have %q\nwant %q", got, c.want)
			}
		})
	}
}

// The work to do is families × slots without what is recorded, the longest first.
func TestTodo(t *testing.T) {
	s := sweep(t, text)
	x, err := s.index()
	if err != nil {
		t.Fatal(err)
	}
	f := newFamilies(x, false)
	empty := func(yield func(Fact, error) bool) {}
	m := &tally{slots: 3, marks: make([]mark, len(x.keys)*3), have: make([]int32, len(x.keys)), sum: make([]float64, len(x.keys))}
	if err := m.read(x, empty); err != nil {
		t.Fatal(err)
	}
	tasks := f.todo(m)
	if len(tasks) != 4*3 {
		t.Fatalf("%d tasks, want 12", len(tasks))
	}
	for i := range tasks[1:] {
		if tasks[i].cost < tasks[i+1].cost {
			t.Errorf("task %d costs less than the next", i)
		}
	}
	j := f.job(tasks[0], m)
	if len(j.Trials) != 3 || s.epochsOf(j.Trials[0].Point.Values) != 1 || s.epochsOf(j.Longest().Point.Values) != 4 {
		t.Fatalf("job of %d trials", len(j.Trials))
	}
	// Its two longer trials are recorded, one complete, one diverged: one is left.
	for i, state := range []State{Complete, Diverged} {
		o := &Outcome{Trial: j.Trials[i+1].Key, Slot: j.Slot, State: state}
		err := m.read(x, func(yield func(Fact, error) bool) { yield(Fact{Outcome: o}, nil) })
		if err != nil {
			t.Fatal(err)
		}
	}
	left := f.job(tasks[0], m)
	if len(left.Trials) != 1 || left.Longest().Key != j.Trials[0].Key || left.Family != j.Family {
		t.Errorf("%d trials left", len(left.Trials))
	}
	if again := f.todo(m); len(again) != 12 || again[11].family != tasks[0].family || again[11].slot != tasks[0].slot {
		t.Error("the job with one epoch left must come last")
	}
}

// TestEpochsLeftOut has a sweep file that does not say how many epochs: the trainer's default is meant.
func TestEpochsLeftOut(t *testing.T) {
	for name, source := range map[string]string{
		"nowhere":             strings.Replace(text, "epochs = [1, 2, 4]\n", "", 1),
		"as an axis":          strings.Replace(text, "epochs = [1, 2, 4]", "epochs = [1.0]", 1),
		"as a parameter":      strings.NewReplacer("epochs = [1, 2, 4]\n", "", "[params]", "[params]\nepochs = 1").Replace(text),
		"where it is no axis": strings.Replace(text, "epochs = [1, 2, 4]", `epochs = { values = [1], when = { units = 4 } }`, 1),
	} {
		s := sweep(t, source)
		x, err := s.index()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, n := range newFamilies(x, false).epochs {
			if n != 1 {
				t.Errorf("%s: trial %d is to train %d epochs, want 1", name, i, n)
			}
		}
	}
}
