package main

import (
	"time"

	"github.com/spf13/cobra"
)

// runFlags are what run and resume take.
type runFlags struct {
	workers    int
	set        []string
	budget     time.Duration
	jobTimeout time.Duration
	failures   int // --max-failures
	breaker    int
	noRefit    bool
	noShare    bool
	fresh      bool
	mix        bool
	output     string
	choose     string
	top        int
}

func (f *runFlags) register(p *program, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVarP(&f.workers, "workers", "w", 0, "train `N` jobs at a time (default: one a processor)")
	flags.DurationVar(&f.budget, "budget", 0, "stop after this `TIME` (\"90m\", \"2h\"); exit code 4 if more is to do")
	flags.DurationVar(&f.jobTimeout, "job-timeout", 0, "give up a job after this `TIME` of training")
	flags.IntVar(&f.failures, "max-failures", 0, "stop after `N` failed jobs (default: any number)")
	flags.IntVar(&f.breaker, "breaker", defaultBreaker, "stop after `N` failed jobs in a row; 0: never")
	flags.BoolVar(&f.noRefit, "no-refit", false, "do not train the winner on all rows at the end")
	flags.BoolVar(&f.noShare, "no-share", false, "train points that differ only in epochs one by one")
	flags.BoolVar(&f.mix, "mix", false, "go on beside results of another trainer revision or instruction set")
	flags.StringVarP(&f.output, "output", "o", "", "save the refit model to `FILE` (default: NAME.espalier beside the store)")
	p.selectFlag(cmd, &f.choose)
	flags.IntVar(&f.top, "top", 10, "show the first `N` rows of the leaderboard at the end")
}

// defaultBreaker ends a sweep of which nothing works before it has failed throughout: what is
// wrong with ten jobs in a row is seldom the jobs.
const defaultBreaker = 10

// quickstart is the shipped sweep that run takes without a FILE.
const quickstart = "quickstart"

// maxWorkers is beyond what any machine trains side by side.
const maxWorkers = 1024

// checkWorkers refuses a number of workers that means nothing; not given, it is
// one a processor.
func checkWorkers(cmd *cobra.Command, workers int) error {
	if cmd.Flags().Changed("workers") && (workers < 1 || workers > maxWorkers) {
		return usagef("--workers %d: want a number from 1 to %d", workers, maxWorkers)
	}
	return nil
}

// check refuses numbers that mean nothing.
func (f *runFlags) check(cmd *cobra.Command) error {
	flags := cmd.Flags()
	if err := checkWorkers(cmd, f.workers); err != nil {
		return err
	}
	if _, err := parseSelection(f.choose); err != nil {
		return err
	}
	switch {
	case flags.Changed("budget") && f.budget <= 0:
		return usagef("--budget %s: want a time above 0", f.budget)
	case flags.Changed("job-timeout") && f.jobTimeout <= 0:
		return usagef("--job-timeout %s: want a time above 0", f.jobTimeout)
	case flags.Changed("max-failures") && f.failures < 1:
		return usagef("--max-failures %d: want a number from 1", f.failures)
	case f.breaker < 0:
		return usagef("--breaker %d: want a number from 1, or 0 for never", f.breaker)
	case f.top < 0:
		return usagef("--top %d: want a number from 0", f.top)
	}
	return nil
}

// runCommand is run. There is no flag to resume: what is recorded is never done
// again, so starting and resuming are one thing.
func (p *program) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [FILE]",
		Short: "start a sweep, or finish what is missing of it",
		Long: `Trains every point of a sweep file on every fold, shows the ranking, trains the winner on all training
rows, tests it once and saves it. FILE is a sweep file or the name of a shipped sweep; without it a small
embedded one runs. The same command again does only what is missing. Ctrl-C stops at the end of the batch
and keeps what is there; a second Ctrl-C stops at once.`,
		Example: `  espalier run
  espalier run mlp-grid-1 --workers 4
  espalier run mine.toml --set 'grid.epochs=[2,4]' --set data.limit=2000
  espalier run mine.toml --budget 2h --no-refit`,
		Args:              arguments,
		ValidArgsFunction: p.completeFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			name := quickstart
			if len(args) == 1 {
				name = args[0]
			}
			return p.run(cmd, name, &f)
		},
	}
	f.register(p, cmd)
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "override `KEY=VALUE` of the sweep file, a TOML path and value; may be repeated")
	cmd.Flags().BoolVar(&f.fresh, "new", false, "start over under the sweep's name")
	return cmd
}

// run reads the file and the data, enrols the sweep and trains it.
func (p *program) run(cmd *cobra.Command, name string, f *runFlags) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	p.trains.Store(true)
	file, folder, err := p.parseFile(name, f.set)
	if err != nil {
		return err
	}
	s, err := p.prepare(file, folder, nil)
	if err != nil {
		return err
	}
	if err := s.sweep.Listable(); err != nil {
		return sweepFailure(err)
	}
	if err := p.checkPlace(s, f); err != nil {
		return err
	}
	if err := p.checkMemory(s, f, machineMemory()); err != nil {
		return err
	}
	st, err := p.openRunner()
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.Enroll(cmd.Context(), s.sweep, f.fresh); err != nil {
		return enrolFailure(err)
	}
	return p.train(cmd, st, s, f)
}

// checkPlace is checkOutput where a run will save a model.
func (p *program) checkPlace(s *session, f *runFlags) error {
	if f.noRefit || !s.sweep.File.Refit.Enabled {
		return nil
	}
	return p.checkOutput(p.outputPath(f.output, s.sweep))
}
