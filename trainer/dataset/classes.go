package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// classes are the names of a table's classes in label order: numbers by value, words by bytes, as
// scikit-learn's LabelEncoder has them. They are those of the training file, all of it, so that
// neither a limit nor a fold changes the model.
type classes struct {
	names    []string
	ofNumber map[float64]int // a numeric target
	ofLevel  map[string]int  // a categorical one
}

func newClasses(s *sheet, target int) (*classes, error) {
	column := s.columns[target]
	c := &classes{}
	if column.categorical {
		var sorted []string
		c.ofLevel, sorted = rank(column.levels)
		if c.names = sorted; areNumbers(sorted) {
			c.sortByValue()
		}
	} else {
		values := make(map[float64]bool)
		var list []float64
		for row := range s.rows {
			if v := s.number(row, target); !values[v] {
				if len(values) == maxLevels {
					return nil, fmt.Errorf("target %q has more than %d different numbers: classes are wanted, not quantities", column.name, maxLevels)
				}
				values[v] = true
				list = append(list, v)
			}
		}
		var sorted []float64
		c.ofNumber, sorted = rank(list)
		for _, v := range sorted {
			c.names = append(c.names, numberName(v))
		}
	}
	if len(c.names) > maxLevels {
		return nil, fmt.Errorf("target %q has %d classes, at most %d are read", column.name, len(c.names), maxLevels)
	}
	if len(c.names) < 2 {
		return nil, fmt.Errorf("target %q has one class only, %q: nothing to tell apart", column.name, c.names[0])
	}
	return c, nil
}

// number gives the class of every row of a sheet.
func (c *classes) number(s *sheet, target int) ([]int32, error) {
	labels := make([]int32, s.rows)
	for row := range labels {
		class, name, ok := 0, "", false
		if c.ofNumber != nil {
			v := s.number(row, target)
			class, ok = c.ofNumber[v]
			name = numberName(v)
		} else {
			name = s.columns[target].levels[s.level(row, target)]
			class, ok = c.ofLevel[name]
		}
		if !ok {
			return nil, fmt.Errorf("row %d, column %q: class %q is not among those of the training rows", row+1, s.columns[target].name, name)
		}
		labels[row] = int32(class)
	}
	return labels, nil
}

// sortByValue orders classes that were declared as words but are numbers (ARFF's {1,2,10}).
func (c *classes) sortByValue() {
	value := func(name string) float64 {
		v, _ := strconv.ParseFloat(name, 64) // areNumbers has looked
		return v
	}
	slices.SortStableFunc(c.names, func(a, b string) int { return cmp.Compare(value(a), value(b)) })
	c.ofLevel = positions(c.names)
}

func areNumbers(words []string) bool {
	for _, w := range words {
		if !isNumber(w) {
			return false
		}
	}
	return true
}

// numberName writes a number as people do: 3, not 3.0 or 3e+00.
func numberName(v float64) string {
	if v == float64(int64(v)) && v > -1e15 && v < 1e15 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// rank numbers distinct values in sorted order.
func rank[T cmp.Ordered](values []T) (number map[T]int, sorted []T) {
	sorted = slices.Clone(values)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	number = make(map[T]int, len(sorted))
	for i, v := range sorted {
		number[v] = i
	}
	return number, sorted
}
