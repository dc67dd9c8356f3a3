package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"espalier/grids"
	"espalier/search"
	"espalier/store"
)

// sweepFlag adds --sweep to the verbs whose argument is a trial.
func (p *program) sweepFlag(cmd *cobra.Command, sweep *string) {
	cmd.Flags().StringVar(sweep, "sweep", "", "the trial's `SWEEP` (default: any that has the trial)")
	p.completeFlag(cmd, "sweep", p.completeSweeps)
}

// readerMemory is how much a reading verb may take before it collects garbage: it
// lives for a moment, and collecting would be a third of it.
const readerMemory = 512 << 20

// withReader opens the store for reading: through the runner where there is one. A
// verb that reads lives for a moment and keeps most of what it makes, so collecting
// garbage early is wasted work.
func (p *program) withReader(do func(*store.Reader) error) error {
	debug.SetGCPercent(readingGC)
	if !p.trains.Load() { // a verb that trains lives longer
		debug.SetGCPercent(-1)
		debug.SetMemoryLimit(readerMemory)
	}
	l, err := p.openReader()
	if err != nil {
		return err
	}
	defer l.Close()
	return do(l)
}

// readingGC lets the heap of a reading verb grow to 32 MB before anything is
// collected.
const readingGC = 800

// withSweep finds a sweep for reading, without its rows.
func (p *program) withSweep(ctx context.Context, args []string, do func(*store.Reader, *search.Sweep) error) error {
	return p.withEnrolment(ctx, args, func(l *store.Reader, _ search.Enrolment, s *search.Sweep) error { return do(l, s) })
}

// withEnrolment is withSweep for who also wants what the store remembers of it.
func (p *program) withEnrolment(ctx context.Context, args []string, do func(*store.Reader, search.Enrolment, *search.Sweep) error) error {
	return p.withReader(func(l *store.Reader) error {
		e, err := p.findSweep(ctx, l, args)
		if err != nil {
			return err
		}
		s, err := e.Sweep()
		if err != nil {
			return sweepFailure(err)
		}
		return do(l, e, s)
	})
}

// withTrial finds a trial for reading, among all standings of its sweep.
func (p *program) withTrial(ctx context.Context, sweep, trial string,
	do func(l *store.Reader, s *search.Sweep, all []search.Standing, row *search.Standing) error) error {
	return p.withReader(func(l *store.Reader) error {
		enrolled, err := p.sweepsOfTrial(ctx, l, sweep)
		if err != nil {
			return err
		}
		var last error
		for _, e := range enrolled {
			s, err := e.Sweep()
			if err != nil {
				return sweepFailure(err)
			}
			all, err := p.standings(ctx, l, s)
			if err != nil {
				return err
			}
			row, err := findTrial(s, all, trial)
			if err == nil {
				return do(l, s, all, row)
			}
			last = err
			if !errors.Is(err, search.ErrNoTrial) {
				break
			}
		}
		if len(enrolled) > 1 && errors.Is(last, search.ErrNoTrial) {
			return usage(fmt.Errorf("%w %q in any of %s of store %q", search.ErrNoTrial, trial, plural(len(enrolled), "sweep"), p.storePath()))
		}
		return last
	})
}

// sweepsOfTrial are the sweeps a trial may belong to: the one named, else all current ones.
func (p *program) sweepsOfTrial(ctx context.Context, l search.Ledger, sweep string) ([]search.Enrolment, error) {
	if sweep != "" {
		e, err := p.findSweep(ctx, l, []string{sweep})
		return []search.Enrolment{e}, err
	}
	all, err := l.Sweeps(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(e search.Enrolment) bool { return !e.Current })
	if len(all) == 0 {
		_, err = p.findSweep(ctx, l, nil) // says that there is none
	}
	return all, err
}

// parseEnrolled reads the sweep file that a store remembers.
func parseEnrolled(e search.Enrolment) (*grids.File, error) {
	f, err := grids.Parse(e.Path, e.Source, e.Overrides...)
	if err != nil {
		return nil, sweepFailure(err)
	}
	return f, nil
}
