package trainer

import (
	"context"
	"fmt"

	"espalier/trainer/dataset"
)

// Model is a trained network: all that is needed to predict from raw rows.
type Model struct {
	Config     *Config
	Prep       *dataset.Preprocessing
	Classes    []string // names, in label order; empty: classes are known by number
	Provenance Provenance

	values, moving []float32 // as in a network
}

// Provenance says where a model comes from: a function of the sweep, no wall clock.
type Provenance struct {
	Sweep    string         `json:"sweep,omitempty"`
	SweepID  string         `json:"sweep_id,omitempty"`
	Trial    string         `json:"trial,omitempty"`
	Data     string         `json:"data,omitempty"` // fingerprint
	Seed     uint64         `json:"seed"`
	Version  string         `json:"version,omitempty"`
	Revision string         `json:"revision"`
	Kernel   string         `json:"kernel"`
	Params   map[string]any `json:"params,omitempty"`
	Epochs   int            `json:"epochs"`
	Rows     int            `json:"rows"` // trained on
}

// Evaluate scores the model on labelled rows in inference mode. The loss is the one trained on, label
// smoothing and l2 penalty included, as Keras' evaluate reports it.
func (m *Model) Evaluate(ctx context.Context, v dataset.View) (Evaluation, error) {
	e, err := newEvaluator(m.network(), v, true)
	if err != nil {
		return Evaluation{}, fmt.Errorf("evaluate: %w", err)
	}
	return e.evaluate(ctx)
}

// Predict gives the classes' probabilities for every row of the view, len(view)×classes.
func (m *Model) Predict(ctx context.Context, v dataset.View) ([]float32, error) {
	e, err := newEvaluator(m.network(), v, false)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	return e.predict(ctx)
}

// Weights are the model's tensors by name, a copy.
func (m *Model) Weights() *Weights { return m.Config.weights(m.values, m.moving) }

// network gives a network that shares the model's values. Only the activations are new, so any number
// of goroutines may use a model.
func (m *Model) network() *network {
	n := newNetwork(m.Config, evaluationRows, false, Streams{}, 1)
	copy(n.values, m.values)
	copy(n.moving, m.moving)
	return n
}
