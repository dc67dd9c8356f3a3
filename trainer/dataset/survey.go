package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// survey is what a first pass over a table found.
type survey struct {
	columns []surveyColumn
	rows    int
}

// surveyColumn collects what decides the kind of a column: numeric where every value is a finite number.
type surveyColumn struct {
	name       string
	settled    bool  // the kind is given, not found out
	category   bool  // the kind, where settled
	passedOver bool  // nobody asks for it: not even missing values matter
	text       place // the first value that is no number
	odd        place // the first value that says it is none, such as "NaN": missing in a column of numbers
}

// place is a value in a table.
type place struct {
	row, line int // from 1; the header is no row
	value     string
}

func (p place) String() string { return fmt.Sprintf("%s has %q", p.at(), p.value) }

func (p place) at() string { return fmt.Sprintf("row %d (line %d)", p.row, p.line) }

func (c *surveyColumn) categorical() bool {
	if c.settled {
		return c.category
	}
	return c.text.row > 0
}

func (c *surveyColumn) tooManyLevels() error {
	why := ""
	if c.text.row > 0 {
		why = fmt.Sprintf(" (%s)", c.text)
	}
	return fmt.Errorf("column %q is not numeric%s and has more than %d different values, too many for a category", c.name, why, maxLevels)
}

// newSurvey checks the names of the columns.
func newSurvey(names []string, spec sheetSpec) (*survey, error) {
	if len(names) > maxColumns {
		return nil, fmt.Errorf("has %d columns, at most %d are read", len(names), maxColumns)
	}
	s := &survey{columns: make([]surveyColumn, len(names))}
	first := make(map[string]int, len(names))
	for i, name := range names {
		name = strings.TrimSpace(name)
		if name == "" {
			return nil, fmt.Errorf("column %d has no name", i+1)
		}
		if at, ok := first[name]; ok {
			return nil, fmt.Errorf("columns %d and %d are both named %q (is the line of names missing?)", at+1, i+1, name)
		}
		first[name] = i
		category, settled := spec.kinds[name]
		s.columns[i] = surveyColumn{name: strings.Clone(name), settled: settled, category: category, passedOver: spec.only && !settled}
	}
	return s, nil
}

// add looks at one row.
func (s *survey) add(fields []string, line int) error {
	s.rows++
	if len(fields) != len(s.columns) {
		return fmt.Errorf("row %d (line %d) has %d values, want %d", s.rows, line, len(fields), len(s.columns))
	}
	for i, value := range fields {
		c := &s.columns[i]
		if c.passedOver {
			continue
		}
		value = strings.TrimSpace(value)
		here := func() place { return place{s.rows, line, strings.Clone(value)} }
		switch {
		case value == "" || value == "?":
			return fmt.Errorf("%s, column %q: missing value; fill it in or drop the row", here().at(), c.name)
		case c.settled && c.category:
		case isNumber(value):
		case isOdd(value):
			if c.odd.row == 0 {
				c.odd = here()
			}
		default:
			if c.text.row == 0 {
				c.text = here()
			}
		}
		if c.settled && !c.category && (c.text.row > 0 || c.odd.row > 0) {
			return fmt.Errorf("%s, column %q: %q is no finite number, and the column is numeric", here().at(), c.name, value)
		}
	}
	return nil
}

// finish settles what only the whole table tells.
func (s *survey) finish() (*survey, error) {
	for _, c := range s.columns {
		if c.odd.row > 0 && !c.categorical() {
			return nil, fmt.Errorf("%s, column %q: %q is no finite number; fill it in or drop the row", c.odd.at(), c.name, c.odd.value)
		}
	}
	return s, nil
}

// isNumber tells a finite number, as golearn's float attribute will read it.
func isNumber(value string) bool {
	x, err := strconv.ParseFloat(value, 64)
	return err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}

// isOdd tells words for "no value" and numbers that are not finite. In a column of numbers they are
// missing values; in a column of words "NA" may well be Namibia.
func isOdd(value string) bool {
	if _, err := strconv.ParseFloat(value, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return true
	}
	return slices.Contains([]string{"na", "n/a", "#n/a", "nan", "null", "none", "nil", "-"}, strings.ToLower(value))
}
