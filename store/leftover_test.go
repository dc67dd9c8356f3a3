package store

import (
	"os"
	"strings"
	"testing"

	"espalier/search"
	"espalier/search/searchtest"
)

// RemoveOthers leaves what begins with a prefix, and other sweeps; where nothing is
// left the folders go.
func TestRemoveOthers(t *testing.T) {
	path := temp(t)
	k, err := newCheckpoints(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b := search.SweepID{1}, search.SweepID{2}
	if err := k.RemoveOthers(a, "refit-"); err != nil {
		t.Fatalf("with no folder: %v", err)
	}
	names := []string{"0a-1", "refit-0a", "Refit-0a", "re/fit", strings.Repeat("x", 300)}
	for _, name := range names {
		for _, id := range []search.SweepID{a, b} {
			if err := k.Save(id, name, []byte("state")); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 {
		if err := k.RemoveOthers(a, "refit-"); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		for id, want := range map[search.SweepID]bool{a: name == "refit-0a", b: true} {
			if state, err := k.Load(id, name); err != nil || (state != nil) != want {
				t.Errorf("%q of %s: %q, %v; want it there: %v", name, id, state, err, want)
			}
		}
	}
	for _, id := range []search.SweepID{a, b} {
		if err := k.RemoveOthers(id, "none"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path + ".d"); err == nil {
		t.Error("the empty folder is left")
	}
}

// Starting over takes the checkpoints of what was there under the name, whether the
// ID is the same or another.
func TestFreshWithoutCheckpoints(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, path, Options{})
	old := searchtest.Sweep(t, searchtest.Small)
	changed := searchtest.Sweep(t, strings.Replace(searchtest.Small, "seed = 7", "seed = 8", 1))
	other := searchtest.Sweep(t, strings.Replace(searchtest.Small, `name = "small"`, `name = "other"`, 1))
	for _, sweep := range []*search.Sweep{old, other} {
		if err := s.Enroll(t.Context(), sweep, false); err != nil {
			t.Fatal(err)
		}
	}
	for _, next := range []*search.Sweep{old, changed} {
		for _, id := range []search.SweepID{old.ID, other.ID} {
			if err := s.Checkpoints().Save(id, "job", []byte("state")); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Enroll(t.Context(), old, false); err != nil {
			t.Fatal(err)
		}
		if state, err := s.Checkpoints().Load(old.ID, "job"); err != nil || state == nil {
			t.Errorf("enrolled again, not afresh: %q, %v", state, err)
		}
		if err := s.Enroll(t.Context(), next, true); err != nil {
			t.Fatal(err)
		}
		if state, err := s.Checkpoints().Load(old.ID, "job"); err != nil || state != nil {
			t.Errorf("afresh: %q, %v", state, err)
		}
		if state, err := s.Checkpoints().Load(other.ID, "job"); err != nil || state == nil {
			t.Errorf("of the other sweep: %q, %v", state, err)
		}
	}
}
