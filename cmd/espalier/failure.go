package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"espalier/grids"
)

// Exit codes, each with one meaning.
const (
	exitDone        = 0
	exitFailed      = 1   // I/O, a store held by another runner, a damaged file, too many failed jobs
	exitUsage       = 2   // bad usage or a bad sweep file
	exitJobsFailed  = 3   // finished, with failed jobs
	exitBudget      = 4   // budget reached, more to do
	exitInterrupted = 130 // SIGINT
	exitTerminated  = 143 // SIGTERM
)

// failure is an error that knows its exit code and the advice to give with it.
// Advice is apart from diagnosis: each hint is a line of its own.
type failure struct {
	err   error
	code  int
	hints []string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usage makes an error of bad usage, with hints.
func usage(err error, hints ...string) error {
	return &failure{err: err, code: exitUsage, hints: hints}
}

// usagef is usage without hints.
func usagef(format string, args ...any) error {
	return usage(fmt.Errorf(format, args...))
}

// hint adds advice to an error and keeps its exit code.
func hint(err error, hints ...string) error {
	return &failure{err: err, code: exitCode(err), hints: hints}
}

// exitCode is the code an error ends the process with.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	var f *failure
	if errors.As(err, &f) {
		return f.code
	}
	return exitFailed
}

// printFailure prints an error and its hints as a user reads them. An error of
// several lines (all problems of a sweep file) gets the program's name on each.
func printFailure(w io.Writer, err error) {
	var file *grids.Error
	placed := errors.As(err, &file)
	for _, line := range strings.Split(strings.TrimRight(err.Error(), "\n"), "\n") {
		if placed && strings.HasPrefix(line, file.File+":") {
			line = "read sweep " + line
		}
		fmt.Fprintf(w, "espalier: %s\n", printable(line))
	}
	var hints []string
	for f := (*failure)(nil); errors.As(err, &f); err = f.err {
		hints = append(slices.Clone(f.hints), hints...) // the innermost first
	}
	for _, h := range hints {
		fmt.Fprintf(w, "  hint: %s\n", printable(h))
	}
}
