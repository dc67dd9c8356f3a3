package search

import (
	"math"
	"slices"
	"testing"
)

func TestMakespan(t *testing.T) {
	alone := func(int) float64 { return 1 }
	shared := func(running int) float64 { return min(1, 2/float64(running)) } // two processors
	crowded := func(running int) float64 { return 1 / (1 + 0.25*float64(running-1)) }
	for _, c := range []struct {
		name    string
		jobs    []float64
		workers int
		speed   func(int) float64
		want    float64
	}{
		{"nothing", nil, 2, alone, 0},
		{"one after the other", []float64{3, 2, 1}, 1, alone, 6},
		{"two workers, longest first", []float64{3, 2, 2, 1}, 2, alone, 4},
		{"the tail is one worker's", []float64{4, 1}, 2, alone, 4},
		{"a bad order costs", []float64{1, 1, 4}, 2, alone, 5},
		{"more workers than jobs", []float64{3, 2}, 9, alone, 3},
		{"four workers share two processors", []float64{1, 1, 1, 1}, 4, shared, 2},
		// 1 and 3 side by side at 0.8 until the first ends after 1.25; 2 more alone.
		{"alone a job is quicker", []float64{1, 3}, 2, crowded, 1.25 + 2},
		{"no workers are one", []float64{1, 2}, 0, alone, 3},
	} {
		if got := Makespan(slices.Values(c.jobs), c.workers, c.speed); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v s, want %v", c.name, got, c.want)
		}
	}
}

// What Jobs lists is what Run would hand out.
func TestJobs(t *testing.T) {
	s := sweep(t, text)
	for _, noShare := range []bool{false, true} {
		jobs, err := s.Jobs(noShare)
		if err != nil {
			t.Fatal(err)
		}
		plan := s.Plan(noShare)
		n, epochs, fits, cost := 0, 0, 0, math.Inf(1)
		for j := range jobs {
			n++
			epochs += s.epochsOf(j.Longest().Point.Values)
			fits += len(j.Trials)
			if j.Cost > cost {
				t.Errorf("job %d costs %v, more than the one before", n, j.Cost)
			}
			cost = j.Cost
		}
		if n != plan.Jobs || epochs != plan.Epochs || fits != plan.Fits {
			t.Errorf("no share %t: %d jobs, %d epochs, %d fits; planned %d, %d, %d", noShare, n, epochs, fits, plan.Jobs, plan.Epochs, plan.Fits)
		}
	}
}
