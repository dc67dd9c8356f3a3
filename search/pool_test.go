package search_test

import (
	"context"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"espalier/search"
	"espalier/search/searchtest"
	"espalier/trainer"
)

// threadsOf runs what is to do of a sweep and gives the threads of its jobs, in the
// order they were begun.
func threadsOf(t *testing.T, s *search.Sweep, l search.Ledger, o search.Options) []int {
	t.Helper()
	var mu sync.Mutex
	var threads []int
	begun := func(_ context.Context, j search.Job, epoch int) error {
		if epoch == 1 {
			mu.Lock()
			threads = append(threads, j.Threads)
			mu.Unlock()
		}
		return nil
	}
	if _, err := search.Run(t.Context(), s, l, searchtest.Scripted(curve, begun), o); err != nil {
		t.Fatal(err)
	}
	return threads
}

// A job gets the processors that no other job can use: all of them where it is alone.
func TestThreads(t *testing.T) {
	before := runtime.GOMAXPROCS(8)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	for _, c := range []struct {
		name        string
		due         int // jobs, of twelve
		o           search.Options
		first, last int
	}{
		{"many jobs on all processors", 12, search.Options{Workers: 8}, 1, 8},
		{"as many workers as processors by default", 12, search.Options{}, 1, 8},
		{"one worker", 12, search.Options{Workers: 1}, 8, 8},
		{"two workers", 12, search.Options{Workers: 2}, 4, 8},
		{"one job left", 1, search.Options{Workers: 8}, 8, 8},
		{"three jobs left", 3, search.Options{Workers: 8}, 2, 8},
		{"more workers than processors", 12, search.Options{Workers: 12}, 1, 8},
		{"what is asked for", 12, search.Options{Workers: 4, Threads: 3}, 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, l := searchtest.Sweep(t, searchtest.Small), searchtest.NewLedger()
			done := 12 - c.due
			if done > 0 { // those before, one after the other
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				n := 0
				_, err := search.Run(ctx, s, l, searchtest.Scripted(curve, func(ctx context.Context, _ search.Job, epoch int) error {
					if epoch == 1 {
						if n++; n > done {
							stop()
						}
					}
					return ctx.Err()
				}), search.Options{Workers: 1})
				if err == nil {
					t.Fatal("not interrupted")
				}
			}
			got := threadsOf(t, s, l, c.o)
			if len(got) != c.due {
				t.Fatalf("%d jobs, want %d", len(got), c.due)
			}
			if got[0] != c.first {
				t.Errorf("the first job has %d threads, want %d", got[0], c.first)
			}
			for _, n := range got {
				if n < c.first || n > c.last {
					t.Errorf("a job has %d threads, want %d to %d", n, c.first, c.last)
				}
			}
		})
	}
}

// The last job gets the processors of those that end before it, and none before that.
func TestThreadsOfTheTail(t *testing.T) {
	before := runtime.GOMAXPROCS(8)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	for _, c := range []struct {
		name        string
		o           search.Options
		start, last int
	}{
		{"two workers", search.Options{Workers: 2}, 4, 8},
		{"a worker for each processor", search.Options{Workers: 8}, 1, 8},
		{"more workers than processors", search.Options{Workers: 12}, 1, 8},
		{"what is asked for", search.Options{Workers: 4, Threads: 3}, 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, l := searchtest.Sweep(t, searchtest.Small), searchtest.NewLedger()
			const jobs = 12
			var begun atomic.Int32
			eval := searchtest.Scripted(curve, func(ctx context.Context, j search.Job, epoch int) error {
				if epoch > 1 {
					return nil
				}
				n := j.More() // before the others know of this job
				if nth := int(begun.Add(1)); nth < jobs {
					// As long as there are more jobs than workers to come.
					if n != c.start && nth <= jobs-c.o.Workers {
						t.Errorf("a job has %d threads, want %d", n, c.start)
					}
					return nil
				}
				for deadline := time.Now().Add(20 * time.Second); j.More() != c.last; time.Sleep(time.Millisecond) {
					if time.Now().After(deadline) {
						t.Errorf("the last job has %d threads, want %d", j.More(), c.last)
						break
					}
				}
				return nil
			})
			if _, err := search.Run(t.Context(), s, l, eval, c.o); err != nil {
				t.Fatal(err)
			}
			if n := begun.Load(); n != jobs {
				t.Errorf("%d jobs, want %d", n, jobs)
			}
		})
	}
}

// A panic in a thread of the trainer is told as the value, with the stack of that thread.
func TestPanicInThread(t *testing.T) {
	s, l := searchtest.Sweep(t, searchtest.Small), searchtest.NewLedger()
	stack := "goroutine 7 [running]:\nruntime/debug.Stack()\n\tstack.go:26\npanic({0x1, 0x2})\n\tpanic.go:860\nespalier/trainer.deep()\n\tdeep.go:3"
	eval := func(context.Context, search.Job, func(search.Outcome) error, func(search.Watch)) error {
		panic(&trainer.Panic{Value: "index out of range", Stack: []byte(stack)})
	}
	if result, err := search.Run(t.Context(), s, l, eval, search.Options{}); err != nil || result.Failed != 36 {
		t.Fatalf("%+v, %v", result, err)
	}
	for f := range l.Facts(t.Context(), s.ID) {
		if f.Failure == nil {
			continue
		}
		if !strings.HasPrefix(f.Failure.Reason, "panic: index out of range (trial ") || strings.Contains(f.Failure.Reason, "\n") {
			t.Errorf("reason %q", f.Failure.Reason)
		}
		if want := "espalier/trainer.deep()\n\tdeep.go:3"; f.Failure.Stack != want {
			t.Errorf("stack %q, want %q", f.Failure.Stack, want)
		}
		break
	}
}

// A number of workers that makes no sense costs neither time nor memory, in the pool
// and in the status.
func TestAbsurdWorkers(t *testing.T) {
	s, l := searchtest.Sweep(t, searchtest.Small), searchtest.NewLedger()
	for _, name := range []string{"a sweep to do", "a finished one"} {
		t.Run(name, func(t *testing.T) {
			var m search.Monitor
			result, err := search.Run(t.Context(), s, l, searchtest.Scripted(curve, nil), search.Options{Workers: math.MaxInt, Monitor: &m, Budget: time.Hour})
			if err != nil || result.Done != 36 {
				t.Fatalf("%+v, %v", result, err)
			}
			if n := len(m.Status().Workers); n < 1 || n > 12 {
				t.Errorf("%d workers in the status of 12 jobs", n)
			}
		})
	}
}
