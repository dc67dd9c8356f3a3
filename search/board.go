package search

// Board is the leaderboard as `leaderboard --format json` prints it.
type Board struct {
	Sweep   string     `json:"sweep"`
	ID      SweepID    `json:"id"`
	Data    string     `json:"data"` // fingerprint
	Metric  string     `json:"metric"`
	Seed    uint64     `json:"seed"`
	Version string     `json:"version"` // trainer revision(s) of the outcomes
	Kernel  string     `json:"kernel"`  // kernel path(s) of the outcomes
	Pending int        `json:"pending"`
	Rows    []BoardRow `json:"rows"`
}

// BoardRow is one row of a Board; nil where there is no number.
type BoardRow struct {
	Rank   *int           `json:"rank"`
	Trial  string         `json:"trial"`
	Params map[string]any `json:"params"` // the axes active at the point
	Mean   *float64       `json:"mean"`
	Std    *float64       `json:"std"`
	Folds  []*float64     `json:"folds"`
	State  State          `json:"state"`
}

// PendingShown is up to how many pending trials a Board lists; beyond, they are
// only counted.
const PendingShown = 10_000

// NewBoard makes a Board of standings; version is the program's.
func NewBoard(s *Sweep, standings []Standing, version string) Board { panic("not built yet") }

// JSON is the board's bytes: deterministic, full float precision, a line feed at
// the end.
func (b Board) JSON() ([]byte, error) { panic("not built yet") }
