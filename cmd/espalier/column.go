package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"espalier/search"
)

// column is one thing a leaderboard can show, sort by and filter on.
type column struct {
	name  string
	word  bool // text, aligned left
	axis  bool // a parameter of the point
	exact bool // whole numbers: --precision does not apply
	// value is a float64, an int64, a string or a bool; nil where the row has none.
	value func(r *search.Standing) any
}

// columnSet are the columns of one sweep's leaderboard.
type columnSet struct {
	all   []column
	slots int
}

// newColumns gives the columns a sweep has: its axes and what a standing knows.
// A column of the program wins over an axis of the same name; "params.NAME" is
// always the axis. tied tells whether a row is tied with the leader.
func newColumns(axes []string, slots int, tied func(r *search.Standing) bool) *columnSet {
	c := &columnSet{slots: slots, all: []column{
		{name: "rank", exact: true, value: func(r *search.Standing) any {
			if r.Rank == 0 {
				return nil
			}
			return int64(r.Rank)
		}},
		{name: "tie", word: true, value: func(r *search.Standing) any {
			if tied(r) {
				return "="
			}
			return nil
		}},
		{name: "trial", word: true, value: func(r *search.Standing) any { return r.Trial.ID() }},
	}}
	for _, a := range axes {
		c.all = append(c.all, column{name: a, axis: true, value: func(r *search.Standing) any {
			return scalar(r.Trial.Point.Values[a])
		}})
	}
	number := func(name string, read func(r *search.Standing) float64) {
		c.all = append(c.all, column{name: name, value: func(r *search.Standing) any {
			if v := read(r); !math.IsNaN(v) {
				return v
			}
			return nil
		}})
	}
	number("mean", func(r *search.Standing) float64 { return r.Mean })
	number("std", func(r *search.Standing) float64 { return r.Std })
	number("se", func(r *search.Standing) float64 { return r.StdErr })
	number("train", func(r *search.Standing) float64 { return r.TrainScore })
	number("gap", func(r *search.Standing) float64 { return r.Gap })
	number("best", func(r *search.Standing) float64 { return r.Best })
	number("trained", func(r *search.Standing) float64 { return r.Epochs })
	number("seconds", func(r *search.Standing) float64 { return r.Seconds })
	for i := range slots {
		number("fold"+strconv.Itoa(i), func(r *search.Standing) float64 {
			if i >= len(r.Folds) {
				return math.NaN()
			}
			return r.Folds[i]
		})
	}
	c.all = append(c.all, column{name: "state", word: true, value: func(r *search.Standing) any { return string(r.State) }})
	return c
}

// names are what --columns, --sort and --where accept.
func (c *columnSet) names() []string {
	var names []string
	for _, col := range c.all {
		if !slices.Contains(names, col.name) {
			names = append(names, col.name)
		}
	}
	return append(names, "folds")
}

// find looks a column up by name.
func (c *columnSet) find(name string) (column, error) {
	name = strings.TrimSpace(name)
	bare, axisOnly := strings.CutPrefix(name, "params.")
	var found *column
	for i, col := range c.all {
		if col.name == name && (found == nil || found.axis) || axisOnly && col.axis && col.name == bare {
			found = &c.all[i]
		}
	}
	if found == nil {
		return column{}, usage(fmt.Errorf("no column %q", name), suggestion(name, c.names()))
	}
	return *found, nil
}

// parse reads a list of column names, "folds" standing for all of them.
func (c *columnSet) parse(list []string) ([]column, error) {
	var out []column
	for _, name := range list {
		if strings.TrimSpace(name) == "folds" {
			for i := range c.slots {
				col, err := c.find("fold" + strconv.Itoa(i))
				if err != nil {
					return nil, err
				}
				out = append(out, col)
			}
			continue
		}
		col, err := c.find(name)
		if err != nil {
			return nil, err
		}
		out = append(out, col)
	}
	return out, nil
}

// axes are the columns of parameters.
func (c *columnSet) axes() []column {
	var out []column
	for _, col := range c.all {
		if col.axis {
			out = append(out, col)
		}
	}
	return out
}

// text writes a row's value of the column; precision -1 is in full.
func (c column) text(r *search.Standing, precision int) string {
	switch v := c.value(r).(type) {
	case nil:
		return ""
	case float64:
		switch {
		case c.axis || precision < 0:
			return strconv.FormatFloat(v, 'g', -1, 64)
		case c.name == "best" || c.name == "trained" || c.name == "seconds":
			return decimal(v, min(precision, 1))
		}
		return decimal(v, precision)
	case string:
		if c.name == "trial" && !c.axis {
			return short(v)
		}
	}
	return valueText(c.value(r))
}

// plain is text for machines: words as they are, not escaped for a terminal.
func (c column) plain(r *search.Standing, precision int) string {
	if s, ok := c.value(r).(string); ok {
		return s
	}
	return c.text(r, precision)
}

// scalar turns a parameter's value into what columns compare: number, string, bool or nil.
func scalar(v any) any {
	switch v := v.(type) {
	case nil, string, bool, int64, float64:
		return v
	case int:
		return int64(v)
	}
	return valueText(v)
}

// compare orders two values of a column: numbers by value, before words; nil last.
func compare(a, b any) int {
	x, xNumber := asNumber(a)
	y, yNumber := asNumber(b)
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	case xNumber && yNumber:
		if x < y {
			return -1
		} else if x > y {
			return 1
		}
		return 0
	case xNumber:
		return -1
	case yNumber:
		return 1
	}
	return strings.Compare(valueText(a), valueText(b))
}

func asNumber(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}
