package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"espalier/search"
)

// condition is one comparison of --where: a column, an operator, a value.
type condition struct {
	column   column
	operator string // = != < <= > >=
	word     string // what is compared with
	number   any    // the same as a float64, where it is one
}

// plainText is a value as it is typed, not escaped for a terminal.
func plainText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return valueText(v)
}

// operators, the longer before those they start with.
var operators = []string{"!=", "<=", ">=", "==", "=", "<", ">"}

// parseConditions reads --where: comparisons joined by commas, all of which must
// hold. A value with a comma or an operator in it stands in double quotes.
func parseConditions(text string, columns *columnSet) ([]condition, error) {
	var out []condition
	for rest := strings.TrimSpace(text); rest != ""; {
		at := strings.IndexAny(rest, "!=<>")
		if at <= 0 {
			return nil, usage(fmt.Errorf("--where %q: want COLUMN=VALUE, have %q", text, rest),
				"example: --where 'optimizer=adam,hidden_units>64'")
		}
		col, err := columns.find(rest[:at])
		if err != nil {
			return nil, usagef("--where %q: %w", text, err)
		}
		operator := ""
		for _, o := range operators {
			if strings.HasPrefix(rest[at:], o) {
				operator = o
				break
			}
		}
		if operator == "" {
			return nil, usagef("--where %q: %q is no operator, want one of = != < <= > >=", text, rest[at:at+1])
		}
		value, after, err := conditionValue(strings.TrimLeft(rest[at+len(operator):], " "))
		if err != nil {
			return nil, usagef("--where %q: %w", text, err)
		}
		c := condition{column: col, operator: strings.Replace(operator, "==", "=", 1), word: value}
		// One beyond float64 is infinite; "nan" is a word, for no number is equal to it or apart from it.
		if number, err := strconv.ParseFloat(value, 64); (err == nil || errors.Is(err, strconv.ErrRange)) && !math.IsNaN(number) {
			c.number = number
		}
		out = append(out, c)
		rest = strings.TrimSpace(after)
	}
	return out, nil
}

// conditionValue takes a value off the front of text, up to a comma, and gives what follows it.
func conditionValue(text string) (value, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		value, rest, _ = strings.Cut(text, ",")
		if value = strings.TrimSpace(value); value == "" {
			return "", "", fmt.Errorf("a value is missing")
		}
		return value, rest, nil
	}
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", "", fmt.Errorf("a quote is not closed")
	}
	if value, err = strconv.Unquote(quoted); err != nil {
		return "", "", fmt.Errorf("%s is no quoted text", quoted)
	}
	rest = strings.TrimSpace(text[len(quoted):])
	if rest != "" && !strings.HasPrefix(rest, ",") {
		return "", "", fmt.Errorf("want a comma after %s", quoted)
	}
	return value, strings.TrimPrefix(rest, ","), nil
}

// holds tells whether a row meets the condition. A row without the value (an
// axis that is not active there) meets only "!=".
func (c condition) holds(r *search.Standing) bool {
	have := c.column.value(r)
	if have == nil {
		return c.operator == "!="
	}
	var want any = c.word
	if _, number := asNumber(have); !number { // "007" among words is not 7
		have = plainText(have)
	} else if c.number != nil {
		want = c.number
	}
	order := compare(have, want)
	switch c.operator {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}
