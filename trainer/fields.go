package trainer

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// fields reads one table of a sweep file (a layer, a schedule, the parameters)
// field by field. It resolves "$name" references, reports what is wrong with a
// value, and remembers what was read: what is left over is unknown, and the
// resolved values are the table's canonical form.
type fields struct {
	table    map[string]any
	path     string         // key path of the table, "" for the parameters themselves
	param    string         // the parameter the table is a value of ("schedule"), "" in a layer
	values   map[string]any // what "$name" may refer to; nil: references are not resolved
	resolved map[string]any
	known    []string
	problems []Problem
}

// report adds a problem with a field. source is the parameter its value came from, if any.
func (f *fields) report(name, source, format string, args ...any) *Problem {
	p := Problem{Param: source, Message: fmt.Sprintf(format, args...)}
	switch {
	case f.path != "":
		p.Path = f.path + "." + name
	case f.param != "":
		p.Param = f.param
		p.Message = name + ": " + p.Message
	default:
		p.Param = name
	}
	f.problems = append(f.problems, p)
	return &f.problems[len(f.problems)-1]
}

// get gives a field's value with references resolved, and the parameter it came from.
func (f *fields) get(name string) (value any, source string, ok bool) {
	f.known = append(f.known, name)
	value, ok = f.table[name]
	if !ok {
		return nil, "", false
	}
	return f.resolve(name, value)
}

func (f *fields) resolve(name string, value any) (resolved any, source string, ok bool) {
	text, isText := value.(string)
	if !isText || f.values == nil || !strings.HasPrefix(text, "$") {
		return value, "", true
	}
	source = text[1:]
	resolved, ok = f.values[source]
	if !ok {
		p := f.report(name, "", "reference to %q, but there is no parameter of that name", text)
		for n := range f.values {
			p.Known = append(p.Known, "$"+n)
		}
		sort.Strings(p.Known)
		return nil, "", false
	}
	if source == classesReference {
		source = ""
	}
	return resolved, source, true
}

// set remembers a field's effective value for the canonical form.
func (f *fields) set(name string, value any) {
	if f.resolved == nil {
		f.resolved = map[string]any{}
	}
	f.resolved[name] = value
}

// integer reads a whole number of at least low; fallback where the field is absent.
func (f *fields) integer(name string, fallback, low int64) int64 {
	value, source, ok := f.get(name)
	n := fallback
	if ok {
		n = f.integerOf(name, source, value, fallback, low)
	}
	f.set(name, n)
	return n
}

func (f *fields) integerOf(name, source string, value any, fallback, low int64) int64 {
	n, ok := asInteger(value)
	switch {
	case !ok:
		f.report(name, source, "want a whole number, have %s", quote(value))
		return fallback
	case n < low:
		f.report(name, source, "must be at least %d, have %d", low, n)
		return fallback
	}
	return n
}

// real reads a number within a domain.
func (f *fields) real(name string, fallback float64, d domain) float64 {
	value, source, ok := f.get(name)
	x := fallback
	if ok {
		number, isNumber := asReal(value)
		switch {
		case !isNumber:
			f.report(name, source, "want a number, have %s", quote(value))
		case !d.holds(number):
			f.report(name, source, "must be %s, have %s", d, quote(value))
		case !d.holds(float64(float32(number))):
			f.report(name, source, "must be %s, have %s, which is %g in float32", d, quote(value), float32(number))
		default:
			x = number
		}
	}
	f.set(name, x)
	return x
}

// truth reads true or false.
func (f *fields) truth(name string, fallback bool) bool {
	value, source, ok := f.get(name)
	b := fallback
	if ok {
		var isBool bool
		if b, isBool = value.(bool); !isBool {
			f.report(name, source, "want true or false, have %s", quote(value))
			b = fallback
		}
	}
	f.set(name, b)
	return b
}

// choice reads one of the known names; aliases maps other spellings to them.
func (f *fields) choice(name, fallback string, known []string, aliases map[string]string) string {
	value, source, ok := f.get(name)
	text := fallback
	if ok {
		given, isText := value.(string)
		if canonical, is := aliases[given]; is {
			given = canonical
		}
		switch {
		case !isText:
			f.report(name, source, "want a name in quotes, have %s", quote(value)).Known = known
		case !slices.Contains(known, given):
			f.report(name, source, "unknown %s %q", strings.ReplaceAll(name, "_", " "), given).Known = known
		default:
			text = given
		}
	}
	f.set(name, text)
	return text
}

// pair reads a whole number of at least 1 for both directions, or a list of two: [height, width].
func (f *fields) pair(name string, fallback [2]int) [2]int {
	value, source, ok := f.get(name)
	p := fallback
	if list, isList := value.([]any); ok && isList {
		if len(list) != 2 {
			f.report(name, source, "want one number or [height, width], have a list of %d", len(list))
		} else {
			for i, v := range list {
				if v, s, ok := f.resolve(name, v); ok {
					p[i] = int(f.integerOf(name, s, v, int64(fallback[i]), 1))
				}
			}
		}
	} else if ok {
		n := int(f.integerOf(name, source, value, int64(fallback[0]), 1))
		p = [2]int{n, n}
	}
	f.set(name, []any{int64(p[0]), int64(p[1])})
	return p
}

// end reports the fields nobody read.
func (f *fields) end(what string) {
	var unknown []string
	for name := range f.table {
		if !slices.Contains(f.known, name) {
			unknown = append(unknown, name)
		}
	}
	sort.Strings(unknown)
	known := slices.Clone(f.known)
	sort.Strings(known)
	for _, name := range unknown {
		f.report(name, "", "unknown field %q of %s", name, what).Known = slices.Compact(known)
	}
}

// domain is an interval of real numbers, in which a value must stay as the float32 that training makes of it.
type domain struct {
	low, high         float64
	openLow, openHigh bool
}

var (
	positive    = domain{low: 0, high: math.MaxFloat32, openLow: true}
	nonNegative = domain{low: 0, high: math.MaxFloat32}
	fraction    = domain{low: 0, high: 1, openHigh: true}
	share       = domain{low: 0, high: 1, openLow: true}
)

func (d domain) holds(x float64) bool {
	return (x > d.low || x == d.low && !d.openLow) && (x < d.high || x == d.high && !d.openHigh)
}

func (d domain) String() string {
	if d.high == math.MaxFloat32 {
		switch {
		case d.low < 0:
			return "finite"
		case d.openLow:
			return "above 0 and finite"
		}
		return "at least 0 and finite"
	}
	low, high := "[", "]"
	if d.openLow {
		low = "("
	}
	if d.openHigh {
		high = ")"
	}
	return fmt.Sprintf("in %s%g, %g%s", low, d.low, d.high, high)
}

// asInteger takes the whole numbers of TOML, JSON and Go: 3 and 3.0 are the same.
func asInteger(value any) (int64, bool) {
	switch n := value.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case float64:
		// 2^62 keeps later additions from overflowing and is far above any sense.
		if n == math.Trunc(n) && math.Abs(n) <= 1<<62 {
			return int64(n), true
		}
	}
	return 0, false
}

func asReal(value any) (float64, bool) {
	switch n := value.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	}
	return 0, false
}

// quote shows a value as a sweep file would write it.
func quote(value any) string {
	switch v := value.(type) {
	case string:
		return strconv.Quote(v)
	case map[string]any:
		return "a table"
	case []any:
		return "a list"
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(value)
}
