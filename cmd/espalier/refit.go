package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/store"
)

// refitCommand is refit. An interrupted one leaves a checkpoint, so the same
// command goes on where it stopped.
func (p *program) refitCommand() *cobra.Command {
	var trial, output, choose string
	cmd := &cobra.Command{
		Use:   "refit [SWEEP]",
		Short: "train the winner on all training rows, test it once, save it",
		Long: `Trains the winner, or another trial, on all training rows as [refit] of the sweep file says, evaluates it on
the test rows and saves the model. --select 1se takes the simplest trial within one standard error of the best mean
(Breiman's rule), simplest the simplest of those tied with the best; simplest is fewest parameters, then fewest
epochs, then the better rank. An identical refit done before is read back: the test rows are not
looked at again. How often they were looked at is printed with the result.`,
		Example:           "  espalier refit\n  espalier refit fashion-mlp --trial 3f2a -o small.espalier\n  espalier refit --select 1se",
		Args:              arguments,
		ValidArgsFunction: p.completeSweeps,
		RunE: func(cmd *cobra.Command, args []string) error {
			rule, err := parseSelection(choose)
			if err != nil {
				return err
			}
			if trial != "" && choose != "" {
				return usagef("--trial and --select: want one of them")
			}
			p.trains.Store(true)
			ctx := cmd.Context()
			return p.withSession(ctx, args, func(st *store.Store, s *session) error {
				standings, err := p.standings(ctx, st, s.sweep)
				if err != nil {
					return err
				}
				var row search.Standing
				if trial != "" {
					found, err := findTrial(s.sweep, standings, trial)
					if err != nil {
						return err
					}
					row = *found
				} else {
					if len(standings) == 0 || standings[0].Rank != 1 {
						next := "espalier resume finishes the sweep"
						if !slices.ContainsFunc(standings, func(st search.Standing) bool { return st.State != search.Diverged }) {
							next = "every trial diverged; espalier why TRIAL tells where"
						}
						return hint(fmt.Errorf("refit sweep %q: no trial has a result on every fold", s.sweep.File.Name), next, "--trial TRIAL refits any trial")
					}
					if row, err = p.choose(s.sweep, standings, rule); err != nil {
						return err
					}
				}
				path := p.outputPath(output, s.sweep)
				if err := p.checkOutput(path); err != nil {
					return err
				}
				p.graceful.Store(true)
				if err := st.Serve(nil); err != nil {
					p.warn(err.Error()) // the refit goes on; only readers have to wait
				}
				err = p.refitTrial(ctx, st, s, row.Trial, path)
				if i := interruptionOf(ctx); i != nil && err != nil {
					return &failure{err: i, code: i.code(), hints: []string{"go on with: " + p.commandPrefix() + " refit " + shellQuote(s.sweep.File.Name)}}
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&trial, "trial", "", "refit this `TRIAL` instead of the winner")
	p.selectFlag(cmd, &choose)
	cmd.Flags().StringVarP(&output, "output", "o", "", "save the model to `FILE` (default NAME.espalier beside the store)")
	p.completeFlag(cmd, "trial", p.completeTrials)
	return cmd
}

// refitTrial trains a trial on all rows, saves the model at path and prints what the test rows say.
func (p *program) refitTrial(ctx context.Context, st *store.Store, s *session, t search.Trial, path string) error {
	if err := st.Collect(ctx, p.notice); err != nil { // the looks of others count
		return err
	}
	rows := "all training rows"
	if s.sweep.File.Refit.Rows == "train" {
		rows = "the hold-out's training rows"
	}
	show := p.newRefitProgress(t, s.refitEpochs(t))
	p.pauses.refit()
	show.start = fmt.Sprintf("refit on %s: %s", rows, trialText(t))
	r, err := search.Refit(ctx, s.sweep, search.RefitTask{
		Set: s.set, Folds: s.folds, Trial: t, Ledger: p.pauses.ledger(st), Checkpoints: st.Checkpoints(), Threads: runtime.GOMAXPROCS(0), Version: programVersion(), FreeMemory: freeMemory,
		Saved: func(sum string) []byte { return savedModel(path, sum) }, Watch: show.watch,
		Save: func(model []byte) error {
			p.pauses.say("refit save")
			defer p.pauses.say("refit saved")
			return store.WriteFileAtomic(path, model)
		},
	})
	show.end()
	if err != nil {
		return err
	}
	p.log.Info().Str("trial", trialID(t.Key)).Str("model", r.Record.Model).Str("file", path).Int("epochs", r.Record.Epochs).Bool("reused", r.Reused).Msg("refit")
	how := "trained for " + plural(r.Record.Epochs, "epoch")
	if r.Reused {
		how = "read back, trained before on " + r.Record.Recorded.Local().Format(time.DateTime)
	}
	width := terminalWidth(p.out)
	fmt.Fprintln(p.out, foldLine(fmt.Sprintf("model     %s (%s, %s)", printable(path), bytesText(int64(len(r.Bytes))), how), width, 10))
	if r.Test == nil {
		fmt.Fprintln(p.out, "test      none: the data has no test rows")
		return nil
	}
	_, err = fmt.Fprintln(p.out, foldLine(fmt.Sprintf("test      accuracy %.4f  loss %.4f  on %s; evaluation %d on them in this sweep",
		r.Test.Scores.Accuracy, r.Test.Scores.Loss, plural(r.Test.Rows, "row"), r.Evaluations), width, 10))
	return err
}

// savedModel gives the bytes of a model file if they are the ones with a checksum, else nil.
func savedModel(path, sum string) []byte {
	data, err := readRegular(path, binaryBytes)
	if err != nil {
		return nil
	}
	if have := sha256.Sum256(data); hex.EncodeToString(have[:]) != sum {
		return nil
	}
	return data
}
