package exchange

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

// kind is what the values of a column are.
type kind int

const (
	text kind = iota
	integer
	real
	truth
)

// column is one column of the table formats. value is a string, int64, float64 or bool; nil where there is none.
type column struct {
	name   string
	kind   kind
	repeat bool // few values, many rows: worth a dictionary
	place  place
	value  func(r *Run, epoch int) any
}

// place tells where JSON has a column.
type place int

const (
	inRow place = iota
	inParams
	inHead // the same in all rows
)

// columns are those of a sweep.
func (s Source) columns() []column {
	all := []column{
		{"trial", text, true, inRow, func(r *Run, _ int) any { return r.Trial.ID() }},
		{"repeat", integer, true, inRow, func(r *Run, _ int) any { return int64(r.Repeat) }},
		{"fold", integer, true, inRow, func(r *Run, _ int) any { return int64(r.Fold) }},
		{"epoch", integer, false, inRow, ofEpoch(func(e *trainer.Epoch) any { return int64(e.Number) })},
		{"state", text, true, inRow, func(r *Run, _ int) any { return string(r.State) }},
		{"scored", truth, false, inRow, func(r *Run, epoch int) any { return epoch >= 0 && epoch == r.Scored }},
	}
	for _, a := range s.Sweep.File.Grid.Axes() {
		all = append(all, axisColumn(a))
	}
	number := func(name string, read func(e *trainer.Epoch) float64) {
		all = append(all, column{name, real, false, inRow, ofEpoch(func(e *trainer.Epoch) any { return finite(read(e)) })})
	}
	number("train_loss", func(e *trainer.Epoch) float64 { return e.TrainLoss })
	number("train_accuracy", func(e *trainer.Epoch) float64 { return e.TrainAccuracy })
	for _, metric := range []string{"loss", "accuracy", "f1_macro", "precision_macro", "recall_macro"} {
		number("validation_"+metric, func(e *trainer.Epoch) float64 { return validation(e, metric) })
	}
	number("learning_rate", func(e *trainer.Epoch) float64 { return e.LearningRate })
	number("seconds", func(e *trainer.Epoch) float64 { return e.Seconds })
	word := func(name string, place place, read func(r *Run) string) {
		all = append(all, column{name, text, true, place, func(r *Run, _ int) any {
			if t := read(r); t != "" {
				return t
			}
			return nil
		}})
	}
	word("reason", inRow, func(r *Run) string { return r.Reason })
	word("revision", inRow, func(r *Run) string { return r.Revision })
	word("kernel", inRow, func(r *Run) string { return r.Kernel })
	head := s.head()
	word("sweep", inHead, func(*Run) string { return head.Sweep })
	word("id", inHead, func(*Run) string { return head.ID.String() })
	word("data", inHead, func(*Run) string { return head.Data })
	word("metric", inHead, func(*Run) string { return head.Metric })
	word("seed", inHead, func(*Run) string { return strconv.FormatUint(head.Seed, 10) })
	word("version", inHead, func(*Run) string { return head.Version })
	return all
}

// head is where the numbers come from, the same for all rows.
func (s Source) head() search.Board { return s.Ranking.Head(s.Version) }

// ofEpoch reads an epoch, nil where the row has none.
func ofEpoch(read func(e *trainer.Epoch) any) func(r *Run, epoch int) any {
	return func(r *Run, epoch int) any {
		if epoch < 0 {
			return nil
		}
		return read(&r.Epochs[epoch])
	}
}

// finite is a number, or nil for one that is none.
func finite(v float64) any {
	if v-v != 0 {
		return nil
	}
	return v
}

// validation is a score on the validation rows, NaN where there is none.
func validation(e *trainer.Epoch, metric string) float64 {
	if e.Validation == nil {
		return math.NaN()
	}
	v, ok := e.Validation.Metric(metric)
	if !ok {
		return math.NaN()
	}
	return v
}

// axisColumn is a parameter that the grid varies.
func axisColumn(a grids.Axis) column {
	k := axisKind(a)
	return column{"params." + a.Name, k, true, inParams, func(r *Run, _ int) any {
		v, active := r.Trial.Point.Values[a.Name]
		if !active {
			return nil
		}
		return asKind(v, k)
	}}
}

// axisKind is the narrowest kind that holds all values of an axis.
func axisKind(a grids.Axis) kind {
	if a.Values == nil {
		if a.Integer {
			return integer
		}
		return real
	}
	k := kindOf(a.Values[0])
	for _, v := range a.Values[1:] {
		k = wider(k, kindOf(v))
	}
	return k
}

// wider is the narrowest kind that holds the values of both.
func wider(a, b kind) kind {
	switch {
	case a == b:
		return a
	case a == integer && b == real || a == real && b == integer:
		return real
	}
	return text
}

func kindOf(v any) kind {
	switch v.(type) {
	case bool:
		return truth
	case int64, int:
		return integer
	case float64:
		return real
	}
	return text
}

// asKind turns a parameter's value into one of a column's kind: a list or a table becomes JSON.
func asKind(v any, k kind) any {
	switch v := v.(type) {
	case int:
		return asKind(int64(v), k)
	case int64:
		if k == real {
			return float64(v)
		} else if k == integer {
			return v
		}
	case float64:
		switch {
		case k == real:
			return finite(v)
		case k == integer && v == math.Trunc(v):
			return int64(v)
		}
	case bool:
		if k == truth {
			return v
		}
	case string:
		if k == text {
			return v
		}
	}
	if k != text {
		return nil
	}
	return jsonOf(v)
}

func jsonOf(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(out)
}
