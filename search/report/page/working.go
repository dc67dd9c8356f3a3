package page

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"

	"espalier/search"
)

// working is what a running sweep is at.
type working struct {
	Running  bool
	State    string // "running", "stopping", "finished", "not running", …
	Text     string
	Progress template.HTML
	Share    string
	Workers  []worker
	Metric   string
}

type worker struct {
	Number int
	Idle   bool
	Trial  string
	Order  int
	Params string
	Fold   string
	Epoch  string
	Score  string
	Curve  template.HTML
}

func newWorking(in *Input) working {
	st := in.Status
	w := working{Running: st.Running, Metric: title(in.Sweep.Metric)}
	share := 0.0
	if st.Total > 0 {
		share = float64(st.Done+st.Failed) / float64(st.Total)
	}
	switch {
	case st.Stopping:
		w.State, w.Text = "stopping", "workers are ending their batch"
	case st.Running:
		w.State = "running"
		parts := []string{"for " + lasting(st.Elapsed)}
		if st.Rate > 0 {
			parts = append(parts, decimal(st.Rate, 1)+" fits a minute")
		}
		if st.Left >= 0 {
			parts = append(parts, "about "+lasting(st.Left)+" left")
		}
		w.Text = strings.Join(parts, ", ")
	case st.Total == 0:
		w.State, w.Text = "empty", "the sweep has no points"
	case st.Done >= st.Total && st.Diverged > 0:
		w.State, w.Text = "finished", plural(st.Diverged, "fit")+" diverged"
	case st.Done >= st.Total:
		w.State, w.Text = "finished", "every point has a result on every fold"
	case st.Done+st.Failed >= st.Total:
		w.State, w.Text = "finished", plural(st.Failed, "fit")+" failed; espalier retry makes them due again"
	default:
		w.State, w.Text = "not running", plural(st.Total-st.Done-st.Failed, "fit")+" to do; espalier resume goes on"
	}
	w.Share = fmt.Sprintf("%d %%", int(math.Floor(100*share)))
	w.Progress = template.HTML(fmt.Sprintf(`<svg class="progress" viewBox="0 0 100 1" preserveAspectRatio="none" role="img"><title>%s done</title><path class="track" d="M0 .5H100"/><path class="fill" d="M0 .5H%.2f"/></svg>`, w.Share, 100*share))
	if !st.Running {
		return w
	}
	for _, x := range st.Workers {
		w.Workers = append(w.Workers, newWorker(in, x))
	}
	return w
}

func newWorker(in *Input, x search.WorkerStatus) worker {
	w := worker{Number: x.Worker + 1, Idle: x.Trial == ""}
	if w.Idle {
		return w
	}
	w.Order = -1
	w.Trial = clean(x.Trial[:min(8, len(x.Trial))])
	if t, err := in.Sweep.Lookup(x.Trial); err == nil {
		w.Order, w.Params = t.Order, params(t)
	}
	w.Fold = "fold " + strconv.Itoa(x.Slot)
	if x.Slot < 0 {
		w.Fold = "all rows"
	}
	w.Epoch = fmt.Sprintf("epoch %d of %d", x.Epoch, x.Epochs)
	if n := len(x.Curve); n > 0 {
		if v := x.Curve[n-1].Validation; v != nil {
			w.Score = decimal(*v, 4)
		}
	}
	w.Curve = growing(in.Sweep.Metric, x)
	return w
}

// growing draws the curve of a job under way: the metric on validation rows, and
// beside it what training reports where the metric is one that it does.
func growing(metric string, x search.WorkerStatus) template.HTML {
	var validation, train series
	for _, e := range x.Curve {
		validation.add(float64(e.Epoch), e.Validation)
		switch metric {
		case "accuracy":
			train.add(float64(e.Epoch), e.Accuracy)
		case "loss":
			train.add(float64(e.Epoch), e.Loss)
		}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range []series{validation, train} {
		for _, y := range s.y {
			low, high = min(low, y), max(high, y)
		}
	}
	const left, right, top, bottom = 38.0, 292.0, 8.0, 92.0
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="growing" viewBox="0 0 300 112" role="img"><title>%s by epoch, fold %d</title>`, esc(title(metric)), x.Slot)
	fmt.Fprintf(&b, `<path class="axis" d="M%g %gH%g"/>`, left, bottom, right)
	fmt.Fprintf(&b, `<text x="%g" y="106">1</text><text class="end" x="%g" y="106">epoch %d</text>`, left, right, max(1, x.Epochs))
	if low <= high {
		if high-low < 1e-6*max(1, math.Abs(high)) {
			low, high = low-0.005, high+0.005
		}
		pad := (high - low) * 0.06
		low, high = low-pad, high+pad
		px := func(e float64) float64 { return left + (right-left)*(e-1)/float64(max(1, x.Epochs-1)) }
		py := func(v float64) float64 { return bottom - (bottom-top)*(v-low)/(high-low) }
		for _, v := range []float64{low + pad, high - pad} {
			fmt.Fprintf(&b, `<path class="grid" d="M%g %.1fH%g"/><text class="end" x="%g" y="%.1f">%s</text>`, left, py(v), right, left-5, py(v)+3.5, decimal(v, 3))
		}
		for _, s := range []struct {
			class string
			series
		}{{"train", train}, {"validation", validation}} {
			if len(s.x) == 0 {
				continue
			}
			fmt.Fprintf(&b, `<polyline class="%s" points="`, s.class)
			for i := range s.x {
				fmt.Fprintf(&b, "%.1f,%.1f ", px(s.x[i]), py(s.y[i]))
			}
			last := len(s.x) - 1
			fmt.Fprintf(&b, `"/><circle class="%s" cx="%.1f" cy="%.1f" r="2.6"><title>epoch %g: %s %s</title></circle>`, s.class, px(s.x[last]), py(s.y[last]), s.x[last], s.class, decimal(s.y[last], 4))
		}
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// series is a curve; points without a finite number are left out.
type series struct{ x, y []float64 }

func (s *series) add(x float64, y *float64) {
	if y != nil && *y-*y == 0 {
		s.x, s.y = append(s.x, x), append(s.y, *y)
	}
}
