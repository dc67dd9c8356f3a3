package trainer

import (
	"context"

	"espalier/trainer/dataset"
	"espalier/trainer/kernel"
)

// Evaluation is a model's result on rows.
type Evaluation struct {
	Scores    Scores
	Classes   []Class
	Confusion []int // classes×classes, row true, column predicted; nil above 100 classes
	Rows      int
}

// evaluator runs a network over all rows of a view in inference mode. The batch is always
// evaluationRows, so sums have one order whatever the training batch.
type evaluator struct {
	network   *network
	feeder    *feeder
	positions []int32
	predicted []int32 // class of each row of the batch
	ended     error   // why the evaluation was given up; worker 0 writes it
}

func newEvaluator(n *network, v dataset.View, labelled bool) (*evaluator, error) {
	f, err := newFeeder(n.config, v, evaluationRows, labelled)
	if err != nil {
		return nil, err
	}
	return &evaluator{network: n, feeder: f, positions: make([]int32, evaluationRows), predicted: make([]int32, evaluationRows)}, nil
}

// batches runs the rows batch by batch. After the forward pass each worker calls read, for what it can say of its
// own rows, and then one of them visit, for the batch.
func (e *evaluator) batches(ctx context.Context, read func(p *pass), visit func(first, rows int)) error {
	e.ended = nil
	crew := e.network.crew
	crew.run(func(worker int) {
		total := e.feeder.view.Len()
		for first := 0; first < total; first += evaluationRows {
			rows := min(evaluationRows, total-first)
			if worker == 0 {
				e.ended = ctx.Err()
				for i := range rows {
					e.positions[i] = int32(first + i)
				}
			}
			crew.wait()
			if e.ended != nil {
				return
			}
			p := newPass(crew, worker, rows)
			p.first = first == 0
			e.feeder.load(e.network.input.value, e.positions[:rows], &p)
			e.network.forward(&p)
			read(&p)
			crew.wait()
			if worker == 0 {
				visit(first, rows)
			}
			crew.wait()
		}
	})
	return e.ended
}

// evaluate scores the network as Keras' evaluate does: the loss is the loss trained on, with label
// smoothing and the l2 penalty.
func (e *evaluator) evaluate(ctx context.Context) (Evaluation, error) {
	counts := newTally(e.network.config.Classes)
	loss := 0.0
	err := e.batches(ctx, func(p *pass) {
		logits := e.network.logits.value.matrix
		for r := p.from; r < p.to; r++ {
			e.predicted[r] = argmax(logits, r)
		}
		e.network.judge(p, e.feeder.labels)
	}, func(_, rows int) {
		sum, _ := e.network.loss(rows)
		loss += sum
		for r, label := range e.feeder.labels[:rows] {
			counts.add(label, e.predicted[r])
		}
	})
	if err != nil {
		return Evaluation{}, err
	}
	out := Evaluation{Rows: e.feeder.view.Len(), Confusion: counts.confusion()}
	out.Scores, out.Classes = counts.score()
	if out.Rows > 0 {
		out.Scores.Loss = loss/float64(out.Rows) + e.network.penalty()
	}
	return out, nil
}

// predict gives the probabilities of every row, rows×classes.
func (e *evaluator) predict(ctx context.Context) ([]float32, error) {
	classes := e.network.config.Classes
	out := make([]float32, e.feeder.view.Len()*classes)
	err := e.batches(ctx, func(p *pass) {
		logits := e.network.logits.values(p).matrix
		kernel.Softmax(logits, logits)
	}, func(first, rows int) {
		logits := e.network.logits.value.slice(0, rows).matrix
		logits.Unpack(out[first*classes : (first+rows)*classes])
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// argmax is the first column with the largest value of a row.
func argmax(m kernel.Matrix, row int) int32 {
	best, at := m.At(row, 0), 0
	for first := 0; first < m.Cols; first += kernel.Width {
		values := m.Data[first/kernel.Width*m.PanelStride+row*m.RowStride:]
		for c, v := range values[:min(kernel.Width, m.Cols-first)] {
			if v > best {
				best, at = v, first+c
			}
		}
	}
	return int32(at)
}
