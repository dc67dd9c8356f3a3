package search

import (
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"espalier/grids"
	"espalier/trainer"
)

// Monitor keeps the live Status of a Run; its zero value is ready. Status may be
// called from any goroutine at any time.
type Monitor struct {
	mu     sync.Mutex
	status Status
	trials *index
	best   int // order of the best trial, −1
	mean   float64

	// Work in FLOPs, for the time left.
	todo, done float64
	jobs       []progress // per worker
}

// progress is how far a worker's job is.
type progress struct {
	cost   float64
	epochs int
	base   float64 // share that a checkpoint had done before
	share  float64 // done now, base included
}

// Status is a snapshot; its slices are the caller's.
func (m *Monitor) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := m.status
	st.Workers = slices.Clone(st.Workers)
	st.Left = -1
	if st.Running {
		st.Elapsed = time.Since(st.Started).Seconds()
	}
	if m.best >= 0 && m.trials != nil {
		t := m.trials.trial(m.best)
		st.Best = &BestStatus{Trial: t.ID(), Mean: m.mean, Params: maps.Clone(t.Point.Values)}
	}
	done := m.done
	for _, j := range m.jobs {
		done += j.cost * (j.share - j.base)
	}
	if st.Elapsed > 0 && done > 0 {
		st.Left = max(0, m.todo-done) / (done / st.Elapsed)
		st.Rate = float64(st.recorded) / st.Elapsed * 60
	}
	return st
}

// begin starts the status of a run.
func (m *Monitor) begin(r *runner) {
	s, res := r.sweep, r.result()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trials, m.best, m.mean = r.families.index, -1, 0
	m.todo, m.done, m.jobs = 0, 0, make([]progress, r.options.Workers)
	for _, k := range r.tasks {
		m.todo += k.cost
	}
	m.status = Status{
		Sweep: s.File.Name, ID: s.ID, Metric: s.Metric, Running: true, Started: r.started,
		Total: res.Total, Done: res.Done, Diverged: res.Diverged, Failed: res.Failed,
		Trials: len(m.trials.keys), Workers: make([]WorkerStatus, r.options.Workers),
	}
	for w := range m.status.Workers {
		m.status.Workers[w].Worker = w
	}
	for i, n := range r.tally.have {
		m.complete(i, int(n), r.tally)
	}
}

// complete takes note of a trial with n scores.
func (m *Monitor) complete(trial, n int, t *tally) {
	if n < t.slots {
		return
	}
	m.status.Completed++
	mean := t.sum[trial] / float64(n)
	better := mean > m.mean
	if trainer.Ascending(m.status.Metric) {
		better = mean < m.mean
	}
	if m.best < 0 || better || mean == m.mean && trial < m.best {
		m.best, m.mean = trial, mean
	}
}

// settle counts what came to disk.
func (m *Monitor) settle(trial int, now mark, t *tally) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch now {
	case finished:
		m.complete(trial, int(t.have[trial]), t)
	case diverged:
		m.status.Diverged++
	case failed:
		m.status.Failed++
		return
	}
	m.status.Done++
	m.status.recorded++
}

// take puts a worker on a job.
func (m *Monitor) take(worker int, j Job, longest int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.jobs[worker] = progress{cost: j.Cost, epochs: longest}
	m.status.Workers[worker] = WorkerStatus{Worker: worker, Trial: keyText(j.Longest().Key), Slot: j.Slot, Epochs: longest}
}

// see follows the events of workers.
func (m *Monitor) see(e Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.Worker >= len(m.jobs) {
		return
	}
	w, j := &m.status.Workers[e.Worker], &m.jobs[e.Worker]
	switch e.Kind {
	case EventResumed:
		j.base = min(1, float64(e.Resumed)/float64(max(1, j.epochs)))
		j.share = j.base
		m.todo -= j.cost * j.base
		w.Epoch = e.Resumed
		for i := range e.Past {
			m.draw(w, &e.Past[i])
		}
	case EventProgress:
		if p := e.Progress; p != nil {
			w.Epoch, w.Step, w.Steps = p.Epoch, p.Step, p.Steps
			w.Loss, w.Accuracy = finite(p.Loss), finite(p.Accuracy)
			j.reach(float64(p.Epoch-1) + float64(p.Step)/float64(max(1, p.Steps)))
		}
	case EventEpoch:
		m.status.Epochs++
		w.Epoch, w.Loss, w.Accuracy = e.Epoch.Number, finite(e.Epoch.TrainLoss), finite(e.Epoch.TrainAccuracy)
		j.reach(float64(e.Epoch.Number))
		m.draw(w, e.Epoch)
	case EventJobDone:
		m.done += j.cost * (1 - j.base)
		*j, *w = progress{}, WorkerStatus{Worker: e.Worker}
	}
}

// curvePoints is how many epochs of a job a status shows; of longer ones every
// second, fourth, ... and those after.
const curvePoints = 512

// draw lengthens a worker's curve. It may be in a snapshot that is being read: what
// stands in it is never written again.
func (m *Monitor) draw(w *WorkerStatus, e *trainer.Epoch) {
	p := EpochStatus{Epoch: e.Number, Loss: number(&e.TrainLoss), Accuracy: number(&e.TrainAccuracy)}
	if v := e.Validation; v != nil {
		score, _ := v.Metric(m.status.Metric)
		p.ValidationLoss, p.Validation = number(&v.Loss), number(&score)
	}
	if len(w.Curve) >= curvePoints {
		thin := make([]EpochStatus, 0, curvePoints)
		for i := 1; i < len(w.Curve); i += 2 {
			thin = append(thin, w.Curve[i])
		}
		w.Curve = thin
	}
	w.Curve = append(w.Curve, p)
}

func (p *progress) reach(epochs float64) {
	p.share = max(p.base, min(1, epochs/float64(max(1, p.epochs))))
}

func (m *Monitor) stopping() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status.Stopping = m.status.Running
}

// end freezes the status.
func (m *Monitor) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status.Elapsed = time.Since(m.status.Started).Seconds()
	m.status.Running, m.status.Stopping = false, false
}

// finite is x for JSON, which has no infinities: 0 stands for them.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

func keyText(k grids.Key) string { return hex.EncodeToString(k[:]) }
