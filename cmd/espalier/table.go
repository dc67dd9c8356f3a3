package main

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// sheet is a plain table: a header, aligned columns two spaces apart, no lines
// around it, so that it reads well on a terminal and cuts well in a pipe.
type sheet struct {
	header []string
	rows   [][]string
	left   map[int]bool // columns aligned left; the rest are numbers, aligned right
}

func newSheet(header ...string) *sheet {
	return &sheet{header: header, left: map[int]bool{}}
}

// alignLeft marks columns of words.
func (s *sheet) alignLeft(columns ...int) *sheet {
	for _, c := range columns {
		s.left[c] = true
	}
	return s
}

func (s *sheet) add(cells ...string) { s.rows = append(s.rows, cells) }

// write renders the table with an indent. width above 0 cuts lines that are longer.
func (s *sheet) write(w io.Writer, indent string, width int) error {
	t := s.writer()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	var b strings.Builder
	for _, line := range strings.Split(t.Render(), "\n") {
		b.WriteString(clip(strings.TrimRight(indent+line, " "), width))
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// width is how wide the table is without an indent, in columns of a terminal.
func (s *sheet) width() int {
	var b strings.Builder
	if err := s.write(&b, "", 0); err != nil {
		return 0
	}
	return text.LongestLineLen(b.String())
}

// markdown renders the table as GitHub reads it.
func (s *sheet) markdown(w io.Writer) error {
	_, err := io.WriteString(w, s.writer().RenderMarkdown()+"\n")
	return err
}

func (s *sheet) writer() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(asRow(s.header))
	configs := make([]table.ColumnConfig, len(s.header))
	for i := range s.header {
		align := text.AlignRight
		if s.left[i] {
			align = text.AlignLeft
		}
		configs[i] = table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align}
	}
	t.SetColumnConfigs(configs)
	for _, r := range s.rows {
		t.AppendRow(asRow(r))
	}
	return t
}

func asRow(cells []string) table.Row {
	row := make(table.Row, len(cells))
	for i, c := range cells {
		row[i] = c
	}
	return row
}

// sortedKeys are a map's keys in order: nothing printed may depend on map order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
