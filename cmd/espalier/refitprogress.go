package main

import (
	"fmt"
	"io"
	"sync"

	"espalier/search"
)

// refitProgress is what a refit says while it trains: one live line on a
// terminal, one plain line a tenth elsewhere.
type refitProgress struct {
	p     *program
	live  *liveLines
	start string // said when training begins; one that is read back says nothing

	mu     sync.Mutex
	worker search.WorkerStatus
}

func (p *program) newRefitProgress(t search.Trial, epochs int) *refitProgress {
	g := &refitProgress{p: p, worker: search.WorkerStatus{Trial: t.ID(), Epochs: epochs, Slot: -1}}
	if interactive(p.err) && !p.quiet && !p.verbose {
		g.live = startLiveLines(p.err, func(width int, colour bool) []string { return []string{workerLine(g.state(), width, colour)} })
	}
	return g
}

func (g *refitProgress) state() search.WorkerStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.worker
}

// watch is called by the refit as it goes.
func (g *refitProgress) watch(w search.Watch) {
	g.note(w)
	g.p.pauses.refitWatch(w)
}

func (g *refitProgress) note(w search.Watch) {
	if w.Resumed > 0 {
		g.p.log.Info().Str("trial", g.worker.Trial).Int("epochs", w.Resumed).Msg("the refit goes on from a checkpoint")
	}
	var out io.Writer = g.p.err
	if g.live != nil {
		out = g.live // it draws the state, so before the lock
	}
	if w.Warning == "" && g.start != "" && !g.p.quiet {
		fmt.Fprintln(out, talk(g.p.err, g.start))
	}
	if w.Warning == "" {
		g.start = ""
	} else {
		g.p.log.Warn().Msg(w.Warning)
		fmt.Fprintln(out, talk(g.p.err, "espalier: warning: "+printable(w.Warning)))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := w.Progress; s != nil {
		g.worker.Epoch, g.worker.Step, g.worker.Steps, g.worker.Loss, g.worker.Accuracy = s.Epoch, s.Step, s.Steps, s.Loss, s.Accuracy
	}
	if e := w.Epoch; e != nil {
		g.worker.Epoch, g.worker.Step = e.Number, g.worker.Steps
		g.p.log.Debug().Str("trial", g.worker.Trial).Int("epoch", e.Number).Float64("loss", e.TrainLoss).
			Float64("accuracy", e.TrainAccuracy).Float64("seconds", e.Seconds).Msg("refit epoch")
	}
}

func (g *refitProgress) end() {
	if g.live != nil {
		g.live.end()
	}
}
