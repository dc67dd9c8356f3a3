package main

import (
	"context"
	"fmt"

	"espalier/search"
)

// standings ranks the trials of a sweep by what the ledger holds.
func (p *program) standings(ctx context.Context, l search.Ledger, s *search.Sweep) ([]search.Standing, error) {
	standings, err := search.Rank(s, l.Facts(ctx, s.ID))
	if err != nil {
		return nil, fmt.Errorf("rank sweep %q: %w", s.File.Name, err)
	}
	return standings, nil
}

// columnsOf gives the columns of a sweep's leaderboard; leader is its first row.
func columnsOf(s *search.Sweep, leader search.Standing) *columnSet {
	var axes []string
	for _, a := range s.File.Grid.Axes() {
		axes = append(axes, a.Name)
	}
	return newColumns(axes, s.Slots(), func(r *search.Standing) bool {
		return r.Rank > 0 && search.Compare(s, *r, leader).Tied()
	})
}

// ranking is standings before they are made: of 100,000 trials a table shows few.
func (p *program) ranking(ctx context.Context, l search.Ledger, s *search.Sweep) (*search.Ranking, error) {
	r, err := search.NewRanking(s, l.Facts(ctx, s.ID))
	if err != nil {
		return nil, fmt.Errorf("rank sweep %q: %w", s.File.Name, err)
	}
	return r, nil
}

// newBoard makes a board of the first rows of a ranking; pending trials beyond
// those that a board lists are only counted.
func newBoard(s *search.Sweep, r *search.Ranking, rows int) *board {
	var leader search.Standing
	if r.Len() > 0 {
		leader = r.At(0)
	}
	b := &board{all: r.Head(programVersion()), sweep: s, columns: columnsOf(s, leader), precision: -1}
	listed := r.Len() - max(0, b.all.Pending-search.PendingShown)
	b.rows = make([]search.Standing, min(rows, listed))
	for i := range b.rows {
		b.rows[i] = r.At(i)
	}
	return b
}

// writeTop prints the first rows of the leaderboard.
func (p *program) writeTop(s *search.Sweep, r *search.Ranking, top int) error {
	b := newBoard(s, r, top)
	b.width = terminalWidth(p.out)
	return b.write(p.out, "table")
}
