package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sjwhitworth/golearn/base"
)

// csvBody is a CSV file without the byte order mark some programs put before it.
func csvBody(f *os.File) (*io.SectionReader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var mark [3]byte
	start := int64(0)
	if _, err := f.ReadAt(mark[:], 0); err == nil && bytes.Equal(mark[:], []byte("\uFEFF")) {
		start = int64(len(mark))
	}
	return io.NewSectionReader(f, start, info.Size()-start), nil
}

// surveyCSV looks at a CSV file as RFC 4180 has it: commas, a first record of names, a value for
// every column in every record.
func surveyCSV(f *os.File, spec sheetSpec) (*survey, error) {
	body, err := csvBody(f)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(&recordGuard{in: bufio.NewReaderSize(body, 1<<16), line: 1})
	r.ReuseRecord = true
	r.FieldsPerRecord = -1 // the survey counts, and says more
	names, err := r.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("empty, wants a line of column names")
		}
		return nil, csvError(err)
	}
	s, err := newSurvey(names, spec)
	if err != nil {
		return nil, err
	}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s.finish()
		}
		if err != nil {
			return nil, csvError(err)
		}
		line, _ := r.FieldPos(0)
		if err := s.add(fields, line); err != nil {
			return nil, err
		}
	}
}

// csvError drops the package's own prefix.
func csvError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d, column %d: %w", parse.Line, parse.Column, parse.Err)
	}
	return err
}

// parseCSV has golearn read the values.
func parseCSV(f *os.File, attributes []base.Attribute, grid base.UpdatableDataGrid) error {
	body, err := csvBody(f)
	if err != nil {
		return err
	}
	return base.ParseCSVBuildInstancesFromReader(body, attributes, true, grid)
}

// recordGuard stops a CSV stream at a record that is too long or too wide, before a reader has to
// hold it. Quotes are counted: a line break between two belongs to the record.
type recordGuard struct {
	in     *bufio.Reader
	line   int
	size   int
	commas int
	quoted bool
}

func (g *recordGuard) Read(p []byte) (int, error) {
	n, err := g.in.Read(p)
	for _, b := range p[:n] {
		g.size++
		switch {
		case b == '"':
			g.quoted = !g.quoted
		case b == '\n':
			g.line++
			if !g.quoted {
				g.size, g.commas = 0, 0
			}
		case b == ',' && !g.quoted:
			g.commas++
		}
		if g.commas >= maxColumns {
			return 0, fmt.Errorf("line %d: more than %d columns", g.line, maxColumns)
		}
		if g.size > maxRecord {
			return 0, fmt.Errorf("line %d: a record of more than %d bytes (a quote that is never closed?)", g.line, maxRecord)
		}
	}
	return n, err
}
