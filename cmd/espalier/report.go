package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/search/report"
	"espalier/store"
)

// reportFlags are what report takes.
type reportFlags struct {
	output  string // file of the page
	figures string // folder
	model   string // file
	dpi     int
}

// reportCommand is report.
func (p *program) reportCommand() *cobra.Command {
	f := reportFlags{}
	cmd := &cobra.Command{
		Use:   "report [SWEEP]",
		Short: "one page with everything about a sweep; its figures",
		Long: `Shows what a sweep found, also while it runs. -o writes one HTML page that needs nothing else, to read in a browser
or to send: leaderboard, winner and what is tied with it, figures, failures, the test result, where the numbers
come from, the sweep file. --figures writes every figure as SVG and as PNG, and their captions as captions.md:
scores with their deviation, parallel coordinates, the axes' effects and importance, learning curves and
confusion matrix of the best point, its network, images the refit model gets wrong, samples and classes of
the data. What there is nothing for is left out, and captions.md says why; an earlier report's figure of that kind
is removed from DIR. A PNG has a box for letters beyond Latin, Greek, Cyrillic and Hebrew; an SVG has those that its reader's system knows.`,
		Example:           "  espalier report -o report.html\n  espalier report --figures figures\n  espalier report fashion-mlp --figures paper --dpi 600",
		Args:              arguments,
		ValidArgsFunction: p.completeSweeps,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.report(cmd.Context(), args, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "write the page to `FILE`; - is stdout")
	flags.StringVar(&f.figures, "figures", "", "write the figures into `DIR`")
	flags.StringVar(&f.model, "model", "", "the refit model's `FILE` (default NAME.espalier beside the store)")
	flags.IntVar(&f.dpi, "dpi", figureDPI, "dots per inch of PNG files")
	return cmd
}

// figureDPI is what journals ask for.
const figureDPI = 300

func (p *program) report(ctx context.Context, args []string, f reportFlags) error {
	if f.figures == "" && f.output == "" {
		return usage(errors.New("report: nothing asked for"), "-o FILE writes one page with everything", "--figures DIR writes the figures")
	}
	if f.dpi < 30 || f.dpi > 1200 {
		return usagef("--dpi %d: want 30 to 1200", f.dpi)
	}
	if f.output != "" {
		if err := p.checkPagePath(f.output); err != nil {
			return err
		}
	}
	return p.withEnrolment(ctx, args, func(l *store.Reader, e search.Enrolment, s *search.Sweep) error {
		m, err := p.material(ctx, l, s, f.model)
		if err != nil {
			return err
		}
		figures, left, err := report.Figures(ctx, m)
		if err != nil {
			return fmt.Errorf("report sweep %q: %w", s.File.Name, err)
		}
		if f.output != "" {
			if err := p.writePage(ctx, l, e, s, figures, left, f.output); err != nil {
				return err
			}
		}
		if f.figures == "" {
			return nil
		}
		return p.writeFigures(ctx, f.figures, f.dpi, figures, left)
	})
}
