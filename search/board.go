package search

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"espalier/trainer"
)

// PendingShown is up to how many pending trials a Board lists; beyond, they are
// only counted.
const PendingShown = 10_000

// Board is the leaderboard as `leaderboard --format json` prints it. It holds no
// wall times: its bytes are a function of the finished sweep.
type Board struct {
	Sweep   string     `json:"sweep"`
	ID      SweepID    `json:"id"`
	Data    string     `json:"data"` // fingerprint
	Metric  string     `json:"metric"`
	Seed    uint64     `json:"seed"`
	Version string     `json:"version"`
	Kernel  string     `json:"kernel"`          // path of the outcomes; several under --mix, with " + " between
	Mixed   []string   `json:"mixed,omitempty"` // --mix: the trainer revisions and kernels that the outcomes come from
	Pending int        `json:"pending"`         // trials without any fact, shown or not
	Rows    []BoardRow `json:"rows"`
}

// BoardRow is one row of a Board; nil where there is no number.
type BoardRow struct {
	Rank   *int           `json:"rank"`
	Trial  string         `json:"trial"`
	Params map[string]any `json:"params"` // the axes active at the point
	Mean   *float64       `json:"mean"`
	Std    *float64       `json:"std"`
	Folds  []*float64     `json:"folds"` // in order of repeat, then fold
	State  State          `json:"state"`
}

// NewBoard makes a Board of Rank's standings; version is the program's.
func NewBoard(s *Sweep, standings []Standing, version string) Board {
	b := newHead(s, version)
	b.Rows = make([]BoardRow, 0, len(standings))
	origins := make(origins)
	for i := range standings {
		st := &standings[i]
		if st.State == Pending {
			if b.Pending++; b.Pending > PendingShown {
				continue
			}
		}
		origins.add(st.Outcomes)
		b.Rows = append(b.Rows, newBoardRow(st))
	}
	b.name(origins)
	return b
}

// Head is the ranking's Board without rows.
func (r *Ranking) Head(version string) Board {
	b := newHead(r.index.sweep, version)
	for i := len(r.places) - 1; i >= 0 && classes[r.places[i].class] == Pending; i-- {
		b.Pending++
	}
	origins := make(origins)
	origins.add(r.outcomes)
	b.name(origins)
	return b
}

func newHead(s *Sweep, version string) Board {
	return Board{
		Sweep: s.File.Name, ID: s.ID, Data: s.Data.Fingerprint, Metric: s.Metric, Seed: s.File.Seed, Version: version, Rows: []BoardRow{},
	}
}

// origins are the revisions and kernels of outcomes.
type origins map[[2]string]bool

// add takes note of outcomes, nil among them. Neighbours mostly have one origin.
func (o origins) add(outcomes []*Outcome) {
	var last *Outcome
	for _, out := range outcomes {
		if out == nil || last != nil && out.Revision == last.Revision && out.Kernel == last.Kernel {
			continue
		}
		last = out
		o[[2]string{out.Revision, out.Kernel}] = true
	}
}

// name says where the outcomes come from; without any, what this program would use.
func (b *Board) name(origins origins) {
	var kernels []string
	for o := range origins {
		if !slices.Contains(kernels, o[1]) {
			kernels = append(kernels, o[1])
		}
		if len(origins) > 1 {
			b.Mixed = append(b.Mixed, fmt.Sprintf("revision %s on %s", o[0], o[1]))
		}
	}
	if len(kernels) == 0 {
		kernels = []string{trainer.Kernel()}
	}
	slices.Sort(kernels)
	slices.Sort(b.Mixed)
	b.Kernel = strings.Join(kernels, " + ")
}

func newBoardRow(st *Standing) BoardRow {
	row := BoardRow{Trial: st.Trial.ID(), Params: st.Trial.Point.Values, State: st.State, Folds: make([]*float64, len(st.Folds))}
	if row.Params == nil {
		row.Params = map[string]any{}
	}
	for slot := range st.Folds {
		row.Folds[slot] = number(&st.Folds[slot])
	}
	if st.Rank > 0 {
		row.Rank, row.Mean, row.Std = &st.Rank, number(&st.Mean), number(&st.Std)
	}
	return row
}

// number is x, or nil where JSON has no word for it.
func number(x *float64) *float64 {
	if *x-*x != 0 { // NaN, infinities
		return nil
	}
	return x
}

// JSON is the board's bytes: one line, keys of params sorted, full float precision,
// a line feed at the end.
func (b Board) JSON() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(b); err != nil {
		return nil, fmt.Errorf("write the leaderboard of %q: %w", b.Sweep, err)
	}
	return out.Bytes(), nil
}
