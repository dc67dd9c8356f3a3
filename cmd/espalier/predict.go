package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"espalier/trainer"
	"espalier/trainer/dataset"
)

// predictFormats are what predict writes.
var predictFormats = []string{"table", "csv", "json"}

// predictCommand is predict. What kind of rows a file holds is told by its
// extension; a file without a known one is taken for IDX, which checks itself.
func (p *program) predictCommand() *cobra.Command {
	var format string
	var invert bool
	var top int
	cmd := &cobra.Command{
		Use:   "predict MODEL FILE…",
		Short: "classes and probabilities for images or table rows",
		Long: `Predicts the class of PNG or JPEG pictures (fitted to the model's size, turned to grey where it wants that), of
all images of an IDX file, or of the rows of a CSV file that has the columns the model was trained on.
Pictures of Fashion-MNIST are light on black; --invert turns a dark-on-light one around.`,
		Example: `  espalier predict quickstart.espalier shoe.png --invert
  espalier predict quickstart.espalier t10k-images-idx3-ubyte.gz --format csv > classes.csv
  espalier predict flowers.espalier new.csv --format json`,
		Args: arguments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(predictFormats, format) {
				return usage(fmt.Errorf("--format %q: no such format", format), suggestion(format, predictFormats))
			}
			return p.predict(cmd.Context(), args[0], args[1:], format, invert, top)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "table, csv or json")
	cmd.Flags().BoolVar(&invert, "invert", false, "turn light and dark of pictures around")
	cmd.Flags().IntVar(&top, "top", 3, "show the `N` most probable classes in the table")
	p.completeFlag(cmd, "format", fixed(predictFormats...))
	return cmd
}

// prediction is the answer for one row of one file.
type prediction struct {
	file          string
	row           int // from 1
	probabilities []float32
}

// best is the most probable class; the first on ties.
func (r prediction) best() int {
	best := 0
	for c, q := range r.probabilities {
		if q > r.probabilities[best] {
			best = c
		}
	}
	return best
}

func (p *program) predict(ctx context.Context, path string, files []string, format string, invert bool, top int) error {
	m, err := p.readModel(path)
	if err != nil {
		return err
	}
	var all []prediction
	for _, file := range files {
		view, err := p.predictRows(m, file, invert)
		if err != nil {
			return err
		}
		probabilities, err := m.Predict(ctx, view)
		if i := interruptionOf(ctx); i != nil {
			return &failure{err: i, code: i.code()}
		}
		if err != nil {
			return fmt.Errorf("predict %q: %w", file, err)
		}
		k := len(m.Classes)
		for row := range view.Len() {
			all = append(all, prediction{file, row + 1, probabilities[row*k : (row+1)*k]})
		}
	}
	switch format {
	case "csv":
		return p.predictCSV(m.Classes, all)
	case "json":
		return p.predictJSON(m, all)
	}
	return p.predictTable(m.Classes, all, top)
}

// predictRows reads what a file holds as rows for the model.
func (p *program) predictRows(m *trainer.Model, file string, invert bool) (dataset.View, error) {
	shape := m.Prep.Shape
	plain, compressed := strings.CutSuffix(file, ".gz")
	kind := strings.ToLower(filepath.Ext(plain))
	if compressed && slices.Contains([]string{".csv", ".png", ".jpg", ".jpeg"}, kind) {
		return dataset.View{}, hint(fmt.Errorf("predict %q: of compressed files only IDX is read", file), "gunzip it first")
	}
	switch kind {
	case ".csv":
		view, err := m.Prep.ReadTable(file, rowMemory())
		if err == nil && view.Unknown > 0 {
			p.warn(fmt.Sprintf("%s: %s with a level that no training row had: all its columns are zero", file, plural(view.Unknown, "cell")))
		}
		return view, err
	case ".png", ".jpg", ".jpeg":
		if m.Prep.Kind != dataset.Images {
			return dataset.View{}, fmt.Errorf("predict %q: the model is for a table, not for pictures", file)
		}
		pic, err := readPicture(file, shape[0], shape[1], shape[2], invert)
		if err != nil {
			return dataset.View{}, err
		}
		if pic.light {
			p.warn(fmt.Sprintf("%s looks dark on a light ground; if the model was trained on light on dark, as Fashion-MNIST is, use --invert", file))
		}
		return dataset.NewImageView(pic.pixels, 1, m.Prep)
	}
	pixels, n, have, err := dataset.ReadImages(file, rowMemory())
	if err != nil {
		return dataset.View{}, hint(err, "predict reads .png, .jpg, .csv and IDX files")
	}
	if !slices.Equal(have, shape) {
		return dataset.View{}, fmt.Errorf("predict %q: images of %s, the model wants %s", file, shapeText(have), shapeText(shape))
	}
	if invert {
		for i, v := range pixels {
			pixels[i] = 255 - v
		}
	}
	return dataset.NewImageView(pixels, n, m.Prep)
}

func (p *program) predictTable(classes []string, all []prediction, top int) error {
	if top < 1 {
		return usage(errors.New("--top: want a number from 1"))
	}
	rows := slices.ContainsFunc(all, func(r prediction) bool { return r.row > 1 })
	t := newSheet("file", "class", "probability", "then").alignLeft(0, 1, 3)
	for _, r := range all {
		name := printable(r.file)
		if rows {
			name += ":" + strconv.Itoa(r.row)
		}
		order := make([]int, len(classes))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case r.probabilities[a] > r.probabilities[b]:
				return -1
			case r.probabilities[a] < r.probabilities[b]:
				return 1
			}
			return 0
		})
		var then []string
		for _, c := range order[1:min(top, len(order))] {
			then = append(then, fmt.Sprintf("%s %.4f", printable(classes[c]), r.probabilities[c]))
		}
		t.add(name, printable(classes[order[0]]), fmt.Sprintf("%.4f", r.probabilities[order[0]]), strings.Join(then, ", "))
	}
	return t.write(p.out, "", terminalWidth(p.out))
}

func (p *program) predictCSV(classes []string, all []prediction) error {
	name := func(text string) string { return text }
	if isTerminal(p.out) { // a file gets names as they are; a terminal would obey them
		name = printable
	}
	names := make([]string, len(classes))
	for i, c := range classes {
		names[i] = name(c)
	}
	w := csv.NewWriter(p.out)
	if err := w.Write(append([]string{"file", "row", "class"}, names...)); err != nil {
		return err
	}
	for _, r := range all {
		record := []string{name(r.file), strconv.Itoa(r.row), names[r.best()]}
		for _, q := range r.probabilities {
			record = append(record, strconv.FormatFloat(float64(q), 'g', -1, 32))
		}
		if err := w.Write(record); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// predictJSON writes the model's origin and one object a row, probabilities in order of "classes".
func (p *program) predictJSON(m *trainer.Model, all []prediction) error {
	type row struct {
		File          string    `json:"file"`
		Row           int       `json:"row"`
		Class         string    `json:"class"`
		Probabilities []float32 `json:"probabilities"`
	}
	out := struct {
		Sweep   string   `json:"sweep"`
		ID      string   `json:"id"`
		Trial   string   `json:"trial"`
		Data    string   `json:"data"`
		Seed    uint64   `json:"seed"`
		Version string   `json:"version"`
		Kernel  string   `json:"kernel"`
		Classes []string `json:"classes"`
		Rows    []row    `json:"rows"`
	}{m.Provenance.Sweep, m.Provenance.SweepID, m.Provenance.Trial, m.Provenance.Data, m.Provenance.Seed,
		m.Provenance.Version, m.Provenance.Kernel, m.Classes, []row{}}
	for _, r := range all {
		out.Rows = append(out.Rows, row{r.file, r.row, m.Classes[r.best()], r.probabilities})
	}
	return p.writeJSON(out)
}
