package main

import (
	"strings"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/store"
)

// lsCommand is ls. It ranks every sweep, which is quick, rather than keep a
// count that could be wrong.
func (p *program) lsCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:     "ls",
		Short:   "the sweeps of the store",
		Example: "  espalier ls\n  espalier ls --store /data/searches.db",
		Args:    arguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withReader(func(l *store.Reader) error {
				sweeps, err := l.Sweeps(cmd.Context())
				if err != nil {
					return err
				}
				t := newSheet("name", "id", "data", "metric", "points", "done", "best", "created").alignLeft(0, 1, 2, 3, 7)
				for _, e := range sweeps {
					if !e.Current && !all {
						continue
					}
					row, err := p.lsRow(cmd, l, e)
					if err != nil {
						return err
					}
					t.add(row...)
				}
				if len(t.rows) == 0 {
					p.say("store %q holds no sweep", p.storePath())
					return nil
				}
				width := terminalWidth(p.out)
				if width > 0 && t.width() > width {
					for _, row := range t.rows { // the day is enough, and a shorter prefix of the ID
						row[1] = short(row[1])
						row[7], _, _ = strings.Cut(row[7], " ")
					}
				}
				return t.write(p.out, "", width)
			})
		},
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "also those replaced by --new")
	return cmd
}

// lsRow is one sweep's line: its points, how many have a result on every fold, and the best.
func (p *program) lsRow(cmd *cobra.Command, l *store.Reader, e search.Enrolment) ([]string, error) {
	name := printable(e.Name)
	if !e.Current {
		name += " (replaced)"
	}
	created := e.Created.Local().Format("2006-01-02 15:04")
	s, err := e.Sweep()
	if err != nil { // a file of an older version may not be readable any more; the sweep is still there
		p.warn(err.Error())
		return []string{name, e.ID.String()[:12], printable(e.Data.Source), "", "", "", "", created}, nil
	}
	r, err := p.ranking(cmd.Context(), l, s)
	if err != nil && cmd.Context().Err() != nil {
		return nil, err
	}
	if err != nil { // one sweep that cannot be ranked does not hide the others
		p.warn(err.Error())
		return []string{name, e.ID.String()[:12], printable(e.Data.Source), s.Metric, "", "", "", created}, nil
	}
	status, best := r.Status(), ""
	if status.Best != nil {
		best = decimal(status.Best.Mean, 4)
	}
	return []string{name, e.ID.String()[:12], printable(e.Data.Source), s.Metric, thousands(int64(status.Trials)),
		thousands(int64(status.Completed)), best, created}, nil
}
