package main

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"espalier/search"
	"espalier/trainer"
)

// planned makes the timing of a sweep file over the embedded images.
func planned(t *testing.T, text string, workers int) *timing {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &program{quiet: true}
	file, folder, err := p.parseFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.prepare(file, folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	timing, err := newTiming(s, s.sweep.Plan(false), workers, false)
	if err != nil {
		t.Fatal(err)
	}
	return timing
}

const planText = `
name = "a"
[data]
source = "fashion-mnist-mini"
limit = 300
[folds]
k = 3
[grid]
units = [8, 16]
epochs = [2, 4]
[model]
layers = [ { type = "dense", units = "$units" }, { type = "dense", units = "$classes", activation = "softmax" } ]
`

// TestForecastOfWhatDoesNotFit: plan trains nothing that the machine cannot hold.
func TestForecastOfWhatDoesNotFit(t *testing.T) {
	one := planned(t, planText, 2)
	largest, _, err := largestFit(one.session.sweep, mostRows(one.session, false), 1)
	if err != nil {
		t.Fatal(err)
	}
	have := runMemory(one.session, largest, 1)
	if fits := fitsAtOnce(one.session, largest, have); fits != 1 {
		t.Errorf("%d fits in the memory of one", fits)
	}
	var out, talk strings.Builder
	p := &program{out: &out, err: &talk}
	if err := p.forecastTime(t.Context(), one.session, one.plan, 2, false, have-1); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 0 || !strings.Contains(talk.String(), "nothing is tried and no time forecast: the largest point needs about") {
		t.Errorf("it prints %q and says %q", out.String(), talk.String())
	}
}

// The fewer jobs run at the end, the faster each is: the last as measured, those before it by its threads.
func TestSpeedOfTheLastJobs(t *testing.T) {
	before := runtime.GOMAXPROCS(16)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	one := &timing{workers: 16, plan: search.Plan{Counted: true, Jobs: 100}, threads: 1, all: 16, alone: gain(16)}
	for running, want := range map[int]float64{1: gain(16), 2: gain(8), 4: gain(4), 5: gain(3), 8: 1.75, 9: 1, 16: 1, 32: 0.5} {
		if got := one.speed(running); math.Abs(got-want) > 1e-9 {
			t.Errorf("%d jobs go at %g, want %g", running, got, want)
		}
	}
	one.all, one.alone = 1, 1 // memory holds the threads of none
	if got := one.speed(1); got != 1 {
		t.Errorf("the last job goes at %g with one thread", got)
	}
}

// What memory holds with one thread is measured with one.
func TestThreadsThatMemoryHolds(t *testing.T) {
	layers := `layers = [ { type = "conv2d", filters = "$units", kernel_size = 3, activation = "relu" }, { type = "conv2d", filters = 32, kernel_size = 3 }, { type = "flatten" },`
	one := planned(t, strings.Replace(planText, `layers = [ { type = "dense", units = "$units" },`, layers, 1), 1)
	s := one.session
	need := func(threads int) int64 {
		largest, _, err := largestFit(s.sweep, mostRows(s, false), threads)
		if err != nil {
			t.Fatal(err)
		}
		return runMemory(s, largest, 1)
	}
	for _, row := range []struct {
		have               int64
		most, threads, all int
	}{{need(8), 1, 4, 8}, {need(8) - 1, 1, 4, 4}, {need(4) - 1, 1, 1, 1}, {need(1) - 1, 0, 1, 1}} {
		h := &timing{session: s, threads: 4, all: 8}
		if least, err := h.hold(row.have); err != nil || h.most != row.most || h.threads != row.threads || h.all != row.all || h.most == 0 && least != need(1) {
			t.Errorf("%d bytes hold %d fits of %d threads and one of %d, the least %d; %v", row.have, h.most, h.threads, h.all, least, err)
		}
	}
}

// A forecast is arithmetic: jobs of known pace in a pool.
func TestForecast(t *testing.T) {
	one := planned(t, planText, 1)
	if len(one.loads) != 2 || one.loads[0].epochs != 12 || one.loads[0].name != "units=16" {
		t.Fatalf("%+v", one.loads)
	}
	one.loads[0].pace = pace{setup: 1, train: 2, validate: 1, measured: true}
	one.loads[1].pace = pace{setup: 1, train: 1, validate: 0.5, measured: true}
	f, err := one.forecast()
	// 3 folds × (1 + 4·3) and 3 × (1 + 4·1.5)
	if err != nil || math.Abs(f.Search-60) > 1e-9 || f.Error != 0.1 {
		t.Errorf("%+v, %v", f, err)
	}
	// Four epochs of all rows, one and a half times a fold's, and the test rows: ten times the validation's.
	if want := 4*2*1.5 + 10*1.0; math.Abs(f.Refit-want) > 1e-9 {
		t.Errorf("refit %v s, want %v", f.Refit, want)
	}

	// With as many workers as there are processors: longest first.
	many := planned(t, planText, 6)
	many.loads[0].pace = pace{train: 3, measured: true}
	many.loads[1].pace = pace{train: 1, measured: true}
	if f, err = many.forecast(); err != nil {
		t.Fatal(err)
	}
	total := 3*12.0 + 3*4
	if side := float64(min(6, processors())); f.Search < total/side-1e-9 || f.Search > 12+total/side {
		t.Errorf("six workers on %d processors: %v s", processors(), f.Search)
	}

	// What was not measured follows from the operations and widens the interval.
	half := planned(t, planText, 1)
	half.loads[0].pace = pace{train: 2, measured: true}
	if f, err = half.forecast(); err != nil {
		t.Fatal(err)
	}
	ratio := half.loads[1].flops / half.loads[0].flops
	if want := 12*2 + 12*2*ratio; math.Abs(f.Search-want) > 1e-9 || f.Error <= 0.1 {
		t.Errorf("%+v, want %v", f, want)
	}
}

// validate = "final" validates where a point ends and nowhere else.
func TestForecastFinal(t *testing.T) {
	timing := planned(t, strings.Replace(planText, "[grid]", "[search]\nvalidate = \"final\"\n[grid]", 1), 1)
	for i := range timing.loads {
		timing.loads[i].pace = pace{train: 1, validate: 10, measured: true}
	}
	f, err := timing.forecast()
	if want := 6 * (4*1 + 2*10.0); err != nil || math.Abs(f.Search-want) > 1e-9 {
		t.Errorf("%v s, want %v; %v", f.Search, want, err)
	}
}

// The pace of a fit follows from what it says of itself, but for the start.
func TestMeter(t *testing.T) {
	steady := meter{}
	for i := range 40 { // half a second to begin with, then an epoch in two
		steady.marks = append(steady.marks, mark{0.5 + 0.1*float64(i), 0.05 * float64(i)})
	}
	seconds, spread, err := steady.epoch()
	if err != nil || math.Abs(seconds-2) > 1e-9 || spread > 1e-9 {
		t.Errorf("%v s ± %v, %v", seconds, spread, err)
	}
	once := meter{marks: []mark{{3, 0.5}}} // a step longer than the time there was
	if seconds, spread, err = once.epoch(); err != nil || seconds != 6 || spread == 0 {
		t.Errorf("%v s ± %v, %v", seconds, spread, err)
	}
	if _, _, err := new(meter).epoch(); err == nil {
		t.Error("a meter that saw nothing tells a pace")
	}
	whole := meter{epochs: []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}}
	if seconds, _, err = whole.epoch(); err != nil || seconds != 1 {
		t.Errorf("of whole epochs: %v s, %v", seconds, err)
	}
}

// run compares with what plan left, else with what its first epochs tell.
func TestExpectation(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	s := planned(t, planText, 1).session
	p := &program{quiet: true}
	first := p.newExpectation(s, 2, false)
	if first.found {
		t.Fatal("a forecast that nobody made")
	}
	forecast{Search: 10, Error: 0.1, Made: time.Now()}.keep(forecastKey(s, 2, false))
	if r := p.newExpectation(s, 2, false); !r.found || r.of.Search != 10 || r.verdict() != "" {
		t.Errorf("%+v, %q", r.of, r.verdict())
	} else {
		r.fresh, r.started = true, time.Now().Add(-8*time.Second)
		if v := r.verdict(); v != "took 8.0 s, plan said 10.0 s: 25 % too long" {
			t.Error(v)
		}
	}
	if p.newExpectation(s, 1, false).found {
		t.Error("the forecast was for two workers")
	}
	if p.newExpectation(s, 2, true).found {
		t.Error("the forecast was with sharing")
	}

	first.fresh, first.started = true, time.Now().Add(-time.Minute)
	for trial := range s.sweep.Trials() {
		if trial.Point.Values["units"] == int64(16) {
			first.see(search.Event{Kind: search.EventEpoch, Trial: trial.Key, Epoch: &trainer.Epoch{Seconds: 3}})
		}
	}
	if !first.found || first.source != "its first 10.0 s" || first.of.Search <= 36/2 || first.of.Search >= 72/2 {
		t.Errorf("found %t by %q: %+v", first.found, first.source, first.of)
	}
}

// The store's file grows as bbolt's does.
func TestStoreFile(t *testing.T) {
	for records, want := range map[float64]int64{0: 32 << 10, 32 << 10: 32 << 10, 33 << 10: 64 << 10, 1 << 20: 1 << 20, 16 << 20: 16 << 20, 17 << 20: 48 << 20, 1e30: 1e18} {
		if have := storeFile(records); have != want {
			t.Errorf("%.0f bytes of records: a file of %d, want %d", records, have, want)
		}
	}
}
