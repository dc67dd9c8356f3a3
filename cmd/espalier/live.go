package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"
)

// redraw is how often live lines are drawn.
const redraw = 150 * time.Millisecond

// liveLines are redrawn in place at the foot of a terminal. What else is to be
// said goes through Write, above them. The cursor stays at the end of the last
// line, so that a typed ^C does not scroll them.
//
// A terminal that is made narrower wraps what stands on it at once, but tells its new
// width some time later (tmux: a quarter of a second). Lines drawn in between for the
// old width must not wrap as well, or nobody could tell where they begin: while they
// are drawn the terminal does not wrap at all (DECAWM).
type liveLines struct {
	w    io.Writer
	draw func(width int, colour bool) []string

	mu    sync.Mutex
	drawn []int // columns of each line on the screen
	stop  chan struct{}
	ended sync.WaitGroup
}

// startLiveLines draws what draw gives, again and again until end.
func startLiveLines(w io.Writer, draw func(width int, colour bool) []string) *liveLines {
	l := &liveLines{w: w, draw: draw, stop: make(chan struct{})}
	l.ended.Go(func() {
		tick := time.NewTicker(redraw)
		defer tick.Stop()
		for {
			select {
			case <-l.stop:
				return
			case <-tick.C:
				l.mu.Lock()
				l.paint("")
				l.mu.Unlock()
			}
		}
	})
	return l
}

// Write puts whole lines above the live ones.
func (l *liveLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(p), l.paint(string(p))
}

// end takes the lines off the screen.
func (l *liveLines) end() {
	close(l.stop)
	l.ended.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprint(l.w, l.back(terminalWidth(l.w))+"\x1b[J")
	l.drawn = nil
}

// paint redraws in one write, so that nothing flickers; before it, text that stays.
func (l *liveLines) paint(stays string) error {
	width, height := terminalSize(l.w)
	var b strings.Builder
	b.WriteString(l.back(width))
	b.WriteString(strings.ReplaceAll(stays, "\n", "\x1b[K\n"))
	lines := l.draw(max(width-1, 0), colourful(l.w))
	if fits := max(height-2, 1); height > 0 && len(lines) > fits { // the last is the whole
		lines = append(lines[:fits-1], lines[len(lines)-1])
	}
	b.WriteString("\x1b[?7l" + strings.Join(lines, "\x1b[K\n") + "\x1b[J\x1b[?7h") // each clears what it does not cover
	l.drawn = l.drawn[:0]
	for _, line := range lines {
		l.drawn = append(l.drawn, utf8.RuneCountInString(text.StripEscape(line)))
	}
	_, err := io.WriteString(l.w, letters(l.w, b.String()))
	return err
}

// back goes to the start of the first live line. A terminal that became narrower
// has wrapped the lines: they take more rows now.
func (l *liveLines) back(width int) string {
	rows := 0
	for _, columns := range l.drawn {
		rows++
		if width > 0 {
			rows += max(columns-1, 0) / width
		}
	}
	if rows == 0 {
		return ""
	}
	up := ""
	if rows > 1 {
		up = fmt.Sprintf("\x1b[%dA", rows-1)
	}
	return "\r" + up
}
