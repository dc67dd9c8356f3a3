package search

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"espalier/grids"
)

// TrialLimit is how many trials Run and Rank take on: they hold some 40 bytes for
// each. plan works beyond it.
const TrialLimit = 2_000_000

// rawLimit is up to how many raw indices are visited one by one, in parallel;
// beyond it excluded points and inactive axes have left few, and the grid skips.
const rawLimit = 8_000_000

// ErrTooLarge is what Run and Rank wrap for a sweep above TrialLimit.
var ErrTooLarge = errors.New("too many points")

// An index is the list of a sweep's trials, as small as it can be: points are
// made again from their raw index when somebody looks at one.
type index struct {
	sweep  *Sweep
	keys   []grids.Key
	raw    []int         // raw index of each; nil where points are draws of distributions
	points []grids.Point // the draws of distributions, else nil
	orders func() map[grids.Key]int32
}

// Listable tells whether Run and Rank can list the sweep's points: an error that
// wraps ErrTooLarge where they cannot. The list is kept for them.
func (s *Sweep) Listable() error {
	_, err := s.index()
	return err
}

func newIndex(s *Sweep) (*index, error) {
	x := &index{sweep: s}
	x.orders = sync.OnceValue(func() map[grids.Key]int32 {
		m := make(map[grids.Key]int32, len(x.keys))
		for i, k := range x.keys {
			m[k] = int32(i)
		}
		return m
	})
	g, limit := s.File.Grid, s.limit()
	switch {
	case s.File.Search.Strategy != random && g.Len() <= rawLimit && g.Count() <= TrialLimit:
		x.fill()
		return x, nil
	case limit > TrialLimit && !(g.Finite() && g.Count() <= TrialLimit):
		return nil, tooLarge(s, limit)
	case limit < 0 && g.Count() > TrialLimit:
		return nil, tooLarge(s, g.Count())
	}
	for t := range s.Trials() {
		x.keys = append(x.keys, t.Key)
		if g.Finite() {
			x.raw = append(x.raw, t.Point.Index)
		} else {
			x.points = append(x.points, t.Point)
		}
	}
	return x, nil
}

func tooLarge(s *Sweep, n int) error {
	return fmt.Errorf("list the points of sweep %q: %w: %d, at most %d; plan works, and search.strategy = \"random\" with trials takes a sample",
		s.File.Name, ErrTooLarge, n, TrialLimit)
}

// fill visits the raw indices of the grid in parallel, a block each, and then
// drops the repeats in order.
func (x *index) fill() {
	const block = 2048
	g := x.sweep.File.Grid
	length := g.Len()
	blocks := make([]struct {
		keys []grids.Key
		raw  []int
	}, (length+block-1)/block)
	next := make(chan int, len(blocks))
	for b := range blocks {
		next <- b
	}
	close(next)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(blocks)) {
		workers.Go(func() {
			k := newKeyer(x.sweep)
			for b := range next {
				to := min(length, (b+1)*block)
				keys, raw := make([]grids.Key, 0, to-b*block), make([]int, 0, to-b*block)
				g.Block(b*block, to, func(i int, values map[string]any) {
					keys, raw = append(keys, k.key(values)), append(raw, i)
				})
				blocks[b].keys, blocks[b].raw = keys, raw
			}
		})
	}
	workers.Wait()

	count := 0
	for _, b := range blocks {
		count += len(b.keys)
	}
	seen := make(map[grids.Key]int32, count)
	x.keys, x.raw = make([]grids.Key, 0, count), make([]int, 0, count)
	for _, b := range blocks {
		for i, key := range b.keys {
			if _, repeat := seen[key]; !repeat {
				seen[key] = int32(len(x.keys))
				x.keys, x.raw = append(x.keys, key), append(x.raw, b.raw[i])
			}
		}
	}
	x.orders = func() map[grids.Key]int32 { return seen }
}

// trial makes the i-th trial.
func (x *index) trial(i int) Trial {
	return Trial{Key: x.keys[i], Order: i, Point: x.point(i)}
}

func (x *index) point(i int) grids.Point {
	if x.points != nil {
		return x.points[i]
	}
	p, _ := x.sweep.File.Grid.At(x.raw[i])
	return p
}
