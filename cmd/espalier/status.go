package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/store"
)

// statusCommand is status. What it shows comes from the runner over its socket
// while one runs this sweep, else from counting what the store holds.
func (p *program) statusCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "status [SWEEP]",
		Short: "done, to do, failed, rate, time left; live while it runs",
		Long: `Shows how far a sweep is. On a terminal it follows a run until it ends; piped, or with --once, it answers
once. It never blocks the run, nor waits for it.`,
		Example:           "  espalier status\n  espalier status fashion-mlp --once",
		Args:              arguments,
		ValidArgsFunction: p.completeSweeps,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.status(cmd.Context(), args, once || !interactive(p.out))
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "answer once")
	return cmd
}

// status prints the state of a sweep, again and again while it runs unless once.
func (p *program) status(ctx context.Context, args []string, once bool) error {
	lines := 0
	for {
		var s search.Status
		err := p.withSweep(ctx, args, func(l *store.Reader, sweep *search.Sweep) (err error) {
			s, err = p.statusOf(ctx, l, sweep)
			return err
		})
		if err != nil {
			return err
		}
		var b strings.Builder
		if lines > 0 {
			fmt.Fprintf(&b, "\x1b[%dA\x1b[J", lines) // up, and clear what was drawn before
		}
		text := statusText(s, terminalWidth(p.out), colourful(p.out))
		lines = strings.Count(text, "\n")
		b.WriteString(text)
		if _, err := io.WriteString(p.out, b.String()); err != nil {
			return err
		}
		if once || !s.Running {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

// statusOf asks the runner, or counts what the store holds where none runs this sweep.
func (p *program) statusOf(ctx context.Context, l *store.Reader, sweep *search.Sweep) (search.Status, error) {
	if raw, err := l.Status(ctx); err == nil {
		var s search.Status
		if err := json.Unmarshal(raw, &s); err == nil && s.ID == sweep.ID {
			return s, nil
		}
	}
	r, err := p.ranking(ctx, l, sweep)
	if err != nil {
		return search.Status{}, err
	}
	return r.Status(), nil
}

// statusText is the whole answer; width 0 is no terminal.
func statusText(s search.Status, width int, colour bool) string {
	var b strings.Builder
	state := "not running"
	if s.Running {
		state = "running for " + durationText(seconds(s.Elapsed).Round(time.Second))
	} else if s.Done == s.Total {
		state = "finished"
	}
	fmt.Fprintf(&b, "%s\n", clip(fmt.Sprintf("%s  id %.12s  %s", printable(s.Sweep), s.ID, state), width))
	fmt.Fprintf(&b, "%s\n", clip(fmt.Sprintf("trials  %d of %d complete", s.Completed, s.Trials), width))
	fits := fmt.Sprintf("fits    %d of %d done, %d to do", s.Done, s.Total, s.Total-s.Done-s.Failed)
	if s.Failed > 0 {
		fits += fmt.Sprintf(", %d failed", s.Failed)
	}
	if s.Diverged > 0 {
		fits += fmt.Sprintf(", %d diverged", s.Diverged)
	}
	fmt.Fprintf(&b, "%s\n", clip(fits, width))
	if s.Running {
		rate := "rate    not known yet"
		if s.Rate > 0 {
			rate = fmt.Sprintf("rate    %s fits a minute", decimalRate(s.Rate))
		}
		if s.Left >= 0 {
			rate += fmt.Sprintf(", %s left", leftText(s.Left))
		}
		fmt.Fprintf(&b, "%s\n", clip(rate, width))
	}
	if s.Best != nil {
		fmt.Fprintf(&b, "best    %s %.4f  %s\n", s.Metric, s.Best.Mean, short(s.Best.Trial))
		fmt.Fprintf(&b, "%s\n", clip("        "+paramsText(s.Best.Params), width))
	}
	if s.Running {
		for _, w := range s.Workers {
			fmt.Fprintln(&b, workerLine(w, width, colour && width > 0))
		}
	}
	return b.String()
}
