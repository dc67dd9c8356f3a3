package search_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"espalier/search"
	"espalier/search/searchtest"
)

// curve is a scripted training that tells all parameters, slots and epochs apart.
func curve(params map[string]any, slot, epoch int) float64 {
	units, _ := params["units"].(int64)
	batch, _ := params["batch_size"].(int64)
	return 0.5 + float64(units)/100 - float64(batch)/1000 + float64(slot)/777 + 0.1*math.Sqrt(float64(epoch))/3
}

// board is the leaderboard of a ledger as JSON.
func board(t testing.TB, s *search.Sweep, l search.Ledger) string {
	t.Helper()
	standings, err := search.Rank(s, l.Facts(t.Context(), s.ID))
	if err != nil {
		t.Fatal(err)
	}
	out, err := search.NewBoard(s, standings, "test").JSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func run(t testing.TB, ctx context.Context, s *search.Sweep, l search.Ledger, e search.Evaluator, o search.Options) (search.Result, error) {
	t.Helper()
	return search.Run(ctx, s, l, e, o)
}

// The same bytes for any number of workers, with and without sharing, and a second
// run trains nothing.
func TestSameBoard(t *testing.T) {
	s := searchtest.Sweep(t, searchtest.Small)
	var want string
	for _, noShare := range []bool{false, true} {
		for _, workers := range []int{1, 2, 4, 8} {
			t.Run(fmt.Sprintf("%d workers, no share %v", workers, noShare), func(t *testing.T) {
				l := searchtest.NewLedger()
				o := search.Options{Workers: workers, NoShare: noShare}
				got, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, nil), o)
				if err != nil {
					t.Fatal(err)
				}
				trained := 4 * 3 * 4 // families × slots × most epochs
				if noShare {
					trained = 4 * 3 * (1 + 2 + 4)
				}
				if got.Done != 36 || got.Total != 36 || got.Remaining != 0 || got.EpochsTrained != trained {
					t.Errorf("result %+v, want 36 done and %d epochs", got, trained)
				}
				b := board(t, s, l)
				if want == "" {
					want = b
				}
				if b != want {
					t.Errorf("another board:\n%s\n%s", b, want)
				}
				commits := l.Commits()
				again, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, nil), o)
				if err != nil || again.EpochsTrained != 0 || l.Commits() != commits {
					t.Errorf("again: %+v, %v, %d commits more", again, err, l.Commits()-commits)
				}
			})
		}
	}
}

// Killed at random moments and resumed, with sharing on and off and other numbers of
// workers in between: the same bytes.
func TestInterruptedBoard(t *testing.T) {
	s := searchtest.Sweep(t, searchtest.Small)
	whole := searchtest.NewLedger()
	if _, err := run(t, t.Context(), s, whole, searchtest.Scripted(curve, nil), search.Options{Workers: 1}); err != nil {
		t.Fatal(err)
	}
	want := board(t, s, whole)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		l, kills := searchtest.NewLedger(), 0
		for {
			ctx, kill := context.WithCancel(t.Context())
			var epochs atomic.Int64
			at := int64(1 + random.IntN(20))
			pause := func(ctx context.Context, _ search.Job, _ int) error {
				if epochs.Add(1) == at {
					kill()
				}
				return ctx.Err()
			}
			o := search.Options{Workers: 1 + random.IntN(4), NoShare: random.IntN(2) == 0}
			result, err := run(t, ctx, s, l, searchtest.Scripted(curve, pause), o)
			kill()
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) || result.Remaining == 0 {
				t.Fatalf("%+v, %v", result, err)
			}
			if kills++; kills > 1000 {
				t.Fatal("no end")
			}
		}
		if got := board(t, s, l); got != want {
			t.Fatalf("another board after %d kills:\n%s\n%s", kills, got, want)
		}
	}
}

// A ledger that fails at the n-th commit ends the run with its error and leaves a
// prefix; with the disk mended the run goes on to the same bytes.
func TestFailingLedger(t *testing.T) {
	s := searchtest.Sweep(t, searchtest.Small)
	full := errors.New("no space left on device")
	var want string
	for _, after := range []int{0, 1, 5, 11} {
		l := searchtest.NewLedger()
		result, err := run(t, t.Context(), s, &searchtest.Failing{Ledger: l, After: after, Err: full}, searchtest.Scripted(curve, nil), search.Options{Workers: 1})
		if !errors.Is(err, full) || result.Remaining == 0 || result.Failed != 0 {
			t.Errorf("after %d: %+v, %v", after, result, err)
		}
		if _, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, nil), search.Options{Workers: 2}); err != nil {
			t.Fatal(err)
		}
		b := board(t, s, l)
		if want == "" {
			want = b
		}
		if b != want {
			t.Errorf("after %d: another board", after)
		}
	}
}

// A panic in one job leaves failed attempts that say how to see it again; the rest
// goes on; a retraction makes them due.
func TestPanic(t *testing.T) {
	s := searchtest.Sweep(t, searchtest.Small)
	l := searchtest.NewLedger()
	broken := true
	pause := func(_ context.Context, j search.Job, epoch int) error {
		if broken && j.Slot == 1 && epoch == 2 && j.Trials[0].Point.Values["units"] == int64(8) && j.Trials[0].Point.Values["batch_size"] == int64(16) {
			panic("index out of range")
		}
		return nil
	}
	result, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, pause), search.Options{Workers: 2})
	if err != nil || result.Failed != 2 || result.Done != 34 || result.Remaining != 0 {
		t.Fatalf("%+v, %v: want the trials of 2 and 4 epochs to fail, and that of 1 done", result, err)
	}
	var failures []*search.Failure
	for f := range l.Facts(t.Context(), s.ID) {
		if f.Failure != nil {
			failures = append(failures, f.Failure)
		}
	}
	if len(failures) != 2 {
		t.Fatalf("%d failures", len(failures))
	}
	for _, want := range []string{"panic: index out of range", "repeat 0, fold 1, seed 7", "espalier verify", "--slot 1"} {
		if !strings.Contains(failures[0].Reason, want) {
			t.Errorf("no %q in %q", want, failures[0].Reason)
		}
	}
	if !strings.Contains(failures[0].Stack, "TestPanic") || strings.Contains(failures[0].Stack, "debug.Stack") {
		t.Errorf("stack:\n%s", failures[0].Stack)
	}
	standings, err := search.Rank(s, l.Facts(t.Context(), s.ID))
	if err != nil {
		t.Fatal(err)
	}
	states := make(map[search.State]int)
	for _, st := range standings {
		states[st.State]++
	}
	if states[search.Failed] != 2 || states[search.Complete] != 10 {
		t.Errorf("states %v", states)
	}
	// A run leaves them alone.
	broken = false
	if again, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, pause), search.Options{}); err != nil || again.EpochsTrained != 0 || again.Failed != 2 {
		t.Errorf("again: %+v, %v", again, err)
	}
	for _, f := range failures {
		err := l.Record(t.Context(), s.ID, search.Fact{Retraction: &search.Retraction{Trial: f.Trial, Slot: f.Slot}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if again, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, pause), search.Options{}); err != nil || again.Failed != 0 || again.Done != 36 {
		t.Errorf("after the retraction: %+v, %v", again, err)
	}
}

// A job that diverges is an outcome: ranked last, never again by itself.
func TestDiverged(t *testing.T) {
	s := searchtest.Sweep(t, searchtest.Small)
	l := searchtest.NewLedger()
	bad := func(params map[string]any, slot, epoch int) float64 {
		if params["batch_size"] == int64(32) && params["units"] == int64(4) && epoch == 3 {
			return math.NaN()
		}
		return curve(params, slot, epoch)
	}
	result, err := run(t, t.Context(), s, l, searchtest.Scripted(bad, nil), search.Options{Workers: 3})
	if err != nil || result.Done != 36 || result.Diverged != 3 || result.Failed != 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	standings, err := search.Rank(s, l.Facts(t.Context(), s.ID))
	if err != nil {
		t.Fatal(err)
	}
	last := standings[len(standings)-1]
	if last.State != search.Diverged || last.Rank != 0 || last.Outcomes[0].Reason != "loss is not finite at epoch 3, step 1" {
		t.Errorf("last: %+v", last)
	}
	if standings[10].Rank != 11 || standings[10].State != search.Complete {
		t.Errorf("before it: %+v", standings[10])
	}
}

// An evaluator that ends without an outcome, or with an error, is a failed attempt.
func TestEvaluatorErrors(t *testing.T) {
	s := searchtest.Sweep(t, searchtest.Small)
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"nothing", nil, "the trainer ended without an outcome"},
		{"an error", errors.New("no such layer"), "no such layer"},
		{"a cancellation nobody asked for", context.Canceled, "context canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := searchtest.NewLedger()
			eval := func(context.Context, search.Job, func(search.Outcome) error, func(search.Watch)) error { return c.err }
			result, err := run(t, t.Context(), s, l, eval, search.Options{Workers: 2})
			if err != nil || result.Failed != 36 {
				t.Fatalf("%+v, %v", result, err)
			}
			for f := range l.Facts(t.Context(), s.ID) {
				if f.Failure != nil && !strings.Contains(f.Failure.Reason, c.want) {
					t.Errorf("reason %q", f.Failure.Reason)
				}
			}
		})
	}
}

// sleepy takes a second an epoch and stops when it is told to.
func sleepy(ctx context.Context, _ search.Job, _ int) error {
	select {
	case <-time.After(time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := searchtest.Sweep(t, searchtest.Small)
		l := searchtest.NewLedger()
		started := time.Now()
		o := search.Options{Workers: 2, Budget: 10*time.Second + time.Millisecond}
		result, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, sleepy), o)
		if !errors.Is(err, search.ErrBudget) || result.EpochsTrained != 20 || result.Failed != 0 || result.Remaining == 0 {
			t.Errorf("%+v, %v", result, err)
		}
		if took := time.Since(started); took != o.Budget {
			t.Errorf("took %v", took)
		}
		// A budget that is enough is no error.
		if result, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, sleepy), search.Options{Workers: 2, Budget: time.Hour}); err != nil || result.Done != 36 {
			t.Errorf("%+v, %v", result, err)
		}
	})
}

func TestJobTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := searchtest.Sweep(t, searchtest.Small)
		l := searchtest.NewLedger()
		o := search.Options{Workers: 2, JobTimeout: 2500 * time.Millisecond}
		result, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, sleepy), o)
		if err != nil || result.Failed != 12 || result.Done != 24 {
			t.Fatalf("%+v, %v: want the trials of 4 epochs to fail", result, err)
		}
		for f := range l.Facts(t.Context(), s.ID) {
			if f.Failure != nil && !strings.HasPrefix(f.Failure.Reason, "exceeded the limit of 2.5s for one job") {
				t.Errorf("reason %q", f.Failure.Reason)
			}
		}
	})
}

// The status follows the run: counts, best so far, time left by remaining work.
func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := searchtest.Sweep(t, searchtest.Small)
		l := searchtest.NewLedger()
		var m search.Monitor
		if st := m.Status(); st.Running || st.Best != nil {
			t.Errorf("before: %+v", st)
		}
		var kinds []search.EventKind
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, sleepy), search.Options{
				Workers: 2, Monitor: &m, Events: func(e search.Event) { kinds = append(kinds, e.Kind) },
			})
			if err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(12*time.Second + time.Millisecond) // of 24: 12 jobs of 4 epochs by 2 workers
		st := m.Status()
		if !st.Running || st.Total != 36 || st.Epochs != 24 || st.Done != 18 || len(st.Workers) != 2 || st.Workers[1].Trial == "" {
			t.Errorf("status %+v", st)
		}
		// Half of the work by FLOPs is more than half of the jobs: the large come first.
		if st.Left < 5 || st.Left > 12 {
			t.Errorf("%v s left", st.Left)
		}
		// Two epochs into their jobs the workers have curves of two epochs.
		time.Sleep(2 * time.Second)
		for _, w := range m.Status().Workers {
			if len(w.Curve) != 2 || w.Curve[1].Epoch != 2 || w.Curve[1].Validation == nil || *w.Curve[1].Validation <= *w.Curve[0].Validation || *w.Curve[1].Loss >= *w.Curve[0].Loss {
				t.Errorf("curve of worker %d: %+v", w.Worker, w.Curve)
			}
		}
		<-done
		st = m.Status()
		if st.Running || st.Done != 36 || st.Completed != 12 || st.Best == nil || st.Elapsed != 24 {
			t.Errorf("after: %+v", st)
		}
		standings, err := search.Rank(s, l.Facts(t.Context(), s.ID))
		if err != nil {
			t.Fatal(err)
		}
		if st.Best.Trial != standings[0].Trial.ID() || math.Abs(st.Best.Mean-standings[0].Mean) > 1e-12 {
			t.Errorf("best %+v, leader %s %v", st.Best, standings[0].Trial.ID(), standings[0].Mean)
		}
		count := make(map[search.EventKind]int)
		for _, k := range kinds {
			count[k]++
		}
		want := map[search.EventKind]int{
			search.EventStarted: 1, search.EventJob: 12, search.EventEpoch: 48, search.EventOutcome: 36, search.EventJobDone: 12, search.EventFinished: 1,
		}
		for k, n := range want {
			if count[k] != n {
				t.Errorf("%d events %q, want %d", count[k], k, n)
			}
		}
		if kinds[0] != search.EventStarted || kinds[len(kinds)-1] != search.EventFinished {
			t.Errorf("events from %q to %q", kinds[0], kinds[len(kinds)-1])
		}
	})
}

// What was done before is told as it was then, however late the display comes to it.
func TestStartedLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := searchtest.Sweep(t, searchtest.Small)
		l := searchtest.NewLedger()
		first, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, sleepy), search.Options{Workers: 2, Budget: 10500 * time.Millisecond})
		if !errors.Is(err, search.ErrBudget) || first.Done == 0 {
			t.Fatalf("%+v, %v", first, err)
		}
		var m search.Monitor
		told, now := -1, -1
		_, err = run(t, t.Context(), s, l, searchtest.Scripted(curve, sleepy), search.Options{Workers: 2, Monitor: &m, Events: func(e search.Event) {
			if e.Kind == search.EventStarted {
				time.Sleep(time.Minute)
				told, now = e.Status.Done, m.Status().Done
			}
		}})
		if err != nil || told != first.Done || now != 36 {
			t.Errorf("%d done before and %d now, want %d and 36; %v", told, now, first.Done, err)
		}
	})
}

// Outcomes of another revision or kernel are not gone on beside, unless asked.
func TestOrigins(t *testing.T) {
	s := searchtest.Sweep(t, searchtest.Small)
	l := searchtest.NewLedger()
	if err := l.Enroll(t.Context(), s, false); err != nil {
		t.Fatal(err)
	}
	for tr := range s.Trials() {
		o := &search.Outcome{Trial: tr.Key, State: search.Complete, Revision: "0-old", Kernel: "abacus"}
		if err := l.Record(t.Context(), s.ID, search.Fact{Outcome: o}); err != nil {
			t.Fatal(err)
		}
		break
	}
	_, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, nil), search.Options{})
	if !errors.Is(err, search.ErrOrigin) || !strings.Contains(err.Error(), "1 outcome") || !strings.Contains(err.Error(), "0-old on kernel abacus; this is revision") {
		t.Errorf("error %v", err)
	}
	if _, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, nil), search.Options{Mix: true}); err != nil {
		t.Error(err)
	}
	if b := board(t, s, l); !strings.Contains(b, `"mixed":["revision`) || !strings.Contains(b, "abacus") {
		t.Errorf("the board does not say so: %s", b)
	}
	if _, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, nil), search.Options{}); err != nil {
		t.Errorf("with nothing left to do: %v", err)
	}
}

// What was taken back stands in nobody's way, whoever recorded it.
func TestOriginTakenBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		state search.State
		back  bool // a retraction follows
		ok    bool
	}{
		{"diverged", search.Diverged, false, false},
		{"diverged, taken back", search.Diverged, true, true},
		{"complete, which is not taken back", search.Complete, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, l := searchtest.Sweep(t, searchtest.Small), searchtest.NewLedger()
			if err := l.Enroll(t.Context(), s, false); err != nil {
				t.Fatal(err)
			}
			var facts []search.Fact
			for tr := range s.Trials() {
				facts = append(facts, search.Fact{Outcome: &search.Outcome{Trial: tr.Key, State: c.state, Revision: "0-old", Kernel: "abacus"}})
				if c.back {
					facts = append(facts, search.Fact{Retraction: &search.Retraction{Trial: tr.Key}})
				}
				break
			}
			for _, f := range facts {
				if err := l.Record(t.Context(), s.ID, f); err != nil {
					t.Fatal(err)
				}
			}
			_, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, nil), search.Options{})
			if c.ok && err != nil || !c.ok && !errors.Is(err, search.ErrOrigin) {
				t.Errorf("error %v, want none: %v", err, c.ok)
			}
		})
	}
}

// Edited files: what has the same effective parameters is kept, and the board is
// that of a fresh run of the edited file.
func TestEdits(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		trained        int // epochs after the edit
	}{
		{"a value more", "units = [4, 8]", "units = [4, 8, 12]", 2 * 3 * 4},
		{"a value less", "units = [4, 8]", "units = [8]", 0},
		{"a longer run", "epochs = [1, 2, 4]", "epochs = [1, 2, 4, 5]", 4 * 3 * 5},
		{"another order", "units = [4, 8]", "units = [8, 4]", 0},
		{"an axis becomes fixed", "units = [4, 8]\n", "", 0},
		{"a fixed parameter changes", "[model]", "[params]\noptimizer = \"sgd\"\n[model]", 4 * 3 * 4},
		{"a default is written out", "[model]", "[params]\noptimizer = \"adam\"\n[model]", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, l := searchtest.Sweep(t, searchtest.Small), searchtest.NewLedger()
			if _, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, nil), search.Options{}); err != nil {
				t.Fatal(err)
			}
			source := strings.Replace(searchtest.Small, c.old, c.new, 1)
			if c.new == "" {
				source = strings.Replace(source, "[model]", "[params]\nunits = 4\n[model]", 1)
			}
			edited := searchtest.Sweep(t, source)
			result, err := run(t, t.Context(), edited, l, searchtest.Scripted(curve, nil), search.Options{})
			if err != nil || result.EpochsTrained != c.trained {
				t.Errorf("%+v, %v: want %d epochs trained", result, err, c.trained)
			}
			fresh := searchtest.NewLedger()
			if _, err := run(t, t.Context(), edited, fresh, searchtest.Scripted(curve, nil), search.Options{}); err != nil {
				t.Fatal(err)
			}
			if a, b := board(t, edited, l), board(t, edited, fresh); a != b {
				t.Errorf("the board is not that of a fresh run:\n%s\n%s", a, b)
			}
		})
	}
}

// slow is a ledger whose commits take a millisecond.
type slow struct{ search.Ledger }

func (l slow) Record(ctx context.Context, id search.SweepID, f ...search.Fact) error {
	time.Sleep(time.Millisecond)
	return l.Ledger.Record(ctx, id, f...)
}

// Outcomes that arrive while a commit is under way share the next one: a pool of
// eight has far more than eight in a commit.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := strings.Replace(searchtest.Small, "units = [4, 8]", "units = { min = 1, max = 200, steps = 200 }", 1)
		source = strings.Replace(source, "epochs = [1, 2, 4]", "epochs = [1]", 1)
		s, l := searchtest.Sweep(t, source), searchtest.NewLedger()
		result, err := run(t, t.Context(), s, slow{l}, searchtest.Scripted(curve, nil), search.Options{Workers: 8})
		if err != nil || result.Done != 1200 {
			t.Fatalf("%+v, %v", result, err)
		}
		if l.Commits() > 100 {
			t.Errorf("%d commits for 1200 outcomes", l.Commits())
		}
	})
}

// An outcome that is not due in the job is refused, and fails it.
func TestForeignOutcome(t *testing.T) {
	s, l := searchtest.Sweep(t, searchtest.Small), searchtest.NewLedger()
	eval := func(_ context.Context, j search.Job, record func(search.Outcome) error, _ func(search.Watch)) error {
		return record(search.Outcome{Trial: j.Trials[0].Key, Slot: j.Slot + 1, State: search.Complete})
	}
	result, err := run(t, t.Context(), s, l, eval, search.Options{})
	if err != nil || result.Done != 0 || result.Failed != 36 {
		t.Errorf("%+v, %v", result, err)
	}
}

// Bookkeeping: jobs that do nothing, eight workers, a ledger in memory.
func BenchmarkBookkeeping(b *testing.B) {
	source := strings.Replace(searchtest.Small, "units = [4, 8]", "units = { min = 1, max = 2000, steps = 2000 }", 1)
	s := searchtest.Sweep(b, strings.Replace(source, "epochs = [1, 2, 4]", "epochs = [1]", 1))
	eval := func(_ context.Context, j search.Job, record func(search.Outcome) error, _ func(search.Watch)) error {
		return record(search.Outcome{Trial: j.Trials[0].Key, Slot: j.Slot, State: search.Complete})
	}
	outcomes := 0
	for b.Loop() {
		result, err := search.Run(b.Context(), s, searchtest.NewLedger(), eval, search.Options{Workers: 8})
		if err != nil {
			b.Fatal(err)
		}
		outcomes += result.Done
	}
	b.ReportMetric(float64(outcomes)/b.Elapsed().Seconds(), "outcomes/s")
}
