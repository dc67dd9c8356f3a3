package trainer

import "fmt"

// Problem is one thing wrong, or with Warning odd, in what a point asks of the
// trainer. The trainer does not know where a value was written; Path and Param
// let the sweep file's owner find the place.
type Problem struct {
	Path    string   // key path such as "model.layers[2].rate"; "" for a parameter
	Param   string   // the parameter whose value is at fault, also when reached through "$dropout"
	Message string   // what is wrong, quoting the value
	Known   []string // names that would have been right
	Warning bool
}

// String gives the problem as one line, for errors of callers without a sweep file.
func (p Problem) String() string {
	place := p.Path
	if place == "" {
		place = p.Param
	}
	if place == "" {
		return p.Message
	}
	return place + ": " + p.Message
}

// fatal tells whether any problem is more than a warning.
func fatal(problems []Problem) bool {
	for _, p := range problems {
		if !p.Warning {
			return true
		}
	}
	return false
}

// problemsError joins the problems that are not warnings into one error.
func problemsError(what string, problems []Problem) error {
	var first string
	count := 0
	for _, p := range problems {
		if p.Warning {
			continue
		}
		if count == 0 {
			first = p.String()
		}
		count++
	}
	switch count {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s: %s", what, first)
	}
	return fmt.Errorf("%s: %s (and %d more)", what, first, count-1)
}
