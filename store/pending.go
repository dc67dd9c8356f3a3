package store

import "espalier/search"

// SweepReport counts what a store holds of a sweep.
type SweepReport struct {
	ID                                                              search.SweepID
	Name                                                            string
	Current                                                         bool
	Outcomes, Failures, Retractions, Refits, Tests, Runs, Histories int
}

// Report is what Check found.
type Report struct {
	Path     string
	Format   int   // version
	Size     int64 // bytes
	Free     int64 // bytes that compact would give back
	Sweeps   []SweepReport
	Problems []string // empty: all is well
}

// Check verifies every page, record and checksum and changes nothing. The error
// is for a file that cannot be examined: absent, foreign, held by a runner.
func Check(path string) (Report, error) { panic("not built yet") }

// Salvage copies what is readable into a new store; newPath must not exist. The
// report is of the new store, its Problems are what was wrong with the old one.
func Salvage(path, newPath string) (Report, error) { panic("not built yet") }

// Compact rewrites the store without dead space, atomically; sizes in bytes.
func Compact(path string, o Options) (before, after int64, err error) { panic("not built yet") }
