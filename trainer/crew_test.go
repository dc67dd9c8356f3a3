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
	for _, row := range []struct {
		name   string
		config *Config
		rows   rows
	}{
		{"vectors", compile(t, mlp(fieldsOf{"epochs": int64(3), "batch_size": int64(16), "optimizer": "nadam", "l2": 0.01, "ema": 0.9, "weight_decay": 0.1}), []int{9}, 4), tables},
		{"batches of one", compile(t, mlp(fieldsOf{"batch_size": int64(1)}), []int{9}, 4), tables},
		{"vectors of images", compile(t, reportedMLP(fieldsOf{"optimizer": "sgd", "momentum": 0.9}), shape, 4), pictures},
		{"maps", compile(t, convolutional(fieldsOf{"epochs": int64(2), "batch_size": int64(16), "augment_flip": true}), shape, 4), pictures},
	} {
		t.Run(row.name, func(t *testing.T) {
			train := func(threads int) *Fitter {
				f := fitter(t, row.config, Task{Threads: threads}, row.rows.train, row.rows.validation)
				for !f.Done() {
					if _, err := f.Epoch(context.Background()); err != nil {
						t.Fatal(err)
					}
				}
				return f
			}
			one := train(1)
			for _, threads := range []int{2, 3, 20} {
				sameFit(t, one, train(threads))
				if t.Failed() {
					t.Fatalf("%d threads", threads)
				}
			}
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
			if !strings.Contains(fmt.Sprint(r), "out of luck") || !strings.Contains(fmt.Sprint(r), "crew_test.go") {
				t.Errorf("worker %d: %v", culprit, r)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the crew hangs")
		}
		// It is of use again.
		c.run(func(int) { c.wait() })
	}
}
