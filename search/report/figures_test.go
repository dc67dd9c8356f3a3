package report

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"espalier/search"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

const smallGrid = `optimizer = ["adam", "sgd"]
batch_size = [16, 32, 64]
epochs = [2, 4]`

// smooth is a score that depends on all axes of smallGrid.
func smooth(v map[string]any, slot int) float64 {
	s := 0.6 + 0.01*float64(slot) + 0.02*float64(v["epochs"].(int64)) - 0.001*float64(v["batch_size"].(int64))
	if v["optimizer"] == "sgd" {
		s -= 0.2
	}
	return s
}

func figuresOf(t testing.TB, m Material) (map[string]drawn, map[string]*Figure, map[string]string) {
	t.Helper()
	figures, left, err := Figures(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	byName, reasons := map[string]*Figure{}, map[string]string{}
	for _, f := range figures {
		if byName[f.ID] != nil {
			t.Errorf("two figures %q", f.ID)
		}
		byName[f.ID] = f
		if f.Title == "" || f.Caption == "" || f.Origin == "" || f.Width < 50 || f.Height < 20 {
			t.Errorf("figure %+v lacks something", f)
		}
	}
	for _, o := range left {
		if byName[o.ID] != nil || o.Reason == "" || o.Title == "" {
			t.Errorf("left out: %+v", o)
		}
		reasons[o.ID] = o.Reason
	}
	return drawAll(t, figures), byName, reasons
}

// Everything there is to draw is drawn, with titles on its axes and a mark for each thing.
func TestFigures(t *testing.T) {
	sc := scene{grid: smallGrid, score: smooth, epochs: 4}
	m := sc.material(t)
	m.Set = sc.rows(&m, 60)
	made, err := search.MakeFolds(m.Sweep, m.Set, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Folds = made
	m.Refit = &search.RefitRecord{History: sc.history(0.8, 3)}
	m.Test = &trainer.Evaluation{Confusion: []int{8, 1, 1, 0, 9, 1, 2, 0, 8}, Rows: 30}
	m.Model = fitted(t, &m)
	drawings, figures, left := figuresOf(t, m)
	for id, want := range map[string]struct {
		texts []string
		marks int
	}{
		"score":          {[]string{"point, by rank", "validation accuracy", "12"}, 12},
		"parallel":       {[]string{"batch_size", "epochs", "optimizer", "accuracy", "adam", "sgd", "64"}, 12},
		"importance":     {[]string{"share of the score's variance (%)", "optimizer", "batch_size", "epochs"}, 3},
		"effects":        {[]string{"validation accuracy", "adam", "16"}, 7},
		"pairs":          {[]string{"batch_size", "optimizer", "epochs", "validation accuracy"}, 6 + 4 + 6},
		"curves":         {[]string{"epoch", "loss (cross-entropy)", "accuracy", "training", "validation"}, 0},
		"curves-refit":   {[]string{"epoch", "training"}, 0},
		"confusion-cv":   {[]string{"true class", "taken for (rows, %)", "a", "b", "c", "15"}, 9},
		"confusion-test": {[]string{"true class", "taken for (rows, %)", "8", "80"}, 9},
		"architecture":   {[]string{"input", "dense", "4×4×1", "softmax", "51 params"}, 2},
		"layers":         {[]string{"layer (type)", "output shape", "parameters", "total", "51", "dense (Dense)"}, 0},
		"samples":        {[]string{"a", "b", "c"}, 0},
		"classes":        {[]string{"rows", "training", "validation", "test", "a"}, 9},
		"mistakes":       {nil, -1},
	} {
		d, ok := drawings[id]
		if !ok {
			t.Errorf("no figure %q; left out: %v", id, left)
			continue
		}
		for _, text := range want.texts {
			if !d.has(text) {
				t.Errorf("%s: no text %q among %q", id, text, d.texts)
			}
		}
		if want.marks >= 0 && d.marks != want.marks {
			t.Errorf("%s: %d marks, want %d", id, d.marks, want.marks)
		}
		if d.size > 40_000 {
			t.Errorf("%s: %d bytes of SVG", id, d.size)
		}
	}
	if len(left) > 0 {
		t.Errorf("left out: %v", left)
	}
	if !strings.Contains(figures["score"].Origin, "seed 7, version test, kernel none") {
		t.Errorf("origin %q", figures["score"].Origin)
	}
	if !strings.Contains(figures["importance"].Caption, "Exact") {
		t.Errorf("caption of a full grid: %q", figures["importance"].Caption)
	}
}

// fitted trains the scene's network for a moment.
func fitted(t *testing.T, m *Material) *trainer.Model {
	t.Helper()
	prep, err := dataset.FitPreprocessing(m.Set.Info, m.Set.Train, nil, dataset.Unit)
	if err != nil {
		t.Fatal(err)
	}
	config, err := m.Sweep.Config(m.Standings[0].Trial)
	if err != nil {
		t.Fatal(err)
	}
	f, err := trainer.NewFitter(config, trainer.Task{}, dataset.NewView(m.Set.Train, nil, prep), dataset.View{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Epoch(context.Background()); err != nil {
		t.Fatal(err)
	}
	return f.Model()
}

// An Inline figure follows the page's colours and has no file's header.
func TestInline(t *testing.T) {
	m := scene{grid: smallGrid, score: smooth, epochs: 4}.material(t)
	figures, _, err := Figures(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	data, err := byID(t, figures, "curves").Inline()
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, want := range []string{`<svg id="fig-curves" class="figure" role="img" viewBox="0 0 252 276"`, `"currentColor"`, `"var(--fig-1,#0072b2)"`, `"var(--fig-grid,#d4d4d4)"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%.600s", want, text)
		}
	}
	for _, not := range []string{"<?xml", "#1a1a1a", "style="} {
		if strings.Contains(text, not) {
			t.Errorf("%s in an inline figure", not)
		}
	}
	if css := ThemeCSS(); strings.Count(css, "{") != strings.Count(css, "}") || !strings.Contains(css, "--fig-s8:") {
		t.Errorf("theme %s", css)
	}
}

// A reader's font is seldom ours: an SVG says where its text is held and how wide it is, so that labels neither run
// into the drawing nor out of the figure.
func TestTextKeepsItsPlace(t *testing.T) {
	f := &Figure{ID: "text", Width: 100, Height: 40, draw: func(c draw.Canvas) {
		for i, s := range []text.Style{rightward(letters(8, ink)), letters(8, ink), leftward(letters(8, ink))} {
			c.FillText(s, vg.Point{X: 50, Y: vg.Length(10 * (i + 1))}, "batch_size")
		}
		c.FillText(leftward(letters(8, ink)), vg.Point{X: 50, Y: 5}, "學習率")
	}}
	data, err := f.Inline()
	if err != nil {
		t.Fatal(err)
	}
	type place struct{ anchor, x, width string }
	var found []place
	pattern := regexp.MustCompile(`<g [^>]*?(?:text-anchor="(\w+)")?>\n<text x="([0-9.]+)"[^>]*?(?: textLength="([0-9.]+)" lengthAdjust="spacingAndGlyphs")?>`)
	for _, m := range pattern.FindAllStringSubmatch(string(data), -1) {
		found = append(found, place{m[1], m[2], m[3]})
	}
	width := number(float64(letters(8, ink).Width("batch_size")))
	if want := []place{{"", "50", width}, {"middle", "50", width}, {"end", "50", width}}; len(found) < 3 || !slices.Equal(found[:3], want) {
		t.Errorf("text lies at %v, want %v\n%s", found, want, data)
	}
	if strings.Count(string(data), "textLength") != 3 {
		t.Errorf("the width of letters that our font has not is told:\n%s", data)
	}
}

// Numbers on cells are read: the contrast that WCAG 2 asks of large letters, and more.
func TestCellContrast(t *testing.T) {
	linear := func(v uint8) float64 { return math.Pow((float64(v)/255+0.055)/1.055, 2.4) }
	luminance := func(c nrgba) float64 { return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B) + 0.05 }
	for i := range 1001 {
		at := float64(i) / 1000
		for _, c := range []nrgba{goodness(at), blend(blues, at)} {
			a, b := luminance(c), luminance(on(c))
			if contrast := max(a, b) / min(a, b); contrast < 3.6 {
				t.Fatalf("text %v on a cell %v has a contrast of %.1f", on(c), c, contrast)
			}
		}
	}
}

// Panels of effects show all points, or say how many they do not.
func TestEffectsShowAllPoints(t *testing.T) {
	score := func(worst float64) func(v map[string]any, slot int) float64 {
		return func(v map[string]any, slot int) float64 {
			if fmt.Sprint(v["batch_size"], v["epochs"]) == "4 4" {
				return worst
			}
			return 0.8 + 0.01*float64(v["batch_size"].(int64)) + 0.01*float64(v["epochs"].(int64))
		}
	}
	const grid = "batch_size = [1, 2, 3, 4]\nepochs = [1, 2, 3, 4]"
	for worst, want := range map[float64]string{0.79: "", 0.1: " 1 point is worse than the scale shows."} {
		_, figures, _ := figuresOf(t, scene{grid: grid, score: score(worst)}.material(t))
		if caption := figures["effects"].Caption; want != "" && !strings.Contains(caption, want) || want == "" && strings.Contains(caption, "worse") {
			t.Errorf("worst %v: %q, want %q", worst, caption, want)
		}
	}
}

// Labels of a narrow axis of a range do not run into each other; powers of ten are kept.
func TestSpacedTicks(t *testing.T) {
	axis := &LandscapeAxis{Binned: true, Log: true, Min: 1.1e-3, Max: 0.098}
	for _, width := range []vg.Length{40, 64, 86, 200} {
		marks := spaced(axisTicks(axis, 4), width)
		end, kept := vg.Length(math.Inf(-1)), []string{}
		for _, m := range marks {
			if m.Label == "" {
				continue
			}
			half := letters(tickSize, ink).Width(m.Label) / 2
			if at := vg.Length(m.Value) * width; at-half < end {
				t.Errorf("at a width of %v %q runs into the label before it: %v", width, m.Label, kept)
			} else {
				end, kept = at+half, append(kept, m.Label)
			}
		}
		if !slices.Contains(kept, "0.01") || width == 200 && len(kept) != 5 {
			t.Errorf("at a width of %v there are %v", width, kept)
		}
	}
}

// Sweeps of which there is little to see.
func TestSparseSweeps(t *testing.T) {
	none := func(map[string]any, int) float64 { return -1 }
	for _, test := range []struct {
		name        string
		scene       scene
		there, left string // IDs
	}{
		{"nothing yet", scene{grid: smallGrid, score: none},
			"architecture layers", "score parallel importance effects pairs curves confusion-cv confusion-test mistakes samples classes"},
		{"all diverged", scene{grid: smallGrid, score: func(map[string]any, int) float64 { return math.NaN() }},
			"architecture layers", "score parallel importance effects pairs curves confusion-cv"},
		{"running: the first fold of some points", scene{grid: smallGrid, epochs: 3, score: func(v map[string]any, slot int) float64 {
			if slot > 0 || v["optimizer"] == "sgd" {
				return -1
			}
			return 0.5
		}}, "curves confusion-cv architecture", "score parallel"},
		{"running: half the points", scene{grid: smallGrid, epochs: 3, score: func(v map[string]any, slot int) float64 {
			if v["optimizer"] == "sgd" && v["epochs"] == int64(4) {
				return -1
			}
			return smooth(v, slot)
		}}, "score parallel importance effects pairs curves", ""},
		{"one point", scene{grid: "epochs = [3]", epochs: 3, score: smoothest}, "score curves", "parallel importance effects pairs"},
		{"one fold", scene{grid: smallGrid, folds: 1, epochs: 3, score: smooth}, "score parallel importance effects pairs curves confusion-cv", ""},
		{"one axis", scene{grid: "epochs = [1, 2, 3]", epochs: 3, score: func(v map[string]any, slot int) float64 {
			return 0.1 * float64(v["epochs"].(int64))
		}}, "score parallel importance effects", "pairs"},
		{"all the same", scene{grid: smallGrid, epochs: 1, score: smoothest}, "score parallel effects pairs", "importance"},
		{"two points", scene{grid: "epochs = [1, 2]", epochs: 2, score: func(v map[string]any, slot int) float64 { return 1e-9 * float64(v["epochs"].(int64)) }}, "score effects importance", "pairs"},
		{"no epochs kept", scene{grid: smallGrid, score: smooth}, "score", "curves confusion-cv"},
	} {
		t.Run(test.name, func(t *testing.T) {
			drawings, _, left := figuresOf(t, test.scene.material(t))
			for _, id := range strings.Fields(test.there) {
				if _, ok := drawings[id]; !ok {
					t.Errorf("no figure %q: %s", id, left[id])
				}
			}
			for _, id := range strings.Fields(test.left) {
				if left[id] == "" {
					t.Errorf("%q is not among what is left out", id)
				}
			}
		})
	}
}

func smoothest(map[string]any, int) float64 { return 0.5 }

// Names are text, whatever is in them; letters that the embedded font lacks break nothing.
func TestHostileNames(t *testing.T) {
	const script = `<script>alert("1")</script>&'`
	names := []string{script, "日本語のとても長いクラスの名前です、本当に", "עברית \u202e x", "🙂\x00\x07\uFFFE\x80", strings.Repeat("W", 300), ""}
	sc := scene{name: script + "日本", grid: smallGrid, classes: names, epochs: 3, score: smooth}
	m := sc.material(t)
	m.Set = sc.rows(&m, 60)
	figures, _, err := Figures(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	l := NewLandscape(m.Sweep, m.Standings)
	for a := range l.Axes {
		l.Axes[a].Name = names[a]
		copy(l.Axes[a].Labels, names[a:])
	}
	a := l.Analyze()
	figures = append(figures, EffectsFigure(l, a), PairsFigure(l, a), ParallelFigure(l), ImportanceFigure(l, a))
	for id, d := range drawAll(t, figures) {
		if id == "samples" && !strings.Contains(strings.Join(d.texts, "\n"), "<script>") {
			t.Errorf("the class's name is not in %q", d.texts)
		}
	}
	for _, f := range figures {
		svg, _ := f.SVG()
		if strings.Contains(string(svg), "<script") {
			t.Errorf("%s: a name is not escaped", f.ID)
		}
	}
}

// A thousand classes: distribution as lines, a part of the samples, the hardest classes; a
// hundred: the most confused ones and the rest together.
func TestManyClasses(t *testing.T) {
	for _, n := range []int{13, 45, 100, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			var classes []string
			for i := range n {
				classes = append(classes, fmt.Sprintf("class %d", i))
			}
			sc := scene{grid: "epochs = [1, 2]", classes: classes, epochs: 2, score: func(v map[string]any, _ int) float64 { return 0.3 }}
			m := sc.material(t)
			m.Set = sc.rows(&m, 4*n)
			drawings, figures, left := figuresOf(t, m)
			for id, d := range drawings {
				if d.size > 150_000 {
					t.Errorf("%s: %d bytes", id, d.size)
				}
				if f := figures[id]; f.Width > 1100 || f.Height > 700 {
					t.Errorf("%s: %g × %g points", id, f.Width, f.Height)
				}
			}
			if n > 100 {
				if d := drawings["class-scores"]; d.marks != worstClasses || !d.has("class 999") {
					t.Errorf("hardest classes: %d marks, %q; left out: %v", d.marks, d.texts, left)
				}
				return
			}
			d := drawings["confusion-cv"]
			if shown := min(n, matrixClasses); d.marks != shown*shown {
				t.Errorf("%d cells, want %d", d.marks, shown*shown)
			}
			if others := fmt.Sprintf("%d others", n-matrixClasses+1); n > matrixClasses && !d.has(others) {
				t.Errorf("no %q among %q", others, d.texts)
			}
		})
	}
}

// Ten thousand points are drawn thinned out, small and quick.
func TestManyPoints(t *testing.T) {
	var l []string
	for i := range 100 {
		l = append(l, fmt.Sprint(i+1))
	}
	list := strings.Join(l, ", ")
	m := scene{grid: "batch_size = [" + list + "]\nepochs = [" + list + "]", epochs: 2, score: func(v map[string]any, slot int) float64 {
		return 0.5 + 0.001*float64(slot) + 0.003*float64(v["epochs"].(int64)) - 1e-6*float64(v["batch_size"].(int64)*v["batch_size"].(int64))
	}}.material(t)
	start := time.Now()
	figures, _, err := Figures(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, f := range figures {
		data, err := f.Inline()
		if err != nil {
			t.Fatal(err)
		}
		if total += len(data); len(data) > 300_000 {
			t.Errorf("%s: %d bytes", f.ID, len(data))
		}
	}
	t.Logf("%d figures, %d bytes of SVG, %v", len(figures), total, time.Since(start))
	if total > 700_000 {
		t.Errorf("%d bytes of SVG", total)
	}
	caption := byID(t, figures, "parallel").Caption
	if want := fmt.Sprintf("%d of 10000 points", lineLimit); !strings.Contains(caption, want) {
		t.Errorf("caption %q says nothing of %s", caption, want)
	}
}

// A class that a fold's rows lack is a row of zeros.
func TestMissingClass(t *testing.T) {
	c := NewConfusion([]string{"a", "b"}, []int{5, 1, 0, 0})
	data, err := ConfusionFigure("confusion", "made up", c).SVG()
	if err != nil {
		t.Fatal(err)
	}
	if d := parse(t, data); d.marks != 4 || !d.has("83") {
		t.Errorf("%d marks, texts %q", d.marks, d.texts)
	}
}

func TestAggregate(t *testing.T) {
	k := 5
	flat := make([]int, k*k)
	for i := range k {
		flat[i*k+i] = 10
	}
	flat[1*k+3], flat[3*k+1], flat[0*k+4] = 4, 2, 1
	c := NewConfusion([]string{"a", "b", "c", "d", "e"}, flat).Aggregate(3)
	if got := fmt.Sprint(c.Classes, c.Left, c.Counts); got != "[b d 3 others] 3 [[10 4 0] [2 10 0] [0 0 31]]" {
		t.Error(got)
	}
	rows, right := c.rows()
	if rows != 57 || right != 51 { // within the others one is wrong, which no longer shows
		t.Errorf("%d rows, %d right", rows, right)
	}
}

func TestTableIsSaidToHaveNoImages(t *testing.T) {
	set := &dataset.Set{Info: dataset.Info{Source: "t.csv", Kind: dataset.Table, Shape: []int{2}, Classes: []string{"x", "y"}}}
	set.Train = &dataset.Rows{N: 4, Cells: make([]float64, 8), Labels: []int32{0, 1, 1, 1}}
	figures, left := DataFigures(set, nil)
	if len(figures) != 1 || figures[0].ID != "classes" || len(left) != 1 || left[0].ID != "samples" || !strings.Contains(left[0].Reason, "table") {
		t.Errorf("%v, left out %v", figures, left)
	}
	drawAll(t, figures)
}

// What a library panics on is an error of the figure.
func TestPanicIsAnError(t *testing.T) {
	f := &Figure{ID: "bad", Width: 100, Height: 100, draw: nil}
	if _, err := f.SVG(); err == nil || !strings.Contains(err.Error(), `draw figure "bad"`) {
		t.Errorf("error %v", err)
	}
	if _, err := f.PNG(0); err == nil {
		t.Error("no error at 0 dots per inch")
	}
}

// Cells of a heat map keep their colours on a dark page; lines' turn.
func TestThemedColours(t *testing.T) {
	for i := range 1001 {
		at := float64(i) / 1000
		for _, c := range []nrgba{goodness(at), blend(blues, at)} {
			if name := themed[c]; name != "" {
				t.Fatalf("the colour %v of a cell at %v is the page's %q", c, at, name)
			}
		}
		if themed[graded(at)] == "" {
			t.Fatalf("the colour of a line at %v is not the page's", at)
		}
	}
	for kind, c := range kindColors {
		for _, shade := range []float64{1, topShade, sideShade} {
			if name := themed[shaded(c, shade)]; name != "" {
				t.Errorf("a face of a block %q is the page's %q", kind, name)
			}
		}
	}
}
