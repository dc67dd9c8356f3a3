package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/sjwhitworth/golearn/base"
)

// golearn reads a narrow kind of ARFF: it knows "real" and nominal types only, splits rows by the
// rules of CSV, and stops without an error at a line of 64 KiB. So the survey reads the whole
// of ARFF's dense form (quotes of either kind, escapes, numeric, integer, string), and hands each
// row on to golearn's reader in the form that it takes.

// maxARFFLine is below the line golearn's scanner stops at.
const maxARFFLine = 64<<10 - 1

// arffReader reads an ARFF file line by line.
type arffReader struct {
	in      *bufio.Reader
	line    int
	names   []string
	nominal [][]string // declared values of each column; nil: not nominal
	text    []bool     // string columns
}

func newARFFReader(f *os.File) *arffReader {
	return &arffReader{in: bufio.NewReaderSize(io.NewSectionReader(f, 0, 1<<62), 1<<16)}
}

// next is the next line that is neither blank nor a comment, trimmed; io.EOF after the last.
func (a *arffReader) next() (string, error) {
	for {
		var line []byte
		a.line++
		for {
			part, err := a.in.ReadSlice('\n')
			line = append(line, part...)
			if len(line) > maxRecord {
				return "", fmt.Errorf("line %d is longer than %d bytes", a.line, maxRecord)
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if err != nil && !errors.Is(err, io.EOF) {
				return "", err
			}
			if err != nil && len(line) == 0 {
				return "", io.EOF
			}
			break
		}
		text := strings.TrimSpace(string(line))
		if a.line == 1 {
			text = strings.TrimSpace(strings.TrimPrefix(text, "\uFEFF"))
		}
		if text != "" && text[0] != '%' {
			return text, nil
		}
	}
}

// header reads up to and with the @data line.
func (a *arffReader) header() error {
	for {
		text, err := a.next()
		if errors.Is(err, io.EOF) {
			return errors.New("no @data line: this is no ARFF file, or it is cut short")
		}
		if err != nil {
			return err
		}
		keyword, rest, _ := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
		switch strings.ToLower(keyword) {
		case "@relation":
		case "@data":
			if len(a.names) == 0 {
				return fmt.Errorf("line %d: @data before any @attribute", a.line)
			}
			return nil
		case "@attribute":
			if err := a.attribute(rest); err != nil {
				return fmt.Errorf("line %d: %w", a.line, err)
			}
			if len(a.names) > maxColumns {
				return fmt.Errorf("line %d: more than %d columns", a.line, maxColumns)
			}
		default:
			return fmt.Errorf("line %d: %q is no @relation, @attribute or @data", a.line, shorten(text))
		}
	}
}

// attribute reads what follows @attribute: a name and a type.
func (a *arffReader) attribute(text string) error {
	name, rest, err := arffToken(text, " {")
	if err != nil {
		return err
	}
	rest = strings.TrimSpace(rest)
	var values []string
	isText := false
	switch kind := strings.ToLower(rest); {
	case kind == "real" || kind == "numeric" || kind == "integer":
	case kind == "string":
		isText = true
	case strings.HasPrefix(rest, "{") && strings.HasSuffix(rest, "}"):
		values, err = arffFields(rest[1 : len(rest)-1])
		if err != nil {
			return err
		}
	default:
		return fmt.Errorf("attribute %q is of type %q; read are real, numeric, integer, string and {nominal}", name, shorten(rest))
	}
	a.names = append(a.names, name)
	a.nominal = append(a.nominal, values)
	a.text = append(a.text, isText)
	return nil
}

// row is the values of the next row; io.EOF after the last.
func (a *arffReader) row() ([]string, error) {
	text, err := a.next()
	if err != nil {
		return nil, err
	}
	if text[0] == '{' {
		return nil, fmt.Errorf("line %d: sparse rows are not read", a.line)
	}
	fields, err := arffFields(text)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", a.line, err)
	}
	return fields, nil
}

// surveyARFF looks at an ARFF file.
func surveyARFF(f *os.File, spec sheetSpec) (*survey, error) {
	a := newARFFReader(f)
	if err := a.header(); err != nil {
		return nil, err
	}
	s, err := newSurvey(a.names, spec)
	if err != nil {
		return nil, err
	}
	declared := make([]map[string]int, len(a.names))
	for i := range s.columns {
		c := &s.columns[i]
		category := a.text[i] || a.nominal[i] != nil
		if c.settled && c.category != category && !c.passedOver {
			return nil, fmt.Errorf("column %q is numeric in one place and categorical in another", c.name)
		}
		c.settled, c.category = true, category
		if a.nominal[i] != nil {
			declared[i] = positions(a.nominal[i])
		}
	}
	for {
		fields, err := a.row()
		if errors.Is(err, io.EOF) {
			return s.finish()
		}
		if err != nil {
			return nil, err
		}
		if err := s.add(fields, a.line); err != nil {
			return nil, err
		}
		for i, value := range fields {
			if _, ok := declared[i][value]; declared[i] != nil && !ok && !s.columns[i].passedOver {
				return nil, fmt.Errorf("row %d (line %d), column %q: %q is not among the declared values", s.rows, a.line, a.names[i], value)
			}
		}
		if n := len(arffLine(fields)); n > maxARFFLine {
			return nil, fmt.Errorf("row %d (line %d) takes %d bytes, at most %d are read", s.rows, a.line, n, maxARFFLine)
		}
	}
}

// parseARFF has golearn read the values.
func parseARFF(f *os.File, attributes []base.Attribute, grid base.UpdatableDataGrid) error {
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(w, 1<<16)
		w.CloseWithError(func() error {
			a := newARFFReader(f)
			if err := a.header(); err != nil {
				return err
			}
			out.WriteString("@data\n")
			for {
				fields, err := a.row()
				if errors.Is(err, io.EOF) {
					return out.Flush()
				}
				if err != nil {
					return err
				}
				if _, err := out.WriteString(arffLine(fields)); err != nil {
					return err
				}
			}
		}())
	}()
	defer r.Close() // ends the writer, should golearn stop early
	return base.ParseDenseARFFBuildInstancesFromReader(r, attributes, grid)
}

// arffLine is a row as golearn takes it: every value in double quotes, so that none looks like a comment.
func arffLine(fields []string) string {
	var b strings.Builder
	for i, field := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(field, `"`, `""`))
		b.WriteByte('"')
	}
	b.WriteByte('\n')
	return b.String()
}

// arffFields splits a row, or the values of a nominal type, at commas outside quotes.
func arffFields(text string) ([]string, error) {
	var fields []string
	for {
		field, rest, err := arffToken(text, ",")
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
		rest = strings.TrimSpace(rest)
		if rest == "" {
			return fields, nil
		}
		if rest[0] != ',' {
			return nil, fmt.Errorf("%q follows a quoted value, want a comma", shorten(rest))
		}
		text = rest[1:]
	}
}

// arffToken takes one value from the start of text: quoted, or up to a byte of stop.
func arffToken(text, stop string) (token, rest string, err error) {
	text = strings.TrimLeft(text, " \t")
	if text == "" || text[0] != '\'' && text[0] != '"' {
		at := strings.IndexAny(text, stop)
		if at < 0 {
			at = len(text)
		}
		return strings.TrimSpace(text[:at]), text[at:], nil
	}
	quote := text[0]
	var b []byte
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote:
			return strings.TrimSpace(string(b)), text[i+1:], nil
		case c == '\\' && i+1 < len(text):
			i++
			at := slices.Index([]byte("ntr"), text[i])
			if at >= 0 {
				b = append(b, ' ') // line breaks and tabs: white space, no more
			} else {
				b = append(b, text[i])
			}
		default:
			b = append(b, c)
		}
	}
	return "", "", fmt.Errorf("the quote of %q is never closed", shorten(text))
}

// shorten cuts foreign text for a message.
func shorten(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}
