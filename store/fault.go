package store

import (
	"errors"
	"fmt"
	"runtime/debug"
)

var (
	// ErrNoStore is for reading where there is no file; readers never make one.
	ErrNoStore = errors.New("no store")
	// ErrNoRunner is what Status returns where nobody runs.
	ErrNoRunner = errors.New("no runner holds the store")
	// ErrReadOnly is what a Reader says to writing.
	ErrReadOnly = errors.New("the store is open for reading only")
	// ErrDamaged is for a store whose bytes are not what was written. Check says
	// what is wrong, Salvage copies what is readable.
	ErrDamaged = errors.New("the store is damaged")
	// ErrForeign is for a file of another program.
	ErrForeign = errors.New("not an espalier store")
	// ErrNewer is for a store that a later version of the program wrote.
	ErrNewer = errors.New("the store is of a newer version of espalier")
)

// guard calls fn on memory mapped from a file that may be damaged, or cut short
// by somebody while it is read. bbolt trusts its file: it panics on what it
// does not expect, and touching a page beyond the file's end is SIGBUS, which
// would end the process. Both become errors here.
func guard(fn func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return fn()
}

// panicError is a panic or a memory fault below guard.
type panicError struct {
	value any
	stack []byte // for a debugger: it is no part of the message
}

func (e *panicError) Error() string { return fmt.Sprintf("%v: %v", ErrDamaged, e.value) }

// Unwrap is ErrDamaged.
func (e *panicError) Unwrap() error { return ErrDamaged }
