package search

import "time"

// Status is the state of a run at one moment, for the terminal and for `status`
// over the socket. Counts are of (trial, slot)s unless said otherwise.
type Status struct {
	Sweep     string         `json:"sweep"`
	ID        SweepID        `json:"id"`
	Metric    string         `json:"metric"`
	Running   bool           `json:"running"`
	Stopping  bool           `json:"stopping"` // interrupted or out of budget, workers are ending their batch
	Started   time.Time      `json:"started"`
	Elapsed   float64        `json:"elapsed"` // seconds
	Left      float64        `json:"left"`    // seconds to go by remaining work; negative: not known yet
	Rate      float64        `json:"rate"`    // outcomes a minute, this run
	Total     int            `json:"total"`
	Done      int            `json:"done"` // with outcome, earlier runs' too
	Diverged  int            `json:"diverged"`
	Failed    int            `json:"failed"`
	Trials    int            `json:"trials"`
	Completed int            `json:"completed"` // trials with all outcomes
	Epochs    int            `json:"epochs"`    // trained by this run
	Best      *BestStatus    `json:"best,omitempty"`
	Workers   []WorkerStatus `json:"workers"`

	recorded int // outcomes of this run
}

// Status counts what the facts say of a sweep that nobody runs.
func (r *Ranking) Status() Status {
	s := r.index.sweep
	st := Status{
		Sweep: s.File.Name, ID: s.ID, Metric: s.Metric, Left: -1, Total: len(r.outcomes), Trials: len(r.places),
	}
	for trial := range r.places {
		done := 0
		for i := trial * r.slots; i < (trial+1)*r.slots; i++ {
			switch o := r.outcomes[i]; {
			case o != nil:
				done++
				if o.State == Diverged {
					st.Diverged++
				}
			case r.failures[i] != nil:
				st.Failed++
			}
		}
		st.Done += done
		if done == r.slots {
			st.Completed++
		}
	}
	if r.Len() > 0 {
		if first := r.At(0); first.Rank == 1 {
			st.Best = &BestStatus{Trial: first.Trial.ID(), Mean: first.Mean, Params: first.Trial.Point.Values}
		}
	}
	return st
}

// BestStatus is the best complete trial so far.
type BestStatus struct {
	Trial  string         `json:"trial"` // hex key
	Mean   float64        `json:"mean"`
	Params map[string]any `json:"params"`
}

// WorkerStatus is what one worker is at.
type WorkerStatus struct {
	Worker   int     `json:"worker"`
	Trial    string  `json:"trial"` // hex key; "" idle
	Slot     int     `json:"slot"`
	Epoch    int     `json:"epoch"`
	Epochs   int     `json:"epochs"` // of the job's longest trial
	Step     int     `json:"step"`
	Steps    int     `json:"steps"`
	Loss     float64 `json:"loss"`     // running
	Accuracy float64 `json:"accuracy"` // running

	Curve []EpochStatus `json:"curve,omitempty"` // the job's epochs so far, those before a checkpoint too
}

// EpochStatus is one epoch of a job that is under way. Numbers that are not finite
// are left out: JSON has none.
type EpochStatus struct {
	Epoch          int      `json:"epoch"` // from 1
	Loss           *float64 `json:"loss,omitempty"`
	Accuracy       *float64 `json:"accuracy,omitempty"`
	ValidationLoss *float64 `json:"validation_loss,omitempty"`
	Validation     *float64 `json:"validation,omitempty"` // the sweep's metric
}
