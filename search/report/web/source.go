package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"espalier/search"
	"espalier/search/report/page"
)

// Source is where sweeps are read from; *store.Reader is one.
type Source interface {
	page.Ledger
	Sweeps(ctx context.Context) ([]search.Enrolment, error)
	// Status is what a runner says of the sweep that it runs, as JSON; an error
	// where there is no runner.
	Status(ctx context.Context) (json.RawMessage, error)
	// Stamp changes when anything is recorded.
	Stamp() string
}

// Options of New.
type Options struct {
	Only    *search.SweepID // show this sweep only; nil: all
	Token   string          // asked of every request; "": none
	Hosts   []string        // names, beside addresses and localhost, under which the server is reached
	Version string          // of the program
	Every   time.Duration   // how often a running sweep is looked at; 0: twice a second
	// Figures draws a sweep's figures; nil: pages have none. It may take its time: it
	// is called when a page is opened and rarely after that.
	Figures func(ctx context.Context, e search.Enrolment, s *search.Sweep) ([]page.Figure, []page.Missing, error)
}

var errNoSweep = errors.New("no such sweep")

// A library keeps what is costly to make again: sweeps, whose keys are hashed point
// by point, and figures.
type library struct {
	source  Source
	options Options

	mu     sync.Mutex
	sweeps map[search.SweepID]kept
	drawn  map[search.SweepID]drawing
}

type kept struct {
	text  string // of the file and its overrides: an edited file is another sweep
	sweep *search.Sweep
}

type drawing struct {
	stamp   string
	figures []page.Figure
	missing []page.Missing
}

// enrolments are the sweeps that may be shown, newest first.
func (l *library) enrolments(ctx context.Context) ([]search.Enrolment, error) {
	list, err := l.source.Sweeps(ctx)
	if err != nil || l.options.Only == nil {
		return list, err
	}
	return slices.DeleteFunc(list, func(e search.Enrolment) bool { return e.ID != *l.options.Only }), nil
}

// find gives an enrolled sweep by its ID; errNoSweep where there is none.
func (l *library) find(ctx context.Context, id search.SweepID) (search.Enrolment, *search.Sweep, error) {
	list, err := l.enrolments(ctx)
	if err != nil {
		return search.Enrolment{}, nil, err
	}
	at := slices.IndexFunc(list, func(e search.Enrolment) bool { return e.ID == id })
	if at < 0 {
		return search.Enrolment{}, nil, errNoSweep
	}
	e := list[at]
	text := fmt.Sprintf("%s\x00%q", e.Source, e.Overrides)
	l.mu.Lock()
	defer l.mu.Unlock()
	if k, ok := l.sweeps[id]; ok && k.text == text {
		return e, k.sweep, nil
	}
	s, err := e.Sweep()
	if err != nil {
		return e, nil, fmt.Errorf("read the file of sweep %q: %w", e.Name, err)
	}
	l.sweeps[id] = kept{text, s}
	return e, s, nil
}

// status is what the runner says of a sweep; nil where nobody runs it.
func (l *library) status(ctx context.Context, id search.SweepID) *search.Status {
	raw, err := l.source.Status(ctx)
	if err != nil {
		return nil
	}
	var s search.Status
	if json.Unmarshal(raw, &s) != nil || s.ID != id {
		return nil
	}
	return &s
}

// gather reads all that a page shows; figures where asked for.
func (l *library) gather(ctx context.Context, id search.SweepID, figures bool) (*page.Input, error) {
	e, s, err := l.find(ctx, id)
	if err != nil {
		return nil, err
	}
	in, err := page.Gather(ctx, l.source, e, s, l.status(ctx, id))
	if err != nil {
		return nil, err
	}
	in.Version, in.Made = l.options.Version, time.Now()
	if figures {
		if in.Figures, in.Missing, err = l.figures(ctx, e, s); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// figures draws, unless nothing was recorded since the last time.
func (l *library) figures(ctx context.Context, e search.Enrolment, s *search.Sweep) ([]page.Figure, []page.Missing, error) {
	if l.options.Figures == nil {
		return nil, nil, nil
	}
	stamp := l.source.Stamp()
	l.mu.Lock()
	d, ok := l.drawn[s.ID]
	l.mu.Unlock()
	if ok && d.stamp == stamp {
		return d.figures, d.missing, nil
	}
	figures, missing, err := l.options.Figures(ctx, e, s)
	if err != nil {
		return nil, nil, err
	}
	l.mu.Lock()
	l.drawn[s.ID] = drawing{stamp, figures, missing}
	l.mu.Unlock()
	return figures, missing, nil
}
