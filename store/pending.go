package store

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
)

// Options of Open. The zero value is what a run wants.
type Options struct {
	Version string        // of the program; kept with every enrolment
	Wait    time.Duration // for readers that hold the file for a moment; 0: 5 s
	Notice  func(string)  // told once when it has to wait; may be nil
	MaxSize int64         // of the store file in bytes; 0: no limit
}

// Store is a store opened by its runner, the only process that writes. It is a
// search.Ledger; its methods may be called from many goroutines.
type Store struct{ _ int }

// Open opens the store for a run, making it where there is none. Where another
// process holds it, the error is a *HeldError.
func Open(path string, o Options) (*Store, error) { panic("not built yet") }

// Close stops the server and gives the store free.
func (s *Store) Close() error { panic("not built yet") }

// Path is the store file's.
func (s *Store) Path() string { panic("not built yet") }

// Serve starts to answer readers on a unix socket until Close. status is asked
// for what `status` shows, from any goroutine; it must marshal to JSON.
func (s *Store) Serve(status func() any) error { panic("not built yet") }

// Checkpoints are kept in the folder PATH.d beside the store.
func (s *Store) Checkpoints() search.Checkpoints { panic("not built yet") }

// RemoveSweep removes a sweep with all its facts and checkpoints.
func (s *Store) RemoveSweep(ctx context.Context, id search.SweepID) error { panic("not built yet") }

func (s *Store) Enroll(ctx context.Context, sweep *search.Sweep, fresh bool) error {
	panic("not built yet")
}
func (s *Store) Facts(ctx context.Context, id search.SweepID) iter.Seq2[search.Fact, error] {
	panic("not built yet")
}
func (s *Store) Record(ctx context.Context, id search.SweepID, f ...search.Fact) error {
	panic("not built yet")
}
func (s *Store) History(ctx context.Context, id search.SweepID, trial grids.Key, slot int) ([]trainer.Epoch, error) {
	panic("not built yet")
}
func (s *Store) Sweeps(ctx context.Context) ([]search.Enrolment, error) { panic("not built yet") }

// Reader reads a store: through its runner where one holds it, else from the
// file, which it opens for each question and holds no longer than the answer
// takes to copy. It is a search.Ledger that refuses to write (ErrReadOnly).
type Reader struct{ _ int }

// OpenReader finds the store; it never makes one: ErrNoStore.
func OpenReader(path string) (*Reader, error) { panic("not built yet") }

func (r *Reader) Close() error { panic("not built yet") }

// Status is the runner's status as JSON, or ErrNoRunner.
func (r *Reader) Status(ctx context.Context) (json.RawMessage, error) { panic("not built yet") }

// Runner says who holds the store; ok false: nobody answers.
func (r *Reader) Runner(ctx context.Context) (runner Runner, ok bool) { panic("not built yet") }

func (r *Reader) Enroll(ctx context.Context, sweep *search.Sweep, fresh bool) error {
	panic("not built yet")
}
func (r *Reader) Facts(ctx context.Context, id search.SweepID) iter.Seq2[search.Fact, error] {
	panic("not built yet")
}
func (r *Reader) Record(ctx context.Context, id search.SweepID, f ...search.Fact) error {
	panic("not built yet")
}
func (r *Reader) History(ctx context.Context, id search.SweepID, trial grids.Key, slot int) ([]trainer.Epoch, error) {
	panic("not built yet")
}
func (r *Reader) Sweeps(ctx context.Context) ([]search.Enrolment, error) { panic("not built yet") }

var (
	_ search.Ledger = (*Store)(nil)
	_ search.Ledger = (*Reader)(nil)
)

// Runner is who holds a store, as it wrote into PATH.run.
type Runner struct {
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
	Version string    `json:"version"`
	Socket  string    `json:"socket"` // "": it does not answer readers
}

// HeldError says that another process holds the store. Reading verbs work
// meanwhile where that process serves.
type HeldError struct {
	Path string
	Runner
}

func (e *HeldError) Error() string { panic("not built yet") }

var (
	ErrNoStore  = errors.New("no store")
	ErrNoRunner = errors.New("no runner holds the store")
	ErrReadOnly = errors.New("the store is open for reading only")
	ErrDamaged  = errors.New("the store is damaged") // check says what is wrong, check --salvage copies what is readable
	ErrForeign  = errors.New("not an espalier store")
	ErrNewer    = errors.New("the store is of a newer version of espalier")
)

// SweepReport counts what a store holds of a sweep.
type SweepReport struct {
	ID                                                          search.SweepID
	Name                                                        string
	Current                                                     bool
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

// WriteFileAtomic writes a file that is either there as a whole or not: temp
// file, fsync, rename, fsync of the folder.
func WriteFileAtomic(path string, data []byte) error { panic("not built yet") }
