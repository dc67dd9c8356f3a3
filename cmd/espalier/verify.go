package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/store"
)

func (p *program) verifyCommand() *cobra.Command {
	var sweep string
	slot := -1
	cmd := &cobra.Command{
		Use:               "verify TRIAL",
		Short:             "train one of its folds again; it must match bit for bit",
		Example:           "  espalier verify 3f2a91c0\n  espalier verify 3f2a --fold 2",
		Args:              arguments,
		ValidArgsFunction: p.completeTrials,
		RunE: func(cmd *cobra.Command, args []string) error {
			p.graceful.Store(true)
			return p.verify(cmd.Context(), sweep, args[0], slot)
		},
	}
	p.sweepFlag(cmd, &sweep)
	cmd.Flags().IntVar(&slot, "fold", -1, "train this `FOLD` (default: the first that has a result)")
	return cmd
}

func (p *program) verify(ctx context.Context, sweep, trial string, slot int) error {
	return p.withTrial(ctx, sweep, trial, func(l *store.Reader, s *search.Sweep, _ []search.Standing, row *search.Standing) error {
		if slot >= s.Slots() || slot < -1 {
			return usagef("--fold %d: the sweep has folds 0 to %d", slot, s.Slots()-1)
		}
		for i, o := range row.Outcomes {
			if o != nil && slot == -1 {
				slot = i
			}
		}
		if slot == -1 || row.Outcomes[slot] == nil {
			return fmt.Errorf("verify %s: no recorded outcome to compare with", trialID(row.Trial.Key))
		}
		se, err := p.prepare(s.File, s.Folder, s.Init)
		if err != nil {
			return err
		}
		if se.sweep.ID != s.ID {
			return fmt.Errorf("verify %s: the data has changed since: fingerprint %.12s, recorded %.12s", trialID(row.Trial.Key), se.set.Fingerprint, s.Data.Fingerprint)
		}
		start := time.Now()
		v, err := search.Verify(ctx, se.sweep, search.VerifyTask{Set: se.set, Folds: se.folds, Ledger: l, Trial: row.Trial, Slot: slot})
		if err != nil {
			if i := interruptionOf(ctx); i != nil {
				return &failure{err: i, code: i.code(), hints: []string{"again: " + p.commandPrefix() + " verify " + trialID(row.Trial.Key)}}
			}
			return fmt.Errorf("verify %s: %w", trialID(row.Trial.Key), err)
		}
		if len(v.Differences) > 0 {
			return hint(errors.New("verify "+trialID(row.Trial.Key)+": fold "+fmt.Sprint(slot)+" trained again is not what was recorded"), v.Differences...)
		}
		_, err = fmt.Fprintf(p.out, "%s fold %d: the same bit for bit over %s (%s)\n", trialID(row.Trial.Key), slot,
			plural(v.Again.Epochs, "epoch"), durationText(time.Since(start)))
		return err
	})
}
