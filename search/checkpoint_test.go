package search_test

import (
	"context"
	"testing"

	"espalier/search"
	"espalier/search/searchtest"
)

// With nothing left to do there is no checkpoint but that of a refit: those of jobs
// that were edited away have nobody else to remove them.
func TestOldCheckpoints(t *testing.T) {
	s := searchtest.Sweep(t, searchtest.Small)
	other := search.SweepID{9}
	for _, c := range []struct {
		name  string
		pause func(ctx context.Context, j search.Job, epoch int) error
		twice bool // the second run has nothing to do
		stay  bool
	}{
		{"a run to the end", nil, false, false},
		{"a run with nothing to do", nil, true, false},
		{"with a failed job, which may be made due again", func(_ context.Context, j search.Job, _ int) error {
			if j.Slot == 2 {
				panic("out of cheese")
			}
			return nil
		}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, kept := searchtest.NewLedger(), &searchtest.Checkpoints{}
			o := search.Options{Workers: 2, Checkpoints: kept}
			if c.twice {
				run(t, t.Context(), s, l, searchtest.Scripted(curve, nil), search.Options{})
			}
			for id, name := range map[search.SweepID]string{s.ID: "0a1b-2", other: "0a1b-2"} {
				if err := kept.Save(id, name, []byte("state")); err != nil {
					t.Fatal(err)
				}
			}
			if err := kept.Save(s.ID, "refit-0a", []byte("state")); err != nil {
				t.Fatal(err)
			}
			if result, err := run(t, t.Context(), s, l, searchtest.Scripted(curve, c.pause), o); err != nil || result.Remaining != 0 {
				t.Fatalf("%+v, %v", result, err)
			}
			for _, want := range []struct {
				id   search.SweepID
				name string
				stay bool
			}{{s.ID, "0a1b-2", c.stay}, {s.ID, "refit-0a", true}, {other, "0a1b-2", true}} {
				state, err := kept.Load(want.id, want.name)
				if err != nil || (state != nil) != want.stay {
					t.Errorf("%s of %s: %q, %v; want it to stay: %v", want.name, want.id, state, err, want.stay)
				}
			}
		})
	}
	t.Run("an interrupted run keeps them", func(t *testing.T) {
		kept := &searchtest.Checkpoints{}
		if err := kept.Save(s.ID, "0a1b-2", []byte("state")); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		_, err := run(t, ctx, s, searchtest.NewLedger(), searchtest.Scripted(curve, func(ctx context.Context, _ search.Job, _ int) error {
			stop()
			return ctx.Err()
		}), search.Options{Workers: 1, Checkpoints: kept})
		if err == nil || kept.Len() != 1 {
			t.Errorf("%d checkpoints, %v", kept.Len(), err)
		}
	})
}
