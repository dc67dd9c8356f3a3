package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/trainer"
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
	plan := s.sweep.Plan(f.noShare)
	w := p.out
	fmt.Fprintf(w, "%s  id %.12s  seed %d\n", printable(file.Name), s.sweep.ID, file.Seed)
	fmt.Fprintf(w, "data      %s, %s, %s in memory\n", printable(s.set.Source), plural(s.set.Rows, "row"), bytesText(s.set.Bytes))
	fmt.Fprintf(w, "folds     %s; %d rows to train on, %d to validate on\n", foldsText(s), len(s.folds[0].Train), len(s.folds[0].Validation))
	fmt.Fprintf(w, "jobs      %s\n", plan)
	if plan.Unshared > 0 {
		fmt.Fprintf(w, "          %s cannot share: the schedule depends on the total of epochs\n", plural(plan.Unshared, "point"))
	}
	if excluded := s.sweep.File.Grid.Len() - s.sweep.File.Grid.Count(); excluded > 0 && file.Search.Strategy == "grid" {
		fmt.Fprintf(w, "          %s of the product left out: excluded, repeated or not active\n", plural(excluded, "point"))
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
	memory, disk, err := p.forecastSpace(s, models, plan, workers)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "memory    about %s with %s\n", bytesText(memory), plural(workers, "worker"))
	if have := machineMemory(); have > 0 && memory > have {
		p.warn(fmt.Sprintf("this machine has %s of memory: workers will wait for one another, and run refuses what does not fit alone", bytesText(have)))
	}
	fmt.Fprintf(w, "disk      about %s in the store\n", bytesText(disk))
	if !f.noCalibrate {
		if err := p.forecastTime(ctx, s, plan, workers, f.noShare); err != nil {
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

// forecastSpace estimates memory of a run and the size of its results.
func (p *program) forecastSpace(s *session, models []distinct, plan search.Plan, workers int) (memory, disk int64, err error) {
	largest, _, err := largestFit(s.sweep)
	if err != nil {
		return 0, 0, sweepFailure(err)
	}
	epochs := 0.0
	for _, m := range models {
		epochs = max(epochs, float64(m.config.Params.Epochs))
	}
	if plan.Counted && plan.Points > 0 {
		epochs = float64(plan.Asked) / float64(max(plan.Fits, 1))
	}
	sample, err := json.Marshal(trainer.Epoch{Validation: &trainer.Scores{}, Classes: make([]trainer.Class, len(s.set.Classes)),
		Confusion: make([]int, len(s.set.Classes)*len(s.set.Classes))})
	if err != nil {
		return 0, 0, err
	}
	perEpoch := float64(len(sample)) / 2 // compressed, roughly
	return runMemory(s, largest, workers), int64(min(float64(plan.Fits)*(300+epochs*perEpoch), 1e18)), nil
}
