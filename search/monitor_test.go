package search

import (
	"encoding/json"
	"math"
	"testing"

	"espalier/trainer"
)

// A curve goes on where a checkpoint was read, stays bounded however long a job is,
// and has no number that JSON cannot say.
func TestCurveOfWorker(t *testing.T) {
	m := &Monitor{jobs: make([]progress, 1)}
	m.status.Metric, m.status.Workers = "accuracy", make([]WorkerStatus, 1)
	epoch := func(n int) trainer.Epoch {
		return trainer.Epoch{Number: n, TrainLoss: math.Inf(1), TrainAccuracy: 0.5, Validation: &trainer.Scores{Loss: 0.25, Accuracy: 0.75}}
	}
	m.see(Event{Kind: EventResumed, Resumed: 2, Past: []trainer.Epoch{epoch(1), epoch(2)}})
	for n := 3; n <= 10_000; n++ {
		e := epoch(n)
		e.TrainLoss = 0.125
		m.see(Event{Kind: EventEpoch, Epoch: &e})
		if n == 3 {
			c := m.status.Workers[0].Curve
			if len(c) != 3 || c[0].Epoch != 1 || c[0].Loss != nil || *c[2].Loss != 0.125 || *c[2].Validation != 0.75 || *c[2].ValidationLoss != 0.25 {
				t.Errorf("curve %+v", c)
			}
		}
	}
	c := m.status.Workers[0].Curve
	if len(c) > curvePoints || len(c) < curvePoints/2 || c[len(c)-1].Epoch != 10_000 {
		t.Errorf("%d epochs up to %d", len(c), c[len(c)-1].Epoch)
	}
	for i := 1; i < len(c); i++ {
		if c[i].Epoch <= c[i-1].Epoch {
			t.Fatalf("epoch %d after %d", c[i].Epoch, c[i-1].Epoch)
		}
	}
	if _, err := json.Marshal(m.status); err != nil {
		t.Error(err)
	}
	m.see(Event{Kind: EventJobDone})
	if m.status.Workers[0].Curve != nil {
		t.Error("the curve outlives its job")
	}
}
