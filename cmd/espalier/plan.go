package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"espalier/search"
)

// planFlags are what plan takes.
type planFlags struct {
	set         []string
	workers     int
	noCalibrate bool
	noShare     bool
	points      bool
}

// planCommand is plan: everything run would check, and nothing it would write.
func (p *program) planCommand() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan FILE",
		Short: "check a sweep file and say what it would train",
		Long: `Checks a sweep file and prints its points, folds and jobs, how many epochs are saved by training points that
differ only in epochs once, parameters and operations of each distinct model, and a forecast of time,
memory and disk. The forecast trains each model for a moment, ten seconds in all at most;
--no-calibrate trains nothing.`,
		Example: `  espalier plan mlp-grid-1 --workers 4
  espalier plan mine.toml --no-calibrate --points`,
		Args:              arguments,
		ValidArgsFunction: p.completeFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkWorkers(cmd, f.workers); err != nil {
				return err
			}
			p.trains.Store(true)
			return p.plan(cmd.Context(), args[0], &f)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.set, "set", nil, "override `KEY=VALUE` of the sweep file; may be repeated")
	flags.IntVarP(&f.workers, "workers", "w", 0, "forecast for `N` workers (default: one a processor)")
	flags.BoolVar(&f.noCalibrate, "no-calibrate", false, "train nothing, forecast no time")
	flags.BoolVar(&f.noShare, "no-share", false, "as if points that differ only in epochs were trained one by one")
	flags.BoolVar(&f.points, "points", false, "list the points")
	return cmd
}

func (p *program) plan(ctx context.Context, name string, f *planFlags) error {
	file, folder, err := p.parseFile(name, f.set)
	if err != nil {
		return err
	}
	s, err := p.prepare(file, folder, nil)
	if err != nil {
		return err
	}
	p.warnOfProcessor()
	plan := s.sweep.Plan(f.noShare)
	w := p.out
	say := func(format string, args ...any) { // on a terminal broken at words
		fmt.Fprintln(w, foldLine(fmt.Sprintf(format, args...), terminalWidth(w), 10))
	}
	say("%s  id %.12s  seed %d", printable(file.Name), s.sweep.ID, file.Seed)
	say("data      %s, %s, %s in memory", printable(s.set.Source), plural(s.set.Rows, "row"), bytesText(s.set.Bytes))
	say("folds     %s; %s rows to train on, %s to validate on", foldsText(s), thousands(int64(len(s.folds[0].Train))), thousands(int64(len(s.folds[0].Validation))))
	say("jobs      %s", plan)
	if plan.Unshared > 0 {
		say("          %s cannot share: the schedule depends on the total of epochs", plural(plan.Unshared, "point"))
	}
	if excluded := s.sweep.File.Grid.Len() - s.sweep.File.Grid.Count(); excluded > 0 && file.Search.Strategy == "grid" {
		say("          %s of the product left out: excluded, repeated or not active", plural(excluded, "point"))
	}
	models, complete, err := distinctModels(s.sweep, plan.Counted)
	if err != nil {
		return sweepFailure(err)
	}
	if err := writeModels(w, models, complete, terminalWidth(w)); err != nil {
		return err
	}
	if f.workers == 0 {
		f.workers = runtime.GOMAXPROCS(0)
	}
	workers := min(f.workers, max(plan.Jobs, 1))
	if !plan.Counted {
		workers = f.workers
	}
	room, err := newSpace(s, models, plan, workers)
	if err != nil {
		return err
	}
	say("memory    %s with %s", rangeText(room.memory), plural(workers, "worker"))
	have := machineMemory()
	if have > 0 && room.memory[0] > have {
		p.warn(fmt.Sprintf("this machine has %s of memory: workers will wait for one another, and run refuses what does not fit alone", bytesText(have)))
	}
	say("disk      %s in the store, and up to %s of checkpoints while it runs", rangeText(room.disk), bytesText(room.checkpoints))
	if !f.noCalibrate {
		if err := p.forecastTime(ctx, s, plan, workers, f.noShare, have); err != nil {
			return err
		}
	}
	if f.points {
		return p.listPoints(s.sweep)
	}
	return nil
}

// foldsText says how rows are split.
func foldsText(s *session) string {
	f := s.sweep.File.Folds
	text := plural(s.sweep.Slots(), "fold")
	if s.sweep.Repeats > 1 {
		text = fmt.Sprintf("%d × %s", s.sweep.Repeats, plural(s.sweep.K, "fold"))
	}
	if f.Scheme == "holdout" {
		return fmt.Sprintf("hold-out of %g, %s", f.Fraction, f.Position)
	}
	text += ", " + f.Scheme
	if f.Shuffle {
		text += ", shuffled"
	}
	return text
}

// listPoints prints every point: a trial ID and its values, as they come.
func (p *program) listPoints(s *search.Sweep) error {
	fmt.Fprintln(p.out)
	for t := range s.Trials() {
		if _, err := fmt.Fprintln(p.out, trialText(t)); err != nil {
			return err
		}
	}
	return nil
}

// shownRows is how many rows the tables of a plan have at most.
const shownRows = 12

// writeModels lists the distinct models.
func writeModels(w io.Writer, models []distinct, complete bool, width int) error {
	t := newSheet("model", "parameters", "per row", "points").alignLeft(0)
	for i, m := range models {
		if i == shownRows {
			complete = false
			break
		}
		name := briefParams(m.values)
		if name == "" {
			name = "a model"
		}
		cost := m.config.Cost()
		points := strconv.Itoa(m.points)
		if m.points == 0 {
			points = "?"
		}
		t.add(name, grouped(strconv.FormatInt(cost.Parameters, 10)), operations(float64(cost.FLOPsPerRow)), points)
	}
	fmt.Fprintln(w)
	if err := t.write(w, "  ", width); err != nil {
		return err
	}
	if !complete {
		fmt.Fprintln(w, "  and more")
	}
	fmt.Fprintln(w)
	return nil
}
