package trainer

import "math"

// Schedule is how the learning rate goes over training. In a sweep file it is a
// name (schedule = "cosine") or a table ({ type = "step", every = 5, factor = 0.5 }).
//
// A run of E epochs of S steps has T = E·S steps, t counting from 0, and W = Warmup·S
// of them (rounded) are warm-up, in which the rate rises in a line: lr·(t+1)/W. With
// u = t − W after it, lr the learning_rate parameter:
//
//	constant     lr
//	step         lr · Factor^⌊u / (Every·S)⌋
//	exponential  lr · Factor^(u / (Every·S))            (Keras' ExponentialDecay)
//	cosine       lr · (Final + (1−Final)·½(1+cos(π·u/(T−W))))  (Keras' CosineDecay)
//	one_cycle    from lr·Start up to lr along a half cosine in the first Peak·T steps,
//	             then down to lr·Final along another: PyTorch's OneCycleLR. Its rise is
//	             its warm-up; with Warmup given, that is how long it takes instead of Peak.
//
// cosine and one_cycle depend on T: runs of 10 and 20 epochs are different trajectories.
type Schedule struct {
	Type   string  // constant step exponential cosine one_cycle
	Warmup float64 // epochs, default 0
	Every  float64 // step, exponential: epochs between factors; default 10 and 1
	Factor float64 // step, exponential: default 0.1 and 0.95
	Final  float64 // cosine, one_cycle: last rate as a share of lr; default 0 and 0.0001
	Start  float64 // one_cycle: first rate as a share of lr, default 0.04
	Peak   float64 // one_cycle: share of all steps until the peak, default 0.3
}

var scheduleNames = []string{"constant", "cosine", "exponential", "one_cycle", "step"}

// usesTotal tells whether the rates depend on the number of epochs.
func (s Schedule) usesTotal() bool { return s.Type == "cosine" || s.Type == "one_cycle" }

// rate gives the learning rate of step t (from 0), as a float64; the kernels round it once.
func (s Schedule) rate(lr float64, t, perEpoch, total int) float64 {
	warm := math.Round(s.Warmup * float64(perEpoch))
	x := float64(t)
	if s.Type == "one_cycle" {
		return s.oneCycle(lr, x, warm, float64(total))
	}
	if x < warm {
		return lr * (x + 1) / warm
	}
	u := x - warm
	switch s.Type {
	case "step":
		return lr * math.Pow(s.Factor, math.Floor(u/(s.Every*float64(perEpoch))))
	case "exponential":
		return lr * math.Pow(s.Factor, u/(s.Every*float64(perEpoch)))
	case "cosine":
		return lr * blend(1, s.Final, u/(float64(total)-warm))
	}
	return lr
}

func (s Schedule) oneCycle(lr, x, warm, total float64) float64 {
	// As in PyTorch the phases end on a step: the first is at Start, the peak at top, the last at Final.
	top := s.Peak*total - 1
	if warm > 0 {
		top = warm - 1
	}
	last := total - 1
	if x <= top && top > 0 {
		return lr * blend(s.Start, 1, x/top)
	}
	top = max(top, 0)
	if last <= top {
		return lr
	}
	return lr * blend(1, s.Final, (x-top)/(last-top))
}

// blend goes from a to b along a half cosine as x goes from 0 to 1.
func blend(a, b, x float64) float64 {
	return b + (a-b)*0.5*(1+math.Cos(math.Pi*min(max(x, 0), 1)))
}

// readSchedule reads the schedule parameter and writes its canonical form: a table with all its fields.
func readSchedule(f *fields) Schedule {
	value, _, ok := f.get(paramSchedule)
	table, isTable := value.(map[string]any)
	if text, isText := value.(string); isText {
		table = map[string]any{"type": text}
	} else if ok && !isTable {
		f.report(paramSchedule, "", "want a name or a table with a type, have %s", quote(value)).Known = scheduleNames
	}
	if table == nil {
		table = map[string]any{"type": "constant"}
	}
	g := &fields{table: table, param: paramSchedule}
	if table["type"] == nil {
		g.report("type", "", "missing").Known = scheduleNames
	}
	s := Schedule{Type: g.choice("type", "constant", scheduleNames, nil)}
	s.Warmup = g.real("warmup", 0, nonNegative)
	switch s.Type {
	case "step":
		s.Every = g.real("every", 10, positive)
		s.Factor = g.real("factor", 0.1, share)
	case "exponential":
		s.Every = g.real("every", 1, positive)
		s.Factor = g.real("factor", 0.95, share)
	case "cosine":
		s.Final = g.real("final", 0, domain{low: 0, high: 1})
	case "one_cycle":
		s.Start = g.real("start", 0.04, share)
		s.Final = g.real("final", 1e-4, domain{low: 0, high: 1})
		s.Peak = g.real("peak", 0.3, domain{low: 0, high: 1, openLow: true, openHigh: true})
	}
	g.end("schedule " + quote(s.Type))
	f.problems = append(f.problems, g.problems...)
	f.set(paramSchedule, g.resolved)
	return s
}
