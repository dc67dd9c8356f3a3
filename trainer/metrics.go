package trainer

import (
	"math"
	"strconv"

	"github.com/sjwhitworth/golearn/evaluation"
)

// confusionLimit is the number of classes up to which a confusion matrix is kept with an epoch.
const confusionLimit = 100

// tally counts predictions: classes×classes, row true, column predicted.
type tally struct {
	classes int
	counts  []int
}

func newTally(classes int) *tally {
	return &tally{classes: classes, counts: make([]int, classes*classes)}
}

func (t *tally) add(truth, predicted int32) { t.counts[int(truth)*t.classes+int(predicted)]++ }

// confusion is the matrix, or nil where there are too many classes to keep one.
func (t *tally) confusion() []int {
	if t.classes > confusionLimit {
		return nil
	}
	return t.counts
}

// score derives accuracy and the per-class metrics with golearn's evaluation. Two things are done
// here and not there: 0/0 counts as 0, as in scikit-learn, where golearn gives NaN; and macro
// means are summed in class order, where golearn sums in the order of a map, which differs from
// run to run in the last bits. Every class is in the matrix, also one without rows.
func (t *tally) score() (Scores, []Class) {
	names := make([]string, t.classes)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	matrix := make(evaluation.ConfusionMatrix, t.classes)
	supports := make([]int, t.classes)
	for i, truth := range names {
		row := make(map[string]int, t.classes)
		for j, predicted := range names {
			n := t.counts[i*t.classes+j]
			row[predicted] = n
			supports[i] += n
		}
		matrix[truth] = row
	}
	classes := make([]Class, t.classes)
	var s Scores
	for i, name := range names {
		c := Class{
			Precision: ratio(evaluation.GetPrecision(name, matrix)),
			Recall:    ratio(evaluation.GetRecall(name, matrix)),
			F1:        ratio(evaluation.GetF1Score(name, matrix)),
			Support:   supports[i],
		}
		classes[i] = c
		s.Precision += c.Precision
		s.Recall += c.Recall
		s.F1 += c.F1
	}
	n := float64(t.classes)
	s.Precision, s.Recall, s.F1 = s.Precision/n, s.Recall/n, s.F1/n
	s.Accuracy = ratio(evaluation.GetAccuracy(matrix))
	return s, classes
}

// ratio turns the NaN of 0/0 into 0.
func ratio(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}
