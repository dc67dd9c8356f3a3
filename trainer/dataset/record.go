package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// EncodeRecord encodes one row of a table given as text, one value a column in the order of Columns.
// unknown counts the levels that training did not know: all zeros.
func (p *Preprocessing) EncodeRecord(values []string) (features []float32, unknown int, err error) {
	if p.Kind != Table {
		return nil, 0, fmt.Errorf("encode a row: the model is for %s", p.Kind)
	}
	if len(values) != len(p.Columns) {
		return nil, 0, fmt.Errorf("encode a row: has %d values, want %d", len(values), len(p.Columns))
	}
	features = make([]float32, product(p.Shape))
	at := 0
	for c, column := range p.Columns {
		value := strings.TrimSpace(values[c])
		switch {
		case value == "" || value == "?":
			return nil, 0, fmt.Errorf("encode a row: column %q: missing value", column.Name)
		case column.Levels == nil:
			if !isNumber(value) {
				return nil, 0, fmt.Errorf("encode a row: column %q: %q is no finite number", column.Name, value)
			}
			x, _ := strconv.ParseFloat(value, 64) // isNumber has looked
			features[at] = p.scaled(at, x)
			at++
		default:
			if level := slices.Index(column.Levels, value); level >= 0 {
				features[at+level] = 1
			} else {
				unknown++
			}
			at += len(column.Levels)
		}
	}
	return features, unknown, nil
}

// ReadTable reads the rows of a .csv or .arff file for prediction. Columns are found by name, in any order;
// those the model does not know (the target among them) are passed over, one it needs and does not
// find is an error. memory is what the rows may take, in bytes; 0: any.
func (p *Preprocessing) ReadTable(path string, memory int64) (View, error) {
	v, err := p.readTable(path, memory)
	if err != nil {
		return View{}, fmt.Errorf("read rows %q: %w", path, err)
	}
	return v, nil
}

func (p *Preprocessing) readTable(path string, memory int64) (View, error) {
	if p.Kind != Table {
		return View{}, fmt.Errorf("the model is for %s", p.Kind)
	}
	spec := sheetSpec{kinds: make(map[string]bool), only: true, room: newRoom(memory)}
	for _, c := range p.Columns {
		spec.kinds[c.Name] = c.Levels != nil
	}
	s, err := openSheet(path, spec)
	if err != nil {
		return View{}, err
	}
	columns := make([]int, len(p.Columns))
	var missing []string
	for i, c := range p.Columns {
		if columns[i] = s.find(c.Name); columns[i] < 0 {
			missing = append(missing, strconv.Quote(c.Name))
		}
	}
	if missing != nil {
		return View{}, fmt.Errorf("columns the model needs are missing: %s", strings.Join(missing, ", "))
	}
	all := part{s, columns, ascending(s.rows)}
	rows := all.copyOut(gatherLevels([]part{all}), make([]int32, s.rows))
	rows.Labels = nil
	return NewView(rows, nil, p), nil
}

// Match tells whether data may be shown to a model that was trained with this preprocessing on these
// classes: the same kind, shape and columns, and the same classes in the same order.
func (p *Preprocessing) Match(info Info, classes []string) error {
	switch {
	case info.Kind != p.Kind:
		return fmt.Errorf("the model is for %s, the data are %s", p.Kind, info.Kind)
	case p.Kind == Images && !slices.Equal(info.Shape, p.Shape):
		return fmt.Errorf("the model is for images of %v, these are %v", p.Shape, info.Shape)
	case !slices.Equal(info.Classes, classes):
		return fmt.Errorf("the model's classes are %q, the data's %q", classes, info.Classes)
	case p.Kind == Images:
		return nil
	case len(info.Columns) != len(p.Columns):
		return fmt.Errorf("the model is for %d columns, the data have %d", len(p.Columns), len(info.Columns))
	}
	var problems []error
	for i, c := range p.Columns {
		have := info.Columns[i]
		if have.Name != c.Name || have.Categorical != (c.Levels != nil) {
			problems = append(problems, fmt.Errorf("column %d is %q in the data, the model wants %q", i+1, have.Name, c.Name))
		}
	}
	return errors.Join(problems...)
}
