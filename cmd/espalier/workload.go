package main

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"

	"espalier/search"
	"espalier/trainer"
)

// workload is what trains at one speed: points with the same model, batch size
// and optimizer.
type workload struct {
	name   string
	values map[string]any // what its points have in common on the axes that may change the speed
	trial  search.Trial
	flops  float64 // of one epoch
	epochs float64 // to train, over all slots
	pace   pace    // measured or derived
}

// speedParams are the parameters that change the time of an epoch, beside the model's own.
var speedParams = []string{"batch_size", "optimizer", "ema", "augment_flip", "augment_shift", "augment_cutout"}

// workloads groups a sweep's families by speed, the costliest first. A grid too
// large to visit is judged by points spread over it, as if nothing was shared.
func workloads(s *session, plan search.Plan, noShare bool) ([]workload, *grouping, error) {
	g := &grouping{session: s, groups: map[string]*workload{}, longest: map[string]int64{}, share: !noShare && plan.Counted,
		rows: float64(len(s.folds[0].Train)) + float64(len(s.folds[0].Validation))/3, scale: float64(plan.Slots),
		axes: append(slices.Clone(speedParams), trainer.References(s.sweep.File.Model.Layers)...)}
	if plan.Counted {
		for t := range s.sweep.Trials() {
			if err := g.add(t); err != nil {
				return nil, nil, err
			}
		}
		return g.loads(), g, nil
	}
	points := spreadPoints(s.sweep, 200)
	g.scale *= float64(plan.Points) / float64(max(len(points), 1))
	for _, t := range points {
		if err := g.add(t); err != nil {
			return nil, nil, err
		}
	}
	return g.loads(), g, nil
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
	speeds  map[string]string // keys of groups, by the values of axes
	places  map[string]int    // of groups in loads

	added, skipped int // points; those skipped are taken to be like those added
}

func (g *grouping) add(t search.Trial) error {
	values := pick(t.Point.Values, g.axes)
	key := paramsText(values)
	if g.configs == nil {
		g.configs, g.speeds = map[string]*trainer.Config{}, map[string]string{}
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
		p := &config.Params
		g.speeds[key] = fmt.Sprint(config.Cost().FLOPsPerRow, p.BatchSize, p.Optimizer, p.EMA > 0, p.Augment)
	}
	g.added++
	cost, speed := config.Cost().FLOPsPerRow, g.speeds[key]
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

// place is the number of a trial's workload in loads, −1 where it was skipped.
func (g *grouping) place(t search.Trial) int {
	if at, known := g.places[g.speeds[paramsText(pick(t.Point.Values, g.axes))]]; known {
		return at
	}
	return -1
}

// loads are the workloads, the costliest first.
func (g *grouping) loads() []workload {
	type keyed struct {
		workload
		key string
	}
	var loads []keyed
	for _, key := range sortedKeys(g.groups) {
		w := keyed{*g.groups[key], key}
		w.epochs *= float64(g.added+g.skipped) / float64(max(g.added, 1))
		if w.name = briefParams(w.values); w.name == "" {
			w.name = "every point"
		}
		loads = append(loads, w)
	}
	slices.SortStableFunc(loads, func(a, b keyed) int { return compare(b.flops*b.epochs, a.flops*a.epochs) })
	out := make([]workload, len(loads))
	g.places = map[string]int{}
	for i, w := range loads {
		out[i] = w.workload
		g.places[w.key] = i
	}
	return out
}
