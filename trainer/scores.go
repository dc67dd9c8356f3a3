package trainer

import "slices"

// Scores are the metrics on some rows.
type Scores struct {
	Loss      float64 `json:"loss"`
	Accuracy  float64 `json:"accuracy"`
	F1        float64 `json:"f1_macro"`
	Precision float64 `json:"precision_macro"`
	Recall    float64 `json:"recall_macro"`
}

var metricNames = []string{"accuracy", "loss", "f1_macro", "precision_macro", "recall_macro"}

// metricAliases are other spellings: accuracy on one-hot labels is categorical accuracy.
var metricAliases = map[string]string{"categorical_accuracy": "accuracy"}

// Metrics are the names that Metric knows.
func Metrics() []string {
	return append(slices.Clone(metricNames), "categorical_accuracy")
}

// Ascending tells whether smaller values of a metric are better.
func Ascending(metric string) bool { return metric == "loss" }

// Metric reads a metric by its sweep-file name; ok is false where there is no such name.
func (s Scores) Metric(name string) (value float64, ok bool) {
	if canonical, is := metricAliases[name]; is {
		name = canonical
	}
	switch name {
	case "accuracy":
		return s.Accuracy, true
	case "loss":
		return s.Loss, true
	case "f1_macro":
		return s.F1, true
	case "precision_macro":
		return s.Precision, true
	case "recall_macro":
		return s.Recall, true
	}
	return 0, false
}

// Class is the score of one class. A ratio of 0/0 counts as 0, as in scikit-learn.
type Class struct {
	Precision, Recall, F1 float64
	Support               int // rows that truly are of the class
}

// Epoch is one epoch of training.
type Epoch struct {
	Number        int     // from 1
	TrainLoss     float64 // as Keras reports it: mean over the epoch's rows while it ran, dropout on
	TrainAccuracy float64
	LearningRate  float64 // at its last step
	Validation    *Scores // nil: not validated at this epoch
	Confusion     []int   // classes×classes, row true, column predicted; nil where not validated or above 100 classes
	Classes       []Class // nil where not validated
	Seconds       float64 // wall time; the one field that is no function of the sweep
}

// Progress is the state inside an epoch.
type Progress struct {
	Epoch, Step, Steps int
	Loss, Accuracy     float64 // running means
}
