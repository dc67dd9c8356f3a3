package trainer

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"espalier/trainer/dataset"
)

// TestThreadsDoNotShowInTheBits trains the same with one, two, three and more threads than rows.
func TestThreadsDoNotShowInTheBits(t *testing.T) {
	shape := []int{8, 6, 1}
	type rows struct{ train, validation dataset.View }
	tables := rows{table(83, 9, 4, 1), table(40, 9, 4, 2)}
	pictures := rows{images(45, shape, 4, 1), images(20, shape, 4, 2)}
	type test struct {
		name   string
		config *Config
		rows   rows
	}
	tests := []test{
		{"vectors", compile(t, mlp(fieldsOf{"epochs": int64(3), "batch_size": int64(16), "optimizer": "nadam", "l2": 0.01, "ema": 0.9, "weight_decay": 0.1}), []int{9}, 4), tables},
		{"batches of one", compile(t, mlp(fieldsOf{"batch_size": int64(1)}), []int{9}, 4), tables},
		{"vectors of images", compile(t, reportedMLP(fieldsOf{"optimizer": "sgd", "momentum": 0.9}), shape, 4), pictures},
		{"maps", compile(t, convolutional(fieldsOf{"epochs": int64(2), "batch_size": int64(16), "augment_flip": true}), shape, 4), pictures},
	}
	wide := []int{20, 16, 1} // of more than wideFrom weights
	for _, activation := range []string{"relu", "gelu"} {
		layers := []map[string]any{denseLayer(int64(130), activation), dropoutLayer(0.2), denseLayer(int64(256), activation), denseLayer("$classes", "softmax")}
		c := compile(t, Spec{Layers: layers, Values: fieldsOf{"batch_size": int64(17), "epochs": int64(2)}}, wide, 4)
		if n := len(fitter(t, c, Task{Threads: 2}, images(45, wide, 4, 1), dataset.View{}).network.stages); n != 2 {
			t.Fatalf("%d stages: no layer of %s begins one", n, activation)
		}
		tests = append(tests, test{"wide layers, " + activation, c, rows{images(45, wide, 4, 1), images(20, wide, 4, 2)}})
	}
	for name, layers := range fusedDropouts() {
		for _, batch := range []int64{17, 40} {
			c := compile(t, Spec{Layers: layers, Values: fieldsOf{"epochs": int64(2), "batch_size": batch}}, shape, 4)
			tests = append(tests, test{fmt.Sprintf("%s, batch %d", name, batch), c, pictures})
		}
	}
	for _, row := range tests {
		t.Run(row.name, func(t *testing.T) {
			train := func(task Task) *Fitter {
				f := fitter(t, row.config, task, row.rows.train, row.rows.validation)
				for !f.Done() {
					if _, err := f.Epoch(context.Background()); err != nil {
						t.Fatal(err)
					}
				}
				return f
			}
			one := train(Task{})
			for _, threads := range []int{2, 3, 20} {
				sameFit(t, one, train(Task{Threads: threads}))
				if t.Failed() {
					t.Fatalf("%d threads", threads)
				}
			}
			// One more with every third batch, from the fourth or from the first one on.
			for _, start := range []int{2, 5} {
				asked := start
				grown := train(Task{More: func() int { asked++; return min(asked/3, 5) }})
				if got := grown.network.crew.workers; got != min(asked/3, 5) {
					t.Fatalf("%d threads at the end, asked %d times", got, asked)
				}
				sameFit(t, one, grown)
				if t.Failed() {
					t.Fatalf("threads that come one by one")
				}
			}
		})
	}
}

// fusedDropouts are networks in which the backward pass scales the gradients of maps in place.
func fusedDropouts() map[string][]map[string]any {
	conv := func(filters int, activation string) map[string]any {
		return fieldsOf{"type": "conv2d", "filters": int64(filters), "kernel_size": int64(3), "padding": "same", "activation": activation}
	}
	drop, out := dropoutLayer(0.3), denseLayer("$classes", "softmax")
	return map[string][]map[string]any{
		"dropout before a convolution":   {conv(5, "relu"), drop, conv(4, "tanh"), out},
		"dropout before a wide one":      {conv(32, "relu"), drop, conv(32, "tanh"), out},
		"dropout before an average pool": {conv(5, "relu"), drop, {"type": "avgpool2d"}, out},
		"dropout before a maximum":       {conv(5, "relu"), drop, {"type": "maxpool2d"}, out},
		"dropout before a norm":          {conv(5, "relu"), drop, {"type": "batchnorm"}, out},
		"dropout ends a residual block":  {conv(5, "tanh"), {"type": "residual", "layers": []any{conv(5, "relu"), drop}}, out},
	}
}

// Batches of more images than one block holds have the gradient of the whole.
func TestGradientsOfManyBlocks(t *testing.T) {
	shape := []int{7, 6, 2}
	for name, layers := range fusedDropouts() {
		t.Run(name, func(t *testing.T) {
			checkGradient(t, compile(t, Spec{Layers: layers}, shape, 4), images(60, shape, 4, 1), true)
		})
	}
}

func TestThreadsStopAtTheEndOfABatch(t *testing.T) {
	c := compile(t, mlp(fieldsOf{"batch_size": int64(10)}), []int{9}, 4)
	f := fitter(t, c, Task{Threads: 3}, table(83, 9, 4, 1), dataset.View{})
	if _, err := f.Epoch(stopAfter(4)); err != context.Canceled || f.now.Batch != 4 {
		t.Errorf("error %v after %d batches", err, f.now.Batch)
	}
}

// A panic of any worker reaches the caller, and nobody waits for ever.
func TestCrewPanics(t *testing.T) {
	for culprit := range 3 {
		c := &crew{workers: 3}
		done := make(chan any, 1)
		go func() {
			defer func() { done <- recover() }()
			c.run(func(worker int) {
				c.wait()
				if worker == culprit {
					panic("out of luck")
				}
				c.wait()
			})
		}()
		select {
		case r := <-done:
			p, is := r.(*Panic)
			if !is || p.Error() != "out of luck" || !strings.Contains(string(p.Stack), "crew_test.go") {
				t.Errorf("worker %d: %v", culprit, r)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the crew hangs")
		}
		// It is of use again.
		c.run(func(int) { c.wait() })
	}
}
