package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"time"

	"espalier/search"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// calibration is the longest that a plan trains, in all.
const calibration = 10 * time.Second

// workload is what trains at one speed: points with the same model, batch size
// and optimizer.
type workload struct {
	name   string
	values map[string]any // what its points have in common on the axes that may change the speed
	trial  search.Trial
	flops  float64 // of one epoch
	epochs float64 // to train, over all slots
	second float64 // measured or derived: seconds an epoch; 0: not known
}

// forecastTime trains each kind of point for a moment, the costliest first, and
// prints what the whole would take.
func (p *program) forecastTime(ctx context.Context, s *session, plan search.Plan, workers int, noShare bool) error {
	loads, err := workloads(s, plan, noShare)
	if err != nil || len(loads) == 0 {
		return err
	}
	p.graceful.Store(true)
	p.say("calibrating, up to %s", durationText(calibration))
	start := time.Now()
	side := min(workers, runtime.GOMAXPROCS(0))
	for i := range loads {
		left := calibration - time.Since(start)
		if left < 200*time.Millisecond && i > 0 {
			break
		}
		share := max(left/time.Duration(len(loads)-i), 300*time.Millisecond)
		second, err := p.measure(ctx, s, loads[i].trial, side, min(share, 2*time.Second, left))
		if stopped := interruptionOf(ctx); stopped != nil {
			return &failure{err: stopped, code: stopped.code()}
		}
		if err != nil {
			return fmt.Errorf("calibrate %s: %w", loads[i].name, err)
		}
		loads[i].second = second
	}
	total := 0.0
	t := newSheet("speed", "an epoch", "epochs", "in all").alignLeft(0)
	for i := range loads {
		l := &loads[i]
		if l.second == 0 { // not measured: by operations, at the speed of the one nearest in size
			near := nearestLoad(loads, l.flops)
			l.second = near.second * l.flops / near.flops
		}
		total += l.second * l.epochs
		if i < shownRows {
			t.add(l.name, durationText(seconds(l.second)), fmt.Sprintf("%.0f", l.epochs), spanText(l.second*l.epochs))
		}
	}
	wall := total / float64(workers)
	if len(loads) > 1 {
		fmt.Fprintln(p.out)
		if err := t.write(p.out, "  ", terminalWidth(p.out)); err != nil {
			return err
		}
		if len(loads) > shownRows {
			fmt.Fprintf(p.out, "  and %d more\n", len(loads)-shownRows)
		}
		fmt.Fprintln(p.out)
	}
	kind := ""
	if s.sweep.File.Params["early_stopping"] != nil {
		kind = ", less where training stops early"
	}
	_, err = fmt.Fprintf(p.out, "time      about %s with %s (%s to %s)%s\n", spanText(wall), plural(workers, "worker"),
		spanText(wall*0.85), spanText(wall*1.15), kind)
	return err
}

// nearestLoad is the measured workload nearest in size.
func nearestLoad(loads []workload, flops float64) workload {
	var best workload
	for _, l := range loads {
		if l.second > 0 && (best.second == 0 || max(l.flops/flops, flops/l.flops) < max(best.flops/flops, flops/best.flops)) {
			best = l
		}
	}
	return best
}

// speedParams are the parameters that change the time of an epoch, beside the model's own.
var speedParams = []string{"batch_size", "optimizer"}

// workloads groups a sweep's families by speed, the costliest first. A grid too
// large to visit is judged by points spread over it, as if nothing was shared.
func workloads(s *session, plan search.Plan, noShare bool) ([]workload, error) {
	g := grouping{session: s, groups: map[string]*workload{}, longest: map[string]int64{}, share: !noShare && plan.Counted,
		rows: float64(len(s.folds[0].Train)) + float64(len(s.folds[0].Validation))/3, scale: float64(plan.Slots),
		axes: append(slices.Clone(speedParams), trainer.References(s.sweep.File.Model.Layers)...)}
	if plan.Counted {
		for t := range s.sweep.Trials() {
			if err := g.add(t); err != nil {
				return nil, err
			}
		}
		return g.loads(), nil
	}
	points := spreadPoints(s.sweep, 200)
	g.scale *= float64(plan.Points) / float64(max(len(points), 1))
	for _, t := range points {
		if err := g.add(t); err != nil {
			return nil, err
		}
	}
	return g.loads(), nil
}

// spreadPoints takes points from all over a grid, always the same ones: multiples
// of the golden section fall evenly whatever the axes' lengths.
func spreadPoints(s *search.Sweep, n int) []search.Trial {
	var out []search.Trial
	if !s.File.Grid.Finite() {
		for t := range s.Trials() {
			if out = append(out, t); len(out) == n {
				break
			}
		}
		return out
	}
	const golden = 0x9e3779b97f4a7c15 // 2^64 / φ
	for i := range uint64(n) {
		at, _ := bits.Mul64(i*golden, uint64(s.File.Grid.Len()))
		if point, ok := s.File.Grid.At(int(at)); ok {
			out = append(out, search.Trial{Point: point})
		}
	}
	return out
}

// grouping sorts points into workloads.
type grouping struct {
	session *session
	axes    []string // that may change the speed
	rows    float64  // forward and backward passes of an epoch, in training rows
	scale   float64  // fits that a point stands for
	share   bool
	groups  map[string]*workload
	longest map[string]int64 // epochs counted so far, by family
	configs map[string]*trainer.Config

	added, skipped int // points; those skipped are taken to be like those added
}

func (g *grouping) add(t search.Trial) error {
	values := pick(t.Point.Values, g.axes)
	key := paramsText(values)
	if g.configs == nil {
		g.configs = map[string]*trainer.Config{}
	}
	config := g.configs[key]
	if config == nil {
		if len(g.configs) == compileLimit {
			g.skipped++
			return nil
		}
		var err error
		if config, err = g.session.sweep.Config(t); err != nil {
			return err
		}
		g.configs[key] = config
	}
	g.added++
	cost := config.Cost().FLOPsPerRow
	speed := fmt.Sprint(cost, config.Params.BatchSize, config.Params.Optimizer)
	w := g.groups[speed]
	if w == nil {
		w = &workload{values: values, trial: t, flops: max(1, float64(cost)*g.rows)}
		g.groups[speed] = w
	}
	maps.DeleteFunc(w.values, func(name string, v any) bool { return compare(scalar(v), scalar(values[name])) != 0 })
	epochs, ok := g.session.sweep.Effective(t)["epochs"].(int64)
	if !ok {
		epochs = 1
	}
	if !g.share || !config.SharesPrefix() {
		w.epochs += float64(epochs) * g.scale
		return nil
	}
	others := maps.Clone(t.Point.Values)
	delete(others, "epochs")
	family := paramsText(others)
	if more := epochs - g.longest[family]; more > 0 {
		w.epochs += float64(more) * g.scale
		g.longest[family] = epochs
	}
	return nil
}

// loads are the workloads, the costliest first.
func (g *grouping) loads() []workload {
	var loads []workload
	for _, key := range sortedKeys(g.groups) {
		w := *g.groups[key]
		w.epochs *= float64(g.added+g.skipped) / float64(max(g.added, 1))
		if w.name = briefParams(w.values); w.name == "" {
			w.name = "every point"
		}
		loads = append(loads, w)
	}
	slices.SortStableFunc(loads, func(a, b workload) int { return compare(b.flops*b.epochs, a.flops*a.epochs) })
	return loads
}

// measure trains a point on a few rows and gives the seconds that an epoch on a
// fold takes with so many fits side by side, validation included.
func (p *program) measure(ctx context.Context, s *session, t search.Trial, side int, limit time.Duration) (float64, error) {
	values := s.sweep.Effective(t)
	values["epochs"] = int64(1_000_000)
	delete(values, "early_stopping")
	prep, err := dataset.FitPreprocessing(s.set.Info, s.set.Train, s.folds[0].Train, s.sweep.File.Data.Scale)
	if err != nil {
		return 0, err
	}
	config, problems := trainer.Compile(trainer.Spec{Layers: s.sweep.File.Model.Layers, Values: values}, prep.Shape, len(s.set.Classes))
	if config == nil {
		return 0, errors.New(problems[0].String())
	}
	train, validation := s.folds[0].Train, s.folds[0].Validation
	few := min(len(train), max(8*config.Params.BatchSize, 512))
	part := float64(few) / float64(len(train))
	fewValid := min(len(validation), max(1, int(part*float64(len(validation)))))

	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	spent := make([]float64, side)
	failed := make([]error, side)
	var group sync.WaitGroup
	for i := range side {
		group.Go(func() {
			spent[i], failed[i] = timeEpochs(ctx, config, s, prep, train[:few], validation[:fewValid])
		})
	}
	group.Wait()
	if err := errors.Join(failed...); err != nil {
		return 0, err
	}
	slices.Sort(spent)
	return spent[side/2] / part, nil
}

// timeEpochs gives the median seconds of an epoch on some rows, as many as fit
// into the context's time; the first warms up.
func timeEpochs(ctx context.Context, config *trainer.Config, s *session, prep *dataset.Preprocessing, train, validation []int) (float64, error) {
	task := trainer.Task{Streams: trainer.Streams{Seed: s.sweep.File.Seed}, Threads: 1}
	fitter, err := trainer.NewFitter(config, task, dataset.NewView(s.set.Train, train, prep), dataset.NewView(s.set.Train, validation, prep))
	if err != nil {
		return 0, err
	}
	var times []float64
	for warm := true; ; warm = false {
		start := time.Now()
		_, err := fitter.Epoch(ctx)
		took := time.Since(start).Seconds()
		if ctx.Err() != nil {
			if len(times) == 0 { // not one whole epoch: the rows trained so far are not known, so the limit stands for it
				times = append(times, took)
			}
			break
		}
		if err != nil && !errors.Is(err, trainer.ErrDiverged) {
			return 0, err
		}
		if !warm {
			times = append(times, took)
		}
		if err != nil || len(times) >= 50 {
			break
		}
	}
	if len(times) == 0 {
		return 0, errors.New("the point diverges at once: no time can be told")
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
