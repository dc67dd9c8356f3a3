package exchange

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// CSV writes the rows with a header line, numbers in full, and gives their count.
func (s Source) CSV(ctx context.Context, w io.Writer) (rows int, err error) {
	columns := s.columns()
	out := csv.NewWriter(w)
	record := make([]string, len(columns))
	for i, c := range columns {
		record[i] = c.name
	}
	if err := out.Write(record); err != nil {
		return 0, err
	}
	rows, err = s.rows(ctx, func(r *Run, epoch int) error {
		for i := range columns {
			record[i] = cell(columns[i].value(r, epoch))
		}
		return out.Write(record)
	})
	if err != nil {
		return rows, err
	}
	out.Flush()
	return rows, out.Error()
}

// cell is a value as CSV has it.
func cell(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// JSON writes one object: where the numbers come from as the leaderboard has it, and "rows", one a line, and gives
// their count.
func (s Source) JSON(ctx context.Context, w io.Writer) (rows int, err error) {
	columns := s.columns()
	head, err := s.head().JSON()
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	out.Write(bytes.TrimSuffix(head, []byte("]}\n")))
	var line bytes.Buffer
	separator := "\n"
	rows, err = s.rows(ctx, func(r *Run, epoch int) error {
		line.Reset()
		line.WriteString(separator)
		separator = ",\n"
		if err := jsonRow(&line, columns, r, epoch); err != nil {
			return err
		}
		_, err := out.Write(line.Bytes())
		return err
	})
	if err != nil {
		return rows, err
	}
	out.WriteString("\n]}\n")
	return rows, out.Flush()
}

// jsonRow writes a row in the order of the columns, axes as an object of those that are active.
func jsonRow(to *bytes.Buffer, columns []column, r *Run, epoch int) error {
	e := json.NewEncoder(to)
	e.SetEscapeHTML(false)
	encode := func(v any) error {
		err := e.Encode(v)
		to.Truncate(to.Len() - 1) // the line feed
		return err
	}
	params := false
	for i, c := range columns {
		sign := byte(',')
		if i == 0 {
			sign = '{'
		}
		switch {
		case c.place == inHead || c.place == inParams && params:
			continue
		case c.place == inParams:
			params = true
			fmt.Fprintf(to, `%c"params":`, sign)
			if err := encode(r.Trial.Point.Values); err != nil {
				return fmt.Errorf("trial %s: params: %w", r.Trial.ID(), err)
			}
			continue
		}
		to.WriteByte(sign)
		to.WriteString(strconv.Quote(c.name)) // names of columns are plain words
		to.WriteByte(':')
		if err := encode(c.value(r, epoch)); err != nil {
			return fmt.Errorf("trial %s: %s: %w", r.Trial.ID(), c.name, err)
		}
	}
	to.WriteByte('}')
	return nil
}
