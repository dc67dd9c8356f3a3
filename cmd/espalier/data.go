package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"espalier/folds"
	"espalier/search/report"
	"espalier/trainer/dataset"
)

// dataCommand is data, a verb with verbs of its own.
func (p *program) dataCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "known data sets: list, show, fetch",
		Example: `  espalier data ls
  espalier data show fashion-mnist-mini
  espalier data fetch fashion-mnist`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return usage(fmt.Errorf("no verb %q of data", args[0]), suggestion(args[0], []string{"ls", "show", "fetch"}))
		},
	}
	cmd.AddCommand(p.dataLsCommand(), p.dataShowCommand(), p.dataFetchCommand())
	return cmd
}

func (p *program) dataLsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "ls",
		Short:   "known data sets and where they are",
		Example: "  espalier data ls",
		Args:    arguments,
		RunE: func(*cobra.Command, []string) error {
			t := newSheet("name", "where", "what").alignLeft(0, 1, 2)
			for _, k := range dataset.Known(".") {
				where := k.Found
				switch {
				case k.Embedded:
					where = "in the program"
				case where == "":
					where = "not here: espalier data fetch " + k.Name
				}
				t.add(k.Name, printable(where), k.Description)
			}
			return t.write(p.out, "", 0)
		},
	}
}

func (p *program) dataShowCommand() *cobra.Command {
	o := dataset.Options{}
	var target string
	f := showFlags{}
	cmd := &cobra.Command{
		Use:   "show SOURCE",
		Short: "class counts, splits and sample images",
		Example: `  espalier data show fashion-mnist
  espalier data show flowers.csv --target species
  espalier data show fashion-mnist --figures figures --folds 5`,
		Args:              arguments,
		ValidArgsFunction: p.completeSources,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Source = args[0]
			if target != "" {
				o.Target = target
			}
			return p.dataShow(cmd.Context(), o, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&target, "target", "", "tables: the class `COLUMN` (default the last)")
	flags.StringVar(&o.Test, "test", "", "tables: `FILE` of the test rows")
	flags.IntVar(&o.Limit, "limit", 0, "the first `N` training rows only")
	flags.IntVar(&f.images, "images", 1, "draw `N` images of each class")
	flags.StringVar(&f.figures, "figures", "", "write one image of each class and the class distribution into `DIR`, as SVG and PNG")
	flags.IntVar(&f.folds, "folds", 0, "with --figures: show the validation rows of `K` stratified folds too")
	return cmd
}

// showFlags are what data show takes beside what loads the data.
type showFlags struct {
	images  int
	figures string // folder
	folds   int
}

func (p *program) dataShow(ctx context.Context, o dataset.Options, f showFlags) error {
	if f.folds != 0 && (f.folds < 2 || f.figures == "") {
		return usagef("--folds %d: want 2 or more, and --figures DIR with it", f.folds)
	}
	folder, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	o.Folder, o.Memory = folder, rowMemory()
	set, err := dataset.Load(o)
	if err != nil {
		return sourceFailure(err)
	}
	if f.figures != "" {
		var cut []folds.Fold
		if f.folds > 0 {
			labels := make([]int, set.Train.N)
			for i, l := range set.Train.Labels {
				labels[i] = int(l)
			}
			if cut, err = folds.Stratified(labels, f.folds, folds.Options{Warn: p.warn}); err != nil {
				return usage(err)
			}
		}
		figures, left := report.DataFigures(set, cut)
		before, err := figuresOf(f.figures)
		if err == nil {
			err = before.checkOthers(figures, left)
		}
		if err != nil {
			return figureFailure(f.figures, err)
		}
		return p.writeFigures(ctx, f.figures, figureDPI, figures, left)
	}
	w := p.out
	fmt.Fprintf(w, "%s  %s of %s, %s in memory\nfingerprint %s\n\n", printable(set.Source), set.Kind, shapeText(set.Shape), bytesText(set.Bytes), set.Fingerprint)
	header := []string{"label", "class", "train", "share"}
	if set.Test != nil {
		header = append(header, "test", "share")
	}
	t := newSheet(header...).alignLeft(1)
	k := len(set.Classes)
	train := set.Train.Counts(k)
	var test []int
	if set.Test != nil {
		test = set.Test.Counts(k)
	}
	share := func(n, of int) string { return fmt.Sprintf("%.1f %%", 100*ratio(float64(n), of)) }
	for c, name := range set.Classes {
		row := []string{strconv.Itoa(c), printable(name), strconv.Itoa(train[c]), share(train[c], set.Rows)}
		if test != nil {
			row = append(row, strconv.Itoa(test[c]), share(test[c], set.TestRows))
		}
		t.add(row...)
	}
	total := []string{"", "all", strconv.Itoa(set.Rows), ""}
	if test != nil {
		total = append(total, strconv.Itoa(set.TestRows), "")
	}
	t.add(total...)
	if err := t.write(w, "", terminalWidth(w)); err != nil {
		return err
	}
	if set.Kind == dataset.Images {
		return drawSamples(w, set, f.images, terminalWidth(w))
	}
	fmt.Fprintln(w)
	columns := newSheet("column", "kind", "levels").alignLeft(0, 1, 2)
	for i, c := range set.Columns {
		kind, levels := "number", ""
		if c.Categorical {
			kind, levels = "category", strconv.Itoa(len(set.Train.Levels[i]))
		}
		columns.add(printable(c.Name), kind, levels)
	}
	return columns.write(w, "", terminalWidth(w))
}

func (p *program) dataFetchCommand() *cobra.Command {
	var folder, from string
	cmd := &cobra.Command{
		Use:   "fetch SOURCE",
		Short: "download a known data set, with checksums",
		Long: `Downloads a known data set into the user's cache folder, where every sweep finds it. Each file is checked by
SHA-256 and placed only when it is whole; what was downloaded before an interruption is kept.`,
		Example:           "  espalier data fetch fashion-mnist",
		Args:              arguments,
		ValidArgsFunction: p.completeSources,
		RunE: func(cmd *cobra.Command, args []string) error {
			p.graceful.Store(true)
			return p.fetch(cmd.Context(), args[0], folder, from)
		},
	}
	cmd.Flags().StringVar(&folder, "to", "", "put it into `FOLDER`/SOURCE instead")
	cmd.Flags().StringVar(&from, "from", "", "download from the mirror at `URL`; the checksums stay the publisher's")
	return cmd
}

// completeSources completes the names of known data sets, and files.
func (p *program) completeSources(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []string
	for _, k := range dataset.Known(".") {
		names = append(names, k.Name)
	}
	return startingWith(names, word), cobra.ShellCompDirectiveDefault
}
