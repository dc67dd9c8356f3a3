package folds

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// golden is testdata/folds.json, made by testdata/make.py with scikit-learn.
type golden struct {
	Cases []struct {
		Name, Scheme string
		N, K         int
		Values       []int
		Folds        []int // the fold that validates each row
		Warns        bool
		Error        string
	}
	Sorts []struct{ Values, Order []int }
}

func readGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/folds.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestFoldsAreScikitLearns(t *testing.T) {
	for _, c := range readGolden(t).Cases {
		t.Run(c.Scheme+"/"+c.Name, func(t *testing.T) {
			warned := false
			o := Options{Warn: func(string) { warned = true }}
			var got []Fold
			var err error
			switch c.Scheme {
			case "kfold":
				got, err = KFold(c.N, c.K, o)
			case "stratified":
				got, err = Stratified(c.Values, c.K, o)
			case "grouped":
				got, err = Grouped(c.Values, c.K, o)
			default:
				t.Fatalf("unknown scheme %q", c.Scheme)
			}
			if c.Error != "" {
				if err == nil {
					t.Fatalf("no error, scikit-learn says: %s", c.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if of := assignment(t, c.N, got); !slices.Equal(of, c.Folds) {
				t.Errorf("folds\n have %v\n want %v", of, c.Folds)
			}
			if warned != c.Warns {
				t.Errorf("warned %v, scikit-learn %v", warned, c.Warns)
			}
		})
	}
}

func TestArgsortIsNumPys(t *testing.T) {
	for i, s := range readGolden(t).Sorts {
		if got := argsort(s.Values); !slices.Equal(got, s.Order) {
			t.Errorf("sort %d of %d values: order\n have %v\n want %v", i, len(s.Values), got, s.Order)
		}
	}
}

// assignment is the fold that validates each row, after checking that every fold is a pair of
// ascending, disjoint rows that cover all, and that every row is validated once.
func assignment(t *testing.T, n int, folds []Fold) []int {
	t.Helper()
	of := make([]int, n)
	for i := range of {
		of[i] = -1
	}
	for f, fold := range folds {
		checkFold(t, n, fold)
		for _, row := range fold.Validation {
			if of[row] != -1 {
				t.Fatalf("row %d is validated by folds %d and %d", row, of[row], f)
			}
			of[row] = f
		}
	}
	if row := slices.Index(of, -1); row >= 0 {
		t.Fatalf("row %d is never validated", row)
	}
	return of
}

func checkFold(t *testing.T, n int, fold Fold) {
	t.Helper()
	in := make([]int, n)
	for _, rows := range [][]int{fold.Train, fold.Validation} {
		if len(rows) < minRows {
			t.Fatalf("only %d rows in %v", len(rows), fold)
		}
		for i, row := range rows {
			in[row]++
			if i > 0 && rows[i-1] >= row {
				t.Fatalf("rows do not ascend: %d after %d", row, rows[i-1])
			}
		}
	}
	for row, times := range in {
		if times != 1 {
			t.Fatalf("row %d is %d times in a fold", row, times)
		}
	}
}
