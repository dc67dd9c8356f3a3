package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/store"
)

// whyCommand is why: the state of a trial and what made it so, fold by fold.
func (p *program) whyCommand() *cobra.Command {
	var sweep string
	cmd := &cobra.Command{
		Use:               "why TRIAL",
		Short:             "a trial's state and the reason, with fold, epoch and numbers",
		Example:           "  espalier why 3f2a91c0\n  espalier why 3f2a --sweep fashion-mlp",
		Args:              arguments,
		ValidArgsFunction: p.completeTrials,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withTrial(cmd.Context(), sweep, args[0], func(l *store.Reader, s *search.Sweep, all []search.Standing, row *search.Standing) error {
				return p.why(cmd, l, s, all, row)
			})
		},
	}
	p.sweepFlag(cmd, &sweep)
	return cmd
}

func (p *program) why(cmd *cobra.Command, l *store.Reader, s *search.Sweep, all []search.Standing, row *search.Standing) error {
	w := new(bytes.Buffer) // so that there is one write, which may fail
	fmt.Fprintln(w, trialText(row.Trial))
	switch row.State {
	case search.Complete:
		fmt.Fprintf(w, "complete: rank %d of %d, %s %s ± %s over %s\n", row.Rank, ranked(all), s.Metric,
			decimal(row.Mean, 4), decimal(row.Std, 4), plural(s.Slots(), "fold"))
	case search.Pending:
		fmt.Fprintf(w, "pending: no fold was trained yet; %s trains what is missing\n", p.commandPrefix()+" resume")
	case search.Partial:
		fmt.Fprintf(w, "partial: %d of %s trained; %s trains what is missing\n", present(row), plural(s.Slots(), "fold"), p.commandPrefix()+" resume")
	case search.Diverged:
		fmt.Fprintf(w, "diverged: ranked last, never tried again by itself; %s makes it due\n", p.commandPrefix()+" retry --diverged")
	case search.Failed:
		fmt.Fprintf(w, "failed: not tried again by itself; %s makes it due\n", p.commandPrefix()+" retry")
	}
	for slot := range s.Slots() {
		if err := p.whySlot(cmd, l, s, row, slot, w); err != nil {
			return err
		}
	}
	_, err := w.WriteTo(p.out)
	return err
}

// whySlot tells what is known of one fold.
func (p *program) whySlot(cmd *cobra.Command, l *store.Reader, s *search.Sweep, row *search.Standing, slot int, w io.Writer) error {
	if f := row.Failures[slot]; f != nil && row.Outcomes[slot] == nil {
		fmt.Fprintf(w, "fold %d: failed %s: %s\n", slot, f.Recorded.Local().Format(time.DateTime), printable(f.Reason))
		if f.Stack != "" && (p.verbose || row.State == search.Failed) {
			for _, line := range strings.Split(strings.TrimRight(f.Stack, "\n"), "\n") {
				fmt.Fprintf(w, "    %s\n", printable(strings.ReplaceAll(line, "\t", "  ")))
			}
		}
		return nil
	}
	o := row.Outcomes[slot]
	if o == nil {
		fmt.Fprintf(w, "fold %d: to do\n", slot)
		return nil
	}
	if o.State == search.Diverged {
		fmt.Fprintf(w, "fold %d: diverged: %s\n", slot, printable(o.Reason))
		history, err := l.History(cmd.Context(), s.ID, row.Trial.Key, slot)
		if err != nil {
			return err
		}
		for _, e := range history {
			fmt.Fprintf(w, "    epoch %d: training loss %s, accuracy %s, learning rate %g\n", e.Number, decimal(e.TrainLoss, 4), decimal(e.TrainAccuracy, 4), e.LearningRate)
		}
		return nil
	}
	score, _ := o.Scores.Metric(s.Metric)
	line := fmt.Sprintf("fold %d: %s %s after %s", slot, s.Metric, decimal(score, 4), plural(o.Epochs, "epoch"))
	if asked, ok := s.Effective(row.Trial)["epochs"].(int64); ok && int64(o.Epochs) < asked {
		line += fmt.Sprintf(" of %d: stopped early", asked)
	}
	if o.Best > 0 && o.Best != o.Epochs {
		line += fmt.Sprintf(", best at epoch %d", o.Best)
	}
	fmt.Fprintln(w, line)
	return nil
}

// ranked counts the trials that have a rank.
func ranked(all []search.Standing) int {
	n := 0
	for i := range all {
		if all[i].Rank > 0 {
			n++
		}
	}
	return n
}

// present counts the folds of a trial that have an outcome.
func present(row *search.Standing) int {
	n := 0
	for _, o := range row.Outcomes {
		if o != nil {
			n++
		}
	}
	return n
}
