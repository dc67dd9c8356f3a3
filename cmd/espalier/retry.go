package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"espalier/search"
)

// retryCommand is retry. It trains nothing and changes no fact: it appends
// retractions, and the next run finds the jobs due.
func (p *program) retryCommand() *cobra.Command {
	var diverged bool
	cmd := &cobra.Command{
		Use:   "retry [SWEEP]",
		Short: "make failed jobs due again",
		Long: `A job that failed (a panic, a time limit) is left alone until it is retried; so is one whose loss was not
finite. This makes exactly those due; run or resume then trains them.`,
		Example:           "  espalier retry && espalier resume\n  espalier retry fashion-mlp --diverged",
		Args:              arguments,
		ValidArgsFunction: p.completeSweeps,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			st, err := p.openExisting()
			if err != nil {
				return err
			}
			defer st.Close()
			// The store is opened to write: a run in progress must not lose a retraction.
			e, err := p.findSweep(ctx, st, args)
			if err != nil {
				return err
			}
			s, err := e.Sweep()
			if err != nil {
				return sweepFailure(err)
			}
			standings, err := p.standings(ctx, st, s)
			if err != nil {
				return err
			}
			facts := retractions(standings, diverged, time.Now())
			if len(facts) == 0 {
				_, err := fmt.Fprintln(p.out, "nothing to retry")
				return err
			}
			if err := st.Record(ctx, e.ID, facts...); err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.out, "%s due again; now: %s resume %s\n", plural(len(facts), "fit"), p.commandPrefix(), shellQuote(e.Name))
			return err
		},
	}
	cmd.Flags().BoolVar(&diverged, "diverged", false, "also those whose loss was not finite")
	return cmd
}

// retractions take back every failed attempt, and with diverged those outcomes too.
func retractions(standings []search.Standing, diverged bool, now time.Time) []search.Fact {
	var facts []search.Fact
	for i := range standings {
		row := &standings[i]
		for slot := range row.Folds {
			o, f := row.Outcomes[slot], row.Failures[slot]
			if o == nil && f != nil || diverged && o != nil && o.State == search.Diverged {
				facts = append(facts, search.Fact{Retraction: &search.Retraction{Trial: row.Trial.Key, Slot: slot, Recorded: now}})
			}
		}
	}
	return facts
}
