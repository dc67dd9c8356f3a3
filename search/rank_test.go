package search

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"espalier/trainer"
)

func seq(facts []Fact) func(yield func(Fact, error) bool) {
	return func(yield func(Fact, error) bool) {
		for _, f := range facts {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func rank(t testing.TB, s *Sweep, facts []Fact) []Standing {
	t.Helper()
	st, err := Rank(s, seq(facts))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func scored(tr Trial, slot int, score float64) Fact {
	return Fact{Outcome: &Outcome{
		Trial: tr.Key, Slot: slot, State: Complete, Epochs: 4, Best: 2,
		Scores: trainer.Scores{Accuracy: score, Loss: score}, Train: trainer.Scores{Accuracy: score + 0.1, Loss: score - 0.1},
	}}
}

// The numbers of one row, against the definitions.
func TestStanding(t *testing.T) {
	s := sweep(t, text)
	trials := slices.Collect(s.Trials())
	got := rank(t, s, []Fact{scored(trials[3], 0, 0.5), scored(trials[3], 1, 0.6), scored(trials[3], 2, 0.8)})[0]
	if got.Rank != 1 || got.State != Complete || got.Trial.Key != trials[3].Key {
		t.Fatalf("%+v", got)
	}
	near := func(what string, have, want float64) {
		if math.Abs(have-want) > 1e-12 {
			t.Errorf("%s %v, want %v", what, have, want)
		}
	}
	near("mean", got.Mean, 1.9/3)
	near("population deviation", got.Std, 0.12472191289246472) // numpy.std([0.5, 0.6, 0.8])
	near("standard error", got.StdErr, 0.08819171036881969)    // scipy.stats.sem
	near("train", got.TrainScore, 1.9/3+0.1)
	near("gap", got.Gap, 0.1)
	near("best", got.Best, 2)
	near("epochs", got.Epochs, 4)

	loss := sweep(t, strings.Replace(text, "[folds]", "[search]\nmetric = \"loss\"\n[folds]", 1))
	got = rank(t, loss, []Fact{scored(trials[3], 0, 0.5), scored(trials[3], 1, 0.6), scored(trials[3], 2, 0.8)})[0]
	near("gap of a loss", got.Gap, 0.1)
	f1 := sweep(t, strings.Replace(text, "[folds]", "[search]\nmetric = \"f1_macro\"\n[folds]", 1))
	got = rank(t, f1, []Fact{scored(trials[3], 0, 0.5), scored(trials[3], 1, 0.6), scored(trials[3], 2, 0.8)})[0]
	if !math.IsNaN(got.TrainScore) || !math.IsNaN(got.Gap) {
		t.Errorf("training has no running F1: %v, %v", got.TrainScore, got.Gap)
	}
}

func TestStates(t *testing.T) {
	s := sweep(t, text)
	tr := slices.Collect(s.Trials())[0]
	nan := &Outcome{Trial: tr.Key, Slot: 2, State: Diverged}
	failure := Fact{Failure: &Failure{Trial: tr.Key, Slot: 2, Reason: "no"}}
	retraction := Fact{Retraction: &Retraction{Trial: tr.Key, Slot: 2}}
	two := []Fact{scored(tr, 0, 0.5), scored(tr, 1, 0.5)}
	for _, c := range []struct {
		name  string
		facts []Fact
		want  State
	}{
		{"nothing", nil, Pending},
		{"two of three", two, Partial},
		{"all", append(two[:2:2], scored(tr, 2, 0.5)), Complete},
		{"one diverged", append(two[:2:2], Fact{Outcome: nan}), Diverged},
		{"one failed", append(two[:2:2], failure), Failed},
		{"failed and taken back", append(two[:2:2], failure, retraction), Partial},
		{"failed, taken back, done", append(two[:2:2], failure, retraction, scored(tr, 2, 0.5)), Complete},
		{"diverged, taken back", append(two[:2:2], Fact{Outcome: nan}, retraction), Partial},
		{"a complete one cannot be taken back", append(two[:2:2], scored(tr, 2, 0.5), retraction), Complete},
		{"a failure after the outcome", append(two[:2:2], scored(tr, 2, 0.5), failure), Complete},
		{"a score that is not a number", append(two[:2:2], scored(tr, 2, math.NaN())), Diverged},
		{"an infinite score", append(two[:2:2], scored(tr, 2, math.Inf(1))), Diverged},
		{"a slot that does not exist", append(two[:2:2], scored(tr, 3, 0.5), scored(tr, -1, 0.5)), Partial},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, st := range rank(t, s, c.facts) {
				if st.Trial.Key != tr.Key {
					continue
				}
				if st.State != c.want || (st.Rank > 0) != (c.want == Complete) {
					t.Errorf("%s with rank %d, want %s", st.State, st.Rank, c.want)
				}
			}
		})
	}
}

// Whatever the scores and whatever order the facts come in: ranks are 1 to n over
// the complete, in order of the mean, ties to the earlier point.
func TestRankProperties(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, metric := range []string{"accuracy", "loss"} {
		s := sweep(t, strings.Replace(text, "[folds]", "[search]\nmetric = \""+metric+"\"\n[folds]", 1))
		trials := slices.Collect(s.Trials())
		for range 200 {
			var facts []Fact
			for _, tr := range trials {
				for slot := range 3 {
					switch random.IntN(12) {
					case 0:
					case 1:
						facts = append(facts, Fact{Outcome: &Outcome{Trial: tr.Key, Slot: slot, State: Diverged}})
					case 2:
						facts = append(facts, Fact{Failure: &Failure{Trial: tr.Key, Slot: slot}})
					default:
						facts = append(facts, scored(tr, slot, float64(random.IntN(3))/4))
					}
				}
			}
			first := rank(t, s, facts)
			checkOrder(t, s, first)
			random.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
			a, err := NewBoard(s, first, "v").JSON()
			if err != nil {
				t.Fatal(err)
			}
			b, err := NewBoard(s, rank(t, s, facts), "v").JSON()
			if err != nil {
				t.Fatal(err)
			}
			if string(a) != string(b) {
				t.Fatalf("the order of facts matters:\n%s\n%s", a, b)
			}
		}
	}
}

func checkOrder(t *testing.T, s *Sweep, standings []Standing) {
	t.Helper()
	if len(standings) != 12 {
		t.Fatalf("%d standings", len(standings))
	}
	for i, st := range standings {
		if (st.State == Complete) != (st.Rank == i+1) || st.State != Complete && st.Rank != 0 {
			t.Fatalf("row %d: %s with rank %d", i, st.State, st.Rank)
		}
		if i == 0 {
			continue
		}
		before := standings[i-1]
		if before.State != Complete && st.State == Complete {
			t.Fatalf("row %d is complete behind %s", i, before.State)
		}
		if before.State != st.State {
			continue
		}
		worse := st.Mean < before.Mean
		if trainer.Ascending(s.Metric) {
			worse = st.Mean > before.Mean
		}
		if st.State == Complete && !worse && (st.Mean != before.Mean || st.Trial.Order < before.Trial.Order) ||
			st.State != Complete && st.Trial.Order < before.Trial.Order {
			t.Fatalf("row %d (mean %v, point %d) behind %v, point %d", i, st.Mean, st.Trial.Order, before.Mean, before.Trial.Order)
		}
	}
}

// FuzzRank feeds arbitrary facts of arbitrary places: no panic, and the order holds.
func FuzzRank(f *testing.F) {
	f.Add([]byte{0, 0, 0, 10, 1, 1, 1, 20, 2, 2, 2, 30, 3, 0, 0, 0})
	f.Add([]byte{0, 0, 0, 255, 0, 0, 1, 255, 0, 0, 2, 255, 1, 0, 0, 0})
	s := sweep(f, text)
	trials := slices.Collect(s.Trials())
	f.Fuzz(func(t *testing.T, data []byte) {
		var facts []Fact
		for ; len(data) >= 4; data = data[4:] {
			tr, slot := trials[int(data[1])%len(trials)], int(int8(data[2]))
			score := float64(int8(data[3])) / 16
			if data[3] == 255 {
				score = math.Inf(1)
			}
			switch data[0] % 4 {
			case 0:
				facts = append(facts, scored(tr, slot, score))
			case 1:
				facts = append(facts, Fact{Outcome: &Outcome{Trial: tr.Key, Slot: slot, State: Diverged}})
			case 2:
				facts = append(facts, Fact{Failure: &Failure{Trial: tr.Key, Slot: slot}})
			case 3:
				facts = append(facts, Fact{Retraction: &Retraction{Trial: tr.Key, Slot: slot}})
			}
		}
		standings := rank(t, s, facts)
		checkOrder(t, s, standings)
		if _, err := NewBoard(s, standings, "v").JSON(); err != nil {
			t.Fatal(err)
		}
	})
}

// The JSON of the contract, to the byte.
func TestBoardJSON(t *testing.T) {
	source := strings.NewReplacer("batch_size = [16, 32]\n", "", "epochs = [1, 2, 4]", "epochs = [2]").Replace(text)
	s := sweep(t, source)
	trials := slices.Collect(s.Trials())
	facts := []Fact{scored(trials[1], 0, 0.5), scored(trials[1], 1, 0.25), scored(trials[1], 2, 0.1), scored(trials[0], 1, 1.0/3)}
	for _, f := range facts {
		f.Outcome.Revision, f.Outcome.Kernel = "1", "avx2"
	}
	got, err := NewBoard(s, rank(t, s, facts), "v1.2").JSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"sweep":"t","id":"` + s.ID.String() + `","data":"` + s.Data.Fingerprint + `","metric":"accuracy","seed":7,"version":"v1.2","kernel":"avx2","pending":0,"rows":[` +
		`{"rank":1,"trial":"` + trials[1].ID() + `","params":{"epochs":2,"units":8},"mean":0.2833333333333333,"std":0.1649915822768611,"folds":[0.5,0.25,0.1],"state":"complete"},` +
		`{"rank":null,"trial":"` + trials[0].ID() + `","params":{"epochs":2,"units":4},"mean":null,"std":null,"folds":[null,0.3333333333333333,null],"state":"partial"}]}` + "\n"
	if string(got) != want {
		t.Errorf("have %s\nwant %s", got, want)
	}
	var back Board
	if err := json.Unmarshal(got, &back); err != nil || back.ID != s.ID {
		t.Errorf("read back: %v", err)
	}
}

// Beyond PendingShown pending trials are only counted.
func TestBoardPending(t *testing.T) {
	s := sweep(t, strings.Replace(text, "units = [4, 8]", "units = { min = 1, max = 2000, steps = 2000 }", 1))
	b := NewBoard(s, rank(t, s, nil), "v")
	if b.Pending != 12_000 || len(b.Rows) != PendingShown {
		t.Errorf("%d pending, %d rows", b.Pending, len(b.Rows))
	}
}

// hundredThousand is a sweep of 100,000 trials with one fold each.
func hundredThousand(b *testing.B) *Sweep {
	return sweep(b, strings.NewReplacer(
		"k = 3", "scheme = \"holdout\"\nfraction = 0.25",
		"batch_size = [16, 32]", "batch_size = { min = 1, max = 10, steps = 10 }\nlearning_rate = { min = 1e-4, max = 1e-1, scale = \"log\", steps = 10 }\nmomentum = { min = 0.1, max = 0.9, steps = 10 }",
		"epochs = [1, 2, 4]", "epochs = { min = 1, max = 10, steps = 10 }",
		"units = [4, 8]", "units = { min = 1, max = 10, steps = 10 }").Replace(text))
}

func BenchmarkKeys100000(b *testing.B) {
	s := hundredThousand(b)
	for b.Loop() {
		if x, err := newIndex(s); err != nil || len(x.keys) != 100_000 {
			b.Fatal(err)
		}
	}
}

func BenchmarkRank100000(b *testing.B) {
	s := hundredThousand(b)
	var facts []Fact
	for tr := range s.Trials() {
		facts = append(facts, scored(tr, 0, float64(tr.Order%9973)/9973))
	}
	if _, err := s.index(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if st := rank(b, s, facts); st[0].Rank != 1 {
			b.Fatal("no leader")
		}
	}
}

func BenchmarkTodo100000(b *testing.B) {
	s := hundredThousand(b)
	x, err := s.index()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		newFamilies(x, false)
	}
}
