package store

import (
	"math"

	"espalier/trainer"
)

// Flags of an epoch in a history.
const (
	epochValidated = 1 << iota
	epochConfusion
	epochClasses
	epochDerived // per-class scores follow from the confusion matrix, bit for bit
)

// epochs writes a history. Most of an epoch are its confusion matrix, small
// numbers that varints suit, and its per-class scores, which nearly always can
// be computed again from the matrix and are then left out. What remains is
// mostly mantissas with random bits, so histories are not compressed.
func (e *encoder) epochs(history []trainer.Epoch) {
	e.int(len(history))
	for _, h := range history {
		e.int(h.Number)
		e.float(h.TrainLoss)
		e.float(h.TrainAccuracy)
		e.float(h.LearningRate)
		e.float(h.Seconds)
		if h.Validation == nil {
			e.byte(0)
		} else {
			e.byte(epochValidated)
			e.scores(*h.Validation)
		}
		e.classes(h.Classes, h.Confusion)
	}
}

func (d *decoder) epochs() []trainer.Epoch {
	n := d.count(1 + 4*8 + 2)
	if n == 0 {
		return nil
	}
	history := make([]trainer.Epoch, 0, n)
	for range n {
		h := trainer.Epoch{Number: d.int(), TrainLoss: d.float(), TrainAccuracy: d.float(), LearningRate: d.float(), Seconds: d.float()}
		if d.byte() == epochValidated {
			s := d.scores()
			h.Validation = &s
		}
		h.Classes, h.Confusion = d.classes()
		history = append(history, h)
	}
	return history
}

// classes writes per-class scores and the confusion matrix they belong to.
func (e *encoder) classes(classes []trainer.Class, confusion []int) {
	var flags byte
	if confusion != nil {
		flags |= epochConfusion
	}
	if classes != nil {
		flags |= epochClasses
		if follows(classes, confusion) {
			flags |= epochDerived
		}
	}
	e.byte(flags)
	if confusion != nil {
		e.int(len(confusion))
		for _, n := range confusion {
			e.int(n)
		}
	}
	if classes != nil && flags&epochDerived == 0 {
		e.int(len(classes))
		for _, c := range classes {
			e.float(c.Precision)
			e.float(c.Recall)
			e.float(c.F1)
			e.int(c.Support)
		}
	}
}

func (d *decoder) classes() (classes []trainer.Class, confusion []int) {
	flags := d.byte()
	if flags&epochConfusion != 0 {
		confusion = make([]int, d.count(1))
		for i := range confusion {
			confusion[i] = d.int()
		}
	}
	switch {
	case flags&epochDerived != 0:
		if side := int(math.Sqrt(float64(len(confusion)))); side*side != len(confusion) {
			d.fail(errShort)
			return nil, nil
		}
		classes = derive(confusion)
	case flags&epochClasses != 0:
		classes = make([]trainer.Class, d.count(3*8+1))
		for i := range classes {
			classes[i] = trainer.Class{Precision: d.float(), Recall: d.float(), F1: d.float(), Support: d.int()}
		}
	}
	return classes, confusion
}

// follows tells whether derive gives exactly these classes.
func follows(classes []trainer.Class, confusion []int) bool {
	if len(classes)*len(classes) != len(confusion) || len(classes) == 0 {
		return false
	}
	for i, c := range derive(confusion) {
		if !sameBits(c.Precision, classes[i].Precision) || !sameBits(c.Recall, classes[i].Recall) ||
			!sameBits(c.F1, classes[i].F1) || c.Support != classes[i].Support {
			return false
		}
	}
	return true
}

func sameBits(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

// derive computes per-class scores from a square confusion matrix (row true,
// column predicted), 0/0 as 0. It is part of the format: it may never change.
func derive(confusion []int) []trainer.Class {
	n := int(math.Sqrt(float64(len(confusion))))
	classes := make([]trainer.Class, n)
	for i := range n {
		hit, truth, predicted := confusion[i*n+i], 0, 0
		for j := range n {
			truth += confusion[i*n+j]
			predicted += confusion[j*n+i]
		}
		c := trainer.Class{Support: truth}
		if predicted != 0 {
			c.Precision = float64(hit) / float64(predicted)
		}
		if truth != 0 {
			c.Recall = float64(hit) / float64(truth)
		}
		if sum := c.Precision + c.Recall; sum != 0 {
			// Explicit conversions forbid a fused multiply-add: the bits are the same on every machine.
			c.F1 = float64(2*c.Precision*c.Recall) / sum
		}
		classes[i] = c
	}
	return classes
}
