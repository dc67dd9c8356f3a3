package trainer

import (
	"math"
	"testing"
)

func TestScheduleRates(t *testing.T) {
	const perEpoch, epochs = 4, 10
	for _, row := range []struct {
		name string
		s    Schedule
		want map[int]float64 // step → rate, of a learning rate of 1
	}{
		{"constant", Schedule{Type: "constant"}, map[int]float64{0: 1, 39: 1}},
		{"warm-up of 2 epochs", Schedule{Type: "constant", Warmup: 2}, map[int]float64{0: 1. / 8, 3: 0.5, 7: 1, 8: 1, 39: 1}},
		{"warm-up of half an epoch", Schedule{Type: "constant", Warmup: 0.5}, map[int]float64{0: 0.5, 1: 1, 2: 1}},
		{"step", Schedule{Type: "step", Every: 3, Factor: 0.5}, map[int]float64{0: 1, 11: 1, 12: 0.5, 23: 0.5, 24: 0.25, 39: 0.125}},
		{"step after warm-up", Schedule{Type: "step", Every: 3, Factor: 0.5, Warmup: 1}, map[int]float64{0: 0.25, 3: 1, 15: 1, 16: 0.5}},
		{"exponential", Schedule{Type: "exponential", Every: 2, Factor: 0.81}, map[int]float64{0: 1, 4: 0.9, 8: 0.81}},
		{"cosine", Schedule{Type: "cosine"}, map[int]float64{0: 1, 20: 0.5, 39: 0.5 * (1 + math.Cos(math.Pi*39/40))}},
		{"cosine to a tenth", Schedule{Type: "cosine", Final: 0.1}, map[int]float64{0: 1, 20: 0.55}},
		{"cosine after warm-up", Schedule{Type: "cosine", Warmup: 2}, map[int]float64{0: 1. / 8, 7: 1, 8: 1, 24: 0.5}},
		{"one cycle", Schedule{Type: "one_cycle", Start: 0.04, Final: 1e-4, Peak: 0.3}, map[int]float64{0: 0.04, 11: 1, 39: 1e-4, 25: 0.5 + 0.5e-4}},
		{"one cycle with its rise given", Schedule{Type: "one_cycle", Start: 0.04, Final: 0, Peak: 0.3, Warmup: 1}, map[int]float64{0: 0.04, 3: 1, 39: 0}},
	} {
		for step, want := range row.want {
			if got := row.s.rate(1, step, perEpoch, perEpoch*epochs); !near(got, want, 1e-12) {
				t.Errorf("%s: step %d: %v, want %v", row.name, step, got, want)
			}
		}
	}
}

// Any schedule over any length gives rates between 0 and lr at every step.
func TestScheduleBounds(t *testing.T) {
	for _, kind := range scheduleNames {
		for _, warmup := range []float64{0, 0.3, 1, 5} {
			for _, total := range []int{1, 2, 3, 17} {
				f := &fields{table: fieldsOf{"schedule": fieldsOf{"type": kind, "warmup": warmup}}}
				s := readSchedule(f)
				for step := range total {
					if r := s.rate(0.5, step, 1, total); !(r >= 0 && r <= 0.5) {
						t.Errorf("%s, warm-up %v, %d steps: step %d: %v", kind, warmup, total, step, r)
					}
				}
			}
		}
	}
}
