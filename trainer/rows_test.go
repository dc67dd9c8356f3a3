package trainer

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	"espalier/trainer/dataset"
)

var long = flag.Bool("long", false, "run the tests that take minutes: whole fits on the full Fashion-MNIST")

// table makes a view of n rows of features whose class can be learnt: clusters around a corner for each class.
func table(n, features, classes int, seed uint64) dataset.View {
	r := rand.New(rand.NewPCG(seed, 1))
	centers := make([]float64, classes*features)
	c := rand.New(rand.NewPCG(7, 7))
	for i := range centers {
		centers[i] = c.NormFloat64()
	}
	v := dataset.View{
		Rows:    &dataset.Rows{N: n, Labels: make([]int32, n)},
		Prep:    &dataset.Preprocessing{Kind: dataset.Table, Scale: dataset.None, Shape: []int{features}},
		Encoded: make([]float32, n*features),
	}
	for range features {
		v.Prep.Columns = append(v.Prep.Columns, dataset.EncodedColumn{Name: "x"})
	}
	for i := range n {
		label := r.IntN(classes)
		v.Rows.Labels[i] = int32(label)
		for j := range features {
			v.Encoded[i*features+j] = float32(centers[label*features+j] + 0.7*r.NormFloat64())
		}
	}
	return v
}

// images makes a view of n images: noise with a bright bar whose place tells the class.
func images(n int, shape []int, classes int, seed uint64) dataset.View {
	r := rand.New(rand.NewPCG(seed, 2))
	size := shape[0] * shape[1] * shape[2]
	v := dataset.View{
		Rows: &dataset.Rows{N: n, Labels: make([]int32, n), Pixels: make([]byte, n*size)},
		Prep: &dataset.Preprocessing{Kind: dataset.Images, Scale: dataset.Unit, Shape: shape},
	}
	for i := range n {
		label := r.IntN(classes)
		v.Rows.Labels[i] = int32(label)
		row := v.Rows.Pixels[i*size : (i+1)*size]
		for j := range row {
			row[j] = byte(r.IntN(100))
			if y := j / (shape[1] * shape[2]); y*classes/shape[0] == label {
				row[j] += 150
			}
		}
	}
	return v
}

// spec makes layers of a list of tables.
func spec(values map[string]any, layers ...map[string]any) Spec {
	return Spec{Layers: layers, Values: values}
}

type fieldsOf = map[string]any

func denseLayer(units any, activation string) map[string]any {
	return fieldsOf{"type": "dense", "units": units, "activation": activation}
}

func dropoutLayer(rate any) map[string]any { return fieldsOf{"type": "dropout", "rate": rate} }

// compile compiles or ends the test.
func compile(t testing.TB, s Spec, shape []int, classes int) *Config {
	t.Helper()
	c, problems := Compile(s, shape, classes)
	if c == nil {
		t.Fatalf("compile: %v", problems)
	}
	return c
}

func near(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*max(1, math.Abs(a), math.Abs(b))
}
