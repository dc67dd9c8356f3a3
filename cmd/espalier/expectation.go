package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"espalier/search"
	"espalier/store"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// forecast is what a sweep is thought to take.
type forecast struct {
	Search float64   `json:"search"` // seconds of a whole run up to the ranking
	Error  float64   `json:"error"`  // relative: the interval is ± this
	Refit  float64   `json:"refit"`  // seconds at most; 0: none
	Early  bool      `json:"early"`  // training may stop early: an upper bound
	Made   time.Time `json:"made"`
}

// String is what plan prints: "about 6m10s (5m33s to 6m47s), then up to 12 s for the refit".
func (f forecast) String() string {
	text := fmt.Sprintf("about %s (%s to %s)", spanText(f.Search), spanText(f.Search*(1-f.Error)), spanText(f.Search*(1+f.Error)))
	if f.Refit > 0 {
		text += fmt.Sprintf(", then up to %s for the refit", spanText(f.Refit))
	}
	if f.Early {
		text += ", less where training stops early"
	}
	return text
}

// compared says how a forecast compares with what happened.
func (f forecast) compared(took time.Duration, source string) string {
	text := fmt.Sprintf("took %s, %s said %s", durationText(took), source, spanText(f.Search))
	switch off := 100 * (f.Search - took.Seconds()) / took.Seconds(); {
	case f.Early:
		return text + " at most"
	case off >= 0.5:
		return fmt.Sprintf("%s: %.0f %% too long", text, off)
	case off <= -0.5:
		return fmt.Sprintf("%s: %.0f %% too short", text, -off)
	}
	return text + ": right"
}

// Forecasts lie in the user's cache folder, since plan leaves the store alone. They
// are forgotten after a while.
const (
	forecastFolder = "forecasts"
	forecastDays   = 30
)

// forecastKey names what a forecast is of: all that decides on how long a run takes.
func forecastKey(s *session, workers int, noShare bool) string {
	f := s.sweep.File
	text := fmt.Sprintf("%s\x00%s\x00%s\x00%d\x00%t\x00%s\x00%s\x00%d", s.sweep.ID, f.Source, strings.Join(f.Overrides, "\x00"),
		workers, noShare, trainer.Kernel(), trainer.Revision(), processors())
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// keep writes the forecast down for run, and removes old ones. It is a convenience:
// where it cannot, run has one comparison less.
func (f forecast) keep(key string) {
	cache, err := dataset.CacheFolder()
	if err != nil {
		return
	}
	folder := filepath.Join(cache, forecastFolder)
	data, err := json.Marshal(f)
	if err != nil || os.MkdirAll(folder, 0o755) != nil {
		return
	}
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > forecastDays*24*time.Hour {
			_ = os.Remove(filepath.Join(folder, e.Name())) // another time
		}
	}
	_ = store.WriteFileAtomic(filepath.Join(folder, key+".json"), data)
}

// recallForecast reads what plan left; false: nothing good.
func recallForecast(key string) (forecast, bool) {
	var f forecast
	cache, err := dataset.CacheFolder()
	if err != nil {
		return f, false
	}
	data, err := readRegular(filepath.Join(cache, forecastFolder, key+".json"), 1<<16)
	if errors.Is(err, fs.ErrNotExist) || err != nil || json.Unmarshal(data, &f) != nil {
		return f, false
	}
	return f, f.Search > 0 && f.Search < 1e12
}

// expectation is a run's forecast of itself: what plan said of it, else one made of
// its own first epochs. It is for a run that starts at the start.
type expectation struct {
	session *session
	plan    search.Plan
	workers int
	noShare bool
	found   bool
	fresh   bool // nothing was done before
	of      forecast
	source  string // who made it
	started time.Time
	epochs  map[string][]float64 // seconds, by trial
	trials  map[string]search.Trial
}

// A run without a plan forecasts itself after so long, if it has no more points
// than it can look through without delay.
const (
	firstEpochs = 10 * time.Second
	firstPoints = 10_000
)

func (p *program) newExpectation(s *session, workers int, noShare bool) *expectation {
	r := &expectation{
		session: s, plan: s.sweep.Plan(noShare), noShare: noShare,
		started: time.Now(), epochs: map[string][]float64{}, trials: map[string]search.Trial{},
	}
	r.workers = min(workers, max(r.plan.Jobs, 1))
	workers = r.workers
	if r.of, r.found = recallForecast(forecastKey(s, workers, noShare)); r.found {
		r.source = "plan"
	}
	return r
}

// see learns from a run's events, on the goroutine that tells them.
func (r *expectation) see(e search.Event) {
	switch {
	case e.Kind == search.EventStarted:
		r.fresh, r.started = e.Status.Done == 0 && e.Status.Total > 0, time.Now()
	case e.Kind == search.EventResumed:
		r.fresh = false
	case e.Kind == search.EventEpoch && !r.found && r.fresh && r.plan.Points <= firstPoints:
		id := trialID(e.Trial)
		r.epochs[id] = append(r.epochs[id], e.Epoch.Seconds)
		if t, known := r.session.sweep.Trial(e.Trial); known {
			r.trials[id] = t
		}
		if time.Since(r.started) >= firstEpochs {
			r.make()
		}
	}
}

// make forecasts the run by the epochs seen so far.
func (r *expectation) make() {
	r.found = true // or never
	t, err := newTiming(r.session, r.plan, r.workers, r.noShare)
	if err != nil || len(t.loads) == 0 {
		r.fresh = false
		return
	}
	sums, counts := make([]float64, len(t.loads)), make([]float64, len(t.loads))
	for id, spent := range r.epochs {
		if at := t.groups.place(r.trials[id]); at >= 0 {
			for _, s := range spent {
				sums[at] += s
				counts[at]++
			}
		}
	}
	for i := range t.loads {
		if counts[i] > 0 {
			t.loads[i].pace = pace{train: sums[i] / counts[i], measured: true}
		}
	}
	t.alone = gain(t.all) / gain(t.threads)
	if r.of, err = t.forecast(); err != nil {
		r.fresh = false
	}
	r.source = fmt.Sprintf("its first %s", durationText(firstEpochs))
}

// verdict compares with what happened; "" where there is nothing to compare.
func (r *expectation) verdict() string {
	if !r.fresh || r.of.Search <= 0 {
		return ""
	}
	return r.of.compared(time.Since(r.started), r.source)
}
