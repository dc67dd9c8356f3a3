package search_test

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"espalier/folds"
	"espalier/grids"
	"espalier/search"
	"espalier/search/searchtest"
	"espalier/trainer/dataset"
)

var long = flag.Bool("long", false, "more interruptions of real training")

// everything is a sweep with dropout, batch normalisation, momentum, early stopping
// and three values of epochs: all that could tell a resumed fit from a whole one.
const everything = `
name = "everything"
seed = 3
[data]
source = "fashion-mnist-mini"
limit = 240
[folds]
k = 2
[grid]
dropout = [0.2, 0.5]
epochs = [1, 3, 5]
optimizer = ["sgd", "adam"]
[params]
batch_size = 32
momentum = 0.9
[model]
layers = [
  { type = "dense", units = 12 },
  { type = "batchnorm" },
  { type = "activation", activation = "relu" },
  { type = "dropout", rate = "$dropout" },
  { type = "dense", units = "$classes", activation = "softmax" },
]
`

// bed is a sweep with its rows and folds.
type bed struct {
	sweep *search.Sweep
	set   *dataset.Set
	folds []folds.Fold
}

func (b bed) trainer(c search.Checkpoints) search.Evaluator {
	return search.NewTrainer(b.sweep, b.set, b.folds, c)
}

func plant(t testing.TB, text string, replace ...string) bed {
	t.Helper()
	source := strings.NewReplacer(replace...).Replace(text)
	f, err := grids.Parse("test.toml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Load(dataset.Options{
		Source: f.Data.Source, Limit: f.Data.Limit, Target: f.Data.Target, TestFraction: f.Data.TestFraction, Seed: f.Seed, Group: f.Folds.Group,
	})
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := search.New(f, "", set.Info, nil)
	if err != nil {
		t.Fatal(err)
	}
	made, err := search.MakeFolds(s, set, nil)
	if err != nil {
		t.Fatal(err)
	}
	return bed{s, set, made}
}

// outcomes are all outcomes of a ledger with their histories, times left out.
func outcomes(t testing.TB, s *search.Sweep, l search.Ledger) map[string]search.Outcome {
	t.Helper()
	all := make(map[string]search.Outcome)
	for f, err := range l.Facts(t.Context(), s.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Outcome == nil {
			continue
		}
		o := *f.Outcome
		if o.History, err = l.History(t.Context(), s.ID, o.Trial, o.Slot); err != nil {
			t.Fatal(err)
		}
		o.Seconds, o.Recorded = 0, o.Recorded.Truncate(1<<62)
		for i := range o.History {
			o.History[i].Seconds = 0
		}
		all[o.Trial.String()+string(rune('0'+o.Slot))] = o
	}
	return all
}

func finish(t testing.TB, b bed, l search.Ledger, c search.Checkpoints, o search.Options) search.Result {
	t.Helper()
	result, err := search.Run(t.Context(), b.sweep, l, b.trainer(c), o)
	if err != nil || result.Remaining != 0 || result.Failed != 0 {
		for f := range l.Facts(t.Context(), b.sweep.ID) {
			if f.Failure != nil {
				t.Log(f.Failure.Reason, f.Failure.Stack)
				break
			}
		}
		t.Fatalf("%+v, %v", result, err)
	}
	return result
}

var variants = []struct {
	name    string
	replace []string
}{
	{"early stopping", []string{"batch_size = 32", "batch_size = 32\nearly_stopping = { patience = 1, min_delta = 0.05 }"}},
	{"early stopping, the best restored", []string{"batch_size = 32", "batch_size = 32\nearly_stopping = { patience = 1, monitor = \"accuracy\", restore_best = true }"}},
	{"final scores only", []string{"[folds]", "[search]\nvalidate = \"final\"\n[folds]"}},
	{"a cosine schedule", []string{"batch_size = 32", "batch_size = 32\nschedule = \"cosine\""}},
	{"a learning rate that diverges", []string{"batch_size = 32", "batch_size = 32\nlearning_rate = 1e30"}},
}

// The law: the same numbers and curves for any number of workers, with and without
// sharing, and after interruptions anywhere.
func TestSameNumbers(t *testing.T) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			b := plant(t, everything, v.replace...)
			l := searchtest.NewLedger()
			finish(t, b, l, &searchtest.Checkpoints{}, search.Options{Workers: 1, Threads: 1, NoShare: true})
			want, wantBoard := outcomes(t, b.sweep, l), board(t, b.sweep, l)
			if len(want) != 24 {
				t.Fatalf("%d outcomes", len(want))
			}
			check := func(how string, l search.Ledger) {
				t.Helper()
				if got := board(t, b.sweep, l); got != wantBoard {
					t.Errorf("%s: another board:\n%s\n%s", how, got, wantBoard)
				}
				for k, o := range outcomes(t, b.sweep, l) {
					if w := want[k]; !reflect.DeepEqual(o, w) {
						t.Fatalf("%s: %s\nhave %+v\nwant %+v", how, k, o, w)
					}
				}
			}
			for _, workers := range []int{1, 2, 4} {
				l := searchtest.NewLedger()
				finish(t, b, l, &searchtest.Checkpoints{}, search.Options{Workers: workers, Threads: workers})
				check("shared", l)
			}
			seed := rand.Uint64()
			random := rand.New(rand.NewPCG(seed, 0))
			rounds := 2
			if *long {
				rounds = 30
			}
			for range rounds {
				l, c := searchtest.NewLedger(), &searchtest.Checkpoints{}
				kills := interrupt(t, b, l, c, random)
				if kills == 0 && !strings.Contains(wantBoard, "diverged") {
					t.Error("never interrupted")
				}
				check("interrupted", l)
				if t.Failed() {
					t.Fatalf("seed %d, %d kills", seed, kills)
				}
				if c.Len() != 0 {
					t.Errorf("%d checkpoints stay", c.Len())
				}
			}
		})
	}
}

// interrupt runs to the end with interruptions in the middle of epochs.
func interrupt(t testing.TB, b bed, l search.Ledger, c *searchtest.Checkpoints, random *rand.Rand) (kills int) {
	t.Helper()
	for {
		outer, kill := context.WithCancel(t.Context())
		eval, left := b.trainer(c), int64(1+random.IntN(60))
		result, err := search.Run(outer, b.sweep, l, func(ctx context.Context, j search.Job, record func(search.Outcome) error, watch func(search.Watch)) error {
			return eval(&countdown{Context: ctx, left: &left, kill: kill}, j, record, watch)
		}, search.Options{Workers: 1, Threads: 1, NoShare: random.IntN(4) == 0})
		kill()
		if err == nil {
			if result.Failed > 0 {
				t.Fatalf("%+v", result)
			}
			return kills
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if kills++; kills > 2000 {
			t.Fatal("no end")
		}
	}
}

// countdown ends a run when it was asked so many times whether it has: in the
// middle of any epoch, without a clock.
type countdown struct {
	context.Context
	left *int64
	kill context.CancelFunc
}

func (c *countdown) Err() error {
	if *c.left--; *c.left == 0 {
		c.kill()
	}
	return c.Context.Err()
}
