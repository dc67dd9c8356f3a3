package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"espalier/search"
	"espalier/search/searchtest"
	"espalier/trainer"
)

func look(model string) *search.TestRecord {
	return &search.TestRecord{Model: model, Result: trainer.Evaluation{Rows: 10, Scores: trainer.Scores{Accuracy: 0.5}}, Recorded: time.Unix(1_800_000_000, 0)}
}

func models(t *testing.T, l search.Ledger, id search.SweepID) string {
	t.Helper()
	var all []string
	for _, f := range mustFacts(t, l, id) {
		if f.Test != nil {
			all = append(all, f.Test.Model)
		}
	}
	return strings.Join(all, " ")
}

// A look that is left beside a store in use is recorded by who holds the store, once asked
// for, when it ends, and by the next.
func TestLooksAreCollected(t *testing.T) {
	path := temp(t)
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	sweep := smallSweep(t, 1)
	if err := s.Enroll(t.Context(), sweep, false); err != nil {
		t.Fatal(err)
	}
	leave := func(id search.SweepID, model string) {
		t.Helper()
		if err := LeaveTest(path, id, look(model)); err != nil {
			t.Fatal(err)
		}
	}
	files := func() []string {
		t.Helper()
		all, err := filepath.Glob(path + lookSuffix + "*")
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	leave(sweep.ID, "a")
	leave(sweep.ID, "a") // the same again is no second file
	if left := LeftTests(path, sweep.ID); len(left) != 1 || left[0].Model != "a" || left[0].Result.Rows != 10 {
		t.Errorf("left %+v", left)
	}
	if left := LeftTests(path, search.SweepID{9}); len(left) > 0 {
		t.Errorf("left for another sweep: %+v", left)
	}
	if have := models(t, s, sweep.ID); have != "" {
		t.Errorf("recorded before anybody collects: %q", have)
	}
	if err := s.Collect(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if have := models(t, s, sweep.ID); have != "a" || len(files()) != 0 {
		t.Errorf("collected %q, left %v", have, files())
	}
	leave(sweep.ID, "b")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(files()) != 0 {
		t.Errorf("left after the end: %v", files())
	}
	leave(sweep.ID, "c")
	gone := searchtest.Sweep(t, strings.Replace(searchtest.Small, `name = "small"`, `name = "gone"`, 1))
	leave(gone.ID, "d")
	s = mustOpen(t, path, Options{})
	if have := models(t, s, sweep.ID); have != "a b c" || len(files()) != 0 {
		t.Errorf("the next has %q, left %v", have, files())
	}
}

// What lies there and is no look is passed over, named, and stays.
func TestDamagedLooks(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, path, Options{})
	sweep := smallSweep(t, 1)
	if err := s.Enroll(t.Context(), sweep, false); err != nil {
		t.Fatal(err)
	}
	if err := LeaveTest(path, sweep.ID, look("a")); err != nil {
		t.Fatal(err)
	}
	name := lookFiles(path)[0]
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for at := range good {
		bad := append([]byte{}, good...)
		bad[at] ^= 0x20
		for _, data := range [][]byte{bad, good[:at]} {
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, _, err := readLook(name); err == nil {
				t.Fatalf("a look changed at byte %d, or cut to %d, is read", at, len(data))
			}
		}
	}
	if err := os.Mkdir(path+lookSuffix+"folder", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+lookSuffix+"0"+tempSuffix+"1", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var notices []string
	if err := s.Collect(t.Context(), func(n string) { notices = append(notices, n) }); err != nil {
		t.Fatal(err)
	}
	if len(notices) != 2 || !strings.Contains(notices[0], "passed over") || models(t, s, sweep.ID) != "" {
		t.Errorf("notices %q, recorded %q", notices, models(t, s, sweep.ID))
	}
	if _, err := os.Stat(name); err != nil {
		t.Errorf("the damaged one is gone: %v", err)
	}
	if _, err := os.Stat(path + lookSuffix + "0" + tempSuffix + "1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half of one stays: %v", err)
	}
}
