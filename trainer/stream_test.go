package trainer

import (
	"math"
	"slices"
	"testing"
)

func TestStreamsDiffer(t *testing.T) {
	seen := map[[2]uint32]string{}
	for _, s := range []Streams{{}, {Seed: 1}, {Repeat: 1}, {Fold: 1}, {Seed: 1, Fold: 1}, RefitStreams(0), RefitStreams(1)} {
		for _, purpose := range []string{"shuffle", "dropout layers.1", "dropout layers.11", "initial layers.0.kernel"} {
			key := s.stream(purpose).Key
			if other, is := seen[key]; is {
				t.Errorf("%+v %s has the key of %s", s, purpose, other)
			}
			seen[key] = purpose
		}
	}
}

// The keys are part of every number: a change of the derivation needs a new revision.
func TestStreamKeyIsPinned(t *testing.T) {
	if got, want := (Streams{Seed: 7, Repeat: 1, Fold: 2}).stream("shuffle").Key, [2]uint32{0x6d20c8ff, 0x4c4a2b72}; got != want {
		t.Errorf("%#x, want %#x", got, want)
	}
}

func TestPermute(t *testing.T) {
	var d draws
	const n, rounds = 6, 60000
	counts := [n][n]int{}
	order := make([]int32, n)
	for round := range rounds {
		d.reset(at(Streams{}.stream("shuffle"), uint64(round)))
		d.permute(order)
		for place, v := range order {
			counts[place][v]++
		}
		sorted := slices.Clone(order)
		slices.Sort(sorted)
		for i, v := range sorted {
			if int(v) != i {
				t.Fatalf("round %d: %v is no permutation", round, order)
			}
		}
	}
	// Every element is equally often at every place: within five standard deviations.
	mean := float64(rounds) / n
	for place := range counts {
		for v, c := range counts[place] {
			if math.Abs(float64(c)-mean) > 5*math.Sqrt(mean*(1-1.0/n)) {
				t.Errorf("%d at place %d: %d times of %d", v, place, c, rounds)
			}
		}
	}
}

func TestPermutationIsOfItsEpochAlone(t *testing.T) {
	var a, b draws
	s := Streams{Seed: 3}.stream("shuffle")
	first, again := make([]int32, 1000), make([]int32, 1000)
	a.reset(at(s, 1))
	a.permute(first)
	a.reset(at(s, 2))
	a.permute(first)
	b.reset(at(s, 2))
	b.permute(again)
	if !slices.Equal(first, again) {
		t.Error("the second epoch's order depends on the first's")
	}
}

func TestBelowIsUnbiased(t *testing.T) {
	d := draws{stream: Streams{}.stream("x")}
	const n = 3 << 30 // a bound that plain multiplication would favour a third of the numbers for
	low := 0
	const rounds = 100000
	for range rounds {
		if v := d.below(n); v < n/2 {
			low++
		} else if v >= n {
			t.Fatal(v)
		}
	}
	if math.Abs(float64(low)-rounds/2) > 5*math.Sqrt(rounds)/2 {
		t.Errorf("%d of %d in the lower half", low, rounds)
	}
}

func TestInitializers(t *testing.T) {
	const in, out = 300, 100
	for _, row := range []struct {
		name  string
		limit float64 // of the values
		sd    float64
	}{
		{"glorot_uniform", math.Sqrt(6.0 / (in + out)), math.Sqrt(2.0 / (in + out))},
		{"he_uniform", math.Sqrt(6.0 / in), math.Sqrt(2.0 / in)},
		{"lecun_uniform", math.Sqrt(3.0 / in), math.Sqrt(1.0 / in)},
		{"random_uniform", 0.05, 0.05 / math.Sqrt(3)},
		{"glorot_normal", 2 * math.Sqrt(2.0/(in+out)) / truncation, math.Sqrt(2.0 / (in + out))},
		{"he_normal", 2 * math.Sqrt(2.0/in) / truncation, math.Sqrt(2.0 / in)},
		{"lecun_normal", 2 * math.Sqrt(1.0/in) / truncation, math.Sqrt(1.0 / in)},
		{"random_normal", 0.1, 0.05 * truncation},
		{"zeros", 0, 0},
	} {
		values := make([]float32, in*out)
		drawInitial(values, row.name, in, out, Streams{}.stream(row.name))
		var sum, squares, largest float64
		for _, v := range values {
			sum += float64(v)
			squares += sq(float64(v))
			largest = max(largest, math.Abs(float64(v)))
		}
		n := float64(len(values))
		sd := math.Sqrt(squares / n)
		if math.Abs(sum/n) > 5*row.sd/math.Sqrt(n) || math.Abs(sd-row.sd) > 0.01*row.sd || largest > row.limit*(1+1e-6) || largest < row.limit*0.95 {
			t.Errorf("%s: mean %.3g, deviation %.5g, largest %.5g; want 0, %.5g, %.5g", row.name, sum/n, sd, largest, row.sd, row.limit)
		}
	}
	if got := len(initializerNames); got != 9 {
		t.Errorf("%d initializers, 9 are tested", got)
	}
}
