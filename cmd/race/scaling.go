package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"espalier/grids"
	"espalier/trainer/dataset"
	"espalier/trainer/kernel"
)

// scaling lists the contests of Espalier with itself: two workers against one, two threads against one.
func (s *stage) scaling(set *dataset.Set) []contest {
	cnn := []string{"--set", "data.limit=6000", "--set", "params.epochs=1", "--set", "grid.learning_rate=[0.0005,0.001,0.0015,0.002]"}
	all := []contest{
		{
			name: "products alone, no program around them", group: "workers", ours: side{name: "two goroutines", run: products(2)},
			others: []side{{name: "one goroutine", run: products(1)}},
		},
		{
			name: "mlp-grid-1, 12,000 rows", group: "workers",
			ours:   side{name: "two workers", run: func(ctx context.Context) (float64, error) { return s.grid(ctx, 2) }},
			others: []side{{name: "one worker", run: func(ctx context.Context) (float64, error) { return s.grid(ctx, 1) }}},
		},
		{
			name: "cnn-3, 6,000 rows, an epoch, four points", group: "workers",
			ours:   side{name: "two workers", run: func(ctx context.Context) (float64, error) { return s.sweep(ctx, "cnn-3", 2, cnn...) }},
			others: []side{{name: "one worker", run: func(ctx context.Context) (float64, error) { return s.sweep(ctx, "cnn-3", 1, cnn...) }}},
		},
	}
	mlp := func(threads int) side {
		return side{name: fmt.Sprintf("threads: %d", threads), run: func(ctx context.Context) (float64, error) { return epoch(ctx, set, mlpLayers, 128, 3, threads) }}
	}
	all = append(all, contest{name: "MLP epoch at batch 128", group: "threads", ours: mlp(2), others: []side{mlp(1)}})
	for _, name := range []string{"cnn-3", "cnn-4"} {
		cnn := func(threads int) side {
			return side{name: fmt.Sprintf("threads: %d", threads), run: func(ctx context.Context) (float64, error) {
				src, _ := grids.Example(name)
				file, err := grids.Parse(name, src)
				if err != nil {
					return 0, err
				}
				return step(ctx, set, file, threads)
			}}
		}
		all = append(all, contest{name: name + " step at batch 128", group: "threads", ours: cnn(2), others: []side{cnn(1)}})
	}
	return all
}

// products gives the seconds of a fixed number of products that fit into the second-level cache, shared out among
// goroutines: what the processors allow two workers at most. Two that are threads of one core allow little.
func products(goroutines int) func(ctx context.Context) (float64, error) {
	const m, k, n, count = 120, 784, 128, 8000
	return func(context.Context) (float64, error) {
		var all sync.WaitGroup
		begin := time.Now()
		for range goroutines {
			all.Go(func() {
				panels := func(rows, cols int) kernel.Matrix {
					return kernel.Panels(make([]float32, kernel.PanelLen(rows, cols)), rows, cols)
				}
				a, b, c := panels(m, k), panels(k, n), panels(m, n)
				for range count / goroutines {
					kernel.MulAB(c, a, b, kernel.Epilogue{})
				}
			})
		}
		all.Wait()
		return time.Since(begin).Seconds(), nil
	}
}
