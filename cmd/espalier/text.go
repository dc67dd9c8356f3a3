package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// printable escapes what a terminal would act upon or hide: control and format
// characters of names that came from a file ("\x1b", "\u202e").
func printable(s string) string {
	clean := true
	for _, r := range s {
		if !visible(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], string(unicode.ReplacementChar)):
			fmt.Fprintf(&b, `\x%02x`, s[i]) // a byte that is no UTF-8
		case visible(r):
			b.WriteRune(r)
		default:
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}

func visible(r rune) bool {
	return r != unicode.ReplacementChar && unicode.IsPrint(r)
}

// shellQuote writes a word so that a shell reads it back as one.
func shellQuote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_./:=@%+-,", r))
	}) < 0 {
		return s
	}
	if strings.IndexFunc(s, func(r rune) bool { return !visible(r) }) >= 0 {
		return "$'" + strings.ReplaceAll(printable(strings.ReplaceAll(s, `\`, `\\`)), "'", `\'`) + "'"
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// plural writes a count with its noun: "1 fold", "3 folds", "12,345 points".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	switch {
	case strings.HasSuffix(noun, "y"):
		noun = strings.TrimSuffix(noun, "y") + "ies"
	case strings.HasSuffix(noun, "s") || strings.HasSuffix(noun, "x"):
		noun += "es"
	default:
		noun += "s"
	}
	return thousands(int64(n)) + " " + noun
}

// thousands groups digits from 10,000 on: four digits read well as they are.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	if n < 0 || n < 10000 {
		return s
	}
	return grouped(s)
}

// grouped puts a comma between every three digits.
func grouped(digits string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// bytesText writes a size as people say it: "47 MB".
func bytesText(n int64) string {
	return scaled(float64(n), 1000, []string{" bytes", " kB", " MB", " GB", " TB", " PB"})
}

// operations writes a count of floating point operations: "1.3 GFLOP".
func operations(n float64) string {
	return scaled(n, 1000, []string{" FLOP", " kFLOP", " MFLOP", " GFLOP", " TFLOP", " PFLOP", " EFLOP"})
}

func scaled(v, step float64, units []string) string {
	i := 0
	for v >= step*0.9995 && i < len(units)-1 {
		v /= step
		i++
	}
	switch {
	case i == 0, v >= 99.95:
		return fmt.Sprintf("%.0f%s", v, units[i])
	case v >= 9.995:
		return fmt.Sprintf("%.1f%s", v, units[i])
	}
	return fmt.Sprintf("%.2f%s", v, units[i])
}

// durationText writes a duration with the two units that matter: "340 ms", "4.2 s", "3m12s", "5h07m", "3d04h".
func durationText(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < time.Millisecond:
		return fmt.Sprintf("%.0f µs", float64(d)/1e3)
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	case d < 59950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour-500*time.Millisecond:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour-30*time.Second:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	d = d.Round(time.Hour)
	if d > 365*24*time.Hour {
		return fmt.Sprintf("%.1f years", d.Hours()/24/365.25)
	}
	return fmt.Sprintf("%dd%02dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// spanText is durationText for seconds that may be beyond a Duration.
func spanText(s float64) string {
	const year = 365.25 * 24 * 3600
	if s > 100*year {
		return scaled(s/year, 1000, []string{" years", " thousand years", " million years", " billion years"})
	}
	return durationText(seconds(s))
}

// seconds turns a float of seconds into a duration without overflow.
func seconds(s float64) time.Duration {
	if math.IsNaN(s) || s < 0 {
		return 0
	}
	if s > 9e9 {
		return math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}

// decimal writes a score: "–" where there is none, exponents where fixed digits would say nothing.
func decimal(v float64, precision int) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 0), v != 0 && math.Abs(v) >= 1e7, v != 0 && precision > 0 && math.Abs(v) < math.Pow(10, -float64(precision)-2):
		return strconv.FormatFloat(v, 'g', precision, 64)
	}
	return strconv.FormatFloat(v, 'f', precision, 64)
}

// valueText writes a parameter's value as the sweep file would, strings without quotes.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return printable(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = valueText(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, k := range sortedKeys(v) {
			parts = append(parts, printable(k)+" = "+valueText(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// briefParams is paramsText with real numbers cut to four digits, for labels.
func briefParams(values map[string]any) string {
	brief := map[string]any{}
	for k, v := range values {
		if f, ok := v.(float64); ok {
			v, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 4, 64), 64)
		}
		brief[k] = v
	}
	return paramsText(brief)
}

// paramsText writes a point's values in one line, axes in order.
func paramsText(values map[string]any) string {
	parts := make([]string, 0, len(values))
	for _, k := range sortedKeys(values) {
		parts = append(parts, printable(k)+"="+valueText(values[k]))
	}
	return strings.Join(parts, " ")
}
