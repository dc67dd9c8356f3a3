package page

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"espalier/grids"
	"espalier/search"
	"espalier/search/report"
	"espalier/trainer"
)

// Ledger is what a page reads: the reading half of a search.Ledger.
type Ledger interface {
	Facts(ctx context.Context, id search.SweepID) iter.Seq2[search.Fact, error]
	History(ctx context.Context, id search.SweepID, trial grids.Key, slot int) ([]trainer.Epoch, error)
}

// Input is what a page is drawn from. Gather fills what a ledger knows.
type Input struct {
	Enrolment search.Enrolment
	Sweep     *search.Sweep
	Ranking   *search.Ranking
	Refits    []search.RefitRecord // in the order recorded
	Tests     []search.TestRecord  // likewise; of one model only the first
	Runs      []search.RunRecord
	Status    search.Status // live where a runner answers, else counted
	History   func(trial grids.Key, slot int) ([]trainer.Epoch, error)

	Figures []Figure // drawn elsewhere; may be nil
	Missing []Missing
	Version string    // of the program
	Made    time.Time // when the page was made; zero: not said
}

// A Figure is a drawing for the page.
type Figure struct {
	ID, Title, Caption string
	Wide               bool   // takes the width of the page, not of a column
	SVG                []byte // for a page: no style, no script, no address
}

// Draw makes figures part of a page. They are drawn side by side: it is most of the
// time that a page takes.
func Draw(figures []*report.Figure) ([]Figure, error) {
	out := make([]Figure, len(figures))
	failures := make([]error, len(figures))
	var wait sync.WaitGroup
	for i, f := range figures {
		wait.Go(func() {
			out[i] = Figure{ID: f.ID, Title: f.Title, Caption: f.Caption, Wide: f.Width > 400}
			out[i].SVG, failures[i] = f.Inline()
		})
	}
	wait.Wait()
	return out, errors.Join(failures...)
}

// Missing is a figure that cannot be drawn, and why.
type Missing struct{ Title, Reason string }

// Gather reads what the ledger knows of a sweep, in one pass over its facts. status
// is what its runner says; nil: nobody runs it.
func Gather(ctx context.Context, l Ledger, e search.Enrolment, s *search.Sweep, status *search.Status) (*Input, error) {
	in := &Input{Enrolment: e, Sweep: s}
	seen := make(map[string]bool)
	facts := func(yield func(search.Fact, error) bool) {
		for f, err := range l.Facts(ctx, s.ID) {
			switch {
			case err != nil:
			case f.Refit != nil:
				in.Refits = append(in.Refits, *f.Refit)
			case f.Test != nil && !seen[f.Test.Model]:
				seen[f.Test.Model] = true
				in.Tests = append(in.Tests, *f.Test)
			case f.Run != nil:
				in.Runs = append(in.Runs, *f.Run)
			}
			if !yield(f, err) {
				return
			}
		}
	}
	var err error
	if in.Ranking, err = search.NewRanking(s, facts); err != nil {
		return nil, fmt.Errorf("read sweep %q for its page: %w", s.File.Name, err)
	}
	if status != nil {
		in.Status = *status
	} else {
		in.Status = in.Ranking.Status()
	}
	in.History = func(trial grids.Key, slot int) ([]trainer.Epoch, error) { return l.History(ctx, s.ID, trial, slot) }
	return in, nil
}
