package main

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"

	"espalier/search"
)

// Lines of a running sweep, drawn by run on its own terminal and by status on
// another: one a worker, one for the whole. They are fitted to a width by
// leaving out what matters least, from the right.

// statusLines are the lines of a run: one a worker, one for the whole.
func statusLines(s search.Status, workers, width int, colour bool) []string {
	var lines []string
	for i := range workers {
		w := search.WorkerStatus{Worker: i}
		for _, known := range s.Workers {
			if known.Worker == i {
				w = known
			}
		}
		lines = append(lines, workerLine(w, width, colour))
	}
	return append(lines, totalLine(s, width, colour))
}

// workerLine is what one worker is at. colour paints the bar.
func workerLine(w search.WorkerStatus, width int, colour bool) string {
	if w.Trial == "" {
		return clip(fmt.Sprintf("%3d  waiting for a job", w.Worker+1), width)
	}
	fold := fmt.Sprintf(" fold %d", w.Slot)
	if w.Slot < 0 {
		fold = " all rows" // a refit
	}
	head := fmt.Sprintf("%3d  %s%s  epoch %*d/%d", w.Worker+1, short(w.Trial), fold, len(fmt.Sprint(w.Epochs)), w.Epoch, w.Epochs)
	tail := ""
	if w.Loss != 0 || w.Accuracy != 0 {
		tail = fmt.Sprintf("  loss %s  accuracy %.4f", lossText(w.Loss), w.Accuracy)
	}
	share := 0.0
	if w.Steps > 0 && w.Epochs > 0 {
		share = (float64(max(w.Epoch-1, 0)) + float64(w.Step)/float64(w.Steps)) / float64(w.Epochs)
	}
	return barLine(head, tail, share, width, colour)
}

// totalLine is the whole: done of total, rate, time left, the best so far.
func totalLine(s search.Status, width int, colour bool) string {
	head := fmt.Sprintf("%d/%d fits", s.Done, s.Total)
	if s.Failed > 0 {
		head += fmt.Sprintf("  %d failed", s.Failed)
	}
	var tail strings.Builder
	if s.Rate > 0 {
		fmt.Fprintf(&tail, "  %s/min", decimalRate(s.Rate))
	}
	switch {
	case s.Stopping:
		tail.WriteString("  stopping at the end of the batch")
	case s.Running && s.Left >= 0 && s.Done < s.Total:
		fmt.Fprintf(&tail, "  %s left", leftText(s.Left))
	}
	if s.Best != nil {
		fmt.Fprintf(&tail, "  best %.4f %s", s.Best.Mean, short(s.Best.Trial))
	}
	share := 0.0
	if s.Total > 0 {
		share = float64(s.Done) / float64(s.Total)
	}
	line := barLine(head, tail.String(), share, width, colour)
	return line
}

// wrap joins parts by two spaces, on as many lines as the width makes necessary.
func wrap(width int, parts ...string) string {
	var b strings.Builder
	at := 0
	for i, p := range parts {
		n := utf8.RuneCountInString(p)
		switch {
		case i == 0:
		case width > 0 && at+2+n > width:
			b.WriteByte('\n')
			at = 0
		default:
			b.WriteString("  ")
			at += 2
		}
		b.WriteString(p)
		at += n
	}
	return b.String()
}

// leftText writes an estimate of seconds without pretending to tenths.
func leftText(left float64) string {
	switch {
	case left < 1:
		return "under 1 s"
	case left < 59.5:
		return fmt.Sprintf("%.0f s", left)
	}
	return durationText(seconds(left))
}

// bestLine names the best trial and its parameters.
func bestLine(metric string, b *search.BestStatus) string {
	return strings.TrimRight(fmt.Sprintf("best %s %.4f  %s  %s", metric, b.Mean, short(b.Trial), paramsText(b.Params)), " ")
}

// barLine puts a bar between head and tail where there is room for one, and
// drops the tail's last parts where there is none.
func barLine(head, tail string, share float64, width int, colour bool) string {
	free := width - utf8.RuneCountInString(head) - utf8.RuneCountInString(tail) - 2
	if free < 6 {
		return clip(head+tail, width)
	}
	return head + "  " + bar(share, min(free, 30), colour) + tail
}

// bar draws a share in eighths of a cell.
func bar(share float64, width int, colour bool) string {
	if math.IsNaN(share) {
		share = 0
	}
	eighths := int(math.Round(min(max(share, 0), 1) * float64(width) * 8))
	full := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		full += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	empty := strings.Repeat("·", width-utf8.RuneCountInString(full))
	if colour {
		return text.FgCyan.Sprint(full) + text.Faint.Sprint(empty)
	}
	return full + empty
}

// clip cuts a line to a width in columns; 0 is unlimited.
func clip(line string, width int) string {
	if width <= 0 || utf8.RuneCountInString(line) <= width {
		return line
	}
	if width < 2 {
		return ""
	}
	return string([]rune(line)[:width-1]) + "…"
}

// short is a trial's ID as lines show it.
func short(key string) string { return key[:min(len(key), trialDigits)] }

func lossText(v float64) string {
	if v >= 1000 || math.IsNaN(v) {
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.4f", v)
}

func decimalRate(perMinute float64) string {
	if perMinute >= 100 {
		return fmt.Sprintf("%.0f", perMinute)
	}
	return fmt.Sprintf("%.1f", perMinute)
}
