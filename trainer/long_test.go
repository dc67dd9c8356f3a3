package trainer

import (
	"context"
	"testing"

	"espalier/trainer/dataset"
)

// TestReportedSystems trains reported nets on the full Fashion-MNIST: minutes, with -long. The floors are
// below what the shipped sweeps reach, which train longer.
func TestReportedSystems(t *testing.T) {
	if !*long {
		t.Skip("minutes long: -long")
	}
	set, err := dataset.Load(dataset.Options{Source: "fashion-mnist"})
	if err != nil {
		t.Skip(err)
	}
	prep, err := dataset.FitPreprocessing(set.Info, set.Train, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	train, test := dataset.NewView(set.Train, nil, prep), dataset.NewView(set.Test, nil, prep)
	values := func(epochs int) fieldsOf {
		return fieldsOf{"batch_size": int64(128), "epochs": int64(epochs)}
	}
	for _, row := range []struct {
		name  string
		spec  Spec
		floor float64
	}{
		{"mlp", reportedMLP(values(10)), 0.875},
		{"cnn 1", reportedCNN(1, values(2)), 0.87},
		{"cnn 2", reportedCNN(2, values(2)), 0.88},
		{"cnn 3", reportedCNN(3, values(2)), 0.87},
		{"cnn 4", reportedCNN(4, values(2)), 0.82},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := compile(t, row.spec, set.Shape, len(set.Classes))
			m, err := Fit(context.Background(), c, Task{Streams: RefitStreams(1)}, train, dataset.View{}, func(e Epoch) error {
				t.Logf("epoch %d: loss %.4f, accuracy %.4f, %.1f s", e.Number, e.TrainLoss, e.TrainAccuracy, e.Seconds)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			e, err := m.Evaluate(context.Background(), test)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("test: %+v", e.Scores)
			if e.Scores.Accuracy < row.floor {
				t.Errorf("accuracy %.4f, want %.4f", e.Scores.Accuracy, row.floor)
			}
		})
	}
}
