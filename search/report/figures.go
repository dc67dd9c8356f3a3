package report

import (
	"context"
	"fmt"
	"strings"

	"espalier/folds"
	"espalier/grids"
	"espalier/search"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

// Material is what the figures of a sweep are made from. Of Sweep and Standings everything can be
// shown but what trials and rows look like; parts that are nil leave figures out.
type Material struct {
	Sweep     *search.Sweep
	Standings []search.Standing // as search.Rank gives them

	// History reads the epochs of one outcome; nil where there is none. It is asked for the leader alone.
	History func(trial grids.Key, slot int) ([]trainer.Epoch, error)

	Set   *dataset.Set // the sweep's rows
	Folds []folds.Fold

	Refit *search.RefitRecord // of the model
	Test  *trainer.Evaluation // of the refit model on the test rows
	Model *trainer.Model      // the refit model itself

	Version string // of the program
}

// Origin says where the numbers come from: law 10 of the design, on every figure.
func (m *Material) Origin() string {
	s := m.Sweep
	kernels := map[string]bool{}
	var kernel []string
	for _, st := range m.Standings {
		for _, o := range st.Outcomes {
			if o != nil && !kernels[o.Kernel] {
				kernels[o.Kernel] = true
				kernel = append(kernel, o.Kernel)
			}
		}
	}
	return fmt.Sprintf("sweep %s, id %.12s, data %s %.12s, metric %s, seed %d, version %s, kernel %s",
		printable(s.File.Name), s.ID, printable(s.Data.Source), s.Data.Fingerprint, s.Metric, s.File.Seed, m.Version, strings.Join(kernel, " + "))
}

// gallery collects figures and what is left out.
type gallery struct {
	origin  string
	figures []*Figure
	left    []Omission
}

func (g *gallery) add(f *Figure) {
	f.Origin = g.origin
	g.figures = append(g.figures, f)
}

func (g *gallery) omit(id, title, reason string) {
	g.left = append(g.left, Omission{id, title, reason})
}

// Figures makes all figures of a sweep, in the order a reader wants them: what was found, what
// the axes do, the winner, the data. Those that there is nothing for are left out with the
// reason. Drawing happens when a figure is written.
func Figures(ctx context.Context, m Material) ([]*Figure, []Omission, error) {
	g := &gallery{origin: m.Origin()}
	l := NewLandscape(m.Sweep, m.Standings)
	g.search(l)
	if err := g.leader(&m, l); err != nil {
		return nil, nil, err
	}
	if err := g.model(ctx, &m); err != nil {
		return nil, nil, err
	}
	g.data(m.Set, m.Folds)
	return g.figures, g.left, nil
}

// DataFigures makes those of a data set alone.
func DataFigures(set *dataset.Set, f []folds.Fold) ([]*Figure, []Omission) {
	g := &gallery{origin: fmt.Sprintf("data %s %.12s", printable(set.Source), set.Fingerprint)}
	g.data(set, f)
	return g.figures, g.left
}

// search adds the figures of the points.
func (g *gallery) search(l *Landscape) {
	if len(l.Points) == 0 {
		for _, f := range [][2]string{{"score", "Score of every point"}, {"parallel", "Points and their scores"}, {"importance", "Importance of the axes"}, {"effects", "Effect of each axis"}, {"pairs", "Effect of two axes together"}} {
			g.omit(f[0], f[1], "no point has a score on every fold yet")
		}
		return
	}
	g.add(ScoreFigure(l))
	if len(l.Axes) == 0 {
		reason := "all points with a score are the same on every axis"
		if len(l.Points) == 1 {
			reason = "one point has a score on every fold: there is nothing to compare"
		}
		for _, f := range [][2]string{{"parallel", "Points and their scores"}, {"importance", "Importance of the axes"}, {"effects", "Effect of each axis"}, {"pairs", "Effect of two axes together"}} {
			g.omit(f[0], f[1], reason)
		}
		return
	}
	g.add(ParallelFigure(l))
	a := l.Analyze()
	if a.Variance > 0 {
		g.add(ImportanceFigure(l, a))
	} else {
		g.omit("importance", "Importance of the axes", "all points have the same score")
	}
	g.add(EffectsFigure(l, a))
	if f := PairsFigure(l, a); f != nil {
		g.add(f)
	} else {
		g.omit("pairs", "Effect of two axes together", "only one axis varies")
	}
}

// leader adds the figures of the best trial: curves, confusion over the folds, its network.
func (g *gallery) leader(m *Material, l *Landscape) error {
	row := m.leading()
	if row == nil {
		g.omit("curves", "Learning curves", "no fold is trained yet")
		g.omit("confusion-cv", "Confusion matrix, validation rows", "no fold is trained yet")
		return g.network(m, nil)
	}
	histories := make([][]trainer.Epoch, len(row.Outcomes))
	for slot, o := range row.Outcomes {
		if o == nil || m.History == nil {
			continue
		}
		var err error
		if histories[slot], err = m.History(row.Trial.Key, slot); err != nil {
			return err
		}
	}
	id := row.Trial.ID()[:trialDigits]
	if c := NewCurves(histories, row.Outcomes); c.empty() {
		g.omit("curves", "Learning curves", "no epochs of trial "+id+" are kept")
	} else {
		who := "the best point, " + id
		if row.Rank != 1 {
			who = fmt.Sprintf("trial %s (%s)", id, row.State)
		}
		g.add(CurvesFigure("curves", "Learning curves of "+who, c))
	}
	if c := validationConfusion(m.Sweep, row, histories); c != nil {
		g.add(ConfusionFigure("confusion-cv", "validation rows of "+id, c))
	} else if f := classScoresOf(m.Sweep, row, histories); f != nil {
		g.add(f)
	} else {
		g.omit("confusion-cv", "Confusion matrix, validation rows", "no fold of trial "+id+" has a confusion matrix")
	}
	return g.network(m, &row.Trial)
}

// leading is the trial whose curves are shown: the best, else the first that has any outcome.
func (m *Material) leading() *search.Standing {
	for i := range m.Standings {
		for _, o := range m.Standings[i].Outcomes {
			if o != nil {
				return &m.Standings[i]
			}
		}
	}
	return nil
}

// validationConfusion sums a trial's matrices over the folds, each at the epoch it is scored by;
// nil where there are none, or more classes than matrices are kept for.
func validationConfusion(s *search.Sweep, row *search.Standing, histories [][]trainer.Epoch) *Confusion {
	sum := row.Confusion(len(s.Data.Classes), histories)
	if sum == nil {
		return nil
	}
	return NewConfusion(s.Data.Classes, sum)
}

// classScoresOf is the figure that stands for a matrix where there are too many classes for one.
func classScoresOf(s *search.Sweep, row *search.Standing, histories [][]trainer.Epoch) *Figure {
	k := len(s.Data.Classes)
	sum := make([]trainer.Class, k)
	n := 0.0
	for slot, h := range histories {
		e := search.ScoredEpoch(h, row.Outcomes[slot])
		if e < 0 || len(h[e].Classes) != k {
			continue
		}
		n++
		for i, c := range h[e].Classes {
			sum[i].Precision += c.Precision
			sum[i].Recall += c.Recall
			sum[i].Support += c.Support
		}
	}
	if n == 0 {
		return nil
	}
	for i := range sum {
		sum[i].Precision /= n
		sum[i].Recall /= n
	}
	return ClassScoresFigure("class-scores", "validation rows of "+row.Trial.ID()[:trialDigits], s.Data.Classes, sum)
}

// network adds the drawing and the table of the model's network, or a trial's.
func (g *gallery) network(m *Material, t *search.Trial) error {
	var config *trainer.Config
	switch {
	case m.Model != nil:
		config = m.Model.Config
	case t == nil:
		for first := range m.Sweep.Trials() {
			t = &first
			break
		}
		if t == nil {
			return nil
		}
		fallthrough
	default:
		var err error
		if config, err = m.Sweep.Config(*t); err != nil {
			g.omit("architecture", "Architecture of the network", err.Error())
			return nil
		}
	}
	g.add(ArchitectureFigure(config))
	g.add(LayersFigure(config))
	return nil
}

// model adds the figures of the refit model.
func (g *gallery) model(ctx context.Context, m *Material) error {
	if m.Refit != nil && len(m.Refit.History) > 0 {
		g.add(CurvesFigure("curves-refit", "Learning curves of the refit model", NewCurves([][]trainer.Epoch{m.Refit.History}, nil)))
	}
	switch c := testConfusion(m); {
	case c != nil:
		g.add(ConfusionFigure("confusion-test", "test rows, refit model", c))
	case m.Test != nil && len(m.Test.Classes) == len(m.Sweep.Data.Classes):
		g.add(ClassScoresFigure("class-scores-test", "test rows, refit model", m.Sweep.Data.Classes, m.Test.Classes))
	case m.Refit == nil:
		g.omit("confusion-test", "Confusion matrix, test rows", "no model is refit yet")
	default:
		g.omit("confusion-test", "Confusion matrix, test rows", "the model was not evaluated on test rows")
	}
	const id, title = "mistakes", "Images that the model gets wrong"
	switch {
	case m.Sweep.Data.Kind != dataset.Images:
		g.omit(id, title, "the data are a table")
	case m.Refit == nil:
		g.omit(id, title, "no model is refit yet")
	case m.Model == nil:
		g.omit(id, title, "the refit model's file is not where it was saved")
	case m.Set == nil || m.Set.Test == nil || m.Test == nil:
		g.omit(id, title, "there are no test rows")
	default:
		found, err := FindMistakes(ctx, m.Model, m.Set.Test, mistakesShown)
		if err != nil {
			return err
		}
		if f := MistakesFigure(m.Set, found); f != nil {
			g.add(f)
		} else {
			g.omit(id, title, "it gets none wrong")
		}
	}
	return nil
}

func testConfusion(m *Material) *Confusion {
	if m.Test == nil {
		return nil
	}
	return NewConfusion(m.Sweep.Data.Classes, m.Test.Confusion)
}

// data adds samples and class distribution.
func (g *gallery) data(set *dataset.Set, f []folds.Fold) {
	const samples, classes = "One image of each class", "Class distribution"
	switch {
	case set == nil:
		g.omit("samples", samples, "the data are not loaded")
		g.omit("classes", classes, "the data are not loaded")
		return
	case set.Kind != dataset.Images:
		g.omit("samples", samples, "the data are a table")
	default:
		g.add(SamplesFigure(set))
	}
	g.add(DistributionFigure(NewDistribution(set, f)))
}
