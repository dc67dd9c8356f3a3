package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"espalier/trainer"
)

// summaryCommand is summary, for a model file and for a sweep file alike.
func (p *program) summaryCommand() *cobra.Command {
	var set []string
	cmd := &cobra.Command{
		Use:   "summary FILE|MODEL",
		Short: "the layer table of each distinct model",
		Long: `Prints output shapes and parameter counts layer by layer, as Keras does: of a model file, or of each distinct
model of a sweep's grid.`,
		Example:           "  espalier summary mlp-grid-1\n  espalier summary quickstart.espalier",
		Args:              arguments,
		ValidArgsFunction: p.completeFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if isModelFile(args[0]) {
				m, err := p.readModel(args[0])
				if err != nil {
					return err
				}
				return writeSummary(p.out, m.Config.Summary(), terminalWidth(p.out))
			}
			f, folder, err := p.parseFile(args[0], set)
			if err != nil {
				return err
			}
			s, err := p.prepare(f, folder, nil)
			if err != nil {
				return err
			}
			models, complete, err := distinctModels(s.sweep, s.sweep.Plan(false).Counted)
			if err != nil {
				return sweepFailure(err)
			}
			for i, m := range models {
				if i > 0 {
					fmt.Fprintln(p.out)
				}
				if len(models) > 1 {
					fmt.Fprintln(p.out, paramsText(m.values))
				}
				if err := writeSummary(p.out, m.config.Summary(), terminalWidth(p.out)); err != nil {
					return err
				}
			}
			if !complete {
				fmt.Fprintf(p.out, "\nand more: the first %d distinct models are shown\n", len(models))
			}
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&set, "set", nil, "override `KEY=VALUE` of the sweep file; may be repeated")
	return cmd
}

// writeSummary prints a layer table.
func writeSummary(w io.Writer, s trainer.Summary, width int) error {
	t := newSheet("layer", "type", "output", "parameters").alignLeft(0, 1, 2)
	for _, l := range s.Layers {
		t.add(printable(l.Name), l.Type, shapeText(l.Output), grouped(strconv.FormatInt(l.Params, 10)))
	}
	if err := t.write(w, "", width); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "total %s, trainable %s, non-trainable %s\n", grouped(strconv.FormatInt(s.Total, 10)),
		grouped(strconv.FormatInt(s.Trainable, 10)), grouped(strconv.FormatInt(s.NonTrainable, 10)))
	return err
}

// shapeText writes a shape as "28 × 28 × 1".
func shapeText(shape []int) string {
	parts := make([]string, len(shape))
	for i, n := range shape {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, " × ")
}
