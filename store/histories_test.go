package store

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"espalier/search"
)

// TestHistories reads many histories at a time, from the file and from its runner, and holds them to one at a time.
func TestHistories(t *testing.T) {
	path := temp(t)
	s := mustOpen(t, path, Options{})
	sweep := smallSweep(t, 1)
	if err := s.Enroll(t.Context(), sweep, false); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var places []search.Place
	for i := range 6 {
		o := randomOutcome(r, key(i), i%3, i) // the first has none
		if err := s.Record(t.Context(), sweep.ID, search.Fact{Outcome: o}); err != nil {
			t.Fatal(err)
		}
		places = append([]search.Place{{Trial: o.Trial, Slot: o.Slot}}, places...)
	}
	places = append(places, search.Place{Trial: key(9)}, search.Place{Trial: key(1), Slot: -1})
	check := func(from string) {
		t.Helper()
		reader, err := OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		have, err := reader.Histories(t.Context(), sweep.ID, places)
		if err != nil || len(have) != len(places) {
			t.Fatalf("from the %s: %d histories of %d: %v", from, len(have), len(places), err)
		}
		for i, p := range places {
			want, err := reader.History(t.Context(), sweep.ID, p.Trial, p.Slot)
			if p.Slot < 0 { // the runner refuses what the file has not
				want, err = nil, nil
			}
			if err != nil || !reflect.DeepEqual(have[i], want) || (i < 5) != (len(want) > 0) {
				t.Errorf("from the %s: history %d is of %d epochs, want %d: %v", from, i, len(have[i]), len(want), err)
			}
		}
		other, err := reader.Histories(t.Context(), search.SweepID{1}, places[:2])
		if err != nil || len(other) != 2 || other[0] != nil || other[1] != nil {
			t.Errorf("from the %s: histories of a sweep that is not there: %v, %v", from, other, err)
		}
	}
	if err := s.Serve(nil); err != nil {
		t.Fatal(err)
	}
	check("runner")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check("file")
}

func TestWriteStreamAtomic(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "rows")
	write := func(text string, err error) error {
		return WriteStreamAtomic(path, func(w io.Writer) error {
			if _, err := io.WriteString(w, text); err != nil {
				t.Error(err)
			}
			return err
		})
	}
	broken := errors.New("the ledger is damaged")
	for _, row := range []struct {
		text, want string
		err        error
	}{{"never", "", broken}, {"first", "first", nil}, {"half", "first", broken}, {"second", "second", nil}} {
		if err := write(row.text, row.err); !errors.Is(err, row.err) {
			t.Errorf("write %q: %v, want %v", row.text, err, row.err)
		}
		have, err := os.ReadFile(path)
		if string(have) != row.want || (err != nil) != (row.want == "") {
			t.Errorf("after %q the file holds %q: %v", row.text, have, err)
		}
		if entries, _ := os.ReadDir(folder); len(entries) > 1 {
			t.Errorf("after %q the folder holds %v", row.text, entries)
		}
	}
}
