package kernel

import (
	"fmt"
	"math"
)

// Softmax is dst = exp(logits - max) / Σ by row; dst may be logits. The padding gets zeros.
func Softmax(dst, logits Matrix) {
	sameShape("Softmax", dst, logits)
	t := active()
	for r := range logits.Rows {
		t.softmaxRow(dst, logits, r, 0, 1)
	}
}

// SoftmaxCrossEntropy turns logits and integer labels into the loss of each row, the number of rows
// whose first largest logit is at the label, and the gradient of the mean loss over a batch, of which
// the rows may be a part: the share of one thread,
//
//	grad = (softmax(logits) - y)/batch,  y = (1-smoothing)·onehot + smoothing/Cols.
//
// grad may be logits. The loss comes from the logits, not from rounded probabilities; a logit that is
// NaN or infinite makes it NaN.
func SoftmaxCrossEntropy(grad, logits Matrix, losses []float64, labels []int32, smoothing float32, batch int) (correct int) {
	return active().crossEntropy(grad, logits, losses, labels, smoothing, batch)
}

func (t tier) crossEntropy(grad, logits Matrix, losses []float64, labels []int32, smoothing float32, batch int) (correct int) {
	sameShape("SoftmaxCrossEntropy", grad, logits)
	if len(labels) != logits.Rows || len(losses) != logits.Rows {
		panic(fmt.Sprintf("kernel: SoftmaxCrossEntropy: %d labels and %d losses for %d rows", len(labels), len(losses), logits.Rows))
	}
	inv := 1 / float32(max(batch, 1))
	share := smoothing / float32(max(logits.Cols, 1))
	target := (1 - smoothing) + share
	for r, label := range labels {
		if label < 0 || int(label) >= logits.Cols {
			panic(fmt.Sprintf("kernel: SoftmaxCrossEntropy: label %d of row %d with %d classes", label, r, logits.Cols))
		}
		at := logits.At(r, int(label))
		mean := 0.0
		if smoothing != 0 {
			mean = rowSum(logits, r) / float64(logits.Cols)
		}
		first := firstAt(logits, r, int(label))
		top, sum := t.softmaxRow(grad, logits, r, share, inv)
		// -Σ y·log p = log Σexp + max - (1-s)·logit[label] - s·mean(logits)
		s := float64(smoothing)
		losses[r] = log64(float64(sum)) + float64(top) - float64((1-s)*float64(at)) - float64(s*mean)
		grad.Set(r, int(label), (exp32(at-top)/sum-target)*inv)
		if at == top && first {
			correct++
		}
	}
	return correct
}

// rowSum adds a row in column order.
func rowSum(m Matrix, r int) (sum float64) {
	for c := range m.Cols {
		sum += float64(m.At(r, c))
	}
	return sum
}

// firstAt tells whether no column before c holds a value as large.
func firstAt(m Matrix, r, c int) bool {
	v := m.At(r, c)
	for i := range c {
		if m.At(r, i) >= v {
			return false
		}
	}
	return true
}

// softmaxRowGeneric writes (p - share)·inv to a row of dst, zeros to its padding, and gives the largest
// logit and the sum of the exponentials: 16 stripes by column mod 16, then a tree.
func softmaxRowGeneric(dst, src Matrix, r int, share, inv float32) (top, sum float32) {
	var most, stripes [Width]float32
	for i := range most {
		most[i] = float32(math.Inf(-1))
	}
	for c := range src.Cols {
		if v := src.At(r, c); !(most[c%Width] > v) {
			most[c%Width] = v
		}
	}
	top = tree(&most, func(a, b float32) float32 {
		if a > b {
			return a
		}
		return b
	})
	for c := range src.Cols {
		e := exp32(src.At(r, c) - top)
		dst.Set(r, c, e)
		stripes[c%Width] += e
	}
	sum = tree(&stripes, func(a, b float32) float32 { return a + b })
	for c := range src.Cols {
		dst.Set(r, c, (dst.At(r, c)/sum-share)*inv)
	}
	if tail := src.Cols % Width; tail != 0 {
		i := dst.index(r, src.Cols)
		clear(dst.Data[i : i+Width-tail])
	}
	return top, sum
}

// tree folds 16 lanes: halves onto each other four times.
func tree(lanes *[Width]float32, f func(a, b float32) float32) float32 {
	for n := Width / 2; n > 0; n /= 2 {
		for i := range n {
			lanes[i] = f(lanes[i], lanes[i+n])
		}
	}
	return lanes[0]
}
