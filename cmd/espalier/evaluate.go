package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"espalier/trainer"
	"espalier/trainer/dataset"
)

// evaluateCommand is evaluate. The model file holds no path to its data: where
// the rows come from is said on the command line, and they must match.
func (p *program) evaluateCommand() *cobra.Command {
	o := dataset.Options{}
	var target string
	var train bool
	cmd := &cobra.Command{
		Use:   "evaluate MODEL",
		Short: "loss, accuracy, per-class table, confusion matrix on test rows",
		Long: `Evaluates a model file on the test rows of a data source: those the model's sweep was told of, or --data.
Rows are prepared as the model file says, so raw pixels or cells are what it needs.`,
		Example: `  espalier evaluate quickstart.espalier --data fashion-mnist-mini
  espalier evaluate flowers.espalier --data flowers.csv --test more-flowers.csv`,
		Args: arguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if target != "" {
				o.Target = target
			}
			return p.evaluate(cmd.Context(), args[0], o, train)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Source, "data", "", "the data `SOURCE`: a known name, a folder of IDX files, a .csv or .arff file")
	flags.StringVar(&o.Test, "test", "", "tables: `FILE` of the test rows")
	flags.Float64Var(&o.TestFraction, "test-fraction", 0, "tables: hold this `SHARE` apart, as the sweep file did")
	flags.Uint64Var(&o.Seed, "seed", 0, "with --test-fraction: the sweep's `SEED`")
	flags.StringVar(&target, "target", "", "tables: the class `COLUMN` (default the last)")
	flags.BoolVar(&train, "train-rows", false, "evaluate on the training rows instead")
	p.completeFlag(cmd, "data", p.completeSources)
	return cmd
}

// testBatch is how many rows the time per batch is told for.
const testBatch = 128

func (p *program) evaluate(ctx context.Context, path string, o dataset.Options, train bool) error {
	m, err := p.readModel(path)
	if err != nil {
		return err
	}
	view, set, err := p.modelRows(m, path, o, train)
	if err != nil {
		return err
	}
	classes := set.Classes
	start := time.Now()
	e, err := m.Evaluate(ctx, view)
	took := time.Since(start)
	if i := interruptionOf(ctx); i != nil {
		return &failure{err: i, code: i.code()}
	}
	if err != nil {
		return fmt.Errorf("evaluate %q: %w", path, err)
	}
	batches := (e.Rows + testBatch - 1) / testBatch
	fmt.Fprintf(p.out, "rows      %s\nloss      %.4f\naccuracy  %.4f ± %.4f (standard error)\nmacro     precision %.4f  recall %.4f  f1 %.4f\ntime      %s, %s per batch of %d\n",
		thousands(int64(e.Rows)), e.Scores.Loss, e.Scores.Accuracy, standardError(e.Scores.Accuracy, e.Rows),
		e.Scores.Precision, e.Scores.Recall, e.Scores.F1, durationText(took), durationText(took/time.Duration(max(batches, 1))), testBatch)
	if !train {
		if err := p.recordTest(ctx, m, path, set.Info, e); err != nil {
			return err
		}
	}
	fmt.Fprintln(p.out)
	if err := classTable(classes, e.Classes).write(p.out, "", terminalWidth(p.out)); err != nil {
		return err
	}
	if err := writeConfusion(p.out, classes, e.Confusion); err != nil {
		return err
	}
	return writeConfused(p.out, classes, e.Confusion, 5)
}

// modelRows loads rows for a model and prepares them as it was taught.
func (p *program) modelRows(m *trainer.Model, path string, o dataset.Options, train bool) (dataset.View, *dataset.Set, error) {
	var none dataset.View
	if o.Source == "" {
		return none, nil, usage(fmt.Errorf("evaluate %q: on what data?", path), "--data SOURCE, such as fashion-mnist or test.csv")
	}
	folder, err := filepath.Abs(".")
	if err != nil {
		return none, nil, err
	}
	o.Folder, o.Memory = folder, rowMemory()
	set, err := dataset.Load(o)
	if err != nil {
		return none, nil, sourceFailure(err)
	}
	if err := m.Prep.Match(set.Info, m.Classes); err != nil {
		return none, nil, fmt.Errorf("evaluate %q on %q: %w", path, o.Source, err)
	}
	rows := set.Test
	if train {
		rows = set.Train
	} else if rows == nil {
		return none, nil, usage(fmt.Errorf("evaluate %q: %q has no test rows", path, o.Source),
			"tables: --test FILE, or --test-fraction and --seed as in the sweep file", "--train-rows evaluates on the training rows")
	}
	view := dataset.NewView(rows, nil, m.Prep)
	if view.Unknown > 0 {
		p.warn(fmt.Sprintf("%s with a level that no training row had: all its columns are zero", plural(view.Unknown, "cell")))
	}
	return view, set, nil
}

// writeConfusion prints the matrix: rows are true classes, columns predicted ones by number.
func writeConfusion(w io.Writer, classes []string, confusion []int) error {
	k := len(classes)
	if k > 40 || len(confusion) != k*k {
		return nil // nobody reads a wider one
	}
	fmt.Fprintln(w, "\nconfusion: rows are true, columns predicted")
	header := []string{"", ""}
	for c := range k {
		header = append(header, strconv.Itoa(c))
	}
	t := newSheet(header...).alignLeft(1)
	for c, name := range classes {
		row := []string{strconv.Itoa(c), printable(name)}
		for o := range k {
			n := confusion[c*k+o]
			if n == 0 {
				row = append(row, "·")
			} else {
				row = append(row, strconv.Itoa(n))
			}
		}
		t.add(row...)
	}
	return t.write(w, "", 0)
}

// writeConfused prints the pairs of classes taken for one another most often.
func writeConfused(w io.Writer, classes []string, confusion []int, top int) error {
	type pair struct{ a, b, n, rows int }
	k := len(classes)
	if len(confusion) != k*k {
		return nil
	}
	var pairs []pair
	for a := range k {
		rows := 0
		for b := range k {
			rows += confusion[a*k+b]
		}
		for b := range k {
			if n := confusion[a*k+b]; a != b && n > 0 {
				pairs = append(pairs, pair{a, b, n, rows})
			}
		}
	}
	slices.SortStableFunc(pairs, func(x, y pair) int { return y.n - x.n })
	if len(pairs) == 0 {
		_, err := fmt.Fprintln(w, "\nno row is taken for another class")
		return err
	}
	fmt.Fprintln(w, "\nmost confused")
	t := newSheet("true", "taken for", "rows", "share").alignLeft(0, 1)
	for _, c := range pairs[:min(top, len(pairs))] {
		t.add(printable(classes[c.a]), printable(classes[c.b]), strconv.Itoa(c.n), fmt.Sprintf("%.1f %%", 100*float64(c.n)/float64(c.rows)))
	}
	return t.write(w, "", 0)
}

// standardError is that of a share counted over so many rows.
func standardError(share float64, rows int) float64 {
	return math.Sqrt(share * (1 - share) / float64(max(rows, 1)))
}
