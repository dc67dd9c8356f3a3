package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"espalier/trainer/dataset"
)

// mlp is a net with everything that carries state from batch to batch.
func mlp(values map[string]any) Spec {
	return spec(values,
		denseLayer(int64(24), "relu"), dropoutLayer(0.2), fieldsOf{"type": "batchnorm"},
		denseLayer(int64(17), "tanh"), dropoutLayer(0.1), denseLayer("$classes", "softmax"))
}

func TestFitLearns(t *testing.T) {
	train, validation := table(600, 9, 4, 1), table(200, 9, 4, 2)
	for _, optimizer := range optimizerNames {
		t.Run(optimizer, func(t *testing.T) {
			rate := 0.01
			if optimizer == "sgd" || optimizer == "adagrad" {
				rate = 0.1
			}
			c := compile(t, mlp(fieldsOf{"optimizer": optimizer, "epochs": int64(12), "learning_rate": rate}), []int{9}, 4)
			f, err := NewFitter(c, Task{}, train, validation)
			if err != nil {
				t.Fatal(err)
			}
			for !f.Done() {
				if _, err := f.Epoch(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			h := f.History()
			last := h[len(h)-1]
			if last.Validation.Accuracy < 0.9 || last.TrainLoss > h[0].TrainLoss/2 {
				t.Errorf("after %d epochs: %+v %+v", len(h), last, *last.Validation)
			}
		})
	}
}

func TestFitOnImages(t *testing.T) {
	train := images(400, []int{6, 5, 1}, 3, 1)
	c := compile(t, spec(fieldsOf{"epochs": int64(10), "batch_size": int64(16)}, denseLayer(int64(20), "relu"), denseLayer("$classes", "softmax")), []int{6, 5, 1}, 3)
	m, err := Fit(context.Background(), c, Task{}, train, dataset.View{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.Evaluate(context.Background(), images(100, []int{6, 5, 1}, 3, 2))
	if err != nil {
		t.Fatal(err)
	}
	if e.Scores.Accuracy < 0.95 || e.Rows != 100 {
		t.Errorf("accuracy %v on %d rows", e.Scores.Accuracy, e.Rows)
	}
}

// stateful are the parameters of a fit whose every kind of state must survive an interruption.
var stateful = []fieldsOf{
	{"optimizer": "sgd", "momentum": 0.9, "nesterov": true, "learning_rate": 0.05},
	{"optimizer": "nadam", "schedule": "cosine", "label_smoothing": 0.1},
	{"optimizer": "adamw", "ema": 0.9, "l2": 1e-3, "schedule": fieldsOf{"type": "step", "every": 2.0, "warmup": 0.5}},
}

func TestInterruptedFitEqualsUninterrupted(t *testing.T) {
	train, validation := table(203, 9, 4, 1), table(80, 9, 4, 2)
	for i, values := range stateful {
		t.Run(fmt.Sprint(values["optimizer"]), func(t *testing.T) {
			seed := uint64(i + 1)
			r := rand.New(rand.NewPCG(seed, 3))
			values["epochs"], values["batch_size"] = int64(7), int64(16)
			values["early_stopping"] = fieldsOf{"patience": int64(2), "restore_best": true, "monitor": "accuracy"}
			c := compile(t, mlp(values), []int{9}, 4)
			task := Task{Streams: Streams{Seed: 5, Repeat: 1, Fold: 2}}
			whole := fitter(t, c, task, train, validation)
			for !whole.Done() {
				if _, err := whole.Epoch(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			f := fitter(t, c, task, train, validation)
			for !f.Done() {
				_, err := f.Epoch(stopAfter(r.IntN(9)))
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				snapshot := f.Snapshot()
				f = fitter(t, c, task, train, validation)
				if err := f.Restore(snapshot); err != nil {
					t.Fatal(err)
				}
			}
			sameFit(t, whole, f)
			if t.Failed() {
				t.Logf("seed %d", seed)
			}
		})
	}
}

// convolutional is a net of maps with everything that carries state or draws numbers.
func convolutional(values map[string]any) Spec {
	return spec(values, convLayer(5), fieldsOf{"type": "maxpool2d"}, dropoutLayer(0.2),
		fieldsOf{"type": "residual", "layers": []any{convLayer(7), fieldsOf{"type": "batchnorm"}}, "activation": "relu"},
		fieldsOf{"type": "flatten"}, fieldsOf{"type": "batchnorm"}, denseLayer(int64(9), "relu"), dropoutLayer(0.1), denseLayer("$classes", "softmax"))
}

func TestInterruptedConvolutionalFit(t *testing.T) {
	shape := []int{8, 6, 1}
	train, validation := images(61, shape, 4, 1), images(20, shape, 4, 2)
	c := compile(t, convolutional(fieldsOf{
		"epochs": int64(3), "batch_size": int64(16), "augment_flip": true, "augment_shift": int64(2), "augment_cutout": int64(3),
	}), shape, 4)
	whole, f := fitter(t, c, Task{}, train, validation), fitter(t, c, Task{}, train, validation)
	for !whole.Done() {
		if _, err := whole.Epoch(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	for !f.Done() {
		if _, err := f.Epoch(stopAfter(1)); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		snapshot := f.Snapshot()
		f = fitter(t, c, Task{}, train, validation)
		if err := f.Restore(snapshot); err != nil {
			t.Fatal(err)
		}
		if f.now.Batch == f.batches() {
			// All batches done, the validation not: that must not stop again.
			if _, err := f.Epoch(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	sameFit(t, whole, f)
}

// step trains one batch with one worker.
func (f *Fitter) step() error {
	f.train(0)
	return f.diverged
}

func fitter(t testing.TB, c *Config, task Task, train, validation dataset.View) *Fitter {
	t.Helper()
	f, err := NewFitter(c, task, train, validation)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sameFit compares weights bit for bit, and histories without wall times.
func sameFit(t *testing.T, a, b *Fitter) {
	t.Helper()
	for i := range a.parts() {
		if !slices.Equal(a.parts()[i], b.parts()[i]) {
			t.Errorf("floats of part %d differ", i)
		}
	}
	x, y := a.Model(), b.Model()
	if !slices.Equal(x.values, y.values) || !slices.Equal(x.moving, y.moving) {
		t.Error("models differ")
	}
	if p, q := timeless(a.History()), timeless(b.History()); p != q {
		t.Errorf("histories differ:\n%s\n%s", p, q)
	}
}

// timeless prints a history without wall times.
func timeless(epochs []Epoch) string {
	s := ""
	for _, e := range epochs {
		e.Seconds = 0
		validation := Scores{}
		if e.Validation != nil {
			validation = *e.Validation
		}
		e.Validation = nil
		s += fmt.Sprintf("%v %v\n", e, validation)
	}
	return s
}

// stopping is a context that ends by itself after its error was asked for a number of times.
type stopping struct {
	context.Context
	left int
}

func stopAfter(batches int) *stopping { return &stopping{context.Background(), batches} }

func (s *stopping) Err() error {
	if s.left <= 0 {
		return context.Canceled
	}
	s.left--
	return nil
}

func TestEpochsAreOneTrajectory(t *testing.T) {
	train, validation := table(203, 9, 4, 1), table(80, 9, 4, 2)
	run := func(epochs int) *Fitter {
		c := compile(t, mlp(fieldsOf{"epochs": int64(epochs)}), []int{9}, 4)
		if !c.SharesPrefix() {
			t.Fatal("a constant rate does not depend on the number of epochs")
		}
		f := fitter(t, c, Task{}, train, validation)
		for !f.Done() {
			if _, err := f.Epoch(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		return f
	}
	short, longer := run(2), run(5)
	if got, want := timeless(longer.History()[:2]), timeless(short.History()); got != want {
		t.Errorf("the first epochs of a longer run differ:\n%s\n%s", got, want)
	}
	// A snapshot of the shorter run continues in the longer.
	c := compile(t, mlp(fieldsOf{"epochs": int64(5)}), []int{9}, 4)
	f := fitter(t, c, Task{}, train, validation)
	if err := f.Restore(short.Snapshot()); err != nil {
		t.Fatal(err)
	}
	for !f.Done() {
		if _, err := f.Epoch(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	sameFit(t, longer, f)
}

func TestStepDoesNotAllocate(t *testing.T) {
	train := table(512, 9, 4, 1)
	pictures := images(512, []int{6, 5, 1}, 4, 1)
	check := func(c *Config, view dataset.View) {
		t.Helper()
		f := fitter(t, c, Task{}, view, dataset.View{})
		f.arrange()
		allocations := testing.AllocsPerRun(3, func() {
			f.now.Batch = 0
			if err := f.step(); err != nil {
				t.Fatal(err)
			}
		})
		if allocations != 0 {
			t.Errorf("%v: a step allocates %v times", c.effective, allocations)
		}
	}
	for _, values := range append(stateful, fieldsOf{}, fieldsOf{"optimizer": "rmsprop"}, fieldsOf{"optimizer": "adagrad"}) {
		values["epochs"] = int64(100000)
		for _, view := range []dataset.View{train, pictures} {
			check(compile(t, mlp(values), view.Prep.Shape, 4), view)
		}
	}
	check(compile(t, convolutional(fieldsOf{"augment_flip": true, "augment_shift": int64(2), "augment_cutout": int64(3)}), pictures.Prep.Shape, 4), pictures)
	for number := 1; number <= 4; number++ {
		check(compile(t, reportedCNN(number, fieldsOf{"batch_size": int64(4)}), []int{28, 28, 1}, 10), images(8, []int{28, 28, 1}, 10, 1))
	}
}

// TestThreadsDoNotAllocate: an epoch of many batches in two threads allocates what one of few does.
func TestThreadsDoNotAllocate(t *testing.T) {
	for name, s := range map[string]Spec{"mlp": reportedMLP(fieldsOf{}), "cnn": reportedCNN(2, fieldsOf{})} {
		s.Values["batch_size"], s.Values["epochs"] = int64(4), int64(1000)
		c := compile(t, s, []int{28, 28, 1}, 10)
		epoch := func(batches int) float64 {
			f := fitter(t, c, Task{Threads: 2}, images(4*batches, []int{28, 28, 1}, 10, 1), dataset.View{})
			return testing.AllocsPerRun(2, func() {
				if _, err := f.Epoch(context.Background()); err != nil {
					t.Fatal(err)
				}
			})
		}
		if few, many := epoch(1), epoch(12); many > few+5 {
			t.Errorf("%s: %v allocations in an epoch of 1 batch, %v in one of 12", name, few, many)
		}
	}
}

func TestDivergence(t *testing.T) {
	train, validation := table(200, 9, 4, 1), table(80, 9, 4, 2)
	c := compile(t, mlp(fieldsOf{"optimizer": "sgd", "learning_rate": 1e30, "epochs": int64(3)}), []int{9}, 4)
	f := fitter(t, c, Task{}, train, validation)
	var err error
	for err == nil && !f.Done() {
		_, err = f.Epoch(context.Background())
	}
	if !errors.Is(err, ErrDiverged) {
		t.Fatalf("error %v, want ErrDiverged", err)
	}
	t.Log(err)
	if _, again := f.Epoch(context.Background()); again != err {
		t.Errorf("a second call gives %v", again)
	}
	if f.Snapshot() != nil {
		t.Error("a diverged fit has a snapshot")
	}
}

// The last batch of an epoch is trained on however short it is, and its loss and gradient are means over its own rows.
func TestShortLastBatch(t *testing.T) {
	view := images(10, []int{6, 5, 1}, 4, 1)
	c := compile(t, spec(fieldsOf{"batch_size": int64(4), "shuffle": false}, convLayer(5), denseLayer(int64(7), "tanh"), denseLayer("$classes", "softmax")), view.Prep.Shape, 4)
	f := fitter(t, c, Task{}, view, dataset.View{})
	rest := fitter(t, c, Task{}, dataset.NewView(view.Rows, []int{8, 9}, view.Prep), dataset.View{})
	if f.batches() != 3 || rest.batches() != 1 {
		t.Fatalf("%d and %d batches", f.batches(), rest.batches())
	}
	f.arrange()
	rest.arrange()
	f.now.Batch = 2
	for _, f := range []*Fitter{f, rest} {
		if err := f.step(); err != nil {
			t.Fatal(err)
		}
	}
	if f.now.Rows != 2 || f.now.LossSum != rest.now.LossSum || !slices.Equal(f.network.gradients, rest.network.gradients) {
		t.Errorf("%d rows with a loss of %v in all, by themselves %v, or other gradients", f.now.Rows, f.now.LossSum, rest.now.LossSum)
	}
	f = fitter(t, c, Task{}, view, dataset.View{})
	if _, err := f.Epoch(context.Background()); err != nil || f.now.Step != 3 {
		t.Errorf("an epoch of %d steps (%v)", f.now.Step, err)
	}
}

// Every epoch has a permutation of its own, every step its own dropout masks.
func TestEpochsAndStepsDiffer(t *testing.T) {
	view := table(60, 9, 4, 1)
	f := fitter(t, compile(t, spec(fieldsOf{"epochs": int64(3)}, denseLayer(int64(40), "tanh"), dropoutLayer(0.5), denseLayer("$classes", "softmax")), []int{9}, 4), Task{}, view, dataset.View{})
	var orders [][]int32
	for range 3 {
		f.arrange()
		orders = append(orders, slices.Clone(f.order))
		if _, err := f.Epoch(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if slices.Equal(orders[0], orders[1]) || slices.Equal(orders[1], orders[2]) {
		t.Error("two epochs have the same order")
	}
	positions := make([]int32, 30)
	for i := range positions {
		positions[i] = int32(i)
	}
	logits := func(step uint64) []float32 {
		p := newPass(f.network.crew, 0, len(positions))
		p.training, p.step = true, step
		f.rows.load(f.network.input.value, positions, &p)
		f.network.forward(&p)
		return slices.Clone(f.network.logits.value.matrix.Data)
	}
	if first := logits(5); slices.Equal(first, logits(6)) || !slices.Equal(first, logits(5)) {
		t.Error("dropout is not drawn anew at every step, or not alike at the same")
	}
}

// Decoupled weight decay is of the rate of the step, not of the learning_rate that a schedule starts from.
func TestDecayFollowsTheSchedule(t *testing.T) {
	for _, name := range optimizerNames {
		o := newOptimizer(Params{Optimizer: name, LearningRate: 1, WeightDecay: 0.5}, 20)
		w := make([]float32, 20)
		for i := range w {
			w[i] = float32(i)
		}
		o.prepare(0.25, 3)
		o.apply(w, make([]float32, 20), 0, 20)
		for i, v := range w {
			if v != 0.875*float32(i) {
				t.Errorf("%s: %d decays to %v at a rate of 0.25, want %v", name, i, v, 0.875*float32(i))
				break
			}
		}
	}
}

// The moving average is what is validated, kept as best, and served; training goes on from the values.
func TestMovingAverage(t *testing.T) {
	const decay = 0.8
	train, validation := table(100, 9, 4, 1), table(40, 9, 4, 2)
	plain := fitter(t, compile(t, mlp(nil), []int{9}, 4), Task{}, train, validation)
	f := fitter(t, compile(t, mlp(fieldsOf{"ema": decay}), []int{9}, 4), Task{}, train, validation)
	want := slices.Clone(plain.network.values)
	plain.arrange()
	for range plain.batches() {
		if err := plain.step(); err != nil {
			t.Fatal(err)
		}
		for i, v := range plain.network.values {
			want[i] += (1 - decay) * (v - want[i])
		}
	}
	epoch, err := f.Epoch(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(plain.network.values, f.network.values) {
		t.Error("training itself is another with a moving average")
	}
	m := f.Model()
	for i, v := range m.values {
		if !near(float64(v), float64(want[i]), 1e-6) {
			t.Fatalf("value %d: %v, want %v", i, v, want[i])
		}
	}
	e, err := m.Evaluate(context.Background(), validation)
	if err != nil {
		t.Fatal(err)
	}
	if e.Scores != *epoch.Validation {
		t.Errorf("validated %+v, the model has %+v", *epoch.Validation, e.Scores)
	}
}

// With restore_best the model is that of the best epoch, its moving average with ema, and not the last.
func TestRestoreBest(t *testing.T) {
	train, validation := table(60, 9, 4, 1), table(40, 9, 4, 2)
	for _, ema := range []float64{0, 0.8} {
		values := fieldsOf{
			"optimizer": "sgd", "learning_rate": 2.0, "epochs": int64(12), "batch_size": int64(8), "ema": ema,
			"early_stopping": fieldsOf{"patience": int64(4), "restore_best": true},
		}
		f := fitter(t, compile(t, mlp(values), []int{9}, 4), Task{}, train, validation)
		var best, bestMoving []float32
		number, least := 0, math.Inf(1)
		for !f.Done() {
			e, err := f.Epoch(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if e.Validation.Loss < least {
				number, least = e.Number, e.Validation.Loss
				best, bestMoving = slices.Clone(f.served()), slices.Clone(f.network.moving)
			}
		}
		if number == len(f.History()) {
			t.Fatalf("ema %v: the last of %d epochs is the best", ema, number)
		}
		m := f.Model()
		if !slices.Equal(m.values, best) || !slices.Equal(m.moving, bestMoving) || m.Provenance.Epochs != number {
			t.Errorf("ema %v: the model is not that of epoch %d, the best", ema, number)
		}
		if e, err := m.Evaluate(context.Background(), validation); err != nil || e.Scores != *f.History()[number-1].Validation {
			t.Errorf("ema %v: the model scores %+v, its epoch %+v (%v)", ema, e.Scores, *f.History()[number-1].Validation, err)
		}
	}
}

func TestFitterRefuses(t *testing.T) {
	c := compile(t, mlp(nil), []int{9}, 4)
	right := table(20, 9, 4, 1)
	wrongClass := table(20, 9, 4, 1)
	wrongClass.Rows.Labels[7] = 4
	for _, row := range []struct {
		name              string
		train, validation dataset.View
		want              string
	}{
		{"no rows", table(0, 9, 4, 1), right, "no training rows"},
		{"another shape", table(20, 8, 4, 1), right, "rows have shape [8], the model was made for [9]"},
		{"another shape to validate", right, table(20, 8, 4, 1), "validation rows: rows have shape [8]"},
		{"a class too many", wrongClass, right, "row 7 has class 4, the model has 4 classes"},
	} {
		if _, err := NewFitter(c, Task{}, row.train, row.validation); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	huge := compile(t, spec(fieldsOf{"batch_size": int64(1) << 30}, denseLayer(int64(1)<<20, "relu"), denseLayer("$classes", "softmax")), []int{9}, 4)
	if _, err := NewFitter(huge, Task{}, table(20000, 9, 4, 1), right); err == nil || !strings.Contains(err.Error(), "a batch of 20000 rows would need") {
		t.Errorf("a batch beyond memory: %v", err)
	}
}
