package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"espalier/grids"
	"espalier/search"
	"espalier/store"
)

// completer is cobra's form of what completes a word. It must never print or
// fail: where the store cannot be read there is nothing to complete.
type completer = func(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective)

// completionLimit bounds what a shell is given to choose from.
const completionLimit = 500

// completeFlag sets what completes a flag's value.
func (p *program) completeFlag(cmd *cobra.Command, flag string, c completer) {
	if err := cmd.RegisterFlagCompletionFunc(flag, c); err != nil {
		panic(err) // the flag is not there: a mistake in this package
	}
}

// fixed completes from a list.
func fixed(words ...string) completer {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFiles completes file names and the names of shipped sweeps.
func (p *program) completeFiles(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return startingWith(grids.Shipped(), word), cobra.ShellCompDirectiveDefault
}

// completeSweeps completes the names of the store's sweeps.
func (p *program) completeSweeps(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []string
	if len(args) == 0 || cmd.Flags().Lookup("sweep") != nil {
		_ = p.withReader(func(l *store.Reader) error {
			sweeps, err := l.Sweeps(context.Background())
			for _, e := range sweeps {
				if e.Current {
					names = append(names, e.Name)
				}
			}
			return err
		})
	}
	return startingWith(names, word), cobra.ShellCompDirectiveNoFileComp
}

// completeTrials completes trial IDs, the best first, described by their parameters.
func (p *program) completeTrials(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var ids []string
	if f := cmd.Flags().Lookup("trial"); f == nil && len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	_ = p.withSweep(context.Background(), sweepArgs(cmd, args), func(l *store.Reader, s *search.Sweep) error {
		standings, err := p.standings(context.Background(), l, s)
		for i := range standings {
			if id := trialID(standings[i].Trial.Key); strings.HasPrefix(id, word) && len(ids) < completionLimit {
				ids = append(ids, cobra.CompletionWithDesc(id, paramsText(standings[i].Trial.Point.Values)))
			}
		}
		return err
	})
	return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// completeColumns completes the last of a list of leaderboard columns.
func (p *program) completeColumns(cmd *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	before, last := "", word
	if at := strings.LastIndexAny(word, ",-"); at >= 0 {
		before, last = word[:at+1], word[at+1:]
	}
	var names []string
	_ = p.withSweep(context.Background(), sweepArgs(cmd, args), func(_ *store.Reader, s *search.Sweep) error {
		for _, n := range startingWith(columnsOf(s, search.Standing{}).names(), last) {
			names = append(names, before+n)
		}
		return nil
	})
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// sweepArgs is the sweep named on the command line being completed.
func sweepArgs(cmd *cobra.Command, args []string) []string {
	if f := cmd.Flags().Lookup("sweep"); f != nil {
		if f.Value.String() != "" {
			return []string{f.Value.String()}
		}
		return nil
	}
	return args
}

func startingWith(words []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, prefix) })
}
