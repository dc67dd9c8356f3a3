package main

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"espalier/grids"
	"espalier/search"
)

// row makes a standing with two folds.
func row(rank int, state search.State, values map[string]any, folds ...float64) search.Standing {
	s := search.Standing{Rank: rank, State: state, Folds: folds, Mean: math.NaN(), Std: math.NaN(), StdErr: math.NaN(),
		TrainScore: math.NaN(), Gap: math.NaN(), Best: math.NaN(), Epochs: math.NaN()}
	s.Trial = search.Trial{Key: grids.KeyOf(values), Point: grids.Point{Values: values}}
	if state == search.Complete {
		s.Mean, s.Std = (folds[0]+folds[1])/2, math.Abs(folds[0]-folds[1])/2
		s.TrainScore, s.Gap = s.Mean+0.05, 0.05
		s.StdErr, s.Best = s.Std, 4
	}
	return s
}

func rows() []search.Standing {
	nan := math.NaN()
	return []search.Standing{
		row(1, search.Complete, map[string]any{"optimizer": "adam", "units": int64(128), "mean": "zero"}, 0.9, 0.88),
		row(2, search.Complete, map[string]any{"optimizer": "adam", "units": int64(64), "mean": "zero"}, 0.85, 0.87),
		row(3, search.Complete, map[string]any{"optimizer": "sgd", "units": int64(64), "momentum": 0.9, "mean": "zero"}, 0.8, 0.82),
		row(0, search.Diverged, map[string]any{"optimizer": "sgd", "units": int64(128), "momentum": 0.5, "mean": "zero"}, 0.1, nan),
	}
}

// columns has the first two rows tied.
func columns() *columnSet {
	return newColumns([]string{"mean", "momentum", "optimizer", "units"}, 2, func(r *search.Standing) bool { return r.Rank == 1 || r.Rank == 2 })
}

// coded are rows and columns with an axis of words that look like numbers.
func coded() ([]search.Standing, *columnSet) {
	all := rows()
	all[2].Trial.Point.Values["code"], all[3].Trial.Point.Values["code"] = "007", "nan"
	return all, newColumns([]string{"code", "mean", "momentum", "optimizer", "units"}, 2, func(*search.Standing) bool { return false })
}

// FuzzConditions reads arbitrary conditions: an error of usage, or comparisons of which exactly one of less, equal and
// greater holds for a row that has the value.
func FuzzConditions(f *testing.F) {
	for _, seed := range []string{"optimizer=adam,units>64", `optimizer="a,\"b=c", units!="64"`, "mean=nan", "units<1e999", "params.mean!=zero", "rank==1,", "=", "units!64", `state="`, "fold1<=-0"} {
		f.Add(seed)
	}
	all, known := coded()
	f.Fuzz(func(t *testing.T, text string) {
		conditions, err := parseConditions(text, known)
		if err != nil {
			if exitCode(err) != exitUsage {
				t.Fatalf("exit %d: %v", exitCode(err), err)
			}
			return
		}
		for _, c := range conditions {
			for i := range all {
				holds := func(operator string) bool { c.operator = operator; return c.holds(&all[i]) }
				less, equal, greater := holds("<"), holds("="), holds(">")
				n := 0
				for _, one := range []bool{less, equal, greater} {
					if one {
						n++
					}
				}
				if want := c.column.value(&all[i]) != nil; n > 1 || (n == 1) != want || equal == holds("!=") || holds("<=") != (less || equal) || holds(">=") != (greater || equal) {
					t.Errorf("%q, row %d: less %t, equal %t, greater %t", text, i, less, equal, greater)
				}
			}
		}
	})
}

func TestConditions(t *testing.T) {
	for _, test := range []struct {
		where string
		want  string // numbers of the rows that hold
		fails string
	}{
		{where: "", want: "0 1 2 3"},
		{where: "optimizer=adam", want: "0 1"},
		{where: "optimizer==adam", want: "0 1"},
		{where: "optimizer=adam,units>64", want: "0"},
		{where: "units<=64", want: "1 2"},
		{where: "units=nan", want: ""},
		{where: "units!=NaN", want: "0 1 2 3"},
		{where: "units<1e999", want: "0 1 2 3"},
		{where: "units>-1e999", want: "0 1 2 3"},
		{where: "units=0x40", want: ""},
		{where: "code=007", want: "2"},
		{where: "code=7", want: ""},
		{where: "code=nan", want: "3"},
		{where: "units != 64", want: "0 3"},
		{where: "momentum>=0.5", want: "2 3"},
		{where: "momentum!=0.9", want: "0 1 3"},
		{where: "momentum=0.90", want: "2"},
		{where: "rank<3", want: "0 1"},
		{where: "mean>0.85", want: "0 1"},
		{where: "params.mean=zero", want: "0 1 2 3"},
		{where: "params.mean!=zero", want: ""},
		{where: "fold1<0.85", want: "2"},
		{where: "state=diverged", want: "3"},
		{where: `optimizer="adam", units="64"`, want: "1"},
		{where: `state="a,b=c"`, want: ""},
		{where: "optimiser=adam", fails: `no column "optimiser"`},
		{where: "adam", fails: "want COLUMN=VALUE"},
		{where: "=adam", fails: "want COLUMN=VALUE"},
		{where: "units>", fails: "a value is missing"},
		{where: "units!64", fails: "is no operator"},
		{where: `units="64`, fails: "a quote is not closed"},
		{where: `units="64"x`, fails: "want a comma"},
	} {
		t.Run(test.where, func(t *testing.T) {
			all, known := coded()
			conditions, err := parseConditions(test.where, known)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) || exitCode(err) != exitUsage {
					t.Fatalf("error %v (exit %d), want one with %q", err, exitCode(err), test.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			b := &board{rows: slices.Clone(all)}
			b.filter(conditions)
			var have []string
			for _, r := range b.rows {
				for i, o := range all {
					if o.Trial.Key == r.Trial.Key {
						have = append(have, string(rune('0'+i)))
					}
				}
			}
			if strings.Join(have, " ") != test.want {
				t.Errorf("rows %v, want %s", have, test.want)
			}
		})
	}
}

func TestSort(t *testing.T) {
	for _, test := range []struct{ by, want string }{
		{"", "1 2 3 0"},
		{"mean", "3 2 1 0"},
		{"-mean", "1 2 3 0"},
		{"momentum", "0 3 1 2"},
		{"-momentum", "3 0 1 2"},
		{"units", "2 3 1 0"},
		{"-gap", "1 2 3 0"},
	} {
		b := &board{rows: rows(), columns: columns()}
		if err := b.sort(test.by); err != nil {
			t.Fatal(err)
		}
		var have []string
		for _, r := range b.rows {
			have = append(have, string(rune('0'+r.Rank)))
		}
		if strings.Join(have, " ") != test.want {
			t.Errorf("sorted by %q: ranks %v, want %s", test.by, have, test.want)
		}
	}
	b := &board{rows: rows(), columns: columns()}
	if err := b.sort("meen"); err == nil || exitCode(err) != exitUsage {
		t.Errorf("an unknown column: error %v", err)
	}
}

func TestJSONColumns(t *testing.T) {
	b := &board{rows: rows(), columns: columns(), precision: 3}
	var err error
	if b.chosen, err = b.columns.parse([]string{"rank", "units", "params.mean", "mean", "folds", "momentum"}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`{"rank":1,"params":{"mean":"zero","units":128},"mean":0.89,"fold0":0.9,"fold1":0.88}`,
		`{"rank":2,"params":{"mean":"zero","units":64},"mean":0.86,"fold0":0.85,"fold1":0.87}`,
		`{"rank":3,"params":{"mean":"zero","momentum":0.9,"units":64},"mean":0.81,"fold0":0.8,"fold1":0.82}`,
		`{"rank":null,"params":{"mean":"zero","momentum":0.5,"units":128},"mean":null,"fold0":0.1,"fold1":null}`,
	} {
		var buf bytes.Buffer
		b.jsonRow(&buf, &b.rows[i])
		if buf.String() != want {
			t.Errorf("row %d\nhave %s\nwant %s", i, buf.String(), want)
		}
	}
}

func TestBoardTable(t *testing.T) {
	b := &board{rows: rows(), columns: columns(), precision: 3, changed: true}
	var buf bytes.Buffer
	if err := b.sheet(b.shown(), 3).write(&buf, "", 0); err != nil {
		t.Fatal(err)
	}
	want := `rank  tie  trial      mean    std     se  train    gap  best  state     momentum  optimizer  units
   1  =    ` + trialID(b.rows[0].Trial.Key) + `  0.890  0.010  0.010  0.940  0.050   4.0  complete            adam         128
   2  =    ` + trialID(b.rows[1].Trial.Key) + `  0.860  0.010  0.010  0.910  0.050   4.0  complete            adam          64
   3       ` + trialID(b.rows[2].Trial.Key) + `  0.810  0.010  0.010  0.860  0.050   4.0  complete       0.9  sgd           64
           ` + trialID(b.rows[3].Trial.Key) + `                                           diverged       0.5  sgd          128
`
	if buf.String() != want {
		t.Errorf("have\n%swant\n%s", buf.String(), want)
	}
}

// TestBoardNarrow: a narrow terminal loses what says least, never an axis that tells rows apart.
func TestBoardNarrow(t *testing.T) {
	for _, test := range []struct {
		width   int
		gone    []string
		remains []string
	}{
		{120, nil, []string{"momentum", "optimizer", "units", "train", "gap", "se", "best"}},
		{99, []string{"mean=zero"}, []string{"train", "gap", "se", "best"}},
		{92, []string{"mean=zero", "best"}, []string{"train", "gap", "se"}},
		{86, []string{"mean=zero", "best", "se"}, []string{"train", "gap"}},
		{80, []string{"mean=zero", "best", "se", "gap"}, []string{"train"}},
		{74, []string{"mean=zero", "best", "se", "gap", "train"}, nil},
		{20, []string{"mean=zero", "best", "se", "gap", "train"}, nil},
	} {
		b := &board{sweep: &search.Sweep{File: &grids.File{}, K: 2, Repeats: 1}, rows: rows(), columns: columns(), precision: 3, width: test.width}
		shown, gone := b.fitting()
		if !slices.Equal(gone, test.gone) {
			t.Errorf("width %d: left out %q, want %q", test.width, gone, test.gone)
		}
		var names []string
		for _, c := range shown {
			names = append(names, c.name)
		}
		for _, want := range append(test.remains, "rank", "tie", "trial", "std", "momentum", "optimizer", "units") {
			if !slices.Contains(names, want) {
				t.Errorf("width %d: no %s in %q", test.width, want, names)
			}
		}
		var buf bytes.Buffer
		if err := b.writeTable(&buf); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(buf.String(), "…") {
			t.Errorf("width %d: cut:\n%s", test.width, buf.String())
		}
	}
}

// TestHelpWidth: help fits the narrowest terminal in common use, but for examples.
func TestHelpWidth(t *testing.T) {
	p := &program{}
	commands := []*cobra.Command{p.root()}
	for len(commands) > 0 {
		cmd := commands[0]
		commands = append(commands[1:], cmd.Commands()...)
		if cmd.Name() == "completion" || cmd.HasParent() && cmd.Parent().Name() == "completion" {
			continue
		}
		for _, line := range strings.Split(cmd.Long+"\n"+cmd.LocalFlags().FlagUsagesWrapped(helpWidth), "\n") {
			if n := utf8.RuneCountInString(line); n > helpWidth {
				t.Errorf("%s: %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
	}
}
