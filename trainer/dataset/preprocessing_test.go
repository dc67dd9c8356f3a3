package dataset

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestScales(t *testing.T) {
	info := Info{Kind: Images, Shape: []int{1, 3, 1}}
	rows := &Rows{N: 4, Pixels: []byte{0, 9, 255, 10, 9, 0, 200, 200, 200, 20, 9, 255}}
	index := []int{0, 1, 3} // the third row belongs to another fold
	for _, c := range []struct {
		scale     string
		want      string
		mean, std []float64
	}{
		{"", Unit, nil, nil},
		{Unit, Unit, nil, nil},
		{None, None, nil, nil},
		{Standard, Standard, []float64{10, 9, 170}, []float64{math.Sqrt(200.0 / 3), 1, math.Sqrt(43350.0 / 3)}},
	} {
		prep, err := FitPreprocessing(info, rows, index, c.scale)
		if err != nil {
			t.Fatal(err)
		}
		if prep.Scale != c.want || !slices.Equal(prep.Shape, info.Shape) {
			t.Errorf("%q: %+v", c.scale, prep)
		}
		if !slices.Equal(prep.Mean, c.mean) || !closeTo(prep.Std, c.std) {
			t.Errorf("%q: mean %v, std %v, want %v, %v", c.scale, prep.Mean, prep.Std, c.mean, c.std)
		}
		mul, add := prep.Affine()
		for i, x := range []float64{20, 9, 255} {
			want := x
			switch c.want {
			case Unit:
				want = x / 255
			case Standard:
				want = (x - c.mean[i]) / c.std[i]
			}
			m, a := mul[i%len(mul)], add[i%len(add)]
			if got := float64(float32(x)*m + a); math.Abs(got-want) > 1e-6 {
				t.Errorf("%q: pixel %v becomes %v, want %v", c.scale, x, got, want)
			}
		}
	}
}

func closeTo(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Abs(x-y) <= 1e-12*math.Abs(y) })
}

func TestScaleRefusals(t *testing.T) {
	images := Info{Kind: Images, Shape: []int{1, 1, 1}}
	table := Info{Kind: Table, Shape: []int{1}, Columns: []Column{{Name: "x"}}}
	for _, c := range []struct {
		name  string
		info  Info
		rows  *Rows
		scale string
		want  string
	}{
		{"unknown", images, &Rows{N: 1, Pixels: []byte{1}}, "minmax", `unknown scale "minmax" for images; known: unit, standard, none`},
		{"unit for a table", table, &Rows{N: 1, Cells: []float64{1}}, Unit, `unknown scale "unit" for table; known: standard, none`},
		{"no rows", images, &Rows{}, Unit, "no training rows"},
		{"infinite deviation", table, &Rows{N: 2, Cells: []float64{-1e308, 1e308}}, Standard, `column "x": values up to 1e+308 are too large for a z-score`},
		{"infinite mean", table, &Rows{N: 2, Cells: []float64{1.7e308, 1.6e308}}, Standard, "too large for a z-score"},
		{"beyond float32", table, &Rows{N: 1, Cells: []float64{1e39}}, None, "do not fit in float32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := FitPreprocessing(c.info, c.rows, nil, c.scale)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// TestFittedOnTrainingRows encodes a table of which only some rows are learnt from.
func TestFittedOnTrainingRows(t *testing.T) {
	info := Info{Kind: Table, Shape: []int{3}, Classes: []string{"p", "q"}, Columns: []Column{{"c", true}, {"x", false}, {"k", false}}}
	rows := &Rows{N: 4, Levels: [][]string{{"a", "b", "c"}, nil, nil}, Cells: []float64{2, 1, 0.1, 0, 3, 0.1, 1, 100, 5, 2, 5, 0.1}, Labels: []int32{0, 1, 0, 1}}
	prep, err := FitPreprocessing(info, rows, []int{0, 1, 3}, "")
	if err != nil {
		t.Fatal(err)
	}
	std := math.Sqrt(8.0 / 3)
	want := &Preprocessing{
		Kind: Table, Scale: Standard, Shape: []int{4}, Mean: []float64{0, 0, 3, 0.1}, Std: []float64{1, 1, std, 1},
		Columns: []EncodedColumn{{"c", []string{"a", "c"}}, {Name: "x"}, {Name: "k"}},
	}
	if !reflect.DeepEqual(prep, want) {
		t.Errorf("preprocessing\n have %+v\n want %+v", prep, want)
	}
	view := NewView(rows, []int{3, 2}, prep)
	encoded := []float32{0, 1, float32(2 / std), 0, 0, 0, float32(97 / std), 4.9}
	if !slices.Equal(view.Encoded, encoded) || view.Unknown != 1 {
		t.Errorf("encoded %v with %d unknown, want %v with 1", view.Encoded, view.Unknown, encoded)
	}
	if view.Len() != 2 || view.Row(1) != 2 || view.Label(0) != 1 || view.Label(1) != 0 {
		t.Errorf("view of %d rows: row %d, labels %d %d", view.Len(), view.Row(1), view.Label(0), view.Label(1))
	}

	// The same rows as text.
	for i, record := range [][]string{{"c", " 5 ", "0.1"}, {"b", "100", "5"}} {
		features, unknown, err := prep.EncodeRecord(record)
		if err != nil || unknown != i || !slices.Equal(features, encoded[4*i:4*i+4]) {
			t.Errorf("record %q: %v, %d unknown, %v", record, features, unknown, err)
		}
	}
	for _, c := range []struct {
		record []string
		want   string
	}{
		{[]string{"a", "1"}, "has 2 values, want 3"},
		{[]string{"a", "", "1"}, `column "x": missing value`},
		{[]string{"a", "one", "1"}, `column "x": "one" is no finite number`},
		{[]string{"a", "inf", "1"}, `column "x": "inf" is no finite number`},
	} {
		if _, _, err := prep.EncodeRecord(c.record); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("record %q: error %v, want %s", c.record, err, c.want)
		}
	}
	// And as a file, with columns in another order and some that nobody asked for.
	text := "label,k,note,x,c\nz,0.1,,5,c\nz,5,,100,b\n"
	read, err := prep.ReadTable(writeTable(t, "new.csv", text), 0)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(read.Encoded, encoded) || read.Unknown != 1 || read.Len() != 2 || read.Label(0) != -1 {
		t.Errorf("read %v with %d unknown", read.Encoded, read.Unknown)
	}
	if _, err := prep.ReadTable(writeTable(t, "new.csv", "k,c\n1,a\n"), 0); err == nil || !strings.Contains(err.Error(), `columns the model needs are missing: "x"`) {
		t.Errorf("missing column: error %v", err)
	}
	if _, err := prep.ReadTable(writeTable(t, "new.csv", "k,c,x\n1,a,no\n"), 0); err == nil || !strings.Contains(err.Error(), `column "x": "no" is no finite number`) {
		t.Errorf("word for a number: error %v", err)
	}
}

func TestJSONIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	prep := &Preprocessing{Kind: Table, Scale: Standard, Shape: []int{40}, Columns: []EncodedColumn{{"a\u2028\"b", []string{"ü", "", "<&>"}}, {Name: "x"}}}
	for range 40 {
		prep.Mean = append(prep.Mean, math.Ldexp(random.NormFloat64(), random.IntN(600)-300))
		prep.Std = append(prep.Std, random.ExpFloat64())
	}
	data, err := json.Marshal(prep)
	if err != nil {
		t.Fatal(err)
	}
	var back Preprocessing
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&back, prep) {
		t.Errorf("read back\n have %+v\n want %+v", back, *prep)
	}
}

func TestImagesAreNotCopied(t *testing.T) {
	rows := &Rows{N: 20_000, Pixels: make([]byte, 20_000*100)}
	info := Info{Kind: Images, Shape: []int{10, 10, 1}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	prep, err := FitPreprocessing(info, rows, nil, Standard)
	if err != nil {
		t.Fatal(err)
	}
	NewView(rows, nil, prep)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 100_000 {
		t.Errorf("%d bytes were allocated for 2 MB of pixels", used)
	}
}

func TestImageViews(t *testing.T) {
	prep := &Preprocessing{Kind: Images, Scale: Unit, Shape: []int{2, 2, 1}}
	view, err := NewImageView(count(8), 2, prep)
	if err != nil || view.Len() != 2 || view.Label(1) != -1 || view.Row(1) != 1 {
		t.Errorf("view %+v, %v", view, err)
	}
	for _, c := range []struct{ bytes, n int }{{7, 2}, {8, 3}, {8, 1}, {0, 1}, {8, -2}} {
		if _, err := NewImageView(count(c.bytes), c.n, prep); err == nil {
			t.Errorf("%d bytes as %d images of 2×2 are no error", c.bytes, c.n)
		}
	}
	if _, err := NewImageView(nil, 0, &Preprocessing{Kind: Table}); err == nil {
		t.Error("images for a table's model are no error")
	}
	if (View{}).Len() != 0 {
		t.Error("the zero view has rows")
	}
}

func TestMatch(t *testing.T) {
	classes := []string{"p", "q"}
	images := &Preprocessing{Kind: Images, Shape: []int{2, 2, 1}}
	table := &Preprocessing{Kind: Table, Columns: []EncodedColumn{{Name: "x"}, {"c", []string{"a"}}}}
	columns := []Column{{"x", false}, {"c", true}}
	for _, c := range []struct {
		name string
		prep *Preprocessing
		info Info
		want string
	}{
		{"images", images, Info{Kind: Images, Shape: []int{2, 2, 1}, Classes: classes}, ""},
		{"table", table, Info{Kind: Table, Columns: columns, Classes: classes}, ""},
		{"kind", table, Info{Kind: Images, Classes: classes}, "the model is for table, the data are images"},
		{"shape", images, Info{Kind: Images, Shape: []int{3, 2, 1}, Classes: classes}, "images of [2 2 1], these are [3 2 1]"},
		{"classes", images, Info{Kind: Images, Shape: []int{2, 2, 1}, Classes: classes[:1]}, `the model's classes are ["p" "q"], the data's ["p"]`},
		{"columns", table, Info{Kind: Table, Columns: columns[:1], Classes: classes}, "for 2 columns, the data have 1"},
		{"order", table, Info{Kind: Table, Columns: []Column{columns[1], columns[0]}, Classes: classes}, `column 1 is "c" in the data, the model wants "x"`},
	} {
		err := c.prep.Match(c.info, classes)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}
