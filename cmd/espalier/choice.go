package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"espalier/search"
)

// selectFlag is --select of the verbs that refit.
func (p *program) selectFlag(cmd *cobra.Command, choose *string) {
	cmd.Flags().StringVar(choose, "select", "", "refit by `RULE`: best, 1se or simplest (default: [refit] select of the sweep file)")
	p.completeFlag(cmd, "select", fixed(selections()...))
}

func selections() []string {
	var words []string
	for _, rule := range search.Selections {
		words = append(words, string(rule))
	}
	return words
}

// parseSelection reads --select; "" leaves it to the sweep file.
func parseSelection(word string) (search.Selection, error) {
	if word != "" && !slices.Contains(selections(), word) {
		return "", usage(fmt.Errorf("--select %q: no such rule", word), suggestion(word, selections()))
	}
	return search.Selection(word), nil
}

// choose picks the trial to refit, by the sweep file's rule where the command line
// names none, and says why where it is not the leader.
func (p *program) choose(s *search.Sweep, standings []search.Standing, rule search.Selection) (search.Standing, error) {
	if rule == "" {
		rule = search.Selection(s.File.Refit.Select)
	}
	c, err := search.Choose(s, standings, rule)
	if err != nil {
		return search.Standing{}, hint(err, "--select best takes the leader")
	}
	row := standings[c.Index]
	if rule == search.SelectBest {
		return row, nil
	}
	among := "not significantly worse than the leader"
	if !math.IsNaN(c.Limit) {
		among = fmt.Sprintf("within one standard error (%s) of the leader's %s", decimal(standings[0].StdErr, 4), decimal(standings[0].Mean, 4))
	}
	p.say("chosen by %s: rank %d, %s %s, the simplest of %s %s", rule, row.Rank, s.Metric, decimal(row.Mean, 4), plural(c.Candidates, "trial"), among)
	if c.Index == 0 {
		return row, nil
	}
	p.say("          %s and %s instead of the leader's %s and %s", plural(int(c.Parameters), "parameter"), plural(c.Epochs, "epoch"),
		thousands(c.LeaderParameters), thousands(int64(c.LeaderEpochs)))
	return row, nil
}
