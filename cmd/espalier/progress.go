package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"espalier/search"
)

// progress is what a run says while it goes on. On a terminal a line a worker
// and one for the whole are redrawn in place; elsewhere plain lines come rarely:
// the start, each new best, about every tenth or half a minute, failures.
type progress struct {
	p       *program
	monitor *search.Monitor
	live    *liveLines // nil: plain lines

	best      string    // trial and score announced last
	announced int       // done at the last plain line
	spoke     time.Time // of the last plain line
}

// Plain lines stay away no longer than every, and come no closer than apart.
const (
	every = 30 * time.Second
	apart = 2 * time.Second
)

func (p *program) newProgress(monitor *search.Monitor, workers int) *progress {
	g := &progress{p: p, monitor: monitor, spoke: time.Now()}
	if interactive(p.err) && !p.quiet && !p.verbose {
		g.live = startLiveLines(p.err, func(width int, colour bool) []string { return statusLines(monitor.Status(), workers, width, colour) })
	}
	return g
}

// end removes the live lines.
func (g *progress) end() {
	if g.live != nil {
		g.live.end()
	}
}

// event is called by the run for everything that happens, from one goroutine.
func (g *progress) event(e search.Event) {
	g.p.pauses.step(e)
	g.logEvent(e)
	switch e.Kind {
	case search.EventStarted:
		g.line("%s", e.Message)
		if e.Status.Done > 0 {
			g.line("%s done before", plural(e.Status.Done, "fit"))
		}
		g.announced, g.best = e.Status.Done, bestOf(*e.Status)
	case search.EventWarning:
		g.warning(e.Message)
	case search.EventOutcome:
		if e.Outcome.State == search.Diverged {
			g.line("%s fold %d diverged: %s", trialID(e.Trial), e.Slot, e.Outcome.Reason)
		}
		g.advance()
	case search.EventFailure:
		g.line("%s fold %d failed: %s", trialID(e.Trial), e.Slot, firstLine(e.Failure.Reason))
		g.advance()
	case search.EventEpoch:
		if g.live == nil && time.Since(g.spoke) >= every {
			g.plainTotal()
		}
	}
}

// firstLine is the first line of a text that may have several.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return printable(line)
}

// advance tells a new best, and on plain output how far the run is.
func (g *progress) advance() {
	status := g.monitor.Status()
	if best := bestOf(status); best != g.best {
		g.best = best
		g.p.log.Info().Str("trial", short(status.Best.Trial)).Float64("mean", status.Best.Mean).Str("params", paramsText(status.Best.Params)).Msg("new best")
		g.line("%s", bestLine(status.Metric, status.Best))
	}
	quiet := time.Since(g.spoke)
	tenth := (status.Done-g.announced)*10 >= status.Total && quiet >= apart
	if g.live == nil && (tenth || quiet >= every) && status.Done < status.Total {
		g.plainTotal()
	}
}

func (g *progress) plainTotal() {
	status := g.monitor.Status()
	g.announced, g.spoke = status.Done, time.Now()
	g.line("%s", plainStatus(status))
}

// plainStatus is how far a run is, on one line without a bar.
func plainStatus(s search.Status) string {
	line := fmt.Sprintf("%d of %d fits", s.Done, s.Total)
	if s.Failed > 0 {
		line += fmt.Sprintf(", %d failed", s.Failed)
	}
	if s.Rate > 0 {
		line += fmt.Sprintf(", %s a minute", decimalRate(s.Rate))
	}
	if s.Left >= 0 && s.Running && s.Done < s.Total {
		line += fmt.Sprintf(", %s left", leftText(s.Left))
	}
	if s.Best != nil {
		line += fmt.Sprintf(", best %.4f", s.Best.Mean)
	}
	return line
}

func bestOf(s search.Status) string {
	if s.Best == nil {
		return ""
	}
	return fmt.Sprintf("%s %v", s.Best.Trial, s.Best.Mean)
}

// line prints talk, above the live lines where there are any.
func (g *progress) line(format string, args ...any) {
	if g.p.quiet || g.p.verbose { // -v: it is in the log
		return
	}
	fmt.Fprintln(g.writer(), talk(g.p.err, fmt.Sprintf(format, args...)))
}

func (g *progress) warning(message string) {
	fmt.Fprintln(g.writer(), talk(g.p.err, "espalier: warning: "+printable(message)))
}

func (g *progress) writer() io.Writer {
	if g.live != nil {
		return g.live
	}
	return g.p.err
}

// logEvent writes an event to the log.
func (g *progress) logEvent(e search.Event) {
	log := &g.p.log
	switch e.Kind {
	case search.EventStarted, search.EventFinished:
		log.Info().Str("event", string(e.Kind)).Msg(e.Message)
	case search.EventWarning:
		log.Warn().Msg(e.Message)
	case search.EventEpoch:
		entry := log.Debug().Int("worker", e.Worker).Str("trial", trialID(e.Trial)).Int("fold", e.Slot).
			Int("epoch", e.Epoch.Number).Float64("loss", e.Epoch.TrainLoss).Float64("accuracy", e.Epoch.TrainAccuracy).
			Float64("seconds", e.Epoch.Seconds)
		if v := e.Epoch.Validation; v != nil {
			entry = entry.Float64("val_loss", v.Loss).Float64("val_accuracy", v.Accuracy)
		}
		entry.Msg("epoch")
	case search.EventOutcome:
		log.Info().Int("worker", e.Worker).Str("trial", trialID(e.Trial)).Int("fold", e.Slot).Str("state", string(e.Outcome.State)).
			Int("epochs", e.Outcome.Epochs).Float64("loss", e.Outcome.Scores.Loss).Float64("accuracy", e.Outcome.Scores.Accuracy).
			Float64("seconds", e.Outcome.Seconds).Msg("outcome")
	case search.EventFailure:
		log.Error().Int("worker", e.Worker).Str("trial", trialID(e.Trial)).Int("fold", e.Slot).
			Str("reason", e.Failure.Reason).Str("stack", e.Failure.Stack).Msg("job failed")
	case search.EventJob:
		log.Debug().Int("worker", e.Worker).Str("trial", trialID(e.Trial)).Int("fold", e.Slot).Msg("job")
	case search.EventResumed:
		log.Info().Int("worker", e.Worker).Str("trial", trialID(e.Trial)).Int("fold", e.Slot).Int("epochs", e.Resumed).Msg("goes on from a checkpoint")
	case search.EventPaused, search.EventJobDone:
		log.Debug().Int("worker", e.Worker).Str("trial", trialID(e.Trial)).Int("fold", e.Slot).Msg(string(e.Kind))
	}
}
