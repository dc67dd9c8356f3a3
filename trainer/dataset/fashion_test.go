package dataset

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// needFashion gives the folder of the real data set, or skips.
func needFashion(t testing.TB) string {
	t.Helper()
	known, _ := lookup("fashion-mnist")
	if known.search(""); known.Found == "" {
		t.Skip("fashion-mnist is not on this machine")
	}
	return known.Found
}

func TestMini(t *testing.T) {
	set, err := Load(Options{Source: "fashion-mnist-mini"})
	if err != nil {
		t.Fatal(err)
	}
	if set.Rows != 6000 || set.TestRows != 1000 || !slices.Equal(set.Shape, []int{28, 28, 1}) {
		t.Errorf("info %+v", set.Info)
	}
	if !slices.Equal(set.Classes, fashionClasses) {
		t.Errorf("classes %q", set.Classes)
	}
	for c := range 10 {
		if train, test := set.Train.Counts(10)[c], set.Test.Counts(10)[c]; train != 600 || test != 100 {
			t.Errorf("class %d has %d + %d rows", c, train, test)
		}
	}
	// The fingerprint is part of the ID of stored sweeps.
	if want := "8aaf4def735ed22f2aa378ec02dbd4f02cabac212aaf97539cb54fff535ec9d6"; set.Fingerprint != want {
		t.Errorf("fingerprint %s, want %s", set.Fingerprint, want)
	}
}

// TestMiniIsASample compares the embedded sample with the first rows of each class.
func TestMiniIsASample(t *testing.T) {
	needFashion(t)
	full, err := Load(Options{Source: "fashion-mnist"})
	if err != nil {
		t.Fatal(err)
	}
	mini, err := Load(Options{Source: "fashion-mnist-mini"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		full, mini *Rows
		perClass   int
	}{{"training", full.Train, mini.Train, 600}, {"test", full.Test, mini.Test, 100}} {
		var taken [10]int
		at := 0
		for row, label := range c.full.Labels {
			if taken[label] == c.perClass {
				continue
			}
			taken[label]++
			if c.mini.Labels[at] != label || !bytes.Equal(c.mini.Pixels[at*784:(at+1)*784], c.full.Pixels[row*784:(row+1)*784]) {
				t.Fatalf("%s row %d is not row %d of the full set", c.name, at, row)
			}
			at++
		}
		if at != c.mini.N {
			t.Errorf("%d %s rows, want %d", c.mini.N, c.name, at)
		}
	}
}

func TestFashionMNIST(t *testing.T) {
	needFashion(t)
	set, err := Load(Options{Source: "fashion-mnist"})
	if err != nil {
		t.Fatal(err)
	}
	if set.Rows != 60000 || set.TestRows != 10000 || set.Bytes != 70000*(784+4) {
		t.Errorf("info %+v", set.Info)
	}
	if counts := set.Train.Counts(10); slices.Max(counts) != 6000 || slices.Min(counts) != 6000 {
		t.Errorf("class counts %v", counts)
	}
	// The first image is an ankle boot.
	if set.Train.Labels[0] != 9 {
		t.Errorf("first label %d", set.Train.Labels[0])
	}
	if want := "c86859f2a788694bba5f520f385d4ea820618636d8150882b5078d14a499af30"; set.Fingerprint != want {
		t.Errorf("fingerprint %s, want %s", set.Fingerprint, want)
	}
}

func TestKnown(t *testing.T) {
	// No cache and no variable of this machine's user.
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	files := smallFolder(t)
	place := func(parent string) string {
		folder := filepath.Join(parent, "fashion-mnist")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return folder
	}
	found := func(folder string) string {
		for _, k := range Known(folder) {
			if k.Name == "fashion-mnist" {
				return k.Found
			}
		}
		return "no such set"
	}
	// Each later place wins over the ones before it in this list.
	cache, err := CacheFolder()
	if err != nil {
		t.Fatal(err)
	}
	if want, got := place(cache), found(t.TempDir()); got != want {
		t.Errorf("in the cache: found %q, want %q", got, want)
	}
	data := t.TempDir()
	t.Setenv("ESPALIER_DATA", data)
	if want, got := place(data), found(t.TempDir()); got != want {
		t.Errorf("in $ESPALIER_DATA: found %q, want %q", got, want)
	}
	beside := t.TempDir()
	if want, got := place(beside), found(beside); got != want {
		t.Errorf("beside the sweep file: found %q, want %q", got, want)
	}
	set, err := Load(Options{Source: "fashion-mnist", Folder: beside})
	if err != nil {
		t.Fatal(err)
	}
	if set.Rows != 4 || !slices.Equal(set.Classes, fashionClasses) {
		t.Errorf("rows %d, classes %q", set.Rows, set.Classes)
	}
	byPath, err := Load(Options{Source: filepath.Join(beside, "fashion-mnist")})
	if err != nil {
		t.Fatal(err)
	}
	if byPath.Fingerprint != set.Fingerprint {
		t.Error("the same folder by its path has another fingerprint")
	}
}

func TestNotFound(t *testing.T) {
	t.Setenv("ESPALIER_DATA", "/nowhere/data")
	missing := KnownSet{Name: "fashion-mnist-of-tomorrow"}
	_, err := missing.load(Options{Folder: "/nowhere/sweeps"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"/nowhere/sweeps/fashion-mnist-of-tomorrow", "/nowhere/data/fashion-mnist-of-tomorrow", "/usr/share/datasets/fashion-mnist-of-tomorrow", "espalier data fetch fashion-mnist-of-tomorrow"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q: %v", want, err)
		}
	}
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"no source":        {Options{}, "no source given"},
		"unknown name":     {Options{Source: "fashion-mist"}, "no known data set; known: fashion-mnist, fashion-mnist-mini"},
		"target of images": {Options{Source: "fashion-mnist-mini", Target: "y"}, "target is for tables"},
		"test of images":   {Options{Source: "fashion-mnist-mini", Test: "y.csv"}, "test is for tables"},
		"test fraction":    {Options{Source: "fashion-mnist-mini", TestFraction: 0.1}, "test_fraction is for tables"},
		"group of images":  {Options{Source: "fashion-mnist-mini", Group: "y"}, "group is for tables"},
	} {
		if _, err := Load(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
	}
}

func BenchmarkLoadFashionMNIST(b *testing.B) {
	needFashion(b)
	for b.Loop() {
		if _, err := Load(Options{Source: "fashion-mnist"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFitStandard(b *testing.B) {
	set, err := Load(Options{Source: "fashion-mnist-mini"})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(set.Train.Pixels)))
	for b.Loop() {
		if _, err := FitPreprocessing(set.Info, set.Train, nil, Standard); err != nil {
			b.Fatal(err)
		}
	}
}
