package trainer

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"espalier/trainer/dataset"
)

// golden is a trajectory that testdata/golden.py made with PyTorch.
type golden struct {
	Layers    []map[string]any
	Params    map[string]any
	Shape     []int
	Classes   int
	Variables []string
	Loss      []float64

	// small nets: rows, and state and gradient at every step
	Labels  []int32
	X       goldenArray
	Rate    []float64
	W, G    goldenArray
	Moments []goldenArray
	Moving  map[string]goldenArray

	// reported nets by single steps: in G and W by step and variable the norm and projections of gradient
	// and update
	Stepped bool

	// reported nets running freely: [step][variable] norm and projection of gradient and update
	Rows               int
	Gradients, Updates [][][2]float64
	Travelled          [][2]float64 // from the first weights to the last
}

type goldenArray struct {
	Shape []int
	Data  []byte
}

func (a goldenArray) floats() []float32 { return readFloats(a.Data) }

// at is row t of a two-dimensional array.
func (a goldenArray) at(t int) []float32 {
	n := a.Shape[1]
	return readFloats(a.Data[4*t*n : 4*(t+1)*n])
}

func readGolden(t testing.TB, file string) (g golden, c *Config) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g, compile(t, Spec{Layers: g.Layers, Values: g.Params}, g.Shape, g.Classes)
}

func goldenFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/golden/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	return files
}

func name(file string) string { return strings.TrimSuffix(filepath.Base(file), ".json") }

// view are a small golden's rows.
func (g golden) view() dataset.View {
	v := dataset.View{
		Rows:    &dataset.Rows{N: len(g.Labels), Labels: g.Labels},
		Prep:    &dataset.Preprocessing{Kind: dataset.Table, Scale: dataset.None, Shape: g.Shape},
		Encoded: g.X.floats(),
	}
	return v
}

// scatter packs concatenated C-order values of all trainable variables into a flat slice.
func (c *Config) scatter(flat, values []float32) {
	for _, v := range c.variables {
		if v.trainable {
			v.pack(flat, values[:v.elements()])
			values = values[v.elements():]
		}
	}
}

func (c *Config) collect(flat []float32) (values []float32) {
	for _, v := range c.variables {
		if v.trainable {
			values = v.unpack(values, flat)
		}
	}
	return values
}

// relative is ‖a−b‖/‖b‖.
func relative(a, b []float32) float64 {
	var d, n float64
	for i := range b {
		d += sq(float64(a[i]) - float64(b[i]))
		n += sq(float64(b[i]))
	}
	return math.Sqrt(d / n)
}

func sq(x float64) float64 { return x * x }

func sub(a, b []float32) []float32 {
	d := make([]float32, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return d
}

// TestGoldenSteps takes every step of the small goldens from the golden state of that step.
func TestGoldenSteps(t *testing.T) {
	for _, file := range goldenFiles(t) {
		g, c := readGolden(t, file)
		if g.Labels == nil {
			continue
		}
		t.Run(name(file), func(t *testing.T) {
			f := fitter(t, c, Task{}, g.view(), dataset.View{})
			f.arrange()
			var worst [4]float64
			for step := range g.Loss {
				c.scatter(f.network.values, g.W.at(step))
				for i, m := range g.Moments {
					c.scatter(f.optimizer.moments[i], m.at(step))
				}
				f.now.Batch = step % f.batches()
				f.now.LossSum, f.now.Rows = 0, 0
				if err := f.step(); err != nil {
					t.Fatal(err)
				}
				worst[0] = max(worst[0], math.Abs(f.now.LossSum/float64(f.now.Rows)/g.Loss[step]-1))
				worst[1] = max(worst[1], relative(c.collect(f.network.gradients), g.G.at(step)))
				worst[2] = max(worst[2], relative(sub(c.collect(f.network.values), g.W.at(step)), sub(g.W.at(step+1), g.W.at(step))))
				worst[3] = max(worst[3], math.Abs(f.now.Rate/g.Rate[step]-1))
			}
			for i, bound := range []float64{1e-5, 1e-4, 1e-4, 1e-9} {
				if !(worst[i] <= bound) {
					t.Errorf("%s differs by %.2g, want at most %.0g", []string{"loss", "gradient", "update", "rate"}[i], worst[i], bound)
				}
			}
			for _, v := range c.variables {
				if want, ok := g.Moving[v.name]; ok {
					if d := relative(v.unpack(nil, f.network.moving), want.floats()); !(d < 1e-5) {
						t.Errorf("%s differs by %.2g", v.name, d)
					}
				}
			}
		})
	}
}

// kinkless names the nets without ReLU or max pooling, of which a free run stays close for 50 steps:
// the bound is on the weights' way from first to last. (With kinks even PyTorch drifts from itself
// by 1e-2 when a sum is reordered.)
func kinkless(g golden) (bound float64) {
	bound = 1e-5
	text, _ := json.Marshal(g.Layers)
	for _, kink := range []string{`"relu"`, "leaky", "maxpool"} {
		if strings.Contains(string(text), kink) {
			return 0
		}
	}
	if strings.Contains(string(text), "conv2d") {
		return 1e-4
	}
	return bound
}

func TestGoldenFreeRun(t *testing.T) {
	for _, file := range goldenFiles(t) {
		g, c := readGolden(t, file)
		bound := kinkless(g)
		if g.Labels == nil || bound == 0 {
			continue
		}
		t.Run(name(file), func(t *testing.T) {
			f := fitter(t, c, Task{}, g.view(), dataset.View{})
			c.scatter(f.network.values, g.W.at(0))
			steps(t, f, len(g.Loss), nil)
			if d := relative(c.collect(f.network.values), g.W.at(len(g.Loss))); !(d <= bound) {
				t.Errorf("after %d steps the weights differ by %.2g, want at most %.0g", len(g.Loss), d, bound)
			}
		})
	}
}

// steps runs batches over epochs without shuffling, calling watch after each.
func steps(t *testing.T, f *Fitter, n int, watch func(step int, loss float64)) {
	t.Helper()
	f.arrange()
	for step := range n {
		f.now.Batch = step % f.batches()
		f.now.LossSum, f.now.Rows = 0, 0
		if err := f.step(); err != nil {
			t.Fatal(err)
		}
		if watch != nil {
			watch(step, f.now.LossSum/float64(f.now.Rows))
		}
	}
}

// TestGoldenLargeNets runs nets of the reported sizes freely. What is compared at each step are the loss, and
// of every variable's gradient and update the norm and a projection.
func TestGoldenLargeNets(t *testing.T) {
	for _, file := range goldenFiles(t) {
		g, c := readGolden(t, file)
		if g.Labels != nil || g.Stepped {
			continue
		}
		t.Run(name(file), func(t *testing.T) {
			// The bound on the whole way is that of free runs. Single steps keep 1e-4, and what a free run has drifted
			// by then.
			const bound = 1e-4
			free, count := kinkless(g), len(g.Loss)
			f := fitter(t, c, Task{}, g.generated(), dataset.View{})
			c.scatter(f.network.values, g.initial(c))
			before := slices.Clone(f.network.values)
			last := slices.Clone(before)
			worst := 0.0
			steps(t, f, count, func(step int, loss float64) {
				worst = max(worst, math.Abs(loss/g.Loss[step]-1))
				g.compare(t, c, "gradient", step, f.network.gradients, g.Gradients[step], bound*drift(step))
				g.compare(t, c, "update", step, sub(f.network.values, last), g.Updates[step], bound*drift(step))
				copy(last, f.network.values)
			})
			if worst > 1e-5 {
				t.Errorf("loss differs by %.2g", worst)
			}
			g.compare(t, c, "way", count, sub(f.network.values, before), g.Travelled, free)
		})
	}
}

// drift is what a free run adds to the differences of single steps.
func drift(step int) float64 {
	if step < 2 {
		return 1
	}
	return 10
}

// compare holds norms and projections of each variable against the golden ones, relative to the norm. What
// nearly cancels (a bias before a normalisation) has no digits of its own: below a twentieth of the whole
// norm, that counts.
func (g golden) compare(t *testing.T, c *Config, what string, step int, flat []float32, want [][2]float64, bound float64) {
	t.Helper()
	whole := 0.0
	for _, w := range want {
		whole += sq(w[0])
	}
	whole = math.Sqrt(whole)
	i := 0
	for _, v := range c.variables {
		if !v.trainable {
			continue
		}
		var norm, projection float64
		values := v.unpack(nil, flat)
		signs := lcg(5000+uint32(i), len(values))
		for j, x := range values {
			norm += sq(float64(x))
			if signs[j] > 0.5 {
				projection += float64(x)
			} else if signs[j] < 0.5 {
				projection -= float64(x)
			}
		}
		norm = math.Sqrt(norm)
		// A projection on n signs is of the order of the norm; errors add up to √n of an element's.
		scale := max(want[i][0], 0.05*whole)
		if !(math.Abs(projection-want[i][1]) <= 10*bound*scale) || !(math.Abs(norm-want[i][0]) <= bound*scale) {
			t.Errorf("step %d: %s of %s: norm %.8g and projection %.8g, want %.8g and %.8g", step, what, v.name, norm, projection, want[i][0], want[i][1])
		}
		i++
	}
}

// lcg gives numbers in [0, 1) as golden.py's generator does.
func lcg(state uint32, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		state = state*1664525 + 1013904223
		out[i] = float64(state>>8) / (1 << 24)
	}
	return out
}

// generated are a reported net's rows.
func (g golden) generated() dataset.View {
	n := g.Rows * int(size(g.Shape))
	v := dataset.View{
		Rows: &dataset.Rows{N: g.Rows, Pixels: make([]byte, n), Labels: make([]int32, g.Rows)},
		Prep: &dataset.Preprocessing{Kind: dataset.Images, Scale: dataset.Unit, Shape: g.Shape},
	}
	for i, u := range lcg(77, n) {
		v.Rows.Pixels[i] = byte(u * 256)
	}
	for i, u := range lcg(78, g.Rows) {
		v.Rows.Labels[i] = int32(u * float64(g.Classes))
	}
	return v
}

// initial are a reported net's first weights, as golden.py's function of that name.
func (g golden) initial(c *Config) []float32 { return g.initialFrom(c, 1) }

func (g golden) initialFrom(c *Config, state uint32) (values []float32) {
	for _, v := range c.variables {
		if !v.trainable {
			continue
		}
		limit := 0.0
		if v.cols > 0 {
			limit = math.Sqrt(6 / float64(v.fanIn+v.fanOut))
		}
		for _, u := range lcg(state, v.elements()) {
			u = u*2 - 1
			switch {
			case v.cols > 0:
				u *= limit
			case strings.HasSuffix(v.name, ".gamma"):
				u = u*0.1 + 1
			default:
				u *= 0.1
			}
			values = append(values, float32(u))
		}
		state += 101
	}
	return values
}

// UnmarshalJSON reads {"shape": …, "data": base64}.
func (a *goldenArray) UnmarshalJSON(text []byte) error {
	var raw struct {
		Shape []int
		Data  string
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(raw.Data)
	a.Shape, a.Data = raw.Shape, data
	return err
}
