package trainer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"espalier/trainer/dataset"
)

// trained gives a small model of a table, and rows to try it on.
func trained(t testing.TB) (*Model, dataset.View) {
	train := table(120, 9, 4, 1)
	c := compile(t, mlp(fieldsOf{"epochs": int64(2), "l2": 0.001, "label_smoothing": 0.1}), []int{9}, 4)
	m, err := Fit(context.Background(), c, Task{Streams: RefitStreams(3)}, train, dataset.View{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = []string{"a", "b", "c", "d"}
	m.Provenance.Sweep, m.Provenance.Data = "x", "00ff"
	return m, table(50, 9, 4, 2)
}

func marshal(t testing.TB, m *Model) []byte {
	t.Helper()
	data, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestModelFile(t *testing.T) {
	m, rows := trained(t)
	data := marshal(t, m)
	other, _ := trained(t)
	if !bytes.Equal(data, marshal(t, other)) {
		t.Error("the same fit gives another file")
	}
	back, err := LoadModel(data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, marshal(t, back)) {
		t.Error("a loaded model writes another file")
	}
	// (In JSON a whole real number cannot be told from an integer, so parameters are compared as text.)
	if fmt.Sprint(back.Provenance) != fmt.Sprint(m.Provenance) || !reflect.DeepEqual(back.Prep, m.Prep) || !slices.Equal(back.Classes, m.Classes) {
		t.Errorf("%+v\n%+v", back.Provenance, m.Provenance)
	}
	a, err := m.Evaluate(context.Background(), rows)
	if err != nil {
		t.Fatal(err)
	}
	b, err := back.Evaluate(context.Background(), rows)
	if err != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("%+v\n%+v %v", a, b, err)
	}
}

func TestModelPredicts(t *testing.T) {
	m, rows := trained(t)
	p, err := m.Predict(context.Background(), rows)
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.Evaluate(context.Background(), rows)
	if err != nil {
		t.Fatal(err)
	}
	right, loss := 0, 0.0
	for i := range rows.Len() {
		row := p[4*i : 4*i+4]
		sum, best := 0.0, 0
		for c, x := range row {
			sum += float64(x)
			if x > row[best] {
				best = c
			}
			target := 0.1 / 4
			if int32(c) == rows.Label(i) {
				target += 0.9
			}
			loss -= target * math.Log(float64(x))
		}
		if !near(sum, 1, 1e-5) {
			t.Fatalf("row %d: probabilities sum to %v", i, sum)
		}
		if int32(best) == rows.Label(i) {
			right++
		}
	}
	n := float64(rows.Len())
	if e.Scores.Accuracy != float64(right)/n {
		t.Errorf("accuracy %v, from predictions %v", e.Scores.Accuracy, float64(right)/n)
	}
	// As Keras reports it: with label smoothing and the penalty of the kernels.
	penalty := 0.0
	for _, x := range m.Weights().Tensors() {
		if strings.HasSuffix(x.Name, ".kernel") {
			for _, w := range x.Data {
				penalty += 0.001 * sq(float64(w))
			}
		}
	}
	if want := loss/n + penalty; !near(e.Scores.Loss, want, 1e-5) {
		t.Errorf("loss %v, from predictions %v", e.Scores.Loss, want)
	}
	rows.Rows.Labels = nil
	if q, err := m.Predict(context.Background(), rows); err != nil || !slices.Equal(p, q) {
		t.Errorf("without labels: %v", err)
	}
	if _, err := m.Evaluate(context.Background(), rows); err == nil {
		t.Error("rows without labels are evaluated")
	}
	if _, err := m.Predict(context.Background(), table(3, 8, 4, 1)); err == nil || !strings.Contains(err.Error(), "rows have shape [8], the model was made for [9]") {
		t.Errorf("rows of another shape: %v", err)
	}
}

func TestLoadModelRefuses(t *testing.T) {
	m, _ := trained(t)
	good := marshal(t, m)
	altered := func(at int) []byte {
		b := slices.Clone(good)
		b[at] ^= 1
		return b
	}
	reframed := func(edit func(header string) string) []byte {
		h, body, err := readFrame(modelMagic, modelVersion, "model file", good)
		if err != nil {
			t.Fatal(err)
		}
		return writeFrame(modelMagic, modelVersion, []byte(edit(string(h))), body)
	}
	replaced := func(old, new string) []byte {
		return reframed(func(h string) string {
			if !strings.Contains(h, old) {
				t.Fatalf("no %s in %s", old, h)
			}
			return strings.Replace(h, old, new, 1)
		})
	}
	newer := slices.Clone(good)
	binary.LittleEndian.PutUint32(newer[8:], 2)
	for _, row := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "not a model file"},
		{"foreign", []byte("GIF89a, and much more than that"), "not a model file"},
		{"a snapshot", append(slices.Clone(snapshotMagic[:]), good[8:]...), "not a model file"},
		{"line ends rewritten", bytes.Replace(good, []byte("\r\n"), []byte("\n"), 1), "not a model file"},
		{"newer", newer, "has version 2, this program reads up to 1"},
		{"cut in the magic", good[:5], "truncated"},
		{"cut in the header", good[:100], "truncated"},
		{"cut in the weights", good[:len(good)-100], "truncated"},
		{"one byte short", good[:len(good)-1], "truncated"},
		{"one byte long", append(slices.Clone(good), 0), "1 bytes after its end"},
		{"header altered", altered(40), "altered"},
		{"weights altered", altered(len(good) - 60), "altered"},
		{"checksum altered", altered(len(good) - 1), "altered"},
		{"header that is no JSON", reframed(func(string) string { return "{" }), "header"},
		{"unknown field", replaced(`"layers"`, `"wings":1,"layers"`), `unknown field "wings"`},
		{"wider layer", replaced(`"units":24`, `"units":25`), "tensor 0 is not"},
		{"terabyte layer", replaced(`"units":24`, `"units":1099511627776`), "would need"},
		{"unresolved reference", replaced(`"units":24`, `"units":"$units"`), "unresolved reference $units"},
		{"other shape", replaced(`"shape":[9],"outputs"`, `"shape":[8],"outputs"`), "preprocessing"},
		{"classes missing", replaced(`["a","b","c","d"]`, `["a"]`), "1 class names for 4 classes"},
		{"scale unknown", replaced(`"scale":"none"`, `"scale":"log"`), `unknown scale "log"`},
		{"scale without means", replaced(`"scale":"none"`, `"scale":"standard"`), "scaling of 0 features"},
		{"kind unknown", replaced(`"kind":"table"`, `"kind":"sound"`), `kind "sound"`},
	} {
		_, err := LoadModel(row.data)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: error %v, want %q", row.name, err, row.want)
		}
	}
}

func TestMarshalRefuses(t *testing.T) {
	m, _ := trained(t)
	nameless := *m
	nameless.Classes = []string{"a"}
	if _, err := nameless.MarshalBinary(); err == nil {
		t.Error("one name for four classes")
	}
	bad := *m
	bad.values = slices.Clone(m.values)
	bad.values[3] = float32(math.NaN())
	if _, err := bad.MarshalBinary(); err == nil {
		t.Error("weights that are not finite are written")
	}
}

// reseal puts the right checksum on altered bytes, so that fuzzing gets past it.
func reseal(data []byte) []byte {
	if len(data) < frameOverhead {
		return data
	}
	data = slices.Clone(data)
	sum := sha256.Sum256(data[:len(data)-sha256.Size])
	copy(data[len(data)-sha256.Size:], sum[:])
	return data
}

func FuzzModel(f *testing.F) {
	m, _ := trained(f)
	good := marshal(f, m)
	f.Add(good)
	f.Add(good[:len(good)/2])
	shape := []int{8, 6, 1}
	maps, err := Fit(context.Background(), compile(f, convolutional(nil), shape, 4), Task{}, images(8, shape, 4, 1), dataset.View{}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(marshal(f, maps))
	f.Add(writeFrame(modelMagic, modelVersion, []byte("{}"), nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		sealed := reseal(data)
		m, err := LoadModel(sealed)
		if sizeErr := CheckModelSize(bytes.NewReader(sealed), int64(len(sealed))); sizeErr != nil && (err == nil || bytes.HasPrefix(sealed, modelMagic[:]) && sizeErr.Error() != err.Error()) {
			t.Fatalf("of its size: %v, of all: %v", sizeErr, err)
		}
		if err == nil {
			if _, err := m.MarshalBinary(); err != nil && !strings.Contains(err.Error(), "finite") {
				t.Fatalf("a model that loads does not write: %v", err)
			}
		}
	})
}

// TestPredictionIsOfTheRowAlone: in inference batch normalisation goes by its moving statistics, and dropout is off.
// A row has the same probabilities, bit for bit, alone and among others; and with the moving statistics of a
// layer gone wrong, wrong ones.
func TestPredictionIsOfTheRowAlone(t *testing.T) {
	shape := []int{6, 5, 2}
	for _, row := range []struct {
		name        string
		config      *Config
		train, rows dataset.View
	}{
		{"vectors", compile(t, mlp(nil), []int{9}, 4), table(120, 9, 4, 1), table(50, 9, 4, 2)},
		{"maps", compile(t, spec(nil, convLayer(5), fieldsOf{"type": "batchnorm"}, dropoutLayer(0.3), denseLayer("$classes", "softmax")), shape, 4),
			images(60, shape, 4, 1), images(50, shape, 4, 2)},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx := context.Background()
			m, err := Fit(ctx, row.config, Task{}, row.train, dataset.View{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			all, err := m.Predict(ctx, row.rows)
			if err != nil {
				t.Fatal(err)
			}
			for i := range row.rows.Len() {
				one := row.rows
				if one.Encoded != nil {
					one.Encoded = one.Encoded[9*i : 9*i+9]
					one.Rows = &dataset.Rows{N: 1, Labels: row.rows.Rows.Labels[i : i+1]}
				} else {
					one = dataset.NewView(row.rows.Rows, []int{i}, row.rows.Prep)
				}
				alone, err := m.Predict(ctx, one)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(alone, all[4*i:4*i+4]) {
					t.Fatalf("row %d: %v alone, %v among others", i, alone, all[4*i:4*i+4])
				}
			}
			for i := range m.moving {
				m.moving[i] += 3
			}
			if other, err := m.Predict(ctx, row.rows); err != nil || slices.Equal(other, all) {
				t.Errorf("the moving statistics have no part in predictions (%v)", err)
			}
		})
	}
}

// TestPredictionByFormula computes a normalised layer's probabilities from the model's tensors.
func TestPredictionByFormula(t *testing.T) {
	c := compile(t, spec(fieldsOf{"epochs": int64(3)}, fieldsOf{"type": "batchnorm", "epsilon": 0.5, "momentum": 0.9}, dropoutLayer(0.3), denseLayer("$classes", "softmax")), []int{9}, 4)
	m, err := Fit(context.Background(), c, Task{}, table(120, 9, 4, 1), dataset.View{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := map[string][]float32{}
	for _, x := range m.Weights().Tensors() {
		w[x.Name] = x.Data
	}
	rows := table(50, 9, 4, 2)
	have, err := m.Predict(context.Background(), rows)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows.Len() {
		var want [4]float64
		sum := 0.0
		for o := range want {
			z := float64(w["layers.2.bias"][o])
			for f := range 9 {
				x := float64(rows.Encoded[9*i+f]-w["layers.0.moving_mean"][f]) / math.Sqrt(float64(w["layers.0.moving_variance"][f])+0.5)
				z += (x*float64(w["layers.0.gamma"][f]) + float64(w["layers.0.beta"][f])) * float64(w["layers.2.kernel"][4*f+o])
			}
			want[o] = math.Exp(z)
			sum += want[o]
		}
		for o, e := range want {
			if got := float64(have[4*i+o]); !near(got, e/sum, 1e-5) {
				t.Fatalf("row %d, class %d: %v, by the formula %v", i, o, got, e/sum)
			}
		}
	}
}
