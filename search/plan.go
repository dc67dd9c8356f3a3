package search

import (
	"fmt"
	"math/bits"
)

// PlanLimit is up to how many points a Plan counts families, by visiting them.
const PlanLimit = 200_000

// Plan is the size of a sweep by arithmetic.
type Plan struct {
	Points   int  // trials
	Slots    int  // folds × repeats
	Fits     int  // points × slots; at most 2^63−1
	Families int  // that share epochs: those with more than one point
	Jobs     int  // families of any size × slots
	Epochs   int  // to train, over all slots
	Asked    int  // without sharing
	Unshared int  // trials that cannot share because their schedule depends on the total
	Counted  bool // false: too many points to group; only Points, Slots and Fits are known
	AtMost   bool // Points and Fits are upper bounds: exclusions are too entangled to count
}

// Plan counts. It looks at points only up to PlanLimit of them.
func (s *Sweep) Plan(noShare bool) Plan {
	p := Plan{Slots: s.Slots()}
	g, limit := s.File.Grid, s.limit()
	switch {
	case g.Finite() && limit < 0:
		p.Points = g.Count()
	case g.Finite():
		p.Points = min(limit, g.Count())
	default:
		p.Points = limit
	}
	p.AtMost = g.Finite() && !g.Exact() && p.Points != limit
	if p.Points <= PlanLimit {
		if x, err := s.index(); err == nil {
			return s.planOf(newFamilies(x, noShare))
		}
	}
	if high, low := bits.Mul64(uint64(p.Points), uint64(p.Slots)); high == 0 && low < 1<<63 {
		p.Fits = int(low)
	} else {
		p.Fits = 1<<63 - 1
	}
	return p
}

// planOf counts families.
func (s *Sweep) planOf(f *families) Plan {
	p := Plan{Points: len(f.index.keys), Slots: s.Slots(), Counted: true, Unshared: f.unshared}
	for n := range f.keys {
		trials := f.trials(n)
		for _, i := range trials {
			p.Asked += int(f.epochs[i])
		}
		p.Epochs += int(f.epochs[trials[len(trials)-1]])
		if len(trials) > 1 {
			p.Families++
		}
	}
	p.Fits, p.Jobs = p.Points*p.Slots, len(f.keys)*p.Slots
	p.Epochs *= p.Slots
	p.Asked *= p.Slots
	return p
}

// String is the first line of a run:
// "32 points × 3 folds = 96 fits; 16 families share epochs: 960 of 1440 epochs to train".
func (p Plan) String() string {
	line := fmt.Sprintf("%s × %s = %s", count(p.Points, "point"), count(p.Slots, "fold"), count(p.Fits, "fit"))
	if p.AtMost {
		line = "at most " + line
	}
	switch {
	case !p.Counted:
		return line + "; too many to count the epochs that families share"
	case p.Families == 0:
		return fmt.Sprintf("%s; %s to train", line, count(p.Epochs, "epoch"))
	case p.Families == 1:
		return fmt.Sprintf("%s; 1 family shares epochs: %d of %s to train", line, p.Epochs, count(p.Asked, "epoch"))
	}
	return fmt.Sprintf("%s; %d families share epochs: %d of %s to train", line, p.Families, p.Epochs, count(p.Asked, "epoch"))
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
