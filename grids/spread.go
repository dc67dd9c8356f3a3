package grids

import (
	"math"
	"strconv"
)

// spread is a range of numbers, ends included: cut into steps it makes the
// values of an axis, uncut it is a distribution for random search.
type spread struct {
	low, high float64
	log       bool
	integer   bool // both ends are integers
}

// maxWhole is the largest integer up to which every float64 integer is exact.
const maxWhole = 1 << 53

// maxSteps bounds the values of one range.
const maxSteps = 1_000_000

// readSpread reads { min, max, scale, steps }.
func (s section) readSpread(a *axis, random bool, left *int) bool {
	good := s.allow("min", "max", "scale", "steps", "when")
	s.require("min", "0.1")
	s.require("max", "0.5")
	low, lowOK := s.end("min")
	high, highOK := s.end("max")
	log := s.choice("scale", "linear", "log") == "log"
	if !lowOK || !highOK {
		return false
	}
	_, lowWhole := s.get("min").value.(int64)
	_, highWhole := s.get("max").value.(int64)
	d := &spread{low: low, high: high, log: log, integer: lowWhole && highWhole}
	if low >= high {
		s.fault(s.node, s.path, "min must be below max, have %s and %s", s.get("min").describe(), s.get("max").describe())
		good = false
	} else if math.IsInf(high-low, 0) {
		s.fault(s.node, s.path, "min and max are too far apart, have %s and %s", s.get("min").describe(), s.get("max").describe())
		good = false
	}
	if log && low <= 0 {
		s.fault(s.get("min"), join(s.path, "min"), `scale = "log" needs a min above 0, have %s`, s.get("min").describe())
		good = false
	}
	a.spread = d
	if s.get("steps") == nil {
		if !random && good {
			s.fault(s.node, s.path, `a range without steps is a distribution, for strategy = "random" only; add steps = 5, say`)
		}
		return good && random
	}
	steps := s.integer("steps", 0, 2)
	if steps < 2 || !good {
		return false
	}
	if steps > maxSteps {
		s.fault(s.get("steps"), join(s.path, "steps"), "must be at most %d, have %d", maxSteps, steps)
		return false
	}
	if int(steps) > *left {
		s.fault(s.get("steps"), join(s.path, "steps"), "the axes have more than %d values together", maxValues)
		return false
	}
	a.values = d.cut(int(steps))
	*left -= len(a.values)
	return true
}

// end reads one end of a range.
func (s section) end(name string) (float64, bool) {
	n := s.get(name)
	if n == nil {
		return 0, false
	}
	v, ok := n.number()
	switch {
	case !ok:
		s.fault(n, join(s.path, name), "must be a number, have %s", n.describe())
	case math.IsNaN(v) || math.IsInf(v, 0):
		s.fault(n, join(s.path, name), "must be a finite number, have %s", n.describe())
		ok = false
	default:
		if i, whole := n.value.(int64); whole && (i > maxWhole || i < -maxWhole) {
			s.fault(n, join(s.path, name), "must lie between -2^53 and 2^53, have %s", n.describe())
			ok = false
		}
	}
	return v, ok
}

// cut gives evenly spaced values, both ends exact. Values between are rounded to
// 15 digits, so that 0.1 … 0.5 in five steps holds 0.3 and not 0.30000000000000004,
// or to integers; what rounding makes equal is there once.
func (d *spread) cut(steps int) []any {
	values := make([]any, 0, steps)
	last := math.NaN()
	for i := range steps {
		v := d.at(float64(i) / float64(steps-1))
		switch {
		case i == 0:
			v = d.low
		case i == steps-1:
			v = d.high
		case d.integer:
			v = math.Round(v)
		default:
			if tidy, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64); err == nil {
				v = tidy
			}
		}
		v = min(max(v, d.low), d.high)
		if v == last {
			continue
		}
		last = v
		if d.integer {
			values = append(values, int64(v))
		} else {
			values = append(values, v)
		}
	}
	return values
}

// at is the value a share t of the way from low to high.
func (d *spread) at(t float64) float64 {
	if d.log {
		// Powers of ten keep decades exact: the middle of 1e-3 and 1e-1 is 1e-2.
		a, b := math.Log10(d.low), math.Log10(d.high)
		return math.Pow(10, a+(b-a)*t)
	}
	return d.low + (d.high-d.low)*t
}

// draw turns a uniform number in [0, 1) into one of the distribution. An integer
// owns the interval half way to its neighbours, so both ends are as likely as
// the scale says.
func (d *spread) draw(u float64) any {
	if !d.integer {
		return min(max(d.at(u), d.low), d.high)
	}
	wide := spread{low: d.low - 0.5, high: d.high + 0.5, log: d.log}
	return int64(min(max(math.Round(wide.at(u)), d.low), d.high))
}

// whole is how many values a linear distribution of integers has, 0 for others:
// drawn evenly, it is the same as a list.
func (d *spread) whole() float64 {
	if !d.integer || d.log {
		return 0
	}
	return d.high - d.low + 1
}
