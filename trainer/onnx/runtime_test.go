package onnx

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"espalier/grids"
	"espalier/trainer"
	"espalier/trainer/dataset"
)

var runtimeFolder = flag.String("onnxruntime", "", "check against the ONNX Runtime that `npm install --prefix FOLDER --ignore-scripts onnxruntime-node` put there")

// runs is a folder of models for the runtime.
type runs struct {
	folder string
	want   map[string]*expectation
}

type expectation struct {
	probabilities []float32
	shape         []int
	rows, classes int
	size          int           // of the file
	own           time.Duration // that our own predict took
}

// ran is what run.js prints of a model.
type ran struct {
	Name            string
	Inputs, Outputs []string
	Shape, Output   []any
	Type            string
	Seconds         float64
}

func (r *runs) add(t *testing.T, name string, m *trainer.Model, raw []float32, view dataset.View) {
	t.Helper()
	data, err := Marshal(m)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	start := time.Now()
	p, err := m.Predict(context.Background(), view)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(start)
	var input bytes.Buffer
	binary.Write(&input, binary.LittleEndian, raw)
	for suffix, content := range map[string][]byte{".onnx": data, ".input": input.Bytes()} {
		if err := os.WriteFile(filepath.Join(r.folder, name+suffix), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.want[name] = &expectation{p, view.Prep.Shape, view.Len(), len(p) / view.Len(), len(data), took}
}

// check runs all models and compares.
func (r *runs) check(t *testing.T, verbose bool) {
	t.Helper()
	cmd := exec.Command("node", "testdata/run.js", *runtimeFolder, r.folder)
	var talk bytes.Buffer
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, talk.Bytes())
	}
	if talk.Len() > 0 { // it warns of shapes that are not those it infers, of constants nobody uses
		t.Errorf("the runtime says: %s", talk.Bytes())
	}
	checked, worst := 0, 0.0
	for line := range strings.Lines(string(out)) {
		var have ran
		if err := json.Unmarshal([]byte(line), &have); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		want := r.want[have.Name]
		if want == nil {
			t.Fatalf("a model %q that is not ours", have.Name)
		}
		checked++
		shape := []any{"N"}
		for _, d := range want.shape {
			shape = append(shape, float64(d))
		}
		if !slices.Equal(have.Inputs, []string{"input"}) || !slices.Equal(have.Outputs, []string{"probabilities"}) || have.Type != "float32" ||
			fmt.Sprint(have.Shape) != fmt.Sprint(shape) || fmt.Sprint(have.Output) != fmt.Sprint([]any{"N", want.classes}) {
			t.Errorf("%s: the runtime reads it as %+v", have.Name, have)
		}
		difference := r.compare(t, have.Name, want)
		worst = max(worst, difference)
		if verbose {
			t.Logf("%-16s %9d bytes  %6d rows  largest difference %.2g  ours %.2f s, runtime %.2f s (one thread)", have.Name, want.size, want.rows, difference, want.own.Seconds(), have.Seconds)
		}
	}
	if checked != len(r.want) {
		t.Errorf("%d of %d models ran", checked, len(r.want))
	}
	t.Logf("%d models, largest difference of a probability %.2g", checked, worst)
}

// compare holds the runtime's probabilities to ours: the same class, and within 1e-5. A class may differ only where our
// own two largest are within that.
func (r *runs) compare(t *testing.T, name string, want *expectation) (worst float64) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.folder, name+".output"))
	if err != nil {
		t.Fatal(err)
	}
	have := make([]float32, len(data)/4)
	if _, err := binary.Decode(data, binary.LittleEndian, have); err != nil || len(have) != len(want.probabilities) {
		t.Fatalf("%s: %d probabilities, want %d", name, len(have), len(want.probabilities))
	}
	k := want.classes
	others := 0
	for i := range want.rows {
		a, b := want.probabilities[i*k:(i+1)*k], have[i*k:(i+1)*k]
		for c := range a {
			d := math.Abs(float64(a[c]) - float64(b[c]))
			if !(d <= worst) {
				worst = d
			}
		}
		if slices.Index(a, slices.Max(a)) != slices.Index(b, slices.Max(b)) {
			others++
		}
	}
	if !(worst <= 1e-5) || others > 0 {
		t.Errorf("%s: probabilities differ by %.2g, %d of %d rows in class", name, worst, others, want.rows)
	}
	return worst
}

func newRuns(t *testing.T) *runs {
	if *runtimeFolder == "" {
		t.Skip("no -onnxruntime FOLDER")
	}
	return &runs{folder: t.TempDir(), want: map[string]*expectation{}}
}

// TestNetsInRuntime runs the table of nets in the ONNX Runtime.
func TestNetsInRuntime(t *testing.T) {
	r := newRuns(t)
	for i, n := range nets() {
		m, raw, view := n.model(t)
		name := strings.Map(func(r rune) rune {
			if r < 'a' && (r < '0' || r > '9') || r > 'z' {
				return '_'
			}
			return r
		}, n.name)
		r.add(t, fmt.Sprintf("%03d-%s", i, name), m, raw, view)
	}
	r.check(t, testing.Verbose())
}

// TestSystemsInRuntime trains the shipped systems on a part of Fashion-MNIST for an epoch and compares on the whole test set.
func TestSystemsInRuntime(t *testing.T) {
	r := newRuns(t)
	set, err := dataset.Load(dataset.Options{Source: "fashion-mnist"})
	if err != nil {
		t.Fatal(err)
	}
	index := make([]int, 3000)
	for i := range index {
		index[i] = i
	}
	raw := make([]float32, len(set.Test.Pixels))
	for i, b := range set.Test.Pixels {
		raw[i] = float32(b)
	}
	for _, name := range []string{"mlp-grid-1", "cnn-1", "cnn-2", "cnn-3", "cnn-4"} {
		for _, scale := range []string{dataset.Unit, dataset.Standard} {
			if scale == dataset.Standard && name != "mlp-grid-1" && name != "cnn-4" {
				continue
			}
			source, ok := grids.Example(name)
			if !ok {
				t.Fatalf("no shipped sweep %q", name)
			}
			file, err := grids.Parse(name, source)
			if err != nil {
				t.Fatal(err)
			}
			values := map[string]any{"hidden_units": int64(128), "optimizer": "adam", "dropout": 0.2}
			for k, v := range file.Params {
				values[k] = v
			}
			values["epochs"], values["batch_size"] = int64(1), int64(64)
			prep, err := dataset.FitPreprocessing(set.Info, set.Train, index, scale)
			if err != nil {
				t.Fatal(err)
			}
			m := fit(t, trainer.Spec{Layers: file.Model.Layers, Values: values}, dataset.NewView(set.Train, index, prep), set.Classes)
			r.add(t, name+"-"+scale, m, raw, dataset.NewView(set.Test, nil, prep))
		}
	}
	r.check(t, true)
}
