package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"espalier/search"
	"espalier/store"
)

// openRunner opens the store to write to it, making it where there is none.
func (p *program) openRunner() (*store.Store, error) {
	st, err := store.Open(p.storePath(), store.Options{Version: programVersion(), Notice: p.notice, Files: p.pauses.files()})
	return st, p.storeFailure(err)
}

// openExisting is openRunner for verbs that have nothing to do in a new store.
func (p *program) openExisting() (*store.Store, error) {
	if _, err := os.Stat(p.storePath()); errors.Is(err, fs.ErrNotExist) {
		return nil, p.storeFailure(fmt.Errorf("open store %q: %w", p.storePath(), store.ErrNoStore))
	}
	return p.openRunner()
}

// openReader opens the store for reading.
func (p *program) openReader() (*store.Reader, error) {
	l, err := store.OpenReader(p.storePath())
	return l, p.storeFailure(err)
}

func (p *program) notice(message string) { p.say("%s", printable(message)) }

// storeFailure adds the advice that goes with what can be wrong with a store.
func (p *program) storeFailure(err error) error {
	var held *store.HeldError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &held):
		return hint(err, "one process at a time trains into a store; status and leaderboard answer meanwhile", "another store: --store FILE")
	case errors.Is(err, store.ErrNoStore):
		return hint(err, "espalier run starts a sweep; a store elsewhere: --store FILE or $ESPALIER_STORE")
	case errors.Is(err, store.ErrDamaged):
		return hint(err, p.commandPrefix()+" check says what is wrong", p.commandPrefix()+" check --salvage NEW copies what is readable")
	case errors.Is(err, store.ErrNewer):
		return hint(err, "use that version, or another store: --store FILE")
	}
	return err
}

// enrolFailure explains a sweep that is not what the store knows under its name.
func enrolFailure(err error) error {
	if errors.Is(err, search.ErrSweepChanged) {
		return usage(err, "--new starts over under that name", "another name in the sweep file keeps both")
	}
	return err
}
