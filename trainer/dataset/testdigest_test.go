package dataset

import (
	"strings"
	"testing"
)

// The digest of the test rows says which rows they are, whatever training rows stand
// beside them.
func TestTestDigest(t *testing.T) {
	load := func(o Options) *Set {
		t.Helper()
		set, err := Load(o)
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	t.Run("images", func(t *testing.T) {
		folder := writeFiles(t, smallFolder(t))
		all, limited := load(Options{Source: folder}), load(Options{Source: folder, Limit: 1})
		if len(all.TestDigest) != 64 || all.TestDigest != limited.TestDigest || all.Fingerprint == limited.Fingerprint {
			t.Errorf("digests %q, %q of one test split", all.TestDigest, limited.TestDigest)
		}
		if mini := load(Options{Source: "fashion-mnist-mini"}); mini.TestDigest == all.TestDigest {
			t.Error("other rows have the same digest")
		}
	})
	const train = "colour,x,class\nred,1,rose\nblue,2,tulip\ngreen,3,lily\nred,4,rose\n"
	const test = "colour,x,class\ngreen,5,lily\nred,6,rose\n"
	digest := func(train, test string) string {
		t.Helper()
		o := Options{Source: writeTable(t, "train.csv", train)}
		if test != "" {
			o.Test = writeTable(t, "test.csv", test)
		}
		return load(o).TestDigest
	}
	want := digest(train, test)
	if len(want) != 64 {
		t.Errorf("digest %q", want)
	}
	for _, c := range []struct {
		name, train, test string
		same              bool
	}{
		{"again", train, test, true},
		{"a training row less", strings.Replace(train, "red,4,rose\n", "", 1), test, true},
		{"a level and a class more in training", train + "amber,5,aster\n", test, true},
		{"another number", train, strings.Replace(test, "5", "5.5", 1), false},
		{"another level", train, strings.Replace(test, "green", "blue", 1), false},
		{"another class", train, strings.Replace(test, "lily", "tulip", 1), false},
		{"rows in another order", train, "colour,x,class\nred,6,rose\ngreen,5,lily\n", false},
		{"columns in another order", train, "x,class,colour\n5,lily,green\n6,rose,red\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := digest(c.train, c.test); (got == want) != c.same {
				t.Errorf("digest %s, before %s; want the same: %v", got, want, c.same)
			}
		})
	}
	if got := digest(train, ""); got != "" {
		t.Errorf("digest %q without test rows", got)
	}
}
