package search

import "espalier/grids"

// Job is the unit of work: one (family, fold).
type Job struct {
	Sweep   *Sweep
	Family  grids.Key // key of the point without epochs (without sharing: the trial's own)
	Trials  []Trial   // still without outcome for this slot, ascending epochs
	Slot    int       // repeat·K + fold
	Cost    float64   // estimated FLOPs: longest first
	Threads int       // goroutines one product may use; 0, 1: one
}
