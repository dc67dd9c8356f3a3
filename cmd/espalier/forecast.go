package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"espalier/search"
)

// forecastTime trains each kind of point for a moment, the costliest first, prints
// what the whole would take, and leaves the forecast for run to compare with. It trains
// no more at a time than memory holds, and nothing where that is not even one fit.
// Unknown memory, 0, holds all.
func (p *program) forecastTime(ctx context.Context, s *session, plan search.Plan, workers int, noShare bool, have int64) error {
	t, err := newTiming(s, plan, workers, noShare)
	if err != nil || len(t.loads) == 0 {
		return err
	}
	if have > 0 {
		least, err := t.hold(have)
		if err != nil {
			return sweepFailure(err)
		}
		if t.most == 0 {
			p.warn(fmt.Sprintf("nothing is tried and no time forecast: the largest point needs about %s of memory", bytesText(least)))
			return nil
		}
		boundHeap(have)
	}
	p.graceful.Store(true)
	p.say("calibrating, up to %s", durationText(calibration))
	if err := t.calibrate(ctx); err != nil {
		if stopped := interruptionOf(ctx); stopped != nil {
			return &failure{err: stopped, code: stopped.code()}
		}
		return err
	}
	f, err := t.forecast()
	if err != nil {
		return err
	}
	if err := p.writeSpeeds(t.loads); err != nil {
		return err
	}
	f.keep(forecastKey(s, workers, noShare))
	_, err = fmt.Fprintln(p.out, foldLine(fmt.Sprintf("time      with %s %s", plural(workers, "worker"), f), terminalWidth(p.out), 10))
	return err
}

// writeSpeeds lists the workloads, or says how long an epoch of the only one takes.
func (p *program) writeSpeeds(loads []workload) error {
	if len(loads) == 1 {
		pace := loads[0].pace
		_, err := fmt.Fprintf(p.out, "an epoch  about %s, %s of them validation\n", durationText(seconds(pace.epoch())), durationText(seconds(pace.validate)))
		return err
	}
	t := newSheet("speed", "an epoch", "epochs", "in all").alignLeft(0)
	for _, l := range loads[:min(len(loads), shownRows)] {
		text := durationText(seconds(l.pace.epoch()))
		if !l.pace.measured {
			text = "≈ " + text
		}
		t.add(l.name, text, fmt.Sprintf("%.0f", l.epochs), spanText(l.pace.epoch()*l.epochs))
	}
	fmt.Fprintln(p.out)
	if err := t.write(p.out, "  ", terminalWidth(p.out)); err != nil {
		return err
	}
	if len(loads) > shownRows {
		fmt.Fprintf(p.out, "  and %d more\n", len(loads)-shownRows)
	}
	fmt.Fprintln(p.out)
	return nil
}

// timing is what is known of the speeds of a sweep's jobs.
type timing struct {
	session *session
	plan    search.Plan
	workers int
	most    int // fits side by side that memory holds
	threads int // of each of them
	all     int // of one that is alone
	noShare bool
	loads   []workload // the costliest first
	groups  *grouping
	alone   float64 // how much faster a job goes with all processors for itself: the last one, a refit
}

func newTiming(s *session, plan search.Plan, workers int, noShare bool) (*timing, error) {
	loads, groups, err := workloads(s, plan, noShare)
	t := &timing{session: s, plan: plan, workers: workers, most: workers, noShare: noShare, loads: loads, groups: groups, alone: 1}
	t.threads, t.all = search.Threads(processors(), workers, jobsOf(plan)), processors()
	return t, err
}

// hold gives up what memory does not: fits side by side, and threads, each of which has some of its own. least is what
// a single fit needs with one.
func (t *timing) hold(have int64) (least int64, err error) {
	s := t.session
	fits := func(threads int) (n int) {
		largest, _, failed := largestFit(s.sweep, mostRows(s, false), threads)
		least, err = runMemory(s, largest, 1), errors.Join(err, failed)
		return fitsAtOnce(s, largest, have)
	}
	if fits(t.all) == 0 {
		t.all = t.threads
	}
	if t.most = fits(t.threads); t.most == 0 {
		t.threads, t.all = 1, 1
		t.most = fits(1)
	}
	return least, err
}

// calibrate measures the workloads with as many fits side by side as the run will
// have and memory holds, and the costliest by itself too, in calibration at most.
func (t *timing) calibrate(ctx context.Context) error {
	pool := stopwatch{t.session, min(t.side(), t.most), t.threads}
	single := stopwatch{t.session, 1, t.all}
	more := 0 // measurements after those of the workloads, of the costliest
	if single != pool {
		more++
	}
	end := time.Now().Add(calibration)
	share := func(parts int) time.Duration {
		return min(max(time.Until(end)/time.Duration(parts), calibrationMin), calibrationEach)
	}
	for i := range t.loads {
		l := &t.loads[i]
		if i > 0 && time.Until(end) < calibrationMin*time.Duration(1+more) {
			break
		}
		var err error
		l.pace, err = pool.measure(ctx, l.trial, share(len(t.loads)-i+more))
		if context.Cause(ctx) != nil {
			return context.Cause(ctx)
		}
		if err != nil && !errors.Is(err, errNoTime) { // without a time of its own, others tell it
			return fmt.Errorf("calibrate %s: %w", l.name, err)
		}
	}
	at := slices.IndexFunc(t.loads, func(l workload) bool { return l.pace.measured })
	if at < 0 {
		return fmt.Errorf("calibrate: %w", errNoTime)
	}
	costliest := t.loads[at]
	if single == pool || time.Until(end) < calibrationMin {
		return nil
	}
	have, err := single.measure(ctx, costliest.trial, share(1))
	if err != nil {
		return fmt.Errorf("calibrate %s: %w", costliest.name, err)
	}
	t.alone = costliest.pace.epoch() / max(have.epoch(), 1e-9)
	return nil
}

// forecast plays the pool with the paces measured; the others follow from the
// operations, at the pace of the workload nearest in size.
func (t *timing) forecast() (forecast, error) {
	var f forecast
	var all, guessed, noise float64
	for i := range t.loads {
		l := &t.loads[i]
		if !l.pace.measured {
			near := nearestLoad(t.loads, l.flops)
			l.pace = near.pace.times(l.flops / near.flops)
			guessed += l.epochs * l.pace.epoch()
		}
		all += l.epochs * l.pace.epoch()
		noise += l.epochs * l.pace.epoch() * l.pace.spread
	}
	f.Search = all / float64(min(t.workers, processors()))
	if t.plan.Counted && t.plan.Jobs <= playedJobs {
		jobs, err := t.session.sweep.Jobs(t.noShare)
		if err != nil {
			return f, sweepFailure(err)
		}
		f.Search = search.Makespan(t.seconds(jobs, &f), t.workers, t.speed)
	}
	// What is left out is small and differs from machine to machine: checkpoints and
	// commits. A tenth is what the same run differs by from one time to the next.
	f.Error = min(0.1+2*noise/max(all, 1e-9)+0.25*guessed/max(all, 1e-9), 0.9)
	f.Made, f.Early = time.Now(), t.session.sweep.File.Params["early_stopping"] != nil
	return f, nil
}

// playedJobs is up to how many jobs a forecast plays the pool; beyond, its end is
// short beside the whole.
const playedJobs = 200_000

// seconds are the jobs' times with as many side by side as there can be; on the way
// it finds the longest refit.
func (t *timing) seconds(jobs iter.Seq[search.Job], f *forecast) iter.Seq[float64] {
	s := t.session
	train, validation := float64(len(s.folds[0].Train)), float64(max(len(s.folds[0].Validation), 1))
	everywhere := s.sweep.File.Search.Validate != "final" || s.sweep.File.Params["early_stopping"] != nil
	return func(yield func(float64) bool) {
		for j := range jobs {
			at := t.groups.place(j.Longest())
			if at < 0 {
				at = 0
			}
			pace := t.loads[at].pace
			epochs, ok := s.sweep.Effective(j.Longest())["epochs"].(int64)
			if !ok {
				epochs = 1
			}
			passes := float64(epochs)
			if !everywhere {
				passes = float64(len(j.Trials))
			}
			if s.sweep.File.Refit.Enabled {
				again := float64(s.refitEpochs(j.Longest()))
				cost := again*pace.train*float64(s.set.Rows)/train + pace.validate*float64(s.set.TestRows)/validation
				if s.sweep.File.Refit.Rows == "train" {
					cost = again*pace.epoch() + pace.validate*float64(s.set.TestRows)/validation
				}
				f.Refit = max(f.Refit, cost/t.alone)
			}
			if !yield(pace.setup + float64(epochs)*pace.train + passes*pace.validate) {
				return
			}
		}
	}
}

// side is how many jobs there are side by side that have processors of their own.
func (t *timing) side() int { return min(t.workers, processors(), jobsOf(t.plan)) }

// jobsOf is how many jobs a sweep has, at most where they were too many to count.
func jobsOf(p search.Plan) int {
	if !p.Counted {
		return max(p.Fits, 1)
	}
	return max(p.Jobs, 1)
}

// speed is how fast each of some jobs side by side goes, measured by as many as there are processors for. The last
// ones share all processors: between those and one that is alone, which was measured, they go as gain says.
func (t *timing) speed(running int) float64 {
	side := t.side()
	switch {
	case running >= side:
		return float64(side) / float64(running)
	case t.threads == t.all:
		return 1
	}
	threads := max(t.threads, min(search.Threads(processors(), t.workers, running), t.all))
	return 1 + (t.alone-1)*(gain(threads)-gain(t.threads))/(gain(t.all)-gain(t.threads))
}

// gain is about how many times as fast as one so many threads are, by Amdahl's law with the 1.75 that two were measured
// to be (cmd/race -only threads).
func gain(threads int) float64 {
	const common = 2/1.75 - 1 // the share of a step that is not divided
	return 1 / (common + (1-common)/float64(threads))
}

// nearestLoad is the measured workload nearest in size.
func nearestLoad(loads []workload, flops float64) workload {
	best, found := workload{flops: flops}, math.Inf(1)
	for _, l := range loads {
		if ratio := max(l.flops/flops, flops/l.flops); l.pace.measured && ratio < found {
			best, found = l, ratio
		}
	}
	return best
}
