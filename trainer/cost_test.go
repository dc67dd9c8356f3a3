package trainer

import (
	"runtime"
	"testing"

	"espalier/trainer/dataset"
)

// TestCostForecastsMemory holds the forecast of a fit's memory against what it takes.
func TestCostForecastsMemory(t *testing.T) {
	view := images(256, []int{28, 28, 1}, 10, 1)
	for name, s := range map[string]Spec{
		"mlp":   reportedMLP(fieldsOf{"batch_size": int64(128)}),
		"cnn 1": reportedCNN(1, fieldsOf{"batch_size": int64(128)}),
		"cnn 2": reportedCNN(2, fieldsOf{"batch_size": int64(128)}),
		"cnn 3": reportedCNN(3, fieldsOf{"batch_size": int64(128)}),
		"cnn 4": reportedCNN(4, fieldsOf{"batch_size": int64(128)}),
		"cut":   reportedCNN(1, fieldsOf{"batch_size": int64(10_000)}), // to the rows there are
	} {
		c := compile(t, s, []int{28, 28, 1}, 10)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		f := fitter(t, c, Task{}, view, dataset.View{})
		runtime.GC()
		runtime.ReadMemStats(&after)
		taken := float64(after.HeapAlloc) - float64(before.HeapAlloc)
		if ratio := float64(c.Memory(view.Len())) / taken; ratio < 0.8 || ratio > 1.6 {
			t.Errorf("%s: a forecast of %s for %s", name, formatBytes(c.Memory(view.Len())), formatBytes(int64(taken)))
		} else {
			t.Logf("%s: a forecast of %s for %s", name, formatBytes(c.Memory(view.Len())), formatBytes(int64(taken)))
		}
		runtime.KeepAlive(f)
	}
}
