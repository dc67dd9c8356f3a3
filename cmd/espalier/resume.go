package main

import (
	"context"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/store"
)

// resumeCommand is resume: run without the file. It takes the same flags but
// those that change the sweep (--set, --new).
func (p *program) resumeCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "resume [SWEEP]",
		Short: "finish a sweep from the store alone",
		Long: `Does what is missing of a sweep. The sweep file, its --set overrides and its folder are in the store,
so nothing else is needed; the data is loaded again and must be the same.`,
		Example:           "  espalier resume\n  espalier resume fashion-mlp --budget 2h",
		Args:              arguments,
		ValidArgsFunction: p.completeSweeps,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.resume(cmd, args, &f)
		},
	}
	f.register(p, cmd)
	return cmd
}

func (p *program) resume(cmd *cobra.Command, args []string, f *runFlags) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	p.trains.Store(true)
	return p.withSession(cmd.Context(), args, func(st *store.Store, s *session) error {
		if err := p.checkPlace(s, f); err != nil {
			return err
		}
		if err := p.checkMemory(s, f, machineMemory()); err != nil {
			return err
		}
		return p.train(cmd, st, s, f)
	})
}

// withSession opens the store for a run, finds a sweep in it and loads what it needs.
func (p *program) withSession(ctx context.Context, args []string, do func(*store.Store, *session) error) error {
	st, err := p.openExisting()
	if err != nil {
		return err
	}
	defer st.Close()
	e, err := p.findSweep(ctx, st, args)
	if err != nil {
		return err
	}
	s, err := p.restore(e)
	if err != nil {
		return err
	}
	return do(st, s)
}

// restore makes a session of what the store remembers; the data must be what it was.
func (p *program) restore(e search.Enrolment) (*session, error) {
	f, err := parseEnrolled(e)
	if err != nil {
		return nil, err
	}
	if err := placeMaterial(f, e.Folder); err != nil {
		return nil, err
	}
	s, err := p.prepare(f, e.Folder, e.Init)
	if err != nil {
		return nil, err
	}
	if s.sweep.ID != e.ID {
		return nil, enrolFailure(search.Changed(e, s.sweep))
	}
	return s, nil
}
