package search

// Plan is the size of a sweep by arithmetic.
type Plan struct {
	Points   int // trials
	Slots    int // folds × repeats
	Fits     int // points × slots
	Families int // that share epochs: those with more than one point
	Epochs   int // to train, over all slots
	Asked    int // without sharing
	Jobs     int
	Counted  bool // false: too many points to group; Families, Epochs, Asked and Jobs are not known
}

// Plan counts. Above PlanLimit points families are not counted.
func (s *Sweep) Plan(noShare bool) Plan { panic("not built yet") }

// String is the first line of a run:
// "32 points × 3 folds = 96 fits; 16 families share epochs: 960 of 1440 epochs to train".
func (p Plan) String() string { panic("not built yet") }
