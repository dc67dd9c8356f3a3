package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/store"
)

// boardFlags are what leaderboard takes.
type boardFlags struct {
	top       int
	sort      string
	where     string
	columns   []string
	changed   bool
	format    string
	precision int
}

func (p *program) leaderboardCommand() *cobra.Command {
	f := boardFlags{}
	cmd := &cobra.Command{
		Use:   "leaderboard [SWEEP]",
		Short: "the ranking",
		Long: `Prints the ranking of a sweep, also while it runs. Columns are the axes of the grid and
rank, tie, trial, mean and std (over folds, deviation of the population), se (standard error of the mean), train (the
same metric on training rows), gap (how much better training is than validation), best (mean best epoch), trained
(mean epochs trained), seconds, fold0 fold1 … (or folds), state. An axis of the same name as one of these is
"params.NAME". Rows with "=" under tie do not differ significantly from the leader: paired t-test over the folds,
corrected for their overlapping training rows (Nadeau and Bengio 2003), two-sided, level 0.05; with one fold the
test of two shares of its rows, for accuracy only. se of one fold is that of such a share.`,
		Example: `  espalier leaderboard --top 5
  espalier leaderboard --where 'optimizer=adam,hidden_units>64' --only-changed
  espalier leaderboard --sort -gap --columns rank,trial,mean,gap,folds
  espalier leaderboard fashion-mlp --format json > board.json`,
		Args:              arguments,
		ValidArgsFunction: p.completeSweeps,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.leaderboard(cmd, args, &f)
		},
	}
	flags := cmd.Flags()
	flags.IntVarP(&f.top, "top", "n", 0, "the first `N` rows only (default all; of a table 1000)")
	flags.StringVar(&f.sort, "sort", "", "sort by `COLUMN`, upwards; -COLUMN downwards (default: by rank)")
	flags.StringVar(&f.where, "where", "", "rows that meet all `CONDITIONS`: COLUMN=VALUE, also != < <= > >=, joined by commas")
	flags.StringSliceVar(&f.columns, "columns", nil, "show these columns: `A,B,…`")
	flags.BoolVar(&f.changed, "only-changed", false, "leave out axes that have one value in all rows shown")
	flags.StringVar(&f.format, "format", "table", "table, csv, json or md")
	flags.IntVar(&f.precision, "precision", -1, "`N` digits after the point (default 4 in tables, all in csv and json)")
	p.completeFlag(cmd, "sort", p.completeColumns)
	p.completeFlag(cmd, "columns", p.completeColumns)
	p.completeFlag(cmd, "where", p.completeColumns)
	p.completeFlag(cmd, "format", fixed(boardFormats...))
	return cmd
}

// maxPrecision is beyond what tells two numbers of 64 bits apart.
const maxPrecision = 20

func (p *program) leaderboard(cmd *cobra.Command, args []string, f *boardFlags) error {
	switch flags := cmd.Flags(); {
	case flags.Changed("top") && f.top < 1:
		return usagef("--top %d: want a number from 1", f.top)
	case flags.Changed("precision") && (f.precision < 0 || f.precision > maxPrecision):
		return usagef("--precision %d: want a number from 0 to %d", f.precision, maxPrecision)
	}
	if !slices.Contains(boardFormats, f.format) {
		return usage(fmt.Errorf("--format %q: no such format", f.format), suggestion(f.format, boardFormats))
	}
	ctx := cmd.Context()
	return p.withSweep(ctx, args, func(l *store.Reader, s *search.Sweep) error {
		ranking, err := p.ranking(ctx, l, s)
		if err != nil {
			return err
		}
		rows, chosen := ranking.Len(), f.where != "" || f.sort != ""
		if f.top > 0 && !chosen {
			rows = min(rows, f.top)
		}
		cut := f.format == "table" && f.top == 0 && !chosen && rows > tableRows
		if cut {
			rows = tableRows
		}
		b := newBoard(s, ranking, rows)
		b.precision, b.changed, b.width = f.precision, f.changed, terminalWidth(p.out)
		if f.columns != nil {
			if b.chosen, err = b.columns.parse(f.columns); err != nil {
				return usagef("--columns: %w", err)
			}
		}
		conditions, err := parseConditions(f.where, b.columns)
		if err != nil {
			return err
		}
		b.filter(conditions)
		if err := b.sort(f.sort); err != nil {
			return err
		}
		if f.top > 0 {
			b.rows = b.rows[:min(f.top, len(b.rows))]
		}
		if len(b.rows) == 0 && f.format == "table" {
			p.say("no trial meets %s", f.where)
		}
		if err := b.write(p.out, f.format); err != nil {
			return err
		}
		if cut {
			p.say("the first %s of %s; --top N shows more", thousands(int64(len(b.rows))), plural(ranking.Len(), "trial"))
		}
		return nil
	})
}

// tableRows is how many rows a table has unless --top or a choice of rows asks for
// more: people do not read more, and what programs read has all.
const tableRows = 1000

// filter keeps the rows that meet all conditions.
func (b *board) filter(conditions []condition) {
	if len(conditions) == 0 {
		return
	}
	b.rows = slices.DeleteFunc(slices.Clone(b.rows), func(r search.Standing) bool {
		return slices.ContainsFunc(conditions, func(c condition) bool { return !c.holds(&r) })
	})
}

// sort orders the rows by a column, "-" before it downwards; rows without the value come last either way.
func (b *board) sort(by string) error {
	if by == "" {
		return nil
	}
	name, down := strings.CutPrefix(by, "-")
	c, err := b.columns.find(name)
	if err != nil {
		return usagef("--sort: %w", err)
	}
	b.rows = slices.Clone(b.rows)
	slices.SortStableFunc(b.rows, func(x, y search.Standing) int {
		v, w := c.value(&x), c.value(&y)
		if down && v != nil && w != nil {
			return compare(w, v)
		}
		return compare(v, w)
	})
	return nil
}
