package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// isTerminal tells whether a stream is one that a person looks at.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// interactive tells whether lines may be redrawn in place on a stream.
func interactive(w any) bool { return isTerminal(w) && os.Getenv("TERM") != "dumb" }

// terminalSize is the size of a stream's terminal in columns and rows, 0 where it is none.
func terminalSize(w io.Writer) (columns, rows int) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, 0
	}
	columns, rows, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return columns, rows
}

// terminalWidth is the width of a stream's terminal in columns, 0 where it is none.
func terminalWidth(w io.Writer) int {
	columns, _ := terminalSize(w)
	return columns
}

// colourful tells whether a stream may be written to in colour: https://no-color.org.
func colourful(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
