package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sjwhitworth/golearn/base"
)

// Bounds on tables, so that a hostile file is an error in bounded memory and time.
const (
	maxColumns = 10_000
	maxCells   = 1 << 28 // 2 GiB as float64
	maxLevels  = 1_000   // of a categorical feature or of the target
	maxRecord  = 4 << 20 // bytes of one CSV record or ARFF line

	cellBytes = 16 // a cell in golearn's grid, and in our rows

	groupColumns = 256 // columns that golearn keeps together
)

// sheet is a table as golearn read it. Two passes make one: a survey that finds everything that
// can be wrong and says where (golearn's readers panic, or stop without a word), and golearn's
// own, which parses the values.
type sheet struct {
	file    string // base name, for messages
	columns []sheetColumn
	rows    int
	grid    grid
}

// grid is golearn's, but finds an attribute without looking at all of them, which takes quadratic
// time over the columns of a wide table.
type grid struct {
	*base.DenseInstances
	specs map[base.Attribute]base.AttributeSpec
}

// GetAttribute is the place of one of the sheet's own attributes.
func (g grid) GetAttribute(a base.Attribute) (base.AttributeSpec, error) {
	spec, ok := g.specs[a]
	if !ok {
		return spec, fmt.Errorf("no column %q", a.GetName())
	}
	return spec, nil
}

// sheetColumn is one column; cells of a categorical one are numbers in levels.
type sheetColumn struct {
	name        string
	categorical bool
	passedOver  bool
	levels      []string // in order of appearance
	spec        base.AttributeSpec
}

// sheetSpec says what is known of a sheet before it is read.
type sheetSpec struct {
	group string          // a column that may have any number of levels
	kinds map[string]bool // whether a column is categorical, where that is settled: by the training file, by a model
	room  *room           // where the cells go
	only  bool            // columns not in kinds are passed over
}

// readSheet reads a .csv or .arff file. Errors name it.
func readSheet(path string, spec sheetSpec) (*sheet, error) {
	s, err := openSheet(path, spec)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return s, nil
}

func openSheet(path string, spec sheetSpec) (*sheet, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, pathless(err)
	}
	if err := regular(info); err != nil { // a pipe that nobody writes to is not even opened
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, pathless(err)
	}
	defer f.Close()
	arff := strings.EqualFold(filepath.Ext(path), ".arff")
	look := surveyCSV
	parse := parseCSV
	if arff {
		look, parse = surveyARFF, parseARFF
	}
	seen, err := look(f, spec)
	if err != nil {
		return nil, err
	}
	s := &sheet{file: filepath.Base(path), rows: seen.rows}
	attributes, err := s.lay(seen, spec)
	if err != nil {
		return nil, err
	}
	if err := guard(func() error { return parse(f, attributes, s.grid) }); err != nil {
		return nil, err
	}
	for c := range s.columns {
		a, ok := attributes[c].(*levelAttribute)
		if !ok || s.columns[c].passedOver {
			continue
		}
		if a.overflow {
			return nil, seen.columns[c].tooManyLevels()
		}
		s.columns[c].levels = a.levels
	}
	return s, nil
}

// lay makes golearn's grid for what the survey saw.
func (s *sheet) lay(seen *survey, spec sheetSpec) ([]base.Attribute, error) {
	if seen.rows == 0 {
		return nil, errors.New("no rows")
	}
	if seen.rows > maxCells/len(seen.columns) {
		return nil, fmt.Errorf("%d rows of %d columns are more than %d cells", seen.rows, len(seen.columns), maxCells)
	}
	if err := spec.room.take(cellBytes * int64(seen.rows) * int64(len(seen.columns))); err != nil {
		return nil, fmt.Errorf("%d rows of %d columns, which %w", seen.rows, len(seen.columns), err)
	}
	s.grid = grid{base.NewDenseInstances(), make(map[base.Attribute]base.AttributeSpec)}
	var attributes []base.Attribute
	for i, c := range seen.columns {
		column := sheetColumn{name: c.name, categorical: c.categorical(), passedOver: c.passedOver}
		var attribute base.Attribute = base.NewFloatAttribute(c.name)
		kind := "numbers"
		if column.categorical || column.passedOver {
			attribute, kind = newLevelAttribute(c.name, c.passedOver, c.name == spec.group), "levels"
		}
		// Adding to a group looks at all that is in it, so groups are kept small.
		group := fmt.Sprint(kind, i/groupColumns)
		if _, err := s.grid.GetAttributeGroup(group); err != nil {
			if err := s.grid.CreateAttributeGroup(group, 8); err != nil {
				return nil, err
			}
		}
		var err error
		if column.spec, err = s.grid.AddAttributeToAttributeGroup(attribute, group); err != nil {
			return nil, err
		}
		s.grid.specs[attribute] = column.spec
		attributes = append(attributes, attribute)
		s.columns = append(s.columns, column)
	}
	if err := s.grid.Extend(seen.rows); err != nil {
		return nil, err
	}
	return attributes, nil
}

// find is the number of a column, -1: there is none.
func (s *sheet) find(name string) int {
	for i, c := range s.columns {
		if c.name == name && !c.passedOver {
			return i
		}
	}
	return -1
}

// number is a cell of a numeric column.
func (s *sheet) number(row, column int) float64 {
	return base.UnpackBytesToFloat(s.grid.Get(s.columns[column].spec, row))
}

// level is a cell of a categorical column, a number in its levels.
func (s *sheet) level(row, column int) int {
	return int(base.UnpackBytesToU64(s.grid.Get(s.columns[column].spec, row)))
}

// guard turns a panic of golearn's into an error. The survey has found what is wrong with a file
// before, so this is for what it does not know of.
func guard(parse func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the table reader gave up: %v", r)
		}
	}()
	return parse()
}

// levelAttribute is golearn's categorical attribute with a map in place of its linear search, which
// takes quadratic time on a column of many levels, and with a bound on them.
type levelAttribute struct {
	*base.CategoricalAttribute
	numbers    map[string]uint64
	levels     []string
	passedOver bool
	unbounded  bool
	overflow   bool
}

func newLevelAttribute(name string, passedOver, unbounded bool) *levelAttribute {
	a := &levelAttribute{CategoricalAttribute: base.NewCategoricalAttribute(), numbers: map[string]uint64{}, passedOver: passedOver, unbounded: unbounded}
	a.SetName(name)
	return a
}

// GetSysValFromString numbers levels in order of appearance.
func (a *levelAttribute) GetSysValFromString(value string) []byte {
	if a.passedOver || a.overflow {
		return base.PackU64ToBytes(0)
	}
	n, ok := a.numbers[value]
	if !ok {
		if len(a.levels) == maxLevels && !a.unbounded {
			a.overflow = true
			return base.PackU64ToBytes(0)
		}
		n = uint64(len(a.levels))
		value = strings.Clone(value) // it may be a part of a whole record
		a.numbers[value] = n
		a.levels = append(a.levels, value)
	}
	return base.PackU64ToBytes(n)
}

// Compatible lets all of them live in one group of cells.
func (a *levelAttribute) Compatible(other base.Attribute) bool {
	_, ok := other.(*levelAttribute)
	return ok
}
