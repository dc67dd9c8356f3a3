package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
	"testing"

	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// scene is a sweep whose outcomes a test makes up.
type scene struct {
	name    string // "" test
	grid    string // TOML lines of [grid]
	search  string // of [search]
	folds   int    // 0: 3
	classes []string
	shape   []int

	score  func(values map[string]any, slot int) float64 // NaN: diverged; −1: not there
	epochs int                                           // of histories
}

func (sc scene) material(t testing.TB) Material {
	t.Helper()
	if sc.classes == nil {
		sc.classes = []string{"a", "b", "c"}
	}
	if sc.shape == nil {
		sc.shape = []int{4, 4, 1}
	}
	sc.folds = max(sc.folds, 0)
	if sc.folds == 0 {
		sc.folds = 3
	}
	if sc.name == "" {
		sc.name = "test"
	}
	folds := fmt.Sprintf("k = %d", sc.folds)
	if sc.folds == 1 {
		folds = "scheme = \"holdout\"\nfraction = 0.25"
	}
	file, err := grids.Parse("test.toml", fmt.Appendf(nil, `name = %q
seed = 7
[data]
source = "made-up"
[folds]
%s
[search]
%s
[grid]
%s
[model]
layers = [ { type = "dense", units = "$classes", activation = "softmax" } ]
`, sc.name, folds, sc.search, sc.grid))
	if err != nil {
		t.Fatal(err)
	}
	info := dataset.Info{Source: "made-up", Kind: dataset.Images, Fingerprint: strings.Repeat("f", 64), Shape: sc.shape, Classes: sc.classes, Rows: 60}
	s, _, err := search.New(file, ".", info, nil)
	if err != nil {
		t.Fatal(err)
	}
	histories := map[string][]trainer.Epoch{}
	standings, err := search.Rank(s, sc.facts(s, histories))
	if err != nil {
		t.Fatal(err)
	}
	return Material{Sweep: s, Standings: standings, Version: "test", History: func(trial grids.Key, slot int) ([]trainer.Epoch, error) {
		return histories[fmt.Sprint(trial, slot)], nil
	}}
}

func (sc scene) facts(s *search.Sweep, histories map[string][]trainer.Epoch) iter.Seq2[search.Fact, error] {
	return func(yield func(search.Fact, error) bool) {
		for trial := range s.Trials() {
			for slot := range s.Slots() {
				v := sc.score(trial.Point.Values, slot)
				if v == -1 {
					continue
				}
				o := search.Outcome{Trial: trial.Key, Slot: slot, State: search.Complete, Epochs: sc.epochs, Kernel: "none"}
				if v != v {
					o.State, o.Reason = search.Diverged, "loss is not finite at epoch 1, step 1"
				} else {
					o.Scores = trainer.Scores{Accuracy: v, Loss: 1 - v}
					histories[fmt.Sprint(trial.Key, slot)] = sc.history(v, len(s.Data.Classes))
				}
				if !yield(search.Fact{Outcome: &o}, nil) {
					return
				}
			}
		}
	}
}

// history ends at a score.
func (sc scene) history(v float64, classes int) (h []trainer.Epoch) {
	for e := range sc.epochs {
		at := v * (1 - math.Exp(-float64(e+1)))
		scores := trainer.Scores{Accuracy: at, Loss: 1 - at}
		if e == sc.epochs-1 {
			scores = trainer.Scores{Accuracy: v, Loss: 1 - v}
		}
		epoch := trainer.Epoch{Number: e + 1, TrainLoss: 1.1 - at, TrainAccuracy: at - 0.05, Validation: &scores, Classes: make([]trainer.Class, classes)}
		for c := range epoch.Classes {
			epoch.Classes[c] = trainer.Class{Precision: v, Recall: 1 / float64(c+1), Support: 5}
		}
		if classes <= 100 {
			epoch.Confusion = make([]int, classes*classes)
			for c := range classes {
				epoch.Confusion[c*classes+c] = 5
				epoch.Confusion[c*classes+(c+1)%classes] += c
			}
		}
		h = append(h, epoch)
	}
	return h
}

// rows are images of the scene's classes: row i is of class i mod k.
func (sc scene) rows(m *Material, n int) *dataset.Set {
	info := m.Sweep.Data
	set := &dataset.Set{Info: info, Train: madeRows(n, info.Shape, len(info.Classes))}
	set.Test = madeRows(n/2, info.Shape, len(info.Classes))
	set.Rows, set.TestRows = n, n/2
	return set
}

func madeRows(n int, shape []int, classes int) *dataset.Rows {
	r := &dataset.Rows{N: n}
	for i := range n {
		r.Labels = append(r.Labels, int32(i%classes))
		for p := range shape[0] * shape[1] * shape[2] {
			r.Pixels = append(r.Pixels, byte(i*31+p*17))
		}
	}
	return r
}

// drawn is an SVG as a reader sees it.
type drawn struct {
	texts []string
	marks int
	size  int
}

// parse reads SVG as XML and fails on what is none, on what lies outside the paper, and on
// what a strict page would not show.
func parse(t testing.TB, data []byte) drawn {
	t.Helper()
	out := drawn{size: len(data)}
	d := xml.NewDecoder(strings.NewReader(string(data)))
	var within []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%.300s", err, data)
		}
		switch x := token.(type) {
		case xml.StartElement:
			within = append(within, x.Name.Local)
			if x.Name.Local == "script" || x.Name.Local == "style" || x.Name.Local == "foreignObject" {
				t.Errorf("<%s> in a figure", x.Name.Local)
			}
			for _, a := range x.Attr {
				if a.Name.Local == "class" && a.Value == "mark" {
					out.marks++
				}
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("attribute %s in a figure", a.Name.Local)
				}
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("attribute %s=%q", a.Name.Local, a.Value)
				}
			}
		case xml.EndElement:
			within = within[:len(within)-1]
		case xml.CharData:
			if len(within) > 0 && within[len(within)-1] == "text" {
				out.texts = append(out.texts, string(x))
			}
		}
	}
	return out
}

func (d drawn) has(text string) bool {
	for _, t := range d.texts {
		if t == text {
			return true
		}
	}
	return false
}

// byID finds a figure.
func byID(t testing.TB, figures []*Figure, id string) *Figure {
	t.Helper()
	for _, f := range figures {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no figure %q", id)
	return nil
}

// drawAll writes every figure in every form and gives the SVGs by ID.
func drawAll(t testing.TB, figures []*Figure) map[string]drawn {
	t.Helper()
	out := map[string]drawn{}
	for _, f := range figures {
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		out[f.ID] = parse(t, svg)
		inline, err := f.Inline()
		if err != nil {
			t.Fatal(err)
		}
		parse(t, inline)
		png, err := f.PNG(40)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(png), "\x89PNG") {
			t.Errorf("%s: no PNG", f.ID)
		}
	}
	return out
}
