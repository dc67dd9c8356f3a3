package trainer

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// head is a model that is right at any place where a test is about something else.
func head() []map[string]any { return []map[string]any{denseLayer("$classes", "softmax")} }

func TestCompileRefuses(t *testing.T) {
	softmax := denseLayer("$classes", "softmax")
	many := func(l ...map[string]any) []map[string]any { return append(l, softmax) }
	rows := []struct {
		name    string
		layers  []map[string]any
		values  fieldsOf
		shape   []int
		path    string // or the parameter
		message string // a part of it
		known   string // one of the names given, "" none asked for
	}{
		{name: "no layers", layers: []map[string]any{}, path: "model.layers", message: "no layers"},
		{name: "unknown type", layers: many(fieldsOf{"type": "dens"}), path: "model.layers[0].type", message: `unknown layer type "dens"`, known: "dense"},
		{name: "no type", layers: many(fieldsOf{"units": int64(3)}), path: "model.layers[0].type", message: "missing", known: "dense"},
		{name: "type is a number", layers: many(fieldsOf{"type": int64(3)}), path: "model.layers[0].type", message: "unknown layer type 3"},
		{name: "unknown field", layers: many(fieldsOf{"type": "dense", "units": int64(3), "unit": int64(4)}), path: "model.layers[0].unit", message: `unknown field "unit" of layer type "dense"`, known: "units"},
		{name: "no units", layers: many(fieldsOf{"type": "dense"}), path: "model.layers[0].units", message: "missing"},
		{name: "0 units", layers: many(denseLayer(int64(0), "relu")), path: "model.layers[0].units", message: "must be at least 1, have 0"},
		{name: "units in text", layers: many(denseLayer("3", "relu")), path: "model.layers[0].units", message: `want a whole number, have "3"`},
		{name: "2.5 units", layers: many(denseLayer(2.5, "relu")), path: "model.layers[0].units", message: "want a whole number, have 2.5"},
		{name: "2^40 units", layers: many(denseLayer(int64(1)<<40, "relu")), path: "model.layers[0]", message: "GB"},
		{name: "2^62 units twice", layers: many(denseLayer(int64(1)<<62, "relu"), denseLayer(int64(1)<<62, "relu")), path: "model.layers[0]", message: "more than"},
		{name: "unknown activation", layers: many(denseLayer(int64(3), "rely")), path: "model.layers[0].activation", message: `unknown activation "rely"`, known: "relu"},
		{name: "softmax inside", layers: many(denseLayer(int64(3), "softmax")), path: "model.layers[0]", message: "softmax is for the last layer only"},
		{name: "no softmax", layers: []map[string]any{denseLayer("$classes", "relu")}, path: "model.layers[0]", message: "must end in softmax", known: "softmax"},
		{name: "nothing to train", layers: []map[string]any{{"type": "activation", "activation": "softmax"}}, shape: []int{3}, path: "model.layers", message: "no layer has weights to train"},
		{name: "dropout last", layers: append(head(), dropoutLayer(0.1)), path: "model.layers[1]", message: "must end in softmax, it is dropout"},
		{name: "wrong width", layers: []map[string]any{denseLayer(int64(7), "softmax")}, path: "model.layers[0]", message: "the last layer gives [7], the data has 3 classes"},
		{name: "dropout of 1.5", layers: many(dropoutLayer(1.5)), path: "model.layers[0].rate", message: "must be in [0, 1), have 1.5"},
		{name: "dropout of 1", layers: many(dropoutLayer(1.0)), path: "model.layers[0].rate", message: "must be in [0, 1), have 1"},
		{name: "no rate", layers: many(fieldsOf{"type": "dropout"}), path: "model.layers[0].rate", message: "missing"},
		{name: "reference to nothing", layers: many(dropoutLayer("$drop")), values: fieldsOf{"dropout": 0.1}, path: "model.layers[0].rate", message: `reference to "$drop"`, known: "$dropout"},
		{name: "dropout of 1 in float32", layers: many(dropoutLayer(0.999999999)), path: "model.layers[0].rate", message: "must be in [0, 1), have 0.999999999, which is 1 in float32"},
		{name: "reference to a wrong value", layers: many(dropoutLayer("$dropout")), values: fieldsOf{"dropout": 1.5}, path: "model.layers[0].rate (dropout)", message: "must be in [0, 1)"},
		{name: "conv on a table", layers: many(fieldsOf{"type": "conv2d", "filters": int64(3), "kernel_size": int64(3)}), path: "model.layers[0]", message: "conv2d needs maps of shape [height width channels], its input is [4]"},
		{name: "pool after dense", layers: many(denseLayer(int64(3), "relu"), fieldsOf{"type": "maxpool2d"}), shape: []int{6, 5, 1}, path: "model.layers[1]", message: "maxpool2d needs maps"},
		{name: "pool far too large", layers: many(fieldsOf{"type": "maxpool2d", "pool_size": int64(1) << 62, "padding": "same"}), shape: []int{6, 5, 1}, path: "model.layers[0]", message: "more than twice as large"},
		{name: "pool too large", layers: many(fieldsOf{"type": "maxpool2d", "pool_size": []any{int64(2), int64(6)}}), shape: []int{6, 5, 1}, path: "model.layers[0]", message: "a pool of 2×6 does not fit its input of shape [6 5 1]"},
		{name: "kernel too large", layers: many(fieldsOf{"type": "conv2d", "filters": int64(3), "kernel_size": int64(7)}), shape: []int{6, 5, 1}, path: "model.layers[0]", message: "a kernel of 7×7 does not fit its input of shape [6 5 1]"},
		{name: "kernel of three", layers: many(fieldsOf{"type": "conv2d", "filters": int64(3), "kernel_size": []any{int64(3), int64(3), int64(3)}}), shape: []int{6, 5, 1}, path: "model.layers[0].kernel_size", message: "a list of 3"},
		{name: "strides of 0", layers: many(fieldsOf{"type": "maxpool2d", "strides": int64(0)}), shape: []int{6, 5, 1}, path: "model.layers[0].strides", message: "at least 1"},
		{name: "unknown padding", layers: many(fieldsOf{"type": "maxpool2d", "padding": "full"}), shape: []int{6, 5, 1}, path: "model.layers[0].padding", message: `unknown padding "full"`, known: "same"},
		{name: "residual of nothing", layers: many(fieldsOf{"type": "residual"}), path: "model.layers[0].layers", message: "missing: residual needs them"},
		{name: "residual of an empty list", layers: many(fieldsOf{"type": "residual", "layers": []any{}}), path: "model.layers[0].layers", message: "must hold at least one layer"},
		{name: "residual of a number", layers: many(fieldsOf{"type": "residual", "layers": int64(3)}), path: "model.layers[0].layers", message: "want a list of layers, have 3"},
		{name: "residual of text", layers: many(fieldsOf{"type": "residual", "layers": []any{"dense"}}), path: "model.layers[0].layers[0]", message: "want a table"},
		{name: "residual in residual", layers: many(fieldsOf{"type": "residual", "layers": []any{fieldsOf{"type": "residual"}}}), path: "model.layers[0].layers[0]", message: "within"},
		{name: "wrong field in a residual", layers: many(fieldsOf{"type": "residual", "layers": []any{fieldsOf{"type": "dense", "units": int64(-1)}}}), path: "model.layers[0].layers[0].units", message: "at least 1"},
		{name: "residual of map and vector", layers: many(fieldsOf{"type": "residual", "layers": []any{denseLayer(int64(3), "relu")}}), shape: []int{6, 5, 1}, path: "model.layers[0]", message: "[6 5 1] into [3]"},
		{name: "residual that no stride fits", layers: many(fieldsOf{"type": "residual", "layers": []any{fieldsOf{"type": "conv2d", "filters": int64(3), "kernel_size": int64(3)}}}), shape: []int{7, 7, 1}, path: "model.layers[0]", message: "[7 7 1] into [5 5 3]"},
		{name: "batchnorm without epsilon", layers: many(fieldsOf{"type": "batchnorm", "epsilon": 0.0}), path: "model.layers[0].epsilon", message: "above 0"},
		{name: "batchnorm whose epsilon is 0 in float32", layers: many(fieldsOf{"type": "batchnorm", "epsilon": 1e-50}), path: "model.layers[0].epsilon", message: "which is 0 in float32"},
		{name: "unknown optimizer", values: fieldsOf{"optimizer": "adm"}, path: "optimizer", message: `unknown optimizer "adm"`, known: "adam"},
		{name: "unknown loss", values: fieldsOf{"loss": "mse"}, path: "loss", message: `unknown loss "mse"`, known: "categorical_crossentropy"},
		{name: "optimizer is a number", values: fieldsOf{"optimizer": int64(3)}, path: "optimizer", message: "want a name in quotes, have 3"},
		{name: "batch of 0", values: fieldsOf{"batch_size": int64(0)}, path: "batch_size", message: "at least 1"},
		{name: "batch of 2^40", values: fieldsOf{"batch_size": int64(1) << 40}, path: "batch_size", message: "at most"},
		{name: "0 epochs", values: fieldsOf{"epochs": int64(0)}, path: "epochs", message: "at least 1"},
		{name: "epochs in text", values: fieldsOf{"epochs": "ten"}, path: "epochs", message: `have "ten"`},
		{name: "rate of 0", values: fieldsOf{"learning_rate": 0.0}, path: "learning_rate", message: "above 0 and finite, have 0"},
		{name: "negative rate", values: fieldsOf{"learning_rate": -1.0}, path: "learning_rate", message: "above 0"},
		{name: "rate beyond float32", values: fieldsOf{"learning_rate": 1e39}, path: "learning_rate", message: "finite, have 1e+39"},
		{name: "rate of 0 in float32", values: fieldsOf{"learning_rate": 1e-300}, path: "learning_rate", message: "above 0 and finite, have 1e-300, which is 0 in float32"},
		{name: "average of nothing in float32", values: fieldsOf{"ema": 0.9999999999}, path: "ema", message: "in [0, 1), have 0.9999999999, which is 1 in float32"},
		{name: "momentum of 1", values: fieldsOf{"momentum": 1.0}, path: "momentum", message: "in [0, 1)"},
		{name: "nesterov in text", values: fieldsOf{"nesterov": "yes"}, path: "nesterov", message: "want true or false"},
		{name: "negative decay", values: fieldsOf{"weight_decay": -0.1}, path: "weight_decay", message: "at least 0"},
		{name: "smoothing of 1", values: fieldsOf{"label_smoothing": 1.0}, path: "label_smoothing", message: "in [0, 1)"},
		{name: "unknown initializer", values: fieldsOf{"initializer": "glorot"}, path: "initializer", message: "unknown", known: "glorot_uniform"},
		{name: "unknown schedule", values: fieldsOf{"schedule": "cosin"}, path: "schedule", message: `unknown type "cosin"`, known: "cosine"},
		{name: "schedule is a number", values: fieldsOf{"schedule": int64(3)}, path: "schedule", message: "want a name or a table"},
		{name: "schedule without type", values: fieldsOf{"schedule": fieldsOf{"every": 3.0}}, path: "schedule", message: "type: missing", known: "step"},
		{name: "unknown field of a schedule", values: fieldsOf{"schedule": fieldsOf{"type": "cosine", "every": int64(3)}}, path: "schedule", message: `unknown field "every"`, known: "warmup"},
		{name: "warmup longer than training", values: fieldsOf{"epochs": int64(2), "schedule": fieldsOf{"type": "cosine", "warmup": int64(2)}}, path: "schedule", message: "leave none"},
		{name: "early stopping is a number", values: fieldsOf{"early_stopping": int64(3)}, path: "early_stopping", message: "want a table"},
		{name: "unknown monitor", values: fieldsOf{"early_stopping": fieldsOf{"monitor": "val_los"}}, path: "early_stopping", message: `unknown monitor "val_los"`, known: "loss"},
		{name: "negative patience", values: fieldsOf{"early_stopping": fieldsOf{"patience": int64(-1)}}, path: "early_stopping", message: "at least 0"},
		{name: "one class", shape: []int{0}, path: "", message: "hold nothing"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			layers, shape := row.layers, row.shape
			if layers == nil {
				layers = head()
			}
			if shape == nil {
				shape = []int{4}
			}
			c, problems := Compile(Spec{Layers: layers, Values: row.values}, shape, 3)
			if c != nil || len(problems) == 0 {
				t.Fatalf("accepted, problems %v", problems)
			}
			for _, p := range problems {
				at := p.Path
				switch {
				case at == "":
					at = p.Param
				case p.Param != "":
					at += " (" + p.Param + ")"
				}
				if at == row.path && strings.Contains(p.Message, row.message) && (row.known == "" || slices.Contains(p.Known, row.known)) {
					return
				}
			}
			t.Errorf("want %s: %q with %q known, have %+v", row.path, row.message, row.known, problems)
		})
	}
}

func TestCompileReportsAllProblemsAtOnce(t *testing.T) {
	_, problems := Compile(spec(fieldsOf{"optimizer": "a", "epochs": int64(0)}, denseLayer(int64(0), "b"), dropoutLayer(2.0)), []int{4}, 3)
	if len(problems) != 5 {
		t.Errorf("%d problems: %v", len(problems), problems)
	}
}

func TestCompileRefusesDataWithoutSense(t *testing.T) {
	for _, row := range []struct {
		shape   []int
		classes int
	}{{[]int{4}, 1}, {[]int{4}, 0}, {[]int{4}, 5000}, {[]int{4, 4}, 3}, {nil, 3}, {[]int{-1}, 3}, {[]int{1 << 40, 1 << 40, 1 << 40}, 3}} {
		if c, problems := Compile(Spec{Layers: head()}, row.shape, row.classes); c != nil || len(problems) == 0 {
			t.Errorf("shape %v, %d classes: accepted", row.shape, row.classes)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, row := range []struct {
		name   string
		values fieldsOf
		param  string // "" none
	}{
		{"momentum beside adam", fieldsOf{"momentum": 0.9}, "momentum"},
		{"no momentum beside adam", fieldsOf{"momentum": 0.0}, ""},
		{"momentum beside sgd", fieldsOf{"momentum": 0.9, "optimizer": "sgd"}, ""},
		{"nesterov beside adam", fieldsOf{"nesterov": true}, "nesterov"},
		{"nesterov without momentum", fieldsOf{"nesterov": true, "optimizer": "sgd"}, "nesterov"},
		{"flip of a table", fieldsOf{"augment_flip": true}, "augment_flip"},
		{"patience above epochs", fieldsOf{"epochs": int64(3), "early_stopping": fieldsOf{"patience": int64(3)}}, "early_stopping"},
	} {
		c, problems := Compile(Spec{Layers: head(), Values: row.values}, []int{4}, 3)
		if c == nil {
			t.Errorf("%s: refused: %v", row.name, problems)
			continue
		}
		if row.param == "" && len(problems) > 0 || row.param != "" && (len(problems) != 1 || problems[0].Param != row.param || !problems[0].Warning) {
			t.Errorf("%s: %+v", row.name, problems)
		}
	}
}

func TestReferences(t *testing.T) {
	layers := []map[string]any{
		denseLayer("$units", "$f"), fieldsOf{"type": "conv2d", "kernel_size": []any{"$k", int64(3)}},
		{"type": "residual", "layers": []any{dropoutLayer("$rate"), dropoutLayer("$units")}}, denseLayer("$classes", "softmax"),
	}
	if got, want := References(layers), []string{"f", "k", "rate", "units"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	c := compile(t, spec(fieldsOf{"units": 12.0, "rate": 0.25, "f": "tanh"}, denseLayer("$units", "$f"), dropoutLayer("$rate"), denseLayer("$classes", "softmax")), []int{4}, 3)
	if l := c.layers; l[0].units != 12 || l[0].activation != "tanh" || l[1].rate != 0.25 || l[2].units != 3 {
		t.Errorf("%+v", l)
	}
}

func TestDefaults(t *testing.T) {
	c := compile(t, Spec{Layers: head()}, []int{4}, 3)
	want := Params{
		BatchSize: 32, Epochs: 1, Optimizer: "adam", LearningRate: 0.001, Loss: "categorical_crossentropy",
		Schedule: Schedule{Type: "constant"}, Shuffle: true, Initializer: "glorot_uniform",
	}
	if !reflect.DeepEqual(c.Params, want) {
		t.Errorf("%+v", c.Params)
	}
	for optimizer, rate := range map[string]float64{"sgd": 0.01, "rmsprop": 0.001, "adamw": 0.001, "nadam": 0.001, "adagrad": 0.001} {
		c := compile(t, Spec{Layers: head(), Values: fieldsOf{"optimizer": optimizer}}, []int{4}, 3)
		if c.Params.LearningRate != rate || (c.Params.WeightDecay == 0.004) != (optimizer == "adamw") {
			t.Errorf("%s: %+v", optimizer, c.Params)
		}
	}
}

func TestEffective(t *testing.T) {
	plain := Effective(fieldsOf{})
	for _, row := range []struct {
		name string
		a, b fieldsOf
		same bool
	}{
		{"defaults written out", fieldsOf{"optimizer": "adam", "learning_rate": 0.001, "shuffle": true, "momentum": int64(0)}, fieldsOf{}, true},
		{"whole numbers", fieldsOf{"epochs": 3.0, "units": 64.0}, fieldsOf{"epochs": int64(3), "units": int64(64)}, true},
		{"schedule as name and table", fieldsOf{"schedule": "cosine"}, fieldsOf{"schedule": fieldsOf{"type": "cosine", "final": int64(0)}}, true},
		{"no early stopping", fieldsOf{"early_stopping": false}, fieldsOf{}, true},
		{"monitors", fieldsOf{"early_stopping": fieldsOf{"monitor": "val_loss"}}, fieldsOf{"early_stopping": fieldsOf{}}, true},
		{"loss", fieldsOf{"loss": "sparse_categorical_crossentropy"}, fieldsOf{}, true},
		{"new parameters at their default", fieldsOf{"ema": 0.0, "augment_flip": false, "augment_shift": int64(0)}, fieldsOf{}, true},
		{"learning rate of another optimizer", fieldsOf{"optimizer": "sgd", "learning_rate": 0.01}, fieldsOf{"optimizer": "sgd"}, true},
		{"a parameter without effect", fieldsOf{"momentum": 0.9}, fieldsOf{}, false},
		{"ordinary name", fieldsOf{"units": int64(3)}, fieldsOf{}, false},
		{"wrong values", fieldsOf{"epochs": "ten"}, fieldsOf{}, false},
	} {
		a, b := Effective(row.a), Effective(row.b)
		if reflect.DeepEqual(a, b) != row.same {
			t.Errorf("%s: %v and %v", row.name, a, b)
		}
		if again := Effective(a); !reflect.DeepEqual(a, again) {
			t.Errorf("%s: applied twice %v, once %v", row.name, again, a)
		}
	}
	if _, there := plain["early_stopping"]; there || plain["batch_size"] != int64(32) {
		t.Errorf("%v", plain)
	}
}

func TestCheckParam(t *testing.T) {
	if p := CheckParam("optimizer", "adm"); len(p) != 1 || !slices.Contains(p[0].Known, "adam") {
		t.Errorf("%+v", p)
	}
	if p := CheckParam("hidden_units", "many"); p != nil {
		t.Errorf("%+v", p)
	}
	for _, name := range ParamNames() {
		if !IsParam(name) {
			t.Errorf("%s is no parameter", name)
		}
		// No value of any kind may panic, and a table is right only where one is meant.
		for _, value := range []any{nil, "x", int64(-1), 2.5, true, []any{}, fieldsOf{"x": int64(1)}, []map[string]any{{}}} {
			problems := CheckParam(name, value)
			for _, p := range problems {
				if p.Param != name {
					t.Errorf("%s = %v: problem of %q: %s", name, value, p.Param, p.Message)
				}
			}
			if _, isTable := value.(fieldsOf); isTable && !fatal(problems) {
				t.Errorf("%s takes any table", name)
			}
		}
	}
}

func TestSharesPrefix(t *testing.T) {
	for schedule, want := range map[string]bool{"constant": true, "step": true, "exponential": true, "cosine": false, "one_cycle": false} {
		if got := compile(t, Spec{Layers: head(), Values: fieldsOf{"schedule": schedule}}, []int{4}, 3).SharesPrefix(); got != want {
			t.Errorf("%s: %t", schedule, got)
		}
	}
}

func TestSpecCompilesToTheSameConfig(t *testing.T) {
	layers := []map[string]any{
		denseLayer("$units", "relu"), dropoutLayer(0.1), {"type": "batchnorm"},
		{"type": "residual", "layers": []any{denseLayer(int64(5), "tanh"), dropoutLayer(0.2)}}, denseLayer("$classes", "softmax"),
	}
	values := fieldsOf{"units": int64(5), "epochs": int64(3), "early_stopping": fieldsOf{"patience": int64(1)}, "schedule": "step", "ema": 0.9}
	a := compile(t, Spec{Layers: layers, Values: values}, []int{4}, 3)
	b := compile(t, a.Spec(), []int{4}, 3)
	if !reflect.DeepEqual(a.Params, b.Params) || !reflect.DeepEqual(a.canonical, b.canonical) || fmt.Sprint(a.Summary()) != fmt.Sprint(b.Summary()) {
		t.Errorf("%+v\n%+v", a, b)
	}
}

func TestCompileLeavesTheSpecAlone(t *testing.T) {
	values := fieldsOf{"units": int64(5)}
	layer := denseLayer("$units", "relu")
	before := maps.Clone(layer)
	compile(t, spec(values, layer, denseLayer("$classes", "softmax")), []int{4}, 3)
	if !reflect.DeepEqual(layer, before) || len(values) != 1 {
		t.Errorf("%v %v", layer, values)
	}
}

func BenchmarkEffective(b *testing.B) {
	values := fieldsOf{"epochs": int64(10), "optimizer": "adam", "units": int64(64), "dropout": 0.5, "batch_size": int64(128)}
	for b.Loop() {
		Effective(values)
	}
}

// Any sizes and strides that compile can be built and trained, in no time.
func TestCompileBoundsWindows(t *testing.T) {
	for _, stride := range []int64{1, 4, 7, 1 << 62} {
		for _, size := range []any{int64(1), int64(5), []any{int64(2), int64(9)}} {
			for _, padding := range []string{"same", "valid"} {
				if list, is := size.([]any); is && padding == "valid" {
					size = list[0]
				}
				c := compile(t, spec(nil,
					fieldsOf{"type": "conv2d", "filters": int64(2), "kernel_size": size, "strides": stride, "padding": padding},
					fieldsOf{"type": "maxpool2d", "pool_size": int64(1), "strides": stride},
					denseLayer("$classes", "softmax")), []int{6, 5, 1}, 3)
				f := fitter(t, c, Task{}, images(7, []int{6, 5, 1}, 3, 1), images(0, []int{6, 5, 1}, 3, 1))
				steps(t, f, 1, nil)
			}
		}
	}
}

// However long the strides on large maps: what is done grows with the map, not with the square of the strides, which
// here is minutes.
func TestCompileBoundsStrides(t *testing.T) {
	shape := []int{224, 224, 1}
	for _, stride := range []int64{1000, 1 << 40} {
		c := compile(t, spec(fieldsOf{"batch_size": int64(1)},
			fieldsOf{"type": "conv2d", "filters": int64(2), "kernel_size": int64(1)},
			fieldsOf{"type": "conv2d", "filters": int64(2), "kernel_size": int64(3), "padding": "same", "strides": stride},
			fieldsOf{"type": "flatten"}, denseLayer("$classes", "softmax")), shape, 3)
		n := newNetwork(c, 1, true, Streams{}, 1)
		p := newPass(n.crew, 0, 1)
		p.training = true
		n.forward(&p)
		n.backward(&p)
	}
}
