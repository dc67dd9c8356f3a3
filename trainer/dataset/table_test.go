package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const flowers = `size,colour,weight,kind
1.5,red,10,rose
2.5,blue,20,tulip
-3,red,3e1,rose
4,"sea, green",40,lily
`

// writeTable writes one file into a fresh folder and gives its path.
func writeTable(t testing.TB, name, text string) string {
	t.Helper()
	return filepath.Join(writeFiles(t, map[string][]byte{name: []byte(text)}), name)
}

func TestLoadCSV(t *testing.T) {
	set, err := Load(Options{Source: writeTable(t, "flowers.csv", flowers)})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"lily", "rose", "tulip"}; !slices.Equal(set.Classes, want) {
		t.Errorf("classes %q, want %q", set.Classes, want)
	}
	if want := []Column{{"size", false}, {"colour", true}, {"weight", false}}; !slices.Equal(set.Columns, want) {
		t.Errorf("columns %v, want %v", set.Columns, want)
	}
	// Levels sorted: blue 0, red 1, "sea, green" 2.
	if want := []float64{1.5, 1, 10, 2.5, 0, 20, -3, 1, 30, 4, 2, 40}; !slices.Equal(set.Train.Cells, want) {
		t.Errorf("cells %v, want %v", set.Train.Cells, want)
	}
	if want := []int32{1, 2, 1, 0}; !slices.Equal(set.Train.Labels, want) {
		t.Errorf("labels %v, want %v", set.Train.Labels, want)
	}
	if set.Rows != 4 || set.Test != nil || set.Kind != Table || !slices.Equal(set.Shape, []int{3}) {
		t.Errorf("info %+v", set.Info)
	}
}

func TestLoadARFF(t *testing.T) {
	arff := "% flowers\n@RELATION flowers\n\n@attribute 'the size' REAL\n@ATTRIBUTE colour {red,blue, 'sea, green'}\n@attribute weight\tNumeric\n" +
		"@attribute note string\n@attribute kind {tulip, rose, lily}\n@DATA\n% a comment\n1.5,red,10,'it''s',rose\n" +
		"2.5, blue ,20,\"a \\\"b\\\"\",tulip\n\n-3,red,3e1,%x,rose\n4,'sea, green',40,x\\y,lily\n"
	arff = strings.Replace(arff, "it''s", `it\'s`, 1)
	set, err := Load(Options{Source: writeTable(t, "flowers.arff", arff)})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"lily", "rose", "tulip"}; !slices.Equal(set.Classes, want) {
		t.Errorf("classes %q, want %q", set.Classes, want)
	}
	if want := []Column{{"the size", false}, {"colour", true}, {"weight", false}, {"note", true}}; !slices.Equal(set.Columns, want) {
		t.Errorf("columns %v, want %v", set.Columns, want)
	}
	if want := []string{"%x", `a "b"`, "it's", `x\y`}; !slices.Equal(set.Train.Levels[3], want) {
		t.Errorf("levels %q, want %q", set.Train.Levels[3], want)
	}
	if want := []float64{1.5, 1, 10, 2, 2.5, 0, 20, 1, -3, 1, 30, 0, 4, 2, 40, 3}; !slices.Equal(set.Train.Cells, want) {
		t.Errorf("cells %v, want %v", set.Train.Cells, want)
	}
}

// TestARFFAndCSVAgree loads the same table from both formats.
func TestARFFAndCSVAgree(t *testing.T) {
	arff := "@relation f\n@attribute size real\n@attribute colour {red,blue,\"sea, green\"}\n@attribute weight real\n@attribute kind {rose,tulip,lily}\n@data\n" +
		strings.ReplaceAll(flowers[strings.Index(flowers, "\n")+1:], "3e1", "30.0")
	a, err := Load(Options{Source: writeTable(t, "a.csv", flowers)})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Load(Options{Source: writeTable(t, "b.arff", arff)})
	if err != nil {
		t.Fatal(err)
	}
	if a.Fingerprint != b.Fingerprint {
		t.Errorf("fingerprints differ: %+v and %+v", a.Info, b.Info)
	}
}

func TestTargets(t *testing.T) {
	table := "id,a,label\n10,x,3\n9,y,10\n1,x,3.0\n"
	for _, c := range []struct {
		name    string
		target  any
		classes []string
		labels  []int32
	}{
		{"the last by default, numbers by value", nil, []string{"3", "10"}, []int32{0, 1, 0}},
		{"by name", "a", []string{"x", "y"}, []int32{0, 1, 0}},
		{"by index", int64(0), []string{"1", "9", "10"}, []int32{2, 1, 0}},
		{"from the end", -2, []string{"x", "y"}, []int32{0, 1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, err := Load(Options{Source: writeTable(t, "t.csv", table), Target: c.target})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(set.Classes, c.classes) || !slices.Equal(set.Train.Labels, c.labels) {
				t.Errorf("classes %q labels %v, want %q %v", set.Classes, set.Train.Labels, c.classes, c.labels)
			}
			if len(set.Columns) != 2 {
				t.Errorf("columns %v", set.Columns)
			}
		})
	}
}

func TestClassOrder(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		want             []string
	}{
		{"words by bytes", "t.csv", "x,y\n1,é\n2,b\n3,Z\n4,a\n", []string{"Z", "a", "b", "é"}},
		{"one word among numbers", "t.csv", "x,y\n1,10\n2,9\n3,no\n", []string{"10", "9", "no"}},
		{"declared numbers", "t.arff", "@relation r\n@attribute x real\n@attribute y {10,9,1}\n@data\n1,10\n2,9\n3,1\n", []string{"1", "9", "10"}},
		{"negative and fractional", "t.csv", "x,y\n1,0.5\n2,-1\n3,1e20\n4,100\n", []string{"-1", "0.5", "100", "1e+20"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, err := Load(Options{Source: writeTable(t, c.file, c.text)})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(set.Classes, c.want) {
				t.Errorf("classes %q, want %q", set.Classes, c.want)
			}
		})
	}
}

func TestGroups(t *testing.T) {
	text := "patient,x,y\np10,1,a\np2,2,b\np10,3,a\nA,4,b\n"
	set, err := Load(Options{Source: writeTable(t, "g.csv", text), Group: "patient"})
	if err != nil {
		t.Fatal(err)
	}
	// Sorted by bytes: A, p10, p2.
	if want := []int{1, 2, 1, 0}; !slices.Equal(set.Train.Groups, want) || set.Groups != 3 {
		t.Errorf("groups %v of %d, want %v", set.Train.Groups, set.Groups, want)
	}
	if want := []Column{{"x", false}}; !slices.Equal(set.Columns, want) {
		t.Errorf("columns %v: a group is no feature", set.Columns)
	}
	plain, err := Load(Options{Source: writeTable(t, "g.csv", text)})
	if err != nil {
		t.Fatal(err)
	}
	if plain.Fingerprint == set.Fingerprint {
		t.Error("the group column does not change the fingerprint")
	}

	// A group column may have any number of words, and takes no quadratic time.
	var b strings.Builder
	b.WriteString("x,y,g\n")
	for i := range 50_000 {
		fmt.Fprintf(&b, "%d,%d,id%d\n", i%7, i%2, i/2)
	}
	set, err = Load(Options{Source: writeTable(t, "many.csv", b.String()), Group: "g", Target: "y"})
	if err != nil {
		t.Fatal(err)
	}
	if set.Groups != 25_000 {
		t.Errorf("%d groups", set.Groups)
	}
}

func TestTestFile(t *testing.T) {
	folder := writeFiles(t, map[string][]byte{
		"train.csv": []byte(flowers),
		"test.csv":  []byte("kind,weight,colour,size\nrose,1,red,2\nlily,3,puce,4\n"),
	})
	set, err := Load(Options{Source: "train.csv", Folder: folder, Test: "test.csv"})
	if err != nil {
		t.Fatal(err)
	}
	// Levels over both: blue, puce, red, "sea, green".
	if want := []float64{2, 2, 1, 4, 1, 3}; !slices.Equal(set.Test.Cells, want) {
		t.Errorf("cells %v, want %v", set.Test.Cells, want)
	}
	if want := []int32{1, 0}; !slices.Equal(set.Test.Labels, want) || set.TestRows != 2 {
		t.Errorf("labels %v, want %v", set.Test.Labels, want)
	}
	prep, err := FitPreprocessing(set.Info, set.Train, nil, None)
	if err != nil {
		t.Fatal(err)
	}
	view := NewView(set.Test, nil, prep)
	if view.Unknown != 1 {
		t.Errorf("%d unknown levels, want 1 (puce)", view.Unknown)
	}
	if want := []float32{2, 0, 1, 0, 1, 4, 0, 0, 0, 3}; !slices.Equal(view.Encoded, want) {
		t.Errorf("encoded %v, want %v", view.Encoded, want)
	}
}

func TestTestFraction(t *testing.T) {
	var b strings.Builder
	b.WriteString("x,y\n")
	for i := range 103 {
		fmt.Fprintf(&b, "%d,%s\n", i, []string{"a", "b", "b", "c"}[i%4])
	}
	path := writeTable(t, "t.csv", b.String())
	load := func(seed uint64, limit int) *Set {
		set, err := Load(Options{Source: path, TestFraction: 0.2, Seed: seed, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	set := load(1, 0)
	if set.Rows != 82 || set.TestRows != 21 {
		t.Errorf("%d + %d rows, want 82 + 21", set.Rows, set.TestRows)
	}
	if counts := set.Test.Counts(3); !slices.Equal(counts, []int{5, 11, 5}) {
		t.Errorf("test classes %v, want [5 11 5]", counts)
	}
	all := append(slices.Clone(set.Train.Cells), set.Test.Cells...)
	slices.Sort(all)
	for i, x := range all {
		if x != float64(i) {
			t.Fatalf("row %d is lost or twice", i)
		}
	}
	if !slices.IsSorted(set.Train.Cells) || !slices.IsSorted(set.Test.Cells) {
		t.Error("rows are not in order")
	}
	if again := load(1, 0); again.Fingerprint != set.Fingerprint || !slices.Equal(again.Test.Cells, set.Test.Cells) {
		t.Error("the same seed draws other rows")
	}
	if other := load(2, 0); slices.Equal(other.Test.Cells, set.Test.Cells) {
		t.Error("another seed draws the same rows")
	}
	// Drawn once for good: these are part of what a stored sweep means.
	if want := []float64{3, 16, 19, 25, 30}; !slices.Equal(set.Test.Cells[:5], want) {
		t.Errorf("first test rows %v, want %v", set.Test.Cells[:5], want)
	}
	// A limit takes of the training rows, after the test rows are held apart.
	limited := load(1, 10)
	if !slices.Equal(limited.Train.Cells, set.Train.Cells[:10]) || limited.TestRows != 21 {
		t.Errorf("limited: %v + %d", limited.Train.Cells, limited.TestRows)
	}
}

func TestBadTables(t *testing.T) {
	wide := strings.Repeat("a,", maxColumns) + "b\n"
	many := func(format string) string {
		var b strings.Builder
		b.WriteString("x,y\n")
		for i := range maxLevels + 2 {
			fmt.Fprintf(&b, format+"\n", i, i%2)
		}
		return b.String()
	}
	header := "@relation r\n@attribute x real\n@attribute y {a,b}\n@data\n"
	for _, c := range []struct {
		name, file, text string
		options          Options
		want             string
	}{
		{"empty", "t.csv", "", Options{}, "empty, wants a line of column names"},
		{"no rows", "t.csv", "x,y\n", Options{}, "no rows"},
		{"ragged", "t.csv", "x,y\n1,a\n\n2,b,3\n", Options{}, "row 2 (line 4) has 3 values, want 2"},
		{"short", "t.csv", "x,y\n1\n", Options{}, "row 1 (line 2) has 1 values, want 2"},
		{"missing", "t.csv", "x,y\n1,a\n ,b\n", Options{}, `row 2 (line 3), column "x": missing value`},
		{"a question mark", "t.csv", "x,y\n1,a\n2,?\n", Options{}, `row 2 (line 3), column "y": missing value`},
		{"NaN among numbers", "t.csv", "x,y\n1,a\nNaN,b\n", Options{}, `row 2 (line 3), column "x": "NaN" is no finite number`},
		{"NA among numbers", "t.csv", "x,y\nNA,a\n1,b\n", Options{}, `row 1 (line 2), column "x": "NA" is no finite number`},
		{"infinite", "t.csv", "x,y\n1e999,a\n1,b\n", Options{}, `"1e999" is no finite number`},
		{"stray quote", "t.csv", "x,y\n1,a\"b\n", Options{}, "line 2"},
		{"quote never closed", "t.csv", "x,y\n1,\"a\n" + strings.Repeat("1,b\n", maxRecord/4+1), Options{}, "a quote that is never closed"},
		{"ten thousand columns and more", "t.csv", wide + wide, Options{}, "line 1: more than 10000 columns"},
		{"a record without end", "t.csv", "x,y\n" + strings.Repeat("1", maxRecord+1), Options{}, "line 2: a record of more than"},
		{"same names", "t.csv", "x,y,x\n1,2,3\n", Options{}, `columns 1 and 3 are both named "x"`},
		{"nameless column", "t.csv", "x,,y\n1,2,3\n", Options{}, "column 2 has no name"},
		{"unknown target", "t.csv", flowers, Options{Target: "species"}, `no column "species" to be the target; known: size, colour, weight, kind`},
		{"target out of range", "t.csv", flowers, Options{Target: int64(4)}, "target 4 is out of range: there are 4 columns"},
		{"target of no kind", "t.csv", flowers, Options{Target: 1.5}, "target must be a column's name or index, have 1.5"},
		{"unknown group", "t.csv", flowers, Options{Group: "patient"}, `no column "patient" to group by`},
		{"group is target", "t.csv", flowers, Options{Group: "kind"}, `column "kind" cannot be both`},
		{"only a target", "t.csv", "y\na\nb\n", Options{}, "no column is left to learn from"},
		{"one class", "t.csv", "x,y\n1,a\n2,a\n", Options{}, `target "y" has one class only, "a"`},
		{"quantities", "t.csv", many("%[2]d,%[1]d"), Options{}, `target "y" has more than 1000 different numbers`},
		{"too many words", "t.csv", many("w%d,%d"), Options{}, `column "x" is not numeric (row 1 (line 2) has "w0") and has more than 1000`},
		{"test file missing", "t.csv", flowers, Options{Test: "none.csv"}, "test rows: none.csv: no such file or directory"},
		{"test and fraction", "t.csv", flowers, Options{Test: "t.csv", TestFraction: 0.5}, "exclude each other"},
		{"fraction of one", "t.csv", flowers, Options{TestFraction: 1}, "test_fraction must be"},
		{"fraction of all rows", "t.csv", flowers, Options{TestFraction: 0.9}, "leaves none to train on"},
		{"negative limit", "t.csv", flowers, Options{Limit: -1}, "limit must not be negative"},
		{"arff without data", "t.arff", "@relation r\n@attribute x real\n", Options{}, "no @data line"},
		{"arff without attributes", "t.arff", "@data\n1,2\n", Options{}, "line 1: @data before any @attribute"},
		{"arff of dates", "t.arff", "@relation r\n@attribute d date \"yyyy\"\n@data\n", Options{}, `line 2: attribute "d" is of type`},
		{"arff sparse", "t.arff", header + "{0 1, 1 a}\n", Options{}, "line 5: sparse rows are not read"},
		{"arff undeclared", "t.arff", header + "1,a\n2,c\n", Options{}, `row 2 (line 6), column "y": "c" is not among the declared values`},
		{"arff word for number", "t.arff", header + "one,a\n", Options{}, `row 1 (line 5), column "x": "one" is no finite number`},
		{"arff ragged", "t.arff", header + "1,a\n2\n", Options{}, "row 2 (line 6) has 1 values, want 2"},
		{"arff missing", "t.arff", header + "?,a\n", Options{}, `row 1 (line 5), column "x": missing value`},
		{"arff quote", "t.arff", header + "1,'a\n", Options{}, "line 5: the quote of"},
		{"arff after a quote", "t.arff", header + "1,'a'b\n", Options{}, "follows a quoted value"},
		{"arff long line", "t.arff", "@relation r\n@attribute s string\n@attribute y {a,b}\n@data\n" + strings.Repeat("x", 70_000) + ",a\n", Options{}, "at most 65535 are read"},
		{"arff junk", "t.arff", "hello\n", Options{}, `line 1: "hello" is no @relation`},
		{"another format", "t.txt", flowers, Options{}, "no .csv and no .arff file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.options.Source = writeTable(t, c.file, c.text)
			_, err := Load(c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error\n have %.300v\n want %s", err, c.want)
			}
			if !strings.Contains(err.Error(), c.file) {
				t.Errorf("error does not name the file: %v", err)
			}
		})
	}
}

func TestBadTestFiles(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"missing column", "size,colour,kind\n1,red,rose\n", `test.csv: column "weight" of train.csv is missing`},
		{"surplus column", "size,colour,weight,kind,more\n1,red,2,rose,3\n", `test.csv: column "more" is not in train.csv`},
		{"unknown class", "size,colour,weight,kind\n1,red,2,rose\n1,red,2,oak\n", `test.csv: row 2, column "kind": class "oak" is not among`},
		{"word for a number", "size,colour,weight,kind\n1,red,2,rose\nbig,red,2,rose\n", `test.csv: row 2 (line 3), column "size": "big" is no finite number`},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := writeFiles(t, map[string][]byte{"train.csv": []byte(flowers), "test.csv": []byte(c.text)})
			_, err := Load(Options{Source: "train.csv", Folder: folder, Test: "test.csv"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error\n have %v\n want %s", err, c.want)
			}
		})
	}
}

// TestFieldErrors: what the sweep file is at fault for can be told apart, with what would be right.
func TestFieldErrors(t *testing.T) {
	for field, o := range map[string]Options{
		"target": {Target: "species"}, "group": {Group: "species"}, "limit": {Limit: -1}, "test_fraction": {TestFraction: 2},
	} {
		o.Source = writeTable(t, "t.csv", flowers)
		_, err := Load(o)
		var fault *FieldError
		if !errors.As(err, &fault) || fault.Field != field {
			t.Errorf("%s: error %v", field, err)
			continue
		}
		if columns := []string{"size", "colour", "weight", "kind"}; (field == "target" || field == "group") && !slices.Equal(fault.Known, columns) {
			t.Errorf("%s: known %q, want %q", field, fault.Known, columns)
		}
	}
}

// TestKindsAreTheTrainingFiles: a test file cannot turn a column of numbers into words, and its
// numbers in a column of words stay words.
func TestKindsAreTheTrainingFiles(t *testing.T) {
	folder := writeFiles(t, map[string][]byte{
		"train.csv": []byte("code,x,y\n01,1,a\nB,2,b\n1,3,a\n"),
		"test.csv":  []byte("code,x,y\n01,1,a\n1,2,b\n"),
	})
	set, err := Load(Options{Source: "train.csv", Folder: folder, Test: "test.csv"})
	if err != nil {
		t.Fatal(err)
	}
	if want := [][]string{{"01", "1", "B"}, nil}; !reflect.DeepEqual(set.Train.Levels, want) {
		t.Errorf("levels %q, want %q", set.Train.Levels, want)
	}
	if want := []float64{0, 1, 1, 2}; !slices.Equal(set.Test.Cells, want) {
		t.Errorf("test cells %v, want %v", set.Test.Cells, want)
	}
}

func TestByteOrderMarkAndCRLF(t *testing.T) {
	text := "\uFEFF" + strings.ReplaceAll(`"a b",y`+"\n1,p\n2,q\n", "\n", "\r\n")
	set, err := Load(Options{Source: writeTable(t, "t.csv", text)})
	if err != nil {
		t.Fatal(err)
	}
	if set.Columns[0].Name != "a b" || !slices.Equal(set.Train.Cells, []float64{1, 2}) {
		t.Errorf("columns %v cells %v", set.Columns, set.Train.Cells)
	}
}

// fuzzTable loads foreign bytes: an error that names the file, or a set whose parts agree.
// The path is the same for every input: making folders takes longer than reading.
func fuzzTable(t *testing.T, path string, data []byte) {
	name := filepath.Base(path)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := Load(Options{Source: path, TestFraction: 0.25, Seed: 1})
	if err != nil {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error does not name the file: %v", err)
		}
		if strings.Contains(err.Error(), "gave up") {
			t.Errorf("the survey let through what golearn refuses: %v", err)
		}
		return
	}
	for _, rows := range []*Rows{set.Train, set.Test} {
		if len(rows.Cells) != rows.N*len(set.Columns) || len(rows.Labels) != rows.N {
			t.Fatalf("%d rows with %d cells and %d labels", rows.N, len(rows.Cells), len(rows.Labels))
		}
	}
	prep, err := FitPreprocessing(set.Info, set.Train, nil, "")
	if err != nil {
		return // numbers too large for a z-score
	}
	if view := NewView(set.Train, nil, prep); view.Unknown != 0 {
		t.Errorf("%d levels of the training rows are unknown", view.Unknown)
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{flowers, "", "x,y\n1,a\n2,b\n3,a\n4,b\n", "x,y\n\"1\n2\",a\n", "a,b\n1,NaN\n", "\uFEFFa,b\n1,2\n3,4\n5,6\n"} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "f.csv")
	f.Fuzz(func(t *testing.T, data []byte) { fuzzTable(t, path, data) })
}

func FuzzARFF(f *testing.F) {
	header := "@relation r\n@attribute x real\n@attribute y {a,b}\n@data\n"
	for _, seed := range []string{header + "1,a\n2,b\n3,a\n4,b\n", header, "@attribute 'x y' {1,2, '3'}\n@attribute z string\n@data\n1,'%'\n2,\"q\"\n'3',w\n", "% c\n@data\n"} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "f.arff")
	f.Fuzz(func(t *testing.T, data []byte) { fuzzTable(t, path, data) })
}
