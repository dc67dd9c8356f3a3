package main

import (
	"encoding/csv"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

// foldsCommand is folds: what people compare with scikit-learn's assignment.
func (p *program) foldsCommand() *cobra.Command {
	var format string
	var set []string
	cmd := &cobra.Command{
		Use:   "folds FILE",
		Short: "which fold holds which row",
		Long: `Writes the assignment of training rows to folds: columns row, repeat and fold, from 0. The fold is the one whose
validation rows hold the row; it is empty where the row is only trained on.`,
		Example:           "  espalier folds mine.toml --format csv > folds.csv",
		Args:              arguments,
		ValidArgsFunction: p.completeFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "csv" {
				return usage(fmt.Errorf("--format %q: no such format", format), "known: csv")
			}
			f, folder, err := p.parseFile(args[0], set)
			if err != nil {
				return err
			}
			s, err := p.prepare(f, folder, nil)
			if err != nil {
				return err
			}
			return p.writeFolds(s)
		},
	}
	cmd.Flags().StringVar(&format, "format", "csv", "csv")
	cmd.Flags().StringArrayVar(&set, "set", nil, "override `KEY=VALUE` of the sweep file; may be repeated")
	p.completeFlag(cmd, "format", fixed("csv"))
	return cmd
}

func (p *program) writeFolds(s *session) error {
	w := csv.NewWriter(p.out)
	if err := w.Write([]string{"row", "repeat", "fold"}); err != nil {
		return err
	}
	for repeat := range s.sweep.Repeats {
		// A row that no fold of a hold-out validates on keeps the empty string.
		assigned := make([]string, s.set.Rows)
		for k := range s.sweep.K {
			for _, row := range s.folds[repeat*s.sweep.K+k].Validation {
				assigned[row] = strconv.Itoa(k)
			}
		}
		for row, fold := range assigned {
			if err := w.Write([]string{strconv.Itoa(row), strconv.Itoa(repeat), fold}); err != nil {
				return err
			}
		}
	}
	w.Flush()
	return w.Error()
}
