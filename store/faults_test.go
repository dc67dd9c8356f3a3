package store

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	bolterrors "go.etcd.io/bbolt/errors"

	"espalier/grids"
	"espalier/search"
)

// fillStore records outcomes until that fails, and gives how many were recorded, and why no more.
func fillStore(t *testing.T, s *Store, sweep *search.Sweep) (n int, err error) {
	t.Helper()
	r := rand.New(rand.NewPCG(21, 22))
	for ; n < 4000; n++ {
		o := randomOutcome(r, grids.Key{byte(n), byte(n >> 8)}, 0, 2)
		if err := s.Record(t.Context(), sweep.ID, search.Fact{Outcome: o}); err != nil {
			return n, err
		}
	}
	return n, nil
}

// kept checks that all that was recorded is there, and nothing else, and that the
// next runner goes on.
func kept(t *testing.T, path string, sweep *search.Sweep, n int) {
	t.Helper()
	s := mustOpen(t, path, Options{})
	if have := len(mustFacts(t, s, sweep.ID)); have != n {
		t.Errorf("%d outcomes were recorded, %d are there", n, have)
	}
	mustRecord(t, s, sweep.ID, search.Fact{Run: &search.RunRecord{Exit: "done"}})
}

// TestMaxSize bounds the file (bbolt's MaxSize).
func TestMaxSize(t *testing.T) {
	limits := []int{1 << 15, 1<<16 + 4096, 1 << 17}
	if *long {
		for size := 1 << 15; size < 1<<18; size += 1 << 13 {
			limits = append(limits, size)
		}
	}
	for _, size := range limits {
		path := temp(t)
		sweep := smallSweep(t, 1)
		s, err := Open(path, Options{MaxSize: size})
		if err != nil {
			if !errors.Is(err, bolterrors.ErrMaxSizeReached) {
				t.Errorf("%d bytes: open: %v", size, err)
			}
			continue
		}
		if err := s.Enroll(t.Context(), sweep, false); err != nil {
			if !errors.Is(err, bolterrors.ErrMaxSizeReached) {
				t.Errorf("%d bytes: enrol: %v", size, err)
			}
			s.Close()
			continue
		}
		n, err := fillStore(t, s, sweep)
		if !errors.Is(err, bolterrors.ErrMaxSizeReached) {
			t.Errorf("%d bytes: after %d outcomes: %v", size, n, err)
		}
		t.Logf("%d bytes: %d outcomes, then: %v", size, n, err)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() > int64(size) {
			t.Errorf("the file has %d bytes, beyond %d (%v)", info.Size(), size, err)
		}
		kept(t, path, sweep, n)
	}
}
