package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"espalier/grids"
	"espalier/search"
	"espalier/search/searchtest"
)

// BenchmarkRecord has eight workers that hand in an outcome each and wait until it
// is on disk, with the group commit of a run: what waits goes together.
func BenchmarkRecord(b *testing.B) {
	s := mustOpen(b, temp(b), Options{})
	sweep := smallSweep(b, 1)
	if err := s.Enroll(b.Context(), sweep, false); err != nil {
		b.Fatal(err)
	}
	type entry struct {
		fact search.Fact
		done chan error
	}
	in := make(chan entry, 8)
	go func() {
		for first := range in {
			group := []entry{first}
			for len(in) > 0 {
				group = append(group, <-in)
			}
			facts := make([]search.Fact, len(group))
			for i := range group {
				facts[i] = group[i].fact
			}
			err := s.Record(b.Context(), sweep.ID, facts...)
			for _, e := range group {
				e.done <- err
			}
		}
	}()
	b.ResetTimer()
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			done := make(chan error)
			for i := w; i < b.N; i += 8 {
				in <- entry{search.Fact{Outcome: randomOutcome(r, key(i), 0, 0)}, done}
				if err := <-done; err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
	b.StopTimer()
	close(in)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "outcomes/s")
}

// key spreads numbers as hashes are spread.
func key(n int) (k grids.Key) {
	binary.LittleEndian.PutUint64(k[:], uint64(n)*0x9E3779B97F4A7C15)
	binary.LittleEndian.PutUint64(k[8:], uint64(n))
	return k
}

// BenchmarkRead100000 reads all outcomes of a large store, opening included.
func BenchmarkRead100000(b *testing.B) {
	path := temp(b)
	s := mustOpen(b, path, Options{})
	sweep := smallSweep(b, 1)
	if err := s.Enroll(b.Context(), sweep, false); err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	const total = 100_000
	for n := 0; n < total; n += 1000 {
		group := make([]search.Fact, 1000)
		for i := range group {
			group[i].Outcome = randomOutcome(r, key(n+i), 0, 0)
		}
		mustRecord(b, s, sweep.ID, group...)
	}
	read := func(b *testing.B) {
		for b.Loop() {
			reader, err := OpenReader(path)
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for _, err := range reader.Facts(b.Context(), sweep.ID) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != total {
				b.Fatalf("%d facts", n)
			}
		}
	}
	if err := s.Serve(nil); err != nil {
		b.Fatal(err)
	}
	b.Run("socket", read)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("file", read)
	size := mustCheck(b, path)
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			s, err := Open(path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			s.Close()
		}
		b.ReportMetric(float64(size.Size-size.Free)/total, "bytes/outcome")
	})
}

// BenchmarkRun is a whole search with eight workers whose evaluator does nothing:
// the bookkeeping of an outcome, each on disk before its worker goes on.
func BenchmarkRun(b *testing.B) {
	nothing := func(_ context.Context, j search.Job, record func(search.Outcome) error, _ func(search.Watch)) error {
		for _, t := range j.Trials {
			if err := record(search.Outcome{Trial: t.Key, Slot: j.Slot, State: search.Complete, Epochs: 1}); err != nil {
				return err
			}
		}
		return nil
	}
	for _, families := range []struct{ name, epochs string }{
		{"singles", "[4]"},        // each outcome is its job's last: its worker is free at once
		{"families", "[1, 2, 4]"}, // two in three hold their worker until they are on disk
	} {
		b.Run(families.name, func(b *testing.B) {
			units := strings.Join(strings.Fields(fmt.Sprint(sequence(2000))), ", ")
			text := strings.NewReplacer("units = [4, 8]", "units = "+units, "epochs = [1, 2, 4]", "epochs = "+families.epochs).Replace(searchtest.Small)
			sweep := searchtest.Sweep(b, text)
			done, commits := 0, 0
			for b.Loop() {
				s := &counted{Store: mustOpen(b, temp(b), Options{})}
				result, err := search.Run(b.Context(), sweep, s, nothing, search.Options{Workers: 8})
				if err != nil {
					b.Fatal(err)
				}
				done, commits = done+result.Done, commits+s.commits
			}
			if done < 6000 {
				b.Fatalf("only %d outcomes: the sweep is another", done)
			}
			b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "outcomes/s")
			b.ReportMetric(float64(done)/float64(commits), "outcomes/commit")
		})
	}
}

// counted counts the commits of a run; only its recorder writes.
type counted struct {
	*Store
	commits int
}

func (c *counted) Record(ctx context.Context, id search.SweepID, facts ...search.Fact) error {
	c.commits++
	return c.Store.Record(ctx, id, facts...)
}

func sequence(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i + 1
	}
	return s
}
