package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

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
		if err := clearFigures(f.figures, filepath.Join(f.figures, "captions.md"), figures); err != nil {
			return usagef("write figures to %q: %w", f.figures, pathless(err))
		}
		return p.writeFigures(ctx, f.figures, f.dpi, figures, left)
	})
}

// writeFigures writes figures into a folder, as SVG and PNG, with their captions.
func (p *program) writeFigures(ctx context.Context, folder string, dpi int, figures []*report.Figure, left []report.Omission) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return usagef("write figures to %q: %w", folder, pathless(err))
	}
	var wait sync.WaitGroup
	failures := make([]error, len(figures))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, f := range figures {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if ctx.Err() == nil {
				failures[i] = writeFigure(folder, dpi, f)
			}
		})
	}
	wait.Wait()
	if i := interruptionOf(ctx); i != nil {
		return &failure{err: i, code: i.code()}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "captions.md"), []byte(captions(figures, left)), 0o644); err != nil {
		return fmt.Errorf("write figures to %q: %w", folder, err)
	}
	t := newSheet("figure", "shows").alignLeft(0, 1)
	for _, f := range figures {
		t.add(printable(filepath.Join(folder, f.ID))+".svg .png", printable(f.Title))
	}
	for _, o := range left {
		p.say("no %s: %s", o.ID, printable(o.Reason))
	}
	return t.write(p.out, "", terminalWidth(p.out))
}

// clearFigures removes of the figures that a folder's list of captions names those
// that are not among the new ones: beside them they would pass for theirs.
func clearFigures(folder, list string, figures []*report.Figure) error {
	before, err := os.ReadFile(list)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if !strings.HasPrefix(string(before), captionsTitle) {
		return nil
	}
	for _, link := range captionsLinks.FindAllStringSubmatch(string(before), -1) {
		id := link[1]
		if id != link[2] || slices.ContainsFunc(figures, func(f *report.Figure) bool { return f.ID == id }) {
			continue
		}
		for _, suffix := range []string{".svg", ".png"} {
			if err := os.Remove(filepath.Join(folder, id+suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func writeFigure(folder string, dpi int, f *report.Figure) error {
	svg, err := f.SVG()
	if err != nil {
		return err
	}
	png, err := f.PNG(dpi)
	if err != nil {
		return err
	}
	for suffix, data := range map[string][]byte{".svg": svg, ".png": png} {
		if err := os.WriteFile(filepath.Join(folder, f.ID+suffix), data, 0o644); err != nil {
			return fmt.Errorf("write figures to %q: %w", folder, err)
		}
	}
	return nil
}

const captionsTitle = "# Figures\n"

// captionsLinks finds the figures that a list of captions shows.
var captionsLinks = regexp.MustCompile(`(?m)^!\[([a-z-]+)\]\(([a-z-]+)\.svg\)$`)

// captions is the list of figures for whoever puts them into a paper.
func captions(figures []*report.Figure, left []report.Omission) string {
	var b strings.Builder
	b.WriteString(captionsTitle)
	for _, f := range figures {
		fmt.Fprintf(&b, "\n## %s\n\n**%s.** %s\n\n![%s](%s.svg)\n", f.ID, markdownText(f.Title), markdownText(f.Caption), f.ID, f.ID)
	}
	if len(left) > 0 {
		b.WriteString("\n## Left out\n\n")
		for _, o := range left {
			fmt.Fprintf(&b, "- %s: %s\n", o.Title, markdownText(o.Reason))
		}
	}
	if len(figures) > 0 {
		fmt.Fprintf(&b, "\n%s\n", markdownText(figures[0].Origin))
	}
	return b.String()
}

// markdownText takes from a text what Markdown would read as more than text.
func markdownText(text string) string {
	return strings.NewReplacer("<", "&lt;", ">", "&gt;", "&", "&amp;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "|", `\|`).Replace(printable(text))
}
