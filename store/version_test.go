package store

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

var keep = flag.Bool("keep-version", false, "write the stored file of this version; for a new version only")

const versionFile = "testdata/version-1.store"

// versionFacts are what the stored file of version 1 holds.
func versionFacts() []search.Fact {
	at := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	validation := trainer.Scores{Loss: 0.5, Accuracy: 0.875, F1: 0.75, Precision: 0.625, Recall: 1.0 / 3}
	confusion := []int{3, 1, 0, 2}
	return []search.Fact{
		{Outcome: &search.Outcome{
			Trial: grids.Key{1}, Slot: 1, State: search.Complete, Epochs: 1, Best: 1, Scores: validation,
			Train: trainer.Scores{Loss: 0.25, Accuracy: 0.9}, Seconds: 2, Revision: "1", Kernel: "avx2", Recorded: at,
			History: []trainer.Epoch{{Number: 1, TrainLoss: 0.25, TrainAccuracy: 0.9, LearningRate: 0.01, Seconds: 2, Validation: &validation, Confusion: confusion, Classes: derive(confusion)}},
		}},
		{Outcome: &search.Outcome{Trial: grids.Key{2}, State: search.Diverged, Reason: "loss is not finite at epoch 1, step 2", Revision: "1", Kernel: "generic", Recorded: at}},
		{Failure: &search.Failure{Trial: grids.Key{3}, Slot: 2, Reason: "panic: no", Stack: "stack", Recorded: at}},
		{Retraction: &search.Retraction{Trial: grids.Key{3}, Slot: 2, Recorded: at}},
		{Refit: &search.RefitRecord{Trial: grids.Key{1}, Digest: "d", Epochs: 1, Model: "m", Recorded: at}},
		{Test: &search.TestRecord{Model: "m", Result: trainer.Evaluation{Scores: validation, Confusion: confusion, Classes: derive(confusion), Rows: 6}, Recorded: at}},
		{Run: &search.RunRecord{Version: "v1", Workers: 2, Started: at, Ended: at.Add(time.Minute), Trained: 3, Exit: "done"}},
	}
}

// TestVersion1 opens a store as version 1 wrote it.
func TestVersion1(t *testing.T) {
	if *keep {
		os.Remove(versionFile)
		s, err := Open(versionFile, Options{Version: "v1"})
		if err != nil {
			t.Fatal(err)
		}
		sweep := smallSweep(t, 1)
		if err := s.Enroll(t.Context(), sweep, false); err != nil {
			t.Fatal(err)
		}
		mustRecord(t, s, sweep.ID, versionFacts()...)
		s.Close()
	}
	data, err := os.ReadFile(versionFile)
	if err != nil {
		t.Fatal(err)
	}
	path := temp(t)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, path, Options{})
	list, err := s.Sweeps(t.Context())
	if err != nil || len(list) != 1 || list[0].Name != "small" || list[0].Version != "v1" || !list[0].Current {
		t.Fatalf("sweeps %+v, error %v", list, err)
	}
	want := versionFacts()
	h, err := s.History(t.Context(), list[0].ID, grids.Key{1}, 1)
	if err != nil || !reflect.DeepEqual(h, want[0].Outcome.History) {
		t.Errorf("history %+v, error %v", h, err)
	}
	want[0].Outcome.History = nil
	if got := mustFacts(t, s, list[0].ID); !reflect.DeepEqual(got, want) {
		t.Errorf("facts %+v", got)
	}
}

// TestMigrate: steps run in order and once, together with the new version; a step
// that fails leaves the old store.
func TestMigrate(t *testing.T) {
	path := temp(t)
	if err := create(path); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	trail := ""
	step := func(name string, err error) migration {
		return func(tx *bbolt.Tx) error {
			trail += name
			return errors.Join(tx.Bucket(bucketNames).Put([]byte(name), []byte("x")), err)
		}
	}
	if err := migrate(db, []migration{step("a", nil), step("b", io.ErrUnexpectedEOF)}); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "from format 2 to 3") {
		t.Errorf("a failing step: %v", err)
	}
	db.View(func(tx *bbolt.Tx) error {
		if version, _ := formatOf(tx); version != 1 || tx.Bucket(bucketNames).Get([]byte("a")) != nil {
			t.Errorf("after a failed migration the format is %d", version)
		}
		return nil
	})
	trail = ""
	for range 2 {
		if err := migrate(db, []migration{step("a", nil), step("b", nil)}); err != nil {
			t.Fatal(err)
		}
	}
	if trail != "ab" {
		t.Errorf("steps %q", trail)
	}
	if err := migrate(db, nil); !errors.Is(err, ErrNewer) {
		t.Errorf("an older program: %v", err)
	}
}

func TestRemoveAndCompact(t *testing.T) {
	data, ids := damageable(t)
	path := temp(t)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, path, Options{})
	want := mustFacts(t, s, ids[1])
	if err := s.Checkpoints().Save(ids[0], "job", []byte("state")); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveSweep(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveSweep(t.Context(), ids[0]); err == nil {
		t.Error("removed twice")
	}
	if _, err := os.Stat(path + ".d"); err == nil {
		t.Error("checkpoints are left")
	}
	if n := len(mustFacts(t, s, ids[0])); n != 0 {
		t.Errorf("%d facts left", n)
	}
	s.Close()
	free := mustCheck(t, path).Free
	before, after, err := Compact(path, Options{})
	if err != nil || before != int64(len(data)) || after > before-free/2 {
		t.Errorf("from %d to %d bytes with %d free, error %v", before, after, free, err)
	}
	mustCheck(t, path)
	s = mustOpen(t, path, Options{})
	if got := mustFacts(t, s, ids[1]); !reflect.DeepEqual(got, want) {
		t.Error("facts changed")
	}
	mustRecord(t, s, ids[1], search.Fact{Run: &search.RunRecord{Exit: "done"}})
}

// TestFullStore: a store that may not grow refuses the commit as a whole, and
// nothing that it reported before is lost.
func TestFullStore(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, path, Options{MaxSize: 128 << 10})
	sweep := smallSweep(t, 1)
	if err := s.Enroll(t.Context(), sweep, false); err != nil {
		t.Fatal(err)
	}
	n := 0
	var err error
	for ; err == nil && n < 1000; n++ {
		stack := strings.Repeat("x", 5000)
		err = s.Record(t.Context(), sweep.ID, search.Fact{Failure: &search.Failure{Trial: grids.Key{byte(n)}, Stack: stack}})
	}
	if err == nil {
		t.Fatal("it grows without limit")
	}
	if again := s.Record(t.Context(), sweep.ID, search.Fact{Run: &search.RunRecord{}}); again == nil {
		t.Error("it records after a failed write")
	}
	if got := len(mustFacts(t, s, sweep.ID)); got != n-1 {
		t.Errorf("%d facts, %d were reported", got, n-1)
	}
	s.Close()
	s = mustOpen(t, path, Options{}) // the cause is gone
	mustRecord(t, s, sweep.ID, search.Fact{Run: &search.RunRecord{}})
}

// TestStoreTakenAway: commits into a file that is gone would be lost.
func TestStoreTakenAway(t *testing.T) {
	for name, take := range map[string]func(path string) error{
		"removed":  os.Remove,
		"renamed":  func(path string) error { return os.Rename(path, path+".away") },
		"replaced": func(path string) error { return errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600)) },
		"folder":   func(path string) error { return os.RemoveAll(filepath.Dir(path)) },
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "folder")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(folder, "espalier.db")
			s, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			sweep := smallSweep(t, 1)
			if err := s.Enroll(t.Context(), sweep, false); err != nil {
				t.Fatal(err)
			}
			if err := take(path); err != nil {
				t.Fatal(err)
			}
			if err := s.Record(t.Context(), sweep.ID, search.Fact{Run: &search.RunRecord{}}); err == nil {
				t.Error("recorded into nowhere")
			}
			if name == "folder" {
				if err := s.Checkpoints().Save(sweep.ID, "job", nil); !errors.Is(err, syscall.ENOENT) {
					t.Errorf("checkpoint: %v", err)
				}
				if _, err := os.Stat(folder); err == nil {
					t.Error("the folder was made again")
				}
			}
		})
	}
}
