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

// columnsOf gives the columns of a sweep's leaderboard.
func columnsOf(s *search.Sweep) *columnSet {
	var axes []string
	for _, a := range s.File.Grid.Axes() {
		axes = append(axes, a.Name)
	}
	return newColumns(axes, s.Slots())
}

// listed leaves out what a board only counts: pending trials beyond the first.
// They come last, so what is left is a part of the same slice.
func listed(standings []search.Standing) []search.Standing {
	pending := 0
	for i := range standings {
		if standings[i].State == search.Pending {
			if pending++; pending > search.PendingShown {
				return standings[:i]
			}
		}
	}
	return standings
}

// newBoard makes a board of all standings.
func newBoard(s *search.Sweep, standings []search.Standing) *board {
	return &board{all: search.NewBoard(s, standings, programVersion()), sweep: s, columns: columnsOf(s), precision: -1, rows: listed(standings)}
}

// writeTop prints the first rows of the leaderboard.
func (p *program) writeTop(s *search.Sweep, standings []search.Standing, top int) error {
	b := newBoard(s, standings)
	b.rows = b.rows[:min(top, len(b.rows))]
	b.width = terminalWidth(p.out)
	return b.write(p.out, "table")
}
