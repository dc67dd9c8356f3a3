package main

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
)

// taking is a side whose rounds take these seconds, and notes when it ran.
func taking(name, library string, log *[]string, seconds ...float64) side {
	return side{name: name, library: library, run: func(context.Context) (float64, error) {
		*log = append(*log, name)
		next := seconds[0]
		seconds = seconds[1:]
		return next, nil
	}}
}

// TestHold: sides alternate, a peer that is not installed is left out, and a ratio is the median of the rounds'
// ratios, not the ratio of medians.
func TestHold(t *testing.T) {
	var log []string
	s := &stage{have: map[string]string{"torch": "1.13"}}
	rows, err := s.hold(t.Context(), contest{
		name: "an epoch",
		ours: taking("ours", "", &log, 1, 2, 4),
		others: []side{
			taking("torch", "torch", &log, 3, 2, 40),
			taking("sklearn", "sklearn", &log),
			taking("one worker", "", &log, .5, .002, .0004),
		},
	}, 3)
	if err != nil {
		t.Fatal(err)
	}
	turns := []string{"ours", "torch", "one worker"}
	if want := append(append(turns[:3:3], turns...), turns...); !reflect.DeepEqual(log, want) {
		t.Errorf("ran %v, want %v", log, want)
	}
	want := []table.Row{
		{"an epoch: ours", "2.00 s (1.00 s – 4.00 s)", "torch 1.13", "3.00 s (2.00 s – 40.00 s)", "3.00× (1.00× – 10.00×)"},
		{"an epoch: ours", "2.00 s (1.00 s – 4.00 s)", "one worker", "2.0 ms (400 µs – 500.0 ms)", "0.00× (0.00× – 0.50×)"},
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("rows\n%v\nwant\n%v", rows, want)
	}
}

// TestHoldAlone: without a peer ours is measured alone, and the table says so.
func TestHoldAlone(t *testing.T) {
	var log []string
	rows, err := (&stage{}).hold(t.Context(), contest{
		name:   "a step",
		ours:   taking("two threads", "", &log, .25),
		others: []side{taking("torch", "torch", &log)},
	}, 1)
	if want := []table.Row{{"a step: two threads", "250.0 ms", "none here", "", ""}}; err != nil || !reflect.DeepEqual(rows, want) {
		t.Errorf("rows %v, error %v, want %v", rows, err, want)
	}
}

// TestHoldFails: a side that fails is named.
func TestHoldFails(t *testing.T) {
	var log []string
	failing := side{name: "torch", run: func(context.Context) (float64, error) { return 0, errors.New("no memory") }}
	_, err := (&stage{}).hold(t.Context(), contest{ours: taking("", "", &log, 1), others: []side{failing}}, 1)
	if err == nil || err.Error() != "torch: no memory" {
		t.Errorf("error %v", err)
	}
}

// TestCompeteFails: what was measured before a failure is printed all the same.
func TestCompeteFails(t *testing.T) {
	var log []string
	failing := side{run: func(context.Context) (float64, error) { return 0, errors.New("no memory") }}
	var out strings.Builder
	err := (&stage{}).compete(t.Context(), []contest{
		{name: "a step", ours: taking("ours", "", &log, .25)},
		{name: "an epoch", ours: failing},
		{name: "a grid", ours: taking("ours", "", &log, .5)},
	}, 1, &out)
	if err == nil || err.Error() != "an epoch: no memory" {
		t.Errorf("error %v", err)
	}
	if text := out.String(); !strings.Contains(text, "| a step: ours | 250.0 ms |") || strings.Contains(text, "a grid") {
		t.Errorf("printed\n%s", text)
	}
}

func TestMedian(t *testing.T) {
	for _, row := range []struct {
		figures []float64
		want    float64
	}{
		{[]float64{7}, 7},
		{[]float64{9, 1}, 5},
		{[]float64{3, 1, 2}, 2},
		{[]float64{4, 1, 3, 100}, 3.5},
	} {
		if got := median(row.figures); got != row.want {
			t.Errorf("median of %v is %v, want %v", row.figures, got, row.want)
		}
	}
}
