package search

import (
	"context"
	"errors"
	"iter"
	"time"

	"espalier/grids"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// Ledger is where facts are kept, append-only. Every implementation passes the
// suite in searchtest.
type Ledger interface {
	// Enroll remembers a sweep: its file, overrides, folder, data info, init
	// bytes. Again under the same name: the ID must match, else the error is a
	// *SweepChangedError (see Changed); a changed grid replaces the remembered
	// file. fresh (--new) starts over under the name: the old sweep and its facts
	// stay readable by ID, no longer current; with an unchanged ID its facts go.
	Enroll(ctx context.Context, s *Sweep, fresh bool) error
	// Facts yields outcomes (without History), failed attempts, retractions and
	// the rest, in the order recorded. An unknown ID yields nothing.
	Facts(ctx context.Context, id SweepID) iter.Seq2[Fact, error]
	// Record appends: atomic, idempotent (the same outcome again is no second
	// one: the first stays, unless a retraction lies between), on disk when it
	// returns. A sweep that is not enrolled is ErrNotEnrolled.
	Record(ctx context.Context, id SweepID, f ...Fact) error
	// History is the epochs of one outcome, nil where there is none.
	History(ctx context.Context, id SweepID, trial grids.Key, slot int) ([]trainer.Epoch, error)
	// Sweeps lists what is enrolled, newest first.
	Sweeps(ctx context.Context) ([]Enrolment, error)
}

// Enrolment is what a ledger remembers of a sweep: enough to resume from the
// store alone.
type Enrolment struct {
	ID        SweepID
	Name      string
	Path      string // of the sweep file
	Source    []byte
	Overrides []string
	Folder    string
	Data      dataset.Info
	Init      []byte
	Version   string
	Created   time.Time
	Current   bool // false: replaced by --new under the same name
}

// Enrolment is what a ledger keeps of s; the ledger adds Created and Current.
func (s *Sweep) Enrolment() Enrolment {
	return Enrolment{
		ID: s.ID, Name: s.File.Name, Path: s.File.Path, Source: s.File.Source,
		Overrides: s.File.Overrides, Folder: s.Folder, Data: s.Data, Init: s.Init,
	}
}

// Sweep makes the sweep again from what was remembered of it. Its points are not
// checked again: that was done when it was enrolled.
func (e Enrolment) Sweep() (*Sweep, error) {
	f, err := grids.Parse(e.Path, e.Source, e.Overrides...)
	if err != nil {
		return nil, err
	}
	return open(f, e.Folder, e.Data, e.Init)
}

var (
	// ErrSweepChanged is what a *SweepChangedError unwraps to.
	ErrSweepChanged = errors.New("sweep changed")
	// ErrNotEnrolled is what Record returns for a sweep the ledger does not know.
	ErrNotEnrolled = errors.New("sweep is not enrolled")
)

// SweepChangedError says what of a sweep's identity differs from what is
// enrolled under its name.
type SweepChangedError struct {
	Name        string
	Differences []string // "seed: 7 → 8", in the order of the sweep file
}
