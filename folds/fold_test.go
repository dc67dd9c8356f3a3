package folds

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestRefusals(t *testing.T) {
	labels := []int{0, 1, 0, 1, 0, 1, 0, 1}
	for _, c := range []struct {
		name string
		make func() ([]Fold, error)
		want string
	}{
		{"k of one", func() ([]Fold, error) { return KFold(8, 1, Options{}) }, "k must be at least 2, have 1"},
		{"negative k", func() ([]Fold, error) { return Stratified(labels, -3, Options{}) }, "k must be at least 2, have -3"},
		{"k above the rows", func() ([]Fold, error) { return KFold(8, 9, Options{}) }, "k = 9 is more than the 8 rows"},
		{"no rows", func() ([]Fold, error) { return Grouped(nil, 2, Options{}) }, "k = 2 is more than the 0 rows"},
		{"one row to validate on", func() ([]Fold, error) { return KFold(8, 8, Options{}) }, "fold 0 has 7 rows to train on and 1 to validate on"},
		{"one row to train on", func() ([]Fold, error) { return Grouped([]int{1, 1, 1, 2}, 2, Options{}) }, "fold 0 has 1 rows to train on"},
		{"every class rarer than folds", func() ([]Fold, error) { return Stratified(labels, 5, Options{}) }, "more than the rows of any class"},
		{"fewer groups than folds", func() ([]Fold, error) { return Grouped(labels, 3, Options{}) }, "more than the 2 groups"},
		{"repeats without shuffle", func() ([]Fold, error) { return KFold(8, 2, Options{Repeats: 2}) }, "2 repeats need shuffle"},
		{"negative repeats", func() ([]Fold, error) { return KFold(8, 2, Options{Repeats: -1}) }, "must not be negative"},
		{"a flood of repeats", func() ([]Fold, error) { return KFold(8, 2, Options{Shuffle: true, Repeats: math.MaxInt}) }, "too many"},
		{"a flood of folds", func() ([]Fold, error) { return KFold(1_000_000, 500_000, Options{}) }, "too many"},
		{"a fraction of zero", func() ([]Fold, error) { return Holdout(8, nil, 0, Random, Options{}) }, "above 0 and below 1"},
		{"a fraction of one", func() ([]Fold, error) { return Holdout(8, nil, 1, Random, Options{}) }, "above 0 and below 1"},
		{"a fraction that is none", func() ([]Fold, error) { return Holdout(8, nil, math.NaN(), Random, Options{}) }, "have NaN"},
		{"an infinite fraction", func() ([]Fold, error) { return Holdout(8, nil, math.Inf(1), Random, Options{}) }, "have +Inf"},
		{"a fraction of one row", func() ([]Fold, error) { return Holdout(8, nil, 0.1, Last, Options{}) }, "leaves 7 to train on and 1 to validate on"},
		{"a fraction that leaves one row", func() ([]Fold, error) { return Holdout(8, nil, 0.8, Last, Options{}) }, "leaves 1 to train on"},
		{"negative rows", func() ([]Fold, error) { return Holdout(-8, nil, 0.5, Last, Options{}) }, "must not be negative"},
		{"an unknown position", func() ([]Fold, error) { return Holdout(8, nil, 0.5, "first", Options{}) }, `unknown position "first"; known: random, last, stratified`},
		{"labels missing", func() ([]Fold, error) { return Holdout(8, labels[1:], 0.5, StratifiedPosition, Options{}) }, "7 labels for 8 rows"},
		{"repeats of the last rows", func() ([]Fold, error) {
			return Holdout(8, nil, 0.5, Last, Options{Shuffle: true, Repeats: 2})
		}, "all the same"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.make()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if got != nil {
				t.Errorf("folds beside an error: %v", got)
			}
		})
	}
}

func TestHoldoutRows(t *testing.T) {
	labels := []int{2, 2, 2, 2, 2, 2, 0, 0, 0, 1}
	for _, c := range []struct {
		name     string
		fraction float64
		position Position
		want     []int // validation rows
	}{
		{"last, exact", 0.2, Last, []int{8, 9}},
		{"last, rounded up", 0.25, Last, []int{7, 8, 9}},
		{"stratified", 0.5, StratifiedPosition, nil},
		{"random", 0.31, Random, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Holdout(len(labels), labels, c.fraction, c.position, Options{Seed: 3})
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 {
				t.Fatalf("%d folds", len(got))
			}
			checkFold(t, len(labels), got[0])
			validation := got[0].Validation
			if want := int(math.Ceil(c.fraction * 10)); len(validation) != want {
				t.Errorf("%d validation rows, want %d", len(validation), want)
			}
			if c.want != nil && !slices.Equal(validation, c.want) {
				t.Errorf("validation rows %v, want %v", validation, c.want)
			}
			if c.position == StratifiedPosition {
				counts := map[int]int{}
				for _, row := range validation {
					counts[labels[row]]++
				}
				// Shares of 3, 1.5 and 0.5: the row left over goes to the class of the largest
				// remainder that was seen first.
				if want := map[int]int{2: 3, 0: 2}; !reflect.DeepEqual(counts, want) {
					t.Errorf("classes in validation %v, want %v", counts, want)
				}
			}
		})
	}
}

// TestShufflesStay pins shuffled folds: they are part of what a stored sweep means.
func TestShufflesStay(t *testing.T) {
	labels := []int{0, 1, 0, 1, 0, 1, 0, 1, 2, 2, 2, 2}
	o := Options{Shuffle: true, Seed: 7, Repeats: 2}
	for _, c := range []struct {
		name string
		make func() ([]Fold, error)
		want [][]int // validation rows
	}{
		{"kfold", func() ([]Fold, error) { return KFold(12, 3, o) }, [][]int{{2, 4, 9, 10}, {0, 1, 5, 8}, {3, 6, 7, 11}, {0, 2, 6, 10}, {1, 3, 8, 9}, {4, 5, 7, 11}}},
		{"stratified", func() ([]Fold, error) { return Stratified(labels, 2, o) }, [][]int{{0, 1, 5, 6, 8, 10}, {2, 3, 4, 7, 9, 11}, {2, 3, 5, 6, 8, 9}, {0, 1, 4, 7, 10, 11}}},
		{"grouped", func() ([]Fold, error) { return Grouped([]int{1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6, 6}, 3, o) }, [][]int{{2, 3, 9, 10, 11}, {6, 7, 8}, {0, 1, 4, 5}, {0, 1, 4, 5, 6}, {2, 3, 7, 8}, {9, 10, 11}}},
		{"holdout", func() ([]Fold, error) { return Holdout(12, nil, 0.25, Random, o) }, [][]int{{5, 10, 11}, {6, 8, 9}}},
		{"holdout stratified", func() ([]Fold, error) { return Holdout(12, labels, 0.25, StratifiedPosition, o) }, [][]int{{3, 6, 11}, {4, 5, 9}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			var rows [][]int
			for _, f := range got {
				checkFold(t, 12, f)
				rows = append(rows, f.Validation)
			}
			if !reflect.DeepEqual(rows, c.want) {
				t.Errorf("validation rows\n have %v\n want %v", rows, c.want)
			}
		})
	}
}

// TestStreamIsSplitMix64 compares with the numbers that the reference implementation gives for the
// state 1234567.
func TestStreamIsSplitMix64(t *testing.T) {
	s := stream{1234567}
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423} {
		if got := s.next(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
}

// TestBelowIsEven draws from a range that a 64-bit number does not divide evenly into.
func TestBelowIsEven(t *testing.T) {
	const n, draws = 3 << 62, 3000
	s := stream{5}
	low := 0
	for range draws {
		x := s.below(n)
		if x >= n {
			t.Fatalf("drew %d, want below %d", x, uint64(n))
		}
		if x < n/3 {
			low++
		}
	}
	// Without rejection this third would come half the time.
	if low < draws/3-150 || low > draws/3+150 {
		t.Errorf("%d of %d draws in the lowest third", low, draws)
	}
}

func TestRepeatsAndSeedsDiffer(t *testing.T) {
	first, err := KFold(200, 4, Options{Shuffle: true, Seed: 1, Repeats: 2})
	if err != nil {
		t.Fatal(err)
	}
	second, err := KFold(200, 4, Options{Shuffle: true, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	if reflect.DeepEqual(first[:4], first[4:]) {
		t.Error("both repeats have the same folds")
	}
	if reflect.DeepEqual(first[:4], second) {
		t.Error("two seeds have the same folds")
	}
	again, err := KFold(200, 4, Options{Shuffle: true, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first[:4], again) {
		t.Error("the first repeat depends on the number of repeats")
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name   string
		labels []int
		k      int
		want   string
	}{
		{"none", []int{0, 0, 1, 1, 0, 1}, 3, ""},
		{"one class", []int{4, 4, 4, 9, 4, 4, 4}, 3, "class 9 has 1 rows, fewer than the 3 folds"},
		{"two classes", []int{0, 0, 0, 1, 1, 0, 0, 2}, 3, "2 classes have fewer rows than the 3 folds, the smallest (class 2) 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			_, err := Stratified(c.labels, c.k, Options{Shuffle: true, Repeats: 3, Warn: func(m string) { got = append(got, m) }})
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" && got != nil || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
				t.Errorf("warnings %q, want %q", got, c.want)
			}
		})
	}
}

// TestManyGroups finishes only if no step is quadratic.
func TestManyGroups(t *testing.T) {
	n := 300_000
	groups := make([]int, n)
	for i := range groups {
		groups[i] = i / 2 * 31
	}
	got, err := Grouped(groups, 100, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 100 || len(got[99].Validation) != n/100 {
		t.Errorf("%d folds, the last with %d validation rows", len(got), len(got[99].Validation))
	}
}

// FuzzFolds checks the laws of folds over every scheme: either an error, or each row validated
// exactly once a repeat, training and validation rows disjoint and ascending, groups kept
// together, classes spread evenly, and the same again on a second call.
func FuzzFolds(f *testing.F) {
	for _, c := range fuzzSeeds() {
		f.Add(c.labels, c.k, c.repeats, c.seed, c.shuffle)
	}
	f.Fuzz(func(t *testing.T, data []byte, k, repeats int, seed uint64, shuffle bool) {
		if repeats > 20 || len(data)*max(1, repeats) > 5000 {
			t.Skip("larger than this test wants to hold, or has the time for on a busy machine")
		}
		values := make([]int, len(data))
		for i, b := range data {
			values[i] = int(int8(b))
		}
		o := Options{Shuffle: shuffle, Seed: seed, Repeats: repeats}
		schemes := map[string]func() ([]Fold, error){
			"kfold":      func() ([]Fold, error) { return KFold(len(values), k, o) },
			"stratified": func() ([]Fold, error) { return Stratified(values, k, o) },
			"grouped":    func() ([]Fold, error) { return Grouped(values, k, o) },
		}
		for name, scheme := range schemes {
			folds, err := scheme()
			if err != nil {
				continue
			}
			if len(folds) != k*max(1, repeats) {
				t.Fatalf("%s: %d folds, want %d × %d", name, len(folds), max(1, repeats), k)
			}
			for r := range max(1, repeats) {
				of := assignment(t, len(values), folds[r*k:(r+1)*k])
				checkScheme(t, name, values, of, k)
			}
			if again, err := scheme(); err != nil || !reflect.DeepEqual(folds, again) {
				t.Fatalf("%s: a second call gives other folds (%v)", name, err)
			}
		}
		for _, p := range []Position{Random, Last, StratifiedPosition} {
			folds, err := Holdout(len(values), values, float64(k)/10, p, o)
			if err != nil {
				continue
			}
			for _, fold := range folds {
				checkFold(t, len(values), fold)
			}
		}
	})
}

// checkScheme checks what each scheme promises of the fold that validates each row.
func checkScheme(t *testing.T, name string, values, of []int, k int) {
	t.Helper()
	sizes := make([]int, k)
	perClass := map[int][]int{}
	for row, fold := range of {
		sizes[fold]++
		if perClass[values[row]] == nil {
			perClass[values[row]] = make([]int, k)
		}
		perClass[values[row]][fold]++
	}
	if name != "grouped" && name != "stratified" && slices.Max(sizes)-slices.Min(sizes) > 1 {
		t.Fatalf("%s: folds of sizes %v", name, sizes)
	}
	for class, counts := range perClass {
		switch name {
		case "stratified":
			if slices.Max(counts)-slices.Min(counts) > 1 {
				t.Fatalf("class %d is spread %v", class, counts)
			}
		case "grouped":
			at := 0
			for _, c := range counts {
				if c > 0 {
					at++
				}
			}
			if at != 1 {
				t.Fatalf("group %d is in %d folds", class, at)
			}
		}
	}
}

type fuzzSeed struct {
	labels     []byte
	k, repeats int
	seed       uint64
	shuffle    bool
}

func fuzzSeeds() []fuzzSeed {
	return []fuzzSeed{
		{[]byte{0, 1, 0, 1, 0, 1, 0, 1}, 2, 1, 0, false},
		{[]byte{9, 9, 9, 3, 3, 1, 1, 1, 1, 255}, 3, 2, 7, true},
		{[]byte{0, 0, 0}, 4, 0, 1, false},
		{[]byte("the quick brown fox jumps over the lazy dog"), 5, 3, 42, true},
		{[]byte{1, 2, 3, 4, 5, 6, 7, 8}, 8, -1, 0, false},
		{nil, 0, 0, 0, false},
	}
}
