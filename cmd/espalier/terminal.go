package main

import (
	"cmp"
	"io"
	"os"
	"runtime"
	"strings"
	"unicode/utf8"

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

// unicodeLocale tells whether the user's locale has letters beyond ASCII. Where none
// is set the terminal is taken to be of this century.
func unicodeLocale() bool {
	locale := strings.ToLower(cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG")))
	return runtime.GOOS == "windows" || locale == "" || strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
}

// ascii spells what the program draws and says with, each letter in one column.
var ascii = strings.NewReplacer("█", "#", "▉", "#", "▊", "#", "▋", "#", "▌", "=", "▍", "=", "▎", "-", "▏", "-", "·", ".", "…", "~", "×", "x",
	"–", "-", "±", "+", "≈", "~", "≥", ">", "µ", "u", "┤", "|", "┼", "+", "─", "-", "│", "|", "╭", ".", "╮", ".", "╰", "'", "╯", "'", "╴", "-", "╶", "-",
	"└", "+", "┬", "+", "■", "#", "’", "'", "→", ">")

// letters is text as a stream can show it: a terminal without UTF-8 gets ASCII.
func letters(w io.Writer, s string) string {
	if !isTerminal(w) || unicodeLocale() {
		return s
	}
	return ascii.Replace(s)
}

// talk is a message as a stream shows it: on a terminal broken at words.
func talk(w io.Writer, message string) string {
	return letters(w, foldLine(message, terminalWidth(w), 2))
}

// foldLine breaks a line at words where it is wider than a width above 0; what
// follows is indented.
func foldLine(line string, width, indent int) string {
	if width <= indent || utf8.RuneCountInString(line) <= width {
		return line
	}
	var b strings.Builder
	at, written := 0, false // columns of the line, and whether it has a word
	for rest := line; rest != ""; {
		word := strings.TrimLeft(rest, " ")
		spaces := len(rest) - len(word)
		if i := strings.IndexByte(word, ' '); i >= 0 {
			word, rest = word[:i], word[i:]
		} else {
			rest = ""
		}
		n := utf8.RuneCountInString(word)
		if written && at+spaces+n > width {
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at, spaces = indent, 0
		}
		b.WriteString(strings.Repeat(" ", spaces) + word)
		at, written = at+spaces+n, true
	}
	return b.String()
}
