package page

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// clean makes visible what a reader would not see or a browser act upon: control
// characters and marks that turn the direction of writing.
func clean(s string) string {
	hidden := func(r rune) bool {
		return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
	}
	if !strings.ContainsFunc(s, hidden) {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// esc is clean for text within SVG.
func esc(s string) string { return template.HTMLEscapeString(clean(s)) }

// decimal writes a score; "" where there is none.
func decimal(x float64, places int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	s := strconv.FormatFloat(x, 'f', places, 64)
	if strings.TrimLeft(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return strings.Replace(s, "-", "−", 1)
}

// full writes a number so that a script reads it back; "" where there is none.
func full(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// brief is value with the digits that a reader compares by: the values of ranges have seventeen.
func brief(v any) string {
	if x, is := v.(float64); is && len(full(x)) > 8 {
		if abs := math.Abs(x); abs >= 1e3 && abs < 1e9 {
			return strconv.FormatFloat(x, 'f', 0, 64)
		}
		return strings.Replace(strconv.FormatFloat(x, 'g', 4, 64), "e-0", "e-", 1)
	}
	return value(v)
}

// value writes a parameter's value as the sweep file has it.
func value(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return clean(v)
	case float64:
		return full(v)
	case map[string]any:
		var parts []string
		for _, k := range sorted(v) {
			parts = append(parts, clean(k)+" = "+value(v[k]))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, value(x))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return clean(fmt.Sprint(v))
}

func sorted(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// thousands groups the digits of numbers from 10,000 on.
func thousands(n int) string {
	s := strconv.Itoa(n)
	if n < 10_000 {
		return s
	}
	var b strings.Builder
	for i, d := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// plural writes a count with its noun.
func plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		return thousands(n) + " " + noun + "es"
	}
	return thousands(n) + " " + noun + "s"
}

// lasting writes a duration in the two units that matter.
func lasting(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case math.IsNaN(seconds) || seconds < 0 || seconds > 1e9:
		return ""
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %02d h", int(d.Hours())/24, int(d.Hours())%24)
}

// moment writes a time as anybody anywhere reads it.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 January 2006, 15:04 UTC")
}

// title writes a metric as a noun.
func title(metric string) string { return strings.ReplaceAll(metric, "_", " ") }
