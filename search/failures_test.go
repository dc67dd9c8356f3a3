package search_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"espalier/search"
	"espalier/search/searchtest"
)

// A run that only fails is stopped; the jobs that failed stay so, and the rest is to do.
func TestTooManyFailures(t *testing.T) {
	for _, row := range []struct {
		name  string
		fails func(job int) bool // of twelve, in the order they are begun
		o     search.Options
		want  int    // failed jobs
		says  string // "": the run goes to its end
	}{
		{"all fail, no limit", func(int) bool { return true }, search.Options{}, 12, ""},
		{"all fail, breaker", func(int) bool { return true }, search.Options{Breaker: 5}, 5, "too many failed jobs: 5 in a row, the last: no luck"},
		{"every other fails, breaker", func(job int) bool { return job%2 == 0 }, search.Options{Breaker: 2}, 6, ""},
		{"every other fails, limit", func(job int) bool { return job%2 == 0 }, search.Options{Breaker: 2, MaxFailures: 4}, 4, "too many failed jobs: 4, the last: no luck"},
		{"both at once", func(int) bool { return true }, search.Options{Breaker: 3, MaxFailures: 3}, 3, "3 in a row"},
		{"the last ones fail", func(job int) bool { return job >= 9 }, search.Options{Breaker: 3}, 3, ""}, // nothing is left to stop
	} {
		t.Run(row.name, func(t *testing.T) {
			s, l := searchtest.Sweep(t, searchtest.Small), searchtest.NewLedger()
			job := 0
			eval := func(ctx context.Context, j search.Job, record func(search.Outcome) error, watch func(search.Watch)) error {
				job++
				if row.fails(job - 1) {
					return errors.New("no luck")
				}
				return searchtest.Scripted(curve, nil)(ctx, j, record, watch)
			}
			row.o.Workers = 1
			result, err := run(t, t.Context(), s, l, eval, row.o)
			if row.says == "" && err != nil {
				t.Fatal(err)
			}
			if row.says != "" && (!errors.Is(err, search.ErrFailures) || !strings.Contains(err.Error(), row.says)) {
				t.Fatalf("%v, want %q", err, row.says)
			}
			if result.Failed != 3*row.want {
				t.Errorf("%d fits failed, want %d", result.Failed, 3*row.want)
			}
			if err == nil && result.Remaining != 0 {
				t.Errorf("%d remain", result.Remaining)
			}
			// Going on leaves the failed alone and does the others.
			if again, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, nil), search.Options{}); err != nil || again.Failed != 3*row.want || again.Remaining != 0 {
				t.Errorf("again: %+v, %v", again, err)
			}
		})
	}
}
