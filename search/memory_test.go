package search_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"espalier/folds"
	"espalier/search"
	"espalier/search/searchtest"
)

// scarce is a machine with so much memory; jobs take theirs at their first epoch, as fits do.
type scarce struct {
	mu          sync.Mutex
	total, used int64
	jobs, most  int
}

func (m *scarce) free() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(1, m.total-m.used)
}

// fit is an evaluator whose jobs hold their memory for as many seconds as they have epochs.
func (m *scarce) fit(t *testing.T) search.Evaluator {
	return func(ctx context.Context, j search.Job, record func(search.Outcome) error, watch func(search.Watch)) error {
		config, err := j.Sweep.Config(j.Longest())
		if err != nil {
			return err
		}
		need := config.Memory(j.Sweep.Data.Rows, j.Threads)
		time.Sleep(time.Second) // setting up: nothing taken yet
		add := func(n int64, jobs int) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.used += n
			m.jobs += jobs
			m.most = max(m.most, m.jobs)
			if m.used > m.total {
				t.Errorf("%d bytes taken of %d", m.used, m.total)
			}
		}
		add(need, 1)
		err = searchtest.Scripted(curve, sleepy)(ctx, j, func(o search.Outcome) error {
			if o.Trial == j.Longest().Key {
				add(-need, -1)
			}
			return record(o)
		}, watch)
		return err
	}
}

// needs are the least and the most that a job of a sweep takes.
func needs(t *testing.T, s *search.Sweep) (least, most int64) {
	t.Helper()
	for trial := range s.Trials() {
		config, err := s.Config(trial)
		if err != nil {
			t.Fatal(err)
		}
		n := config.Memory(s.Data.Rows, 1)
		if least == 0 || n < least {
			least = n
		}
		most = max(most, n)
	}
	return least, most
}

// Workers wait where memory is short: as many jobs run as fit, and all are done.
func TestWorkersWaitForMemory(t *testing.T) {
	for _, row := range []struct {
		name  string
		times float64 // memory of the machine, in largest jobs
		most  int     // jobs side by side
		waits bool
	}{
		{"one fits", 1.5, 1, true},
		{"three fit", 3.5, 4, true}, // smaller ones more
		{"all fit", 8, 8, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := searchtest.Sweep(t, searchtest.Small), searchtest.NewLedger()
				_, most := needs(t, s)
				m := &scarce{total: int64(row.times * float64(most))}
				warnings := 0
				result, err := run(t, t.Context(), s, l, m.fit(t), search.Options{Workers: 8, FreeMemory: m.free, Events: func(e search.Event) {
					if e.Kind == search.EventWarning {
						warnings++
						if !strings.HasPrefix(e.Message, "trial ") || !strings.Contains(e.Message, ", waits for memory: it needs about ") {
							t.Errorf("warning %q", e.Message)
						}
					}
				}})
				if err != nil || result.Done != 36 {
					t.Fatalf("%+v, %v", result, err)
				}
				if m.most > row.most || m.most < 1 {
					t.Errorf("%d jobs side by side, want at most %d", m.most, row.most)
				}
				if want := map[bool]int{true: 1}[row.waits]; warnings != want {
					t.Errorf("%d warnings, want %d", warnings, want)
				}
			})
		})
	}
}

// Where others hold the memory a job waits a minute for them, and the run ends with the figures.
func TestNoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := searchtest.Sweep(t, searchtest.Small), searchtest.NewLedger()
		least, _ := needs(t, s)
		m := &scarce{total: least - 1}
		started := time.Now()
		result, err := run(t, t.Context(), s, l, m.fit(t), search.Options{Workers: 2, FreeMemory: m.free})
		if !errors.Is(err, search.ErrMemory) || result.Done != 0 || result.Failed != 0 || result.Remaining != 36 {
			t.Fatalf("%+v, %v", result, err)
		}
		if took := time.Since(started); took < time.Minute || took > 2*time.Minute {
			t.Errorf("it took %s", took)
		}
		// They give it back in time.
		time.AfterFunc(30*time.Second, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.total *= 100
		})
		if result, err := run(t, t.Context(), s, l, m.fit(t), search.Options{Workers: 2, FreeMemory: m.free}); err != nil || result.Done != 36 {
			t.Fatalf("%+v, %v", result, err)
		}
	})
}

// Threads have memory of their own: a job has no more of them than fit beside what it needs with one, when it starts
// and when others have ended.
func TestThreadsWithinMemory(t *testing.T) {
	before := runtime.GOMAXPROCS(16)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	for _, times := range []float64{1.01, 1.3, 2.5, 20} {
		synctest.Test(t, func(t *testing.T) {
			s, l := searchtest.Sweep(t, convolutional), searchtest.NewLedger()
			_, most := needs(t, s)
			m := &scarce{total: int64(times * float64(most))}
			threads := 0
			fit := m.fit(t)
			result, err := run(t, t.Context(), s, l, func(ctx context.Context, j search.Job, record func(search.Outcome) error, watch func(search.Watch)) error {
				m.mu.Lock()
				threads = max(threads, j.Threads)
				m.mu.Unlock()
				return fit(ctx, j, record, watch)
			}, search.Options{FreeMemory: m.free})
			if err != nil || result.Remaining > 0 {
				t.Errorf("%g largest jobs: %+v, %v", times, result, err)
			}
			if times > 10 && threads < 2 {
				t.Errorf("%g largest jobs: one thread each", times)
			}
		})
	}
}

const convolutional = `
name = "convolutional"
[data]
source = "fashion-mnist-mini"
[folds]
k = 3
[grid]
filters = [32, 64]
[params]
epochs = 2
[model]
layers = [
  { type = "conv2d", filters = "$filters", kernel_size = 3, padding = "same", activation = "relu" },
  { type = "conv2d", filters = "$filters", kernel_size = 3, padding = "same", activation = "relu" },
  { type = "flatten" },
  { type = "dense", units = "$classes", activation = "softmax" },
]
`

// A batch is cut to the training rows of its fold, and so is the memory that a job waits for.
func TestMemoryOfALargeBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := searchtest.Sweep(t, strings.Replace(searchtest.Small, "batch_size = [16, 32]", "batch_size = [1_000_000]", 1))
		s.Data.Rows = 3000
		f := slices.Repeat([]folds.Fold{{Train: make([]int, 2000), Validation: make([]int, 1000)}}, s.Slots())
		largest, err := s.Config(slices.Collect(s.Trials())[s.File.Grid.Count()-1])
		if err != nil {
			t.Fatal(err)
		}
		free := func() int64 { return largest.Memory(2000, 1) }
		result, err := run(t, t.Context(), s, searchtest.NewLedger(), searchtest.Scripted(curve, nil), search.Options{Workers: 1, FreeMemory: free, Folds: f})
		if err != nil || result.Done != s.Slots()*s.File.Grid.Count() {
			t.Errorf("%+v, %v", result, err)
		}
		_, err = run(t, t.Context(), s, searchtest.NewLedger(), searchtest.Scripted(curve, nil), search.Options{Workers: 1, FreeMemory: free})
		if !errors.Is(err, search.ErrMemory) {
			t.Errorf("of all rows: %v", err)
		}
	})
}

// A job that waits ends with the run.
func TestInterruptedWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := searchtest.Sweep(t, searchtest.Small), searchtest.NewLedger()
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		m := &scarce{total: 1}
		result, err := run(t, ctx, s, l, m.fit(t), search.Options{FreeMemory: m.free})
		if !errors.Is(err, context.DeadlineExceeded) || result.Remaining != 36 {
			t.Fatalf("%+v, %v", result, err)
		}
	})
}
