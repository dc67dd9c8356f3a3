package search

import "iter"

// Rank orders the trials of a sweep: pure.
func Rank(s *Sweep, facts iter.Seq2[Fact, error]) ([]Standing, error) { panic("not built yet") }

// Paired is the difference of a trial to the leader over the same slots.
type Paired struct {
	Slots        int     // in which both have a finite score
	Mean, StdErr float64 // of trial − leader; StdErr NaN below two slots
	T, P         float64 // Student's t and its two-sided p; NaN where undefined
}

// Compare pairs two standings slot by slot.
func Compare(trial, leader Standing) Paired { panic("not built yet") }
