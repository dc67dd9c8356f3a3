package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"espalier/search"
	"espalier/store"
)

// verifyCommand is verify: law 2 of the project, put into the user's hands.
func (p *program) verifyCommand() *cobra.Command {
	var sweep string
	slot := -1
	cmd := &cobra.Command{
		Use:   "verify TRIAL",
		Short: "train one of its folds again; it must match bit for bit",
		Long: `Trains one fold of a trial again, from the start and by itself, and compares every number with what is
recorded. A fold whose job failed is trained alike, to see it fail again.`,
		Example:           "  espalier verify 3f2a91c0\n  espalier verify 3f2a --fold 2",
		Args:              arguments,
		ValidArgsFunction: p.completeTrials,
		RunE: func(cmd *cobra.Command, args []string) error {
			p.trains.Store(true)
			return p.verify(cmd.Context(), sweep, args[0], slot)
		},
	}
	p.sweepFlag(cmd, &sweep)
	cmd.Flags().IntVar(&slot, "fold", -1, "train this `FOLD`, as leaderboard numbers them (default: the first there is)")
	cmd.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "slot" {
			name = "fold" // the word of logs and reasons for a fold of all repeats
		}
		return pflag.NormalizedName(name)
	})
	return cmd
}

func (p *program) verify(ctx context.Context, sweep, trial string, slot int) error {
	return p.withTrial(ctx, sweep, trial, func(l *store.Reader, s *search.Sweep, _ []search.Standing, row *search.Standing) error {
		id := trialID(row.Trial.Key)
		if slot >= s.Slots() || slot < -1 {
			return usagef("--fold %d: the sweep has folds 0 to %d", slot, s.Slots()-1)
		}
		for i := s.Slots() - 1; i >= 0 && slot == -1; i-- {
			if row.Outcomes[i] != nil || i == 0 {
				slot = i
			}
		}
		again, err := p.prepare(s.File, s.Folder, s.Init)
		if err != nil {
			return err
		}
		if again.sweep.ID != s.ID {
			return fmt.Errorf("verify %s: the data has changed since: fingerprint %.12s, recorded %.12s", id, again.set.Fingerprint, s.Data.Fingerprint)
		}
		p.graceful.Store(true)
		start := time.Now()
		if row.Outcomes[slot] == nil {
			return p.trainAlone(ctx, again, row.Trial, slot)
		}
		v, err := search.Verify(ctx, again.sweep, search.VerifyTask{Set: again.set, Folds: again.folds, Ledger: l, Trial: row.Trial, Slot: slot, Threads: runtime.GOMAXPROCS(0), FreeMemory: freeMemory,
			Watch: func(w search.Watch) {
				if w.Warning != "" {
					p.warn(w.Warning)
				}
			}})
		if i := interruptionOf(ctx); i != nil {
			return &failure{err: i, code: i.code(), hints: []string{"again: " + p.commandPrefix() + " verify " + id}}
		}
		if err != nil {
			return err
		}
		if len(v.Differences) > 0 {
			return hint(fmt.Errorf("verify %s: fold %d trained again is not what was recorded", id, slot), v.Differences...)
		}
		_, err = fmt.Fprintf(p.out, "%s fold %d: the same bit for bit over %s (%s)\n", id, slot,
			plural(v.Again.Epochs, "epoch"), durationText(time.Since(start)))
		return err
	})
}

// trainAlone trains a fold that has no outcome, to see what becomes of it. Its
// panic is not caught: who asks for it wants the stack.
func (p *program) trainAlone(ctx context.Context, s *session, t search.Trial, slot int) error {
	job := search.Job{Sweep: s.sweep, Family: t.Key, Trials: []search.Trial{t}, Slot: slot}
	var made *search.Outcome
	err := search.NewTrainer(s.sweep, s.set, s.folds, nil)(ctx, job, func(o search.Outcome) error {
		made = &o
		return nil
	}, func(search.Watch) {})
	if i := interruptionOf(ctx); i != nil {
		return &failure{err: i, code: i.code()}
	}
	if err != nil {
		return fmt.Errorf("verify %s: fold %d: %w", trialID(t.Key), slot, err)
	}
	if made == nil {
		return errors.New("verify " + trialID(t.Key) + ": the trainer gave no outcome")
	}
	text := string(made.State)
	if made.State == search.Complete { // a fit that diverged has no score
		score, _ := made.Scores.Metric(s.sweep.Metric)
		text += fmt.Sprintf(", %s %s", s.sweep.Metric, decimal(score, 4))
	}
	_, err = fmt.Fprintf(p.out, "%s fold %d: %s after %s; nothing is recorded to compare with\n", trialID(t.Key), slot,
		text, plural(made.Epochs, "epoch"))
	return err
}
