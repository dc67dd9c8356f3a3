package main

import (
	"context"
	"fmt"
	"slices"

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

// columnsOf gives the columns of a sweep's leaderboard.
func columnsOf(s *search.Sweep) *columnSet {
	var axes []string
	for _, a := range s.File.Grid.Axes() {
		axes = append(axes, a.Name)
	}
	return newColumns(axes, s.Slots())
}

// newBoard makes a board of all standings.
func newBoard(s *search.Sweep, standings []search.Standing) *board {
	b := &board{all: search.NewBoard(s, standings, programVersion()), sweep: s, columns: columnsOf(s), precision: -1, rows: slices.Clone(standings)}
	return b
}

// writeTop prints the first rows of the leaderboard.
func (p *program) writeTop(s *search.Sweep, standings []search.Standing, top int) error {
	b := newBoard(s, standings)
	b.rows = b.rows[:min(top, len(b.rows))]
	b.width = terminalWidth(p.out)
	return b.write(p.out, "table")
}
