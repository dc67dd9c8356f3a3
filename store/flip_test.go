package store

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"espalier/grids"
	"espalier/search"
)

// TestEveryByte flips a bit of the bytes of a small store, of every seventh in turn
// with -long, else of some. Check finds it, or the byte is in no
// use: then every outcome and every history reads as before.
func TestEveryByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.db")
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	sweep := smallSweep(t, 1)
	if err := s.Enroll(t.Context(), sweep, true); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(31, 32))
	truth := map[grids.Key]search.Outcome{}
	for i := range 24 {
		o := randomOutcome(r, grids.Key{byte(i)}, 0, 2)
		o.Recorded = time.Unix(int64(i), 0).UTC()
		truth[o.Trial] = *o
		mustRecord(t, s, sweep.ID, search.Fact{Outcome: o})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Compact(path, Options{}); err != nil { // most bytes are in use then
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	used := usedBytes(t, data)
	step := 97
	if *long {
		step = 7
	}
	found, unused := 0, 0
	bad := filepath.Join(t.TempDir(), "bad.db")
	for at := r.IntN(step); at < used; at += step {
		bit := byte(1) << r.IntN(8)
		data[at] ^= bit
		problems := problemsOf(data)
		if len(problems) > 0 {
			found++
		} else {
			unused++
			if err := os.WriteFile(bad, data, 0o600); err != nil {
				t.Fatal(err)
			}
			same(t, bad, sweep.ID, truth, at)
		}
		data[at] ^= bit
		if t.Failed() {
			t.Fatalf("byte %d of %d, bit %#x; check says %q", at, used, bit, problems)
		}
	}
	t.Logf("of %d bytes flipped check found %d; %d are in no use", found+unused, found, unused)
	if len(problemsOf(data)) > 0 {
		t.Errorf("undamaged: %q", problemsOf(data))
	}
}

// problemsOf is what Check says of the bytes of a store.
func problemsOf(data []byte) []string {
	v, err := takeInventory(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return []string{err.Error()}
	}
	return v.check().Problems
}

// same reads a store and compares all outcomes and histories with what was recorded.
func same(t *testing.T, path string, id search.SweepID, truth map[grids.Key]search.Outcome, at int) {
	t.Helper()
	r, err := OpenReader(path)
	if err != nil {
		t.Errorf("byte %d: check finds nothing, a reader says %v", at, err)
		return
	}
	facts := mustFacts(t, r, id)
	if len(facts) != len(truth) {
		t.Errorf("byte %d: %d facts of %d", at, len(facts), len(truth))
	}
	for _, f := range facts {
		want := truth[f.Outcome.Trial]
		history, err := r.History(t.Context(), id, f.Outcome.Trial, f.Outcome.Slot)
		if err != nil || len(history) != len(want.History) || f.Outcome.Scores != want.Scores || f.Outcome.Seconds != want.Seconds {
			t.Errorf("byte %d: an outcome or its history came back different (%v)", at, err)
		}
	}
}
