package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"espalier/search"
)

// board is a leaderboard ready to be written: the rows chosen, in the order asked for.
type board struct {
	sweep     *search.Sweep
	all       search.Board // of every standing: the origin and the count of pending trials
	rows      []search.Standing
	columns   *columnSet
	chosen    []column // nil: the format's own choice
	precision int      // -1: the format's own choice
	changed   bool     // --only-changed
	width     int      // of the terminal; 0: unlimited
}

// formats of the leaderboard.
var boardFormats = []string{"table", "csv", "json", "md"}

// write writes the board in a format.
func (b *board) write(w io.Writer, format string) error {
	switch format {
	case "table":
		return b.writeTable(w)
	case "csv":
		return b.writeCSV(w)
	case "json":
		return b.writeJSON(w)
	case "md":
		return b.writeMarkdown(w)
	}
	return usage(fmt.Errorf("no format %q", format), suggestion(format, boardFormats))
}

// shown are the columns of a table: those asked for, or rank, trial, scores and
// axes, with the state only where it says something. Scores stand before the
// axes because a narrow terminal cuts lines at the end.
func (b *board) shown() []column {
	if b.chosen != nil {
		return b.drop(b.chosen)
	}
	names := []string{"rank"}
	if slices.ContainsFunc(b.rows, b.tied) {
		names = append(names, "tie")
	}
	names = append(names, "trial", "mean", "std", "se", "train", "gap", "best")
	if slices.ContainsFunc(b.rows, func(r search.Standing) bool { return r.State != search.Complete }) {
		names = append(names, "state")
	}
	columns, _ := b.columns.parse(names)
	return b.drop(append(columns, b.columns.axes()...))
}

// drop leaves out the axes that have one value over all rows, under --only-changed.
func (b *board) drop(columns []column) []column {
	if !b.changed {
		return columns
	}
	return slices.DeleteFunc(slices.Clone(columns), func(c column) bool {
		return c.axis && b.oneValued(c)
	})
}

// fitting are the columns of a table that its terminal has room for, and what is
// left out: axes first that have one value over all rows, then what follows from
// other columns or matters least. Axes that tell rows apart stay.
func (b *board) fitting() (columns []column, dropped []string) {
	columns = b.shown()
	if b.chosen != nil || b.width <= 0 || len(b.rows) == 0 {
		return columns, nil
	}
	fits := func() bool { return b.sheet(columns, b.places(4)).width() <= b.width }
	if fits() {
		return columns, nil
	}
	columns = slices.Clone(columns)
	columns = slices.DeleteFunc(columns, func(c column) bool {
		only := c.axis && b.oneValued(c)
		if only {
			dropped = append(dropped, printable(c.name)+"="+c.text(&b.rows[0], b.places(4)))
		}
		return only
	})
	for _, name := range []string{"best", "se", "gap", "train"} {
		if fits() {
			break
		}
		columns = slices.DeleteFunc(columns, func(c column) bool { return !c.axis && c.name == name })
		dropped = append(dropped, name)
	}
	return columns, dropped
}

// tied tells whether a row other than the leader is tied with it: then the mark is
// worth a column.
func (b *board) tied(r search.Standing) bool {
	tie, _ := b.columns.find("tie")
	return r.Rank > 1 && tie.value(&r) != nil
}

// tieNote explains the marks where a table has some.
func (b *board) tieNote(columns []column) string {
	for _, c := range columns {
		if c.name != "tie" || c.axis || !slices.ContainsFunc(b.rows, func(r search.Standing) bool { return c.value(&r) != nil }) {
			continue
		}
		return "= not told from the leader: " + search.TestName(b.sweep)
	}
	return ""
}

// oneValued tells whether a column has the same value in all rows.
func (b *board) oneValued(c column) bool {
	return !slices.ContainsFunc(b.rows, func(r search.Standing) bool {
		return compare(c.value(&r), c.value(&b.rows[0])) != 0
	})
}

// places are the digits after the point, where the user did not say.
func (b *board) places(otherwise int) int {
	if b.precision >= 0 {
		return b.precision
	}
	return otherwise
}

func (b *board) sheet(columns []column, precision int) *sheet {
	header := make([]string, len(columns))
	s := newSheet()
	for i, c := range columns {
		header[i] = printable(c.name)
		words := len(b.rows) > 0
		for j := range b.rows {
			if _, number := asNumber(c.value(&b.rows[j])); number {
				words = false
			}
		}
		if c.word || words {
			s.alignLeft(i)
		}
	}
	s.header = header
	for j := range b.rows {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = c.text(&b.rows[j], precision)
		}
		s.add(cells...)
	}
	return s
}

// origin says where the numbers come from, for people, in lines of a width.
func (b *board) origin(width int) string {
	return wrap(width, printable(b.all.Sweep), fmt.Sprintf("id %.12s", b.all.ID), fmt.Sprintf("data %s %.12s", printable(b.sweep.Data.Source), b.all.Data),
		"metric "+b.all.Metric, fmt.Sprintf("seed %d", b.all.Seed), "version "+b.all.Version, "kernel "+b.all.Kernel) + mixed(b.all.Mixed)
}

// mixed warns of numbers that need not be equal bit for bit.
func mixed(origins []string) string {
	if len(origins) == 0 {
		return ""
	}
	return "\nmixed: outcomes of " + strings.Join(origins, ", ") + " (--mix)"
}

func (b *board) writeTable(w io.Writer) error {
	columns, dropped := b.fitting()
	width := b.width
	if b.chosen == nil {
		width = 0 // a line too long even so is for the terminal to break: no axis is cut
	}
	if err := b.sheet(columns, b.places(4)).write(w, "", width); err != nil {
		return err
	}
	if len(dropped) > 0 {
		fmt.Fprintln(w, wrap(b.width, append([]string{"left out, the terminal is narrow:"}, dropped...)...))
	}
	if note := b.tieNote(columns); note != "" {
		if b.width > 0 && utf8.RuneCountInString(note) > b.width {
			note = strings.ReplaceAll(note, ", ", ",\n  ")
		}
		fmt.Fprintln(w, note)
	}
	if b.all.Pending > search.PendingShown {
		fmt.Fprintf(w, "%s pending in all\n", plural(b.all.Pending, "trial"))
	}
	_, err := fmt.Fprintln(w, "\n"+b.origin(b.width))
	return err
}

func (b *board) writeMarkdown(w io.Writer) error {
	if err := b.sheet(b.shown(), b.places(4)).markdown(w); err != nil {
		return err
	}
	if note := b.tieNote(b.shown()); note != "" {
		fmt.Fprintln(w, "\n"+note)
	}
	_, err := fmt.Fprintln(w, "\n"+strings.ReplaceAll(b.origin(0), "|", `\|`))
	return err
}

// writeCSV writes one line a row, numbers in full; without --columns the last
// columns say where the numbers come from.
func (b *board) writeCSV(w io.Writer) error {
	columns, withOrigin := b.chosen, false
	if columns == nil {
		withOrigin = true
		head, _ := b.columns.parse([]string{"rank", "trial", "state"})
		tail, _ := b.columns.parse([]string{"mean", "std", "train", "gap", "best", "trained", "folds"})
		columns = slices.Concat(head, b.columns.axes(), tail)
	}
	columns = b.drop(columns)
	word := func(text string) string { return text }
	if isTerminal(w) { // a file gets names as they are; a terminal would obey them
		word = printable
	}
	out := csv.NewWriter(w)
	var record []string
	for _, c := range columns {
		record = append(record, word(c.name))
	}
	if withOrigin {
		record = append(record, "sweep", "id", "data", "metric", "seed", "version", "kernel")
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for j := range b.rows {
		record = record[:0]
		for _, c := range columns {
			record = append(record, word(c.plain(&b.rows[j], b.places(-1))))
		}
		if withOrigin {
			a := b.all
			record = append(record, word(a.Sweep), a.ID.String(), a.Data, a.Metric, strconv.FormatUint(a.Seed, 10), a.Version, a.Kernel)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// writeJSON writes the contract's form; with --columns the rows have those
// fields instead, axes under "params".
func (b *board) writeJSON(w io.Writer) error {
	all := b.all
	all.Rows = search.NewBoard(b.sweep, b.rows, all.Version).Rows
	if b.chosen == nil && b.precision < 0 && !b.changed {
		data, err := all.JSON()
		if err != nil {
			return fmt.Errorf("write leaderboard: %w", err)
		}
		_, err = w.Write(data)
		return err
	}
	all.Rows = []search.BoardRow{}
	head, err := all.JSON()
	if err != nil {
		return fmt.Errorf("write leaderboard: %w", err)
	}
	var buf bytes.Buffer
	buf.Write(bytes.TrimSuffix(head, []byte("]}\n")))
	for i := range b.rows {
		if i > 0 {
			buf.WriteByte(',')
		}
		b.jsonRow(&buf, &b.rows[i])
	}
	buf.WriteString("]}\n")
	_, err = w.Write(buf.Bytes())
	return err
}

// field is one member of a JSON object, in the order written.
type field struct {
	name  string
	value any
}

// jsonRow writes the chosen columns of one row; without --columns the contract's.
func (b *board) jsonRow(buf *bytes.Buffer, r *search.Standing) {
	columns, contract := b.chosen, b.chosen == nil
	if contract {
		head, _ := b.columns.parse([]string{"rank", "trial"})
		tail, _ := b.columns.parse([]string{"mean", "std"})
		columns = slices.Concat(head, b.columns.axes(), tail)
	}
	params := map[string]any{}
	var fields []field
	for _, c := range b.drop(columns) {
		if !c.axis {
			fields = append(fields, field{c.name, b.number(c.value(r))})
			continue
		}
		if len(params) == 0 && !slices.ContainsFunc(fields, func(f field) bool { return f.name == "params" }) {
			fields = append(fields, field{"params", params})
		}
		if v, active := r.Trial.Point.Values[c.name]; active {
			params[c.name] = v
		}
	}
	if contract {
		folds := make([]any, len(r.Folds))
		for i, v := range r.Folds {
			folds[i] = b.number(v)
		}
		fields = append(fields, field{"folds", folds}, field{"state", string(r.State)})
	}
	buf.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			buf.WriteByte(',')
		}
		encode(buf, f.name)
		buf.WriteByte(':')
		encode(buf, f.value)
	}
	buf.WriteByte('}')
}

// number is a value as JSON has it: null for NaN, rounded where --precision says so.
func (b *board) number(v any) any {
	f, ok := v.(float64)
	switch {
	case !ok:
		return v
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil
	case b.precision >= 0:
		if r, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', b.precision, 64), 64); err == nil {
			return r
		}
	}
	return f
}

// encode writes a value of a sweep file or a board as JSON, <, > and & as they are.
func encode(buf *bytes.Buffer, v any) {
	e := json.NewEncoder(buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		fmt.Fprintf(buf, "%q\n", err)
	}
	buf.Truncate(buf.Len() - 1) // the line feed
}
