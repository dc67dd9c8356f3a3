package page

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"espalier/search"
)

// RowLimit is how many rows of the leaderboard a page has.
const RowLimit = 1000

// stripFolds is up to how many folds a row draws each; more are a bar and a mean.
const stripFolds = 60

// board is the leaderboard of the page.
type board struct {
	Columns []column
	Rows    []row
	Left    string // what is not shown: "9,000 more points are not shown"
	Tied    bool
	Strips  bool // folds are drawn
	Off     bool // the mean of some row is beyond the scale of the strips
}

type column struct {
	Name   string // as --where and --sort of the command line call it
	Label  string
	Hint   string
	Word   bool // text, aligned left
	Plot   bool // a drawing: not to be sorted by
	Axis   bool // a parameter: its name may be one of ours
	Narrow bool // stands on a phone before one scrolls
}

type row struct {
	Order int    // of the trial in the sweep
	Trial string // short
	Class string
	Cells []cell
}

type cell struct {
	Text  string
	Value string // in full, where Text is not
	Word  bool
	Plot  template.HTML
}

// newBoard lists the first rows. tied has an element for each standing; it may be short.
func newBoard(in *Input, standings []search.Standing, tied []bool) board {
	s := in.Sweep
	var b board
	axes := s.File.Grid.Axes()
	shown := standings[:min(len(standings), RowLimit)]
	states := slices.ContainsFunc(shown, func(r search.Standing) bool { return r.State != search.Complete })
	errors := slices.ContainsFunc(shown, func(r search.Standing) bool { return !math.IsNaN(r.StdErr) })
	trains := slices.ContainsFunc(shown, func(r search.Standing) bool { return !math.IsNaN(r.TrainScore) })
	add := func(c column) { b.Columns = append(b.Columns, c) }
	add(column{Name: "rank", Label: "rank", Narrow: true})
	add(column{Name: "trial", Label: "trial", Word: true, Narrow: true})
	add(column{Name: "mean", Label: title(s.Metric), Hint: "mean over the folds"})
	if errors {
		add(column{Name: "stderr", Label: "± error", Hint: "standard error of the mean"})
	}
	if s.Slots() > 1 {
		add(column{Name: "std", Label: "deviation", Hint: "deviation over the folds, of the population"})
		add(column{Name: "folds", Label: "folds", Plot: true, Hint: "the score of each fold (hairs) and their mean (dot), on one scale for all rows; an arrow is beyond it"})
	}
	if trains {
		add(column{Name: "gap", Label: "gap", Hint: "how much better training is than validation"})
	}
	for _, a := range axes {
		add(column{Name: a.Name, Label: clean(a.Name), Word: wordy(a.Values), Axis: true})
	}
	add(column{Name: "best", Label: "best epoch", Hint: "mean over the folds of the epoch with the best score"})
	add(column{Name: "seconds", Label: "time (s)", Hint: "seconds of training, all folds together; of points that share one training, what each added to the shorter one"})
	if states {
		add(column{Name: "state", Label: "state", Word: true})
	}
	low, high := span(shown)
	b.Strips = s.Slots() > 1 && low < high
	for i := range shown {
		st := &shown[i]
		r := row{Order: st.Trial.Order, Trial: st.Trial.ID()[:8], Class: string(st.State)}
		b.Off = b.Off || b.Strips && (st.Mean < low || st.Mean > high)
		if i < len(tied) && tied[i] && st.Rank != 1 {
			r.Class, b.Tied = "tied", true
		}
		if st.Rank == 1 {
			r.Class = "leader"
		}
		for _, c := range b.Columns {
			r.Cells = append(r.Cells, newCell(c, st, r.Class, low, high))
		}
		b.Rows = append(b.Rows, r)
	}
	if left := in.Ranking.Len() - len(shown); left > 0 {
		b.Left = fmt.Sprintf("The first %s; %s left out here. espalier leaderboard --format csv lists all.",
			plural(len(shown), "row"), plural(left, "more point")+map[bool]string{true: " is", false: " are"}[left == 1])
	}
	return b
}

// wordy tells whether an axis has words among its values.
func wordy(values []any) bool {
	return slices.ContainsFunc(values, func(v any) bool {
		switch v.(type) {
		case int64, float64:
			return false
		}
		return true
	})
}

// number is a cell that shows few digits and sorts by all.
func number(x float64, places int) cell { return cell{Text: decimal(x, places), Value: full(x)} }

func newCell(c column, st *search.Standing, class string, low, high float64) cell {
	if c.Axis {
		v := st.Trial.Point.Values[c.Name]
		out := cell{Text: brief(v), Word: c.Word}
		if all := value(v); all != out.Text {
			out.Value = all
		}
		return out
	}
	switch c.Name {
	case "rank":
		switch {
		case st.Rank == 0:
			return cell{}
		case class == "tied":
			return cell{Text: "= " + strconv.Itoa(st.Rank), Value: strconv.Itoa(st.Rank)}
		}
		return cell{Text: strconv.Itoa(st.Rank)}
	case "trial":
		return cell{Text: st.Trial.ID()[:8], Word: true}
	case "mean":
		return number(st.Mean, 4)
	case "stderr":
		return number(st.StdErr, 4)
	case "std":
		return number(st.Std, 4)
	case "folds":
		return cell{Plot: strip(st, low, high)}
	case "gap":
		return number(st.Gap, 4)
	case "best":
		return number(st.Best, 1)
	case "seconds":
		if st.Seconds == 0 {
			return cell{}
		}
		return number(st.Seconds, 1)
	case "state":
		return cell{Text: string(st.State), Word: true}
	}
	return cell{}
}

// span is the scale of the strips: the fold scores of the better half of the rows,
// which is where one looks. What is worse stands at its edge.
func span(rows []search.Standing) (low, high float64) {
	complete := 0
	for complete < len(rows) && rows[complete].State == search.Complete {
		complete++
	}
	if complete >= 10 {
		rows = rows[:(complete+1)/2]
	}
	low, high = math.Inf(1), math.Inf(-1)
	for i := range rows {
		for _, x := range rows[i].Folds {
			if x-x == 0 {
				low, high = min(low, x), max(high, x)
			}
		}
	}
	if !(low < high) {
		return low - 0.5, low + 0.5
	}
	return low, high
}

// strip draws a row's folds on the scale that all rows share: a hair for each fold,
// a dot for the mean.
func strip(st *search.Standing, low, high float64) template.HTML {
	const width = 100.0
	at := func(x float64) string {
		return strconv.FormatFloat(3+(width-6)*max(0, min(1, (x-low)/(high-low))), 'f', 1, 64)
	}
	var scores []float64
	for _, x := range st.Folds {
		if x-x == 0 {
			scores = append(scores, x)
		}
	}
	if len(scores) == 0 || !(low < high) {
		return ""
	}
	var b strings.Builder
	texts := make([]string, 0, len(scores))
	b.WriteString(`<svg class="strip" viewBox="0 0 100 14" role="img"><title>`)
	for i, x := range scores {
		if i == stripFolds {
			texts = append(texts, "…")
			break
		}
		texts = append(texts, decimal(x, 4))
	}
	b.WriteString(strings.Join(texts, "  "))
	fmt.Fprintf(&b, `</title><path class="reach" d="M%s 7H%s"/>`, at(slices.Min(scores)), at(slices.Max(scores)))
	if len(scores) <= stripFolds {
		b.WriteString(`<path class="hair" d="`)
		for _, x := range scores {
			if low <= x && x <= high {
				fmt.Fprintf(&b, "M%s 3v8", at(x))
			}
		}
		b.WriteString(`"/>`)
	}
	switch {
	case math.IsNaN(st.Mean):
	case st.Mean < low:
		b.WriteString(`<path class="off" d="M6 4L1 7L6 10"/>`)
	case st.Mean > high:
		b.WriteString(`<path class="off" d="M94 4L99 7L94 10"/>`)
	default:
		fmt.Fprintf(&b, `<circle cx="%s" cy="7" r="2.6"/>`, at(st.Mean))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}
