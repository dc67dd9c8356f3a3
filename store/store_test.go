package store

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"espalier/grids"
	"espalier/search"
	"espalier/search/searchtest"
	"espalier/trainer"
)

var (
	long = flag.Bool("long", false, "run what takes minutes")
	seed = flag.Uint64("seed", 1, "of random facts, damage and kills")
)

// random gives the numbers of -seed, and names it in what a failing test prints.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	t.Logf("-seed %d", *seed)
	return rand.New(rand.NewPCG(*seed, 1))
}

// mustOpen opens a store for a test. When the test ends the store is closed and
// every page and record of it is checked.
func mustOpen(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		mustCheck(t, path)
	})
	return s
}

func mustCheck(t testing.TB, path string) Report {
	t.Helper()
	r, err := Check(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Problems) > 0 {
		t.Fatalf("check: %s", strings.Join(r.Problems, "\n"))
	}
	return r
}

func mustRecord(t testing.TB, l search.Ledger, id search.SweepID, f ...search.Fact) {
	t.Helper()
	if err := l.Record(t.Context(), id, f...); err != nil {
		t.Fatal(err)
	}
}

func mustFacts(t testing.TB, l search.Ledger, id search.SweepID) []search.Fact {
	t.Helper()
	all, err := allFacts(t.Context(), l, id)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func allFacts(ctx context.Context, l search.Ledger, id search.SweepID) (all []search.Fact, err error) {
	for f, err := range l.Facts(ctx, id) {
		if err != nil {
			return all, err
		}
		all = append(all, f)
	}
	return all, nil
}

// smallSweep is a sweep that a test enrols; the number makes it another one.
func smallSweep(t testing.TB, n int) *search.Sweep {
	return searchtest.Sweep(t, strings.Replace(searchtest.Small, "seed = 7", fmt.Sprintf("seed = %d", n), 1))
}

func temp(t testing.TB) string { return filepath.Join(t.TempDir(), "espalier.db") }

func TestConformance(t *testing.T) {
	searchtest.TestLedger(t, func(t *testing.T) search.Ledger { return mustOpen(t, temp(t), Options{}) })
}

// readBack is a ledger that writes to the store and reads what it wrote through
// a Reader: from the file or from the socket.
type readBack struct {
	*Reader
	store *Store
}

func (r readBack) Enroll(ctx context.Context, s *search.Sweep, fresh bool) error {
	return r.store.Enroll(ctx, s, fresh)
}

func (r readBack) Record(ctx context.Context, id search.SweepID, f ...search.Fact) error {
	return r.store.Record(ctx, id, f...)
}

func TestConformanceThroughTheSocket(t *testing.T) {
	searchtest.TestLedger(t, func(t *testing.T) search.Ledger {
		s := mustOpen(t, temp(t), Options{})
		if err := s.Serve(nil); err != nil {
			t.Fatal(err)
		}
		r, err := OpenReader(s.Path())
		if err != nil {
			t.Fatal(err)
		}
		return readBack{r, s}
	})
}

// reopening is a store that is opened for every write, and read from its file.
type reopening struct {
	*Reader
	path string
}

func (r reopening) write(f func(*Store) error) error {
	s, err := Open(r.path, Options{Wait: 10 * time.Second})
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}

func (r reopening) Enroll(ctx context.Context, sweep *search.Sweep, fresh bool) error {
	return r.write(func(s *Store) error { return s.Enroll(ctx, sweep, fresh) })
}

func (r reopening) Record(ctx context.Context, id search.SweepID, f ...search.Fact) error {
	for {
		err := r.write(func(s *Store) error { return s.Record(ctx, id, f...) })
		var held *HeldError
		if !errors.As(err, &held) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func TestConformanceThroughTheFile(t *testing.T) {
	searchtest.TestLedger(t, func(t *testing.T) search.Ledger {
		path := temp(t)
		s, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		r, err := OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		return reopening{r, path}
	})
}

// model is what a store should hold, kept in a map.
type model struct {
	facts     []search.Fact
	standing  map[place]int // index of the outcome in facts, -1: none
	histories map[place][]trainer.Epoch
}

func (m *model) record(f search.Fact) {
	p, kind, placed, _ := factPlace(f)
	at, ok := m.standing[p]
	stands := placed && ok && at >= 0
	switch {
	case kind == kindOutcome && stands:
		return
	case kind == kindOutcome:
		m.standing[p] = len(m.facts)
		m.histories[p] = f.Outcome.History
		o := *f.Outcome
		o.History = nil
		f = search.Fact{Outcome: &o}
	case kind == kindRetraction:
		m.standing[p] = -1
		delete(m.histories, p)
	}
	m.facts = append(m.facts, f)
}

// TestModel records random facts in random groups, closes and opens the store
// now and then, and compares it with a map all along.
func TestModel(t *testing.T) {
	r := random(t)
	path := temp(t)
	s := mustOpen(t, path, Options{})
	sweep := smallSweep(t, 1)
	if err := s.Enroll(t.Context(), sweep, false); err != nil {
		t.Fatal(err)
	}
	m := &model{standing: map[place]int{}, histories: map[place][]trainer.Epoch{}}
	for step := range 150 {
		group := make([]search.Fact, 1+r.IntN(20))
		for i := range group {
			group[i] = randomFact(r)
			m.record(group[i])
		}
		mustRecord(t, s, sweep.ID, group...)
		if step%40 == 39 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			mustCheck(t, path)
			s = mustOpen(t, path, Options{})
		}
		if step%10 != 9 {
			continue
		}
		got := mustFacts(t, s, sweep.ID)
		if len(got) != len(m.facts) {
			t.Fatalf("step %d: %d facts, want %d", step, len(got), len(m.facts))
		}
		for i := range got {
			if !reflect.DeepEqual(got[i], m.facts[i]) {
				t.Fatalf("step %d: fact %d differs", step, i)
			}
		}
		for p := range m.standing {
			slot := int(p[19])
			h, err := s.History(t.Context(), sweep.ID, grids.Key(p[:16]), slot)
			if err != nil || !reflect.DeepEqual(h, m.histories[p]) {
				t.Fatalf("step %d: history of slot %d differs, error %v", step, slot, err)
			}
		}
	}
}

// randomFact is mostly an outcome, of few trials so that they meet again.
func randomFact(r *rand.Rand) search.Fact {
	key, slot := grids.Key{byte(r.IntN(40))}, r.IntN(3)
	now := time.Unix(r.Int64N(1<<31), r.Int64N(1e9)).UTC()
	switch r.IntN(10) {
	case 0:
		return search.Fact{Failure: &search.Failure{Trial: key, Slot: slot, Reason: "panic", Stack: strings.Repeat("x", r.IntN(9000)), Recorded: now}}
	case 1:
		return search.Fact{Retraction: &search.Retraction{Trial: key, Slot: slot, Recorded: now}}
	case 2:
		return search.Fact{Run: &search.RunRecord{Version: "v", Workers: 2, Started: now, Ended: now, Trained: r.IntN(100), Exit: "done"}}
	}
	o := randomOutcome(r, key, slot, r.IntN(4))
	o.Recorded = now
	return search.Fact{Outcome: o}
}

func randomOutcome(r *rand.Rand, key grids.Key, slot, epochs int) *search.Outcome {
	scores := func() trainer.Scores {
		return trainer.Scores{Loss: r.Float64(), Accuracy: r.Float64(), F1: r.Float64(), Precision: r.Float64(), Recall: r.Float64()}
	}
	o := &search.Outcome{
		Trial: key, Slot: slot, State: search.Complete, Epochs: epochs, Best: epochs, Scores: scores(),
		Train: trainer.Scores{Loss: r.Float64(), Accuracy: r.Float64()}, Seconds: r.Float64(), Revision: "1", Kernel: "avx2",
	}
	for e := range epochs {
		validation := scores()
		confusion := make([]int, 9)
		for i := range confusion {
			confusion[i] = r.IntN(3)
		}
		o.History = append(o.History, trainer.Epoch{
			Number: e + 1, TrainLoss: r.Float64(), TrainAccuracy: r.Float64(), LearningRate: 0.001, Seconds: r.Float64(),
			Validation: &validation, Confusion: confusion, Classes: derive(confusion),
		})
	}
	return o
}

func TestFoldersAreLeftTidy(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, path, Options{})
	if err := s.Serve(nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + runSuffix, path + socketSuffix} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", name, mode)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left in the folder: %v, error %v", entries, err)
	}
}
