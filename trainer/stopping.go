package trainer

import "strings"

// EarlyStopping as in Keras: an epoch counts as better where it improves on the best
// so far by more than MinDelta; training stops when Patience epochs in a row (at
// least one) were not. Without validation rows it has no effect.
type EarlyStopping struct {
	Patience    int
	MinDelta    float64
	Monitor     string // a metric, on validation rows
	RestoreBest bool
}

// readEarlyStopping reads the early_stopping parameter; absent or false: none.
func readEarlyStopping(f *fields) *EarlyStopping {
	value, _, ok := f.get(paramEarlyStopping)
	if !ok || value == false {
		return nil
	}
	table, isTable := value.(map[string]any)
	if !isTable {
		f.report(paramEarlyStopping, "", "want a table such as { patience = 3 } or false, have %s", quote(value))
		return nil
	}
	g := &fields{table: table, param: paramEarlyStopping}
	e := &EarlyStopping{
		Patience:    int(g.integer("patience", 0, 0)),
		MinDelta:    g.real("min_delta", 0, nonNegative),
		Monitor:     g.choice("monitor", "loss", metricNames, monitorAliases()),
		RestoreBest: g.truth("restore_best", false),
	}
	g.end(paramEarlyStopping)
	f.problems = append(f.problems, g.problems...)
	f.set(paramEarlyStopping, g.resolved)
	return e
}

// monitorAliases lets a monitor be spelt as Keras does: val_loss.
func monitorAliases() map[string]string {
	aliases := map[string]string{}
	for spelling, name := range metricAliases {
		aliases[spelling], aliases["val_"+spelling] = name, name
	}
	for _, name := range metricNames {
		aliases["val_"+strings.TrimPrefix(name, "val_")] = name
	}
	return aliases
}

// Stopped gives the number of the epoch after which training stops given a history, 0
// where it goes on. It looks at the prefix alone: a longer history gives the same answer.
func (e *EarlyStopping) Stopped(history []Epoch) int {
	stopped, _ := e.follow(history)
	return stopped
}

// Best gives the number of the best epoch of a history by the monitored metric, in
// the sense above: 0 where none was validated.
func (e *EarlyStopping) Best(history []Epoch) int {
	_, best := e.follow(history)
	return best
}

func (e *EarlyStopping) follow(history []Epoch) (stopped, best int) {
	descending := !Ascending(e.Monitor)
	var value float64
	wait := 0
	for i, epoch := range history {
		if epoch.Validation == nil {
			continue
		}
		now, _ := epoch.Validation.Metric(e.Monitor)
		better := now < value-e.MinDelta
		if descending {
			better = now > value+e.MinDelta
		}
		if best == 0 && now == now || better {
			value, best, wait = now, epoch.Number, 0
			continue
		}
		wait++
		if i > 0 && wait >= e.Patience {
			return epoch.Number, best
		}
	}
	return 0, best
}
