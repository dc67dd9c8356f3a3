package trainer

import (
	"context"
	"fmt"
	"testing"

	"espalier/trainer/dataset"
)

// BenchmarkEpochMLP trains one epoch of the reported MLP on rows like Fashion-MNIST's. The
// metric s/epoch is what peers are compared by.
func BenchmarkEpochMLP(b *testing.B) {
	view := images(60000, []int{28, 28, 1}, 10, 1)
	for _, batch := range []int{64, 128} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			c := compile(b, reportedMLP(fieldsOf{"batch_size": int64(batch), "epochs": int64(1 << 30)}), []int{28, 28, 1}, 10)
			f := fitter(b, c, Task{}, view, dataset.View{})
			for b.Loop() {
				if _, err := f.Epoch(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/epoch")
		})
	}
}

// BenchmarkThreads trains the reported nets with one thread and with two: the tail of a sweep, a refit.
func BenchmarkThreads(b *testing.B) {
	view := images(128*40, []int{28, 28, 1}, 10, 1)
	for name, s := range map[string]Spec{
		"mlp": reportedMLP(fieldsOf{"batch_size": int64(128), "epochs": int64(1 << 30)}),
		"cnn": reportedCNN(4, fieldsOf{"batch_size": int64(128), "epochs": int64(1 << 30)}),
	} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/%d", name, threads), func(b *testing.B) {
				f := fitter(b, compile(b, s, view.Prep.Shape, 10), Task{Threads: threads}, view, dataset.View{})
				for b.Loop() {
					if _, err := f.Epoch(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// reportedMLP is the net of the reported systems: 784-128-64-10 with dropout.
func reportedMLP(values map[string]any) Spec {
	return spec(values,
		denseLayer(int64(128), "relu"), dropoutLayer(0.2), denseLayer(int64(64), "relu"), dropoutLayer(0.2), denseLayer("$classes", "softmax"))
}

// BenchmarkStepCNN trains batches of 128 through the reported convolutional nets.
func BenchmarkStepCNN(b *testing.B) {
	view := images(128*4, []int{28, 28, 1}, 10, 1)
	for number := 1; number <= 4; number++ {
		b.Run(fmt.Sprint(number), func(b *testing.B) {
			benchmarkSteps(b, compile(b, reportedCNN(number, fieldsOf{"batch_size": int64(128)}), view.Prep.Shape, 10), view)
		})
	}
}

// BenchmarkStepMLP trains batches of 128 through the reported MLP.
func BenchmarkStepMLP(b *testing.B) {
	view := images(128*4, []int{28, 28, 1}, 10, 1)
	benchmarkSteps(b, compile(b, reportedMLP(fieldsOf{"batch_size": int64(128)}), view.Prep.Shape, 10), view)
}

func benchmarkSteps(b *testing.B, c *Config, view dataset.View) {
	f := fitter(b, c, Task{}, view, dataset.View{})
	f.arrange()
	b.ReportAllocs()
	for b.Loop() {
		f.now.Batch %= f.batches()
		if err := f.step(); err != nil {
			b.Fatal(err)
		}
	}
}
