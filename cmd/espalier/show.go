package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/store"
	"espalier/trainer"
)

// showCommand is show. It needs histories, which the leaderboard does not read.
func (p *program) showCommand() *cobra.Command {
	var sweep string
	cmd := &cobra.Command{
		Use:   "show TRIAL",
		Short: "folds × epochs, curves, per-class scores, difference to the leader",
		Long: `Shows one trial: its parameters, its score on each fold after each epoch, learning curves, scores per class over
all folds, and the difference to the leader paired over folds (the same rows, so the difference is
steadier than the two scores are).`,
		Example:           "  espalier show 3f2a91c0\n  espalier show 3f2a --sweep fashion-mlp",
		Args:              arguments,
		ValidArgsFunction: p.completeTrials,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withTrial(cmd.Context(), sweep, args[0], func(l *store.Reader, s *search.Sweep, all []search.Standing, row *search.Standing) error {
				histories := make([][]trainer.Epoch, s.Slots())
				for slot := range histories {
					if row.Outcomes[slot] == nil {
						continue
					}
					var err error
					if histories[slot], err = l.History(cmd.Context(), s.ID, row.Trial.Key, slot); err != nil {
						return err
					}
				}
				return p.show(s, all, row, histories)
			})
		},
	}
	p.sweepFlag(cmd, &sweep)
	return cmd
}

func (p *program) show(s *search.Sweep, all []search.Standing, row *search.Standing, histories [][]trainer.Epoch) error {
	w := p.out
	fmt.Fprintln(w, trialText(row.Trial))
	fmt.Fprintf(w, "key %s, sweep %s %.12s\n", hex.EncodeToString(row.Trial.Key[:]), printable(s.File.Name), s.ID)
	state := string(row.State)
	if row.Rank > 0 {
		state = fmt.Sprintf("rank %d of %d", row.Rank, ranked(all))
	}
	if row.State == search.Pending && present(row) == 0 {
		_, err := fmt.Fprintln(w, "pending: no fold is trained yet")
		return err
	}
	fmt.Fprintf(w, "%s: %s %s ± %s, training %s, gap %s, %s\n", state, s.Metric, decimal(row.Mean, 4), decimal(row.Std, 4),
		decimal(row.TrainScore, 4), decimal(row.Gap, 4), durationText(seconds(row.Seconds)))
	if row.State == search.Failed || row.State == search.Diverged {
		fmt.Fprintf(w, "%s why %s tells the reason\n", p.commandPrefix(), trialID(row.Trial.Key))
	}
	if present(row) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\n%s on validation rows, by epoch and fold\n", s.Metric)
	if err := epochTable(s.Metric, histories).write(w, "", terminalWidth(w)); err != nil {
		return err
	}
	showCurves(w, s, histories)
	if err := showClasses(w, s, row, histories); err != nil {
		return err
	}
	if row.Rank > 1 && len(all) > 0 && all[0].Rank == 1 {
		d := search.Compare(s, *row, all[0])
		fmt.Fprintf(w, "\nagainst the leader %s, paired over %s: %+.4f", trialID(all[0].Trial.Key), plural(d.Slots, "fold"), d.Mean)
		if !math.IsNaN(d.StdErr) {
			fmt.Fprintf(w, " ± %.4f (standard error)", d.StdErr)
		}
		if d.Test != "" {
			verdict := "a significant difference"
			if d.Tied() {
				verdict = "no significant difference"
			}
			fmt.Fprintf(w, ", %s %.2f, p %.3f: %s\n(%s)", map[bool]string{true: "t", false: "z"}[d.Slots > 1], d.T, d.P, verdict, d.Test)
		}
		fmt.Fprintln(w)
	}
	return nil
}

// epochTable has a row an epoch and a column a fold, with mean and training score.
func epochTable(metric string, histories [][]trainer.Epoch) *sheet {
	header := []string{"epoch"}
	for slot := range histories {
		header = append(header, "fold"+strconv.Itoa(slot))
	}
	t := newSheet(append(header, "mean", "train loss", "val loss", "train acc", "val acc")...)
	for e := range longest(histories) {
		cells := []string{strconv.Itoa(e + 1)}
		for _, h := range histories {
			cells = append(cells, blankNaN(validationScore(h, e, metric)))
		}
		cells = append(cells, blankNaN(meanAt(histories, e, func(h []trainer.Epoch, e int) float64 { return validationScore(h, e, metric) })))
		for _, read := range curveReaders {
			cells = append(cells, blankNaN(meanAt(histories, e, read.value)))
		}
		t.add(cells...)
	}
	return t
}

// curveReader reads one curve of a history.
type curveReader struct {
	name  string
	value func(h []trainer.Epoch, e int) float64
}

// curveReaders are what learning curves show: training and validation, loss and accuracy.
var curveReaders = []curveReader{
	{"train loss", func(h []trainer.Epoch, e int) float64 {
		return at(h, e, func(x trainer.Epoch) float64 { return x.TrainLoss })
	}},
	{"val loss", func(h []trainer.Epoch, e int) float64 { return validationScore(h, e, "loss") }},
	{"train acc", func(h []trainer.Epoch, e int) float64 {
		return at(h, e, func(x trainer.Epoch) float64 { return x.TrainAccuracy })
	}},
	{"val acc", func(h []trainer.Epoch, e int) float64 { return validationScore(h, e, "accuracy") }},
}

func at(h []trainer.Epoch, e int, read func(trainer.Epoch) float64) float64 {
	if e >= len(h) {
		return math.NaN()
	}
	return read(h[e])
}

func validationScore(h []trainer.Epoch, e int, metric string) float64 {
	return at(h, e, func(x trainer.Epoch) float64 {
		if x.Validation == nil {
			return math.NaN()
		}
		v, ok := x.Validation.Metric(metric)
		if !ok {
			return math.NaN()
		}
		return v
	})
}

// meanAt is the mean over the folds that have the epoch.
func meanAt(histories [][]trainer.Epoch, e int, read func([]trainer.Epoch, int) float64) float64 {
	sum, n := 0.0, 0
	for _, h := range histories {
		if v := read(h, e); !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

func longest(histories [][]trainer.Epoch) int {
	n := 0
	for _, h := range histories {
		n = max(n, len(h))
	}
	return n
}

// showClasses prints precision, recall and F1 per class over all folds'
// validation rows, and what is confused most, each fold at the epoch it is scored by.
func showClasses(w io.Writer, s *search.Sweep, row *search.Standing, histories [][]trainer.Epoch) error {
	sum := row.Confusion(len(s.Data.Classes), histories)
	if sum == nil {
		return nil
	}
	fmt.Fprintf(w, "\nper class, validation rows of all folds at the scored epochs\n")
	if err := classTable(s.Data.Classes, classesOf(sum, len(s.Data.Classes))).write(w, "", terminalWidth(w)); err != nil {
		return err
	}
	return writeConfused(w, s.Data.Classes, sum, 3)
}

// classesOf computes per-class scores from a confusion matrix; 0/0 counts as 0.
func classesOf(confusion []int, k int) []trainer.Class {
	out := make([]trainer.Class, k)
	for c := range k {
		predicted, support := 0, 0
		for o := range k {
			predicted += confusion[o*k+c]
			support += confusion[c*k+o]
		}
		hit := float64(confusion[c*k+c])
		out[c] = trainer.Class{Precision: ratio(hit, predicted), Recall: ratio(hit, support), Support: support}
		if sum := out[c].Precision + out[c].Recall; sum > 0 {
			out[c].F1 = 2 * out[c].Precision * out[c].Recall / sum
		}
	}
	return out
}

func ratio(a float64, b int) float64 {
	if b == 0 {
		return 0
	}
	return a / float64(b)
}

// classTable lists per-class scores.
func classTable(names []string, classes []trainer.Class) *sheet {
	t := newSheet("class", "precision", "recall", "f1", "rows").alignLeft(0)
	for i, c := range classes {
		t.add(printable(names[i]), decimal(c.Precision, 4), decimal(c.Recall, 4), decimal(c.F1, 4), strconv.Itoa(c.Support))
	}
	return t
}

func blankNaN(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return decimal(v, 4)
}
