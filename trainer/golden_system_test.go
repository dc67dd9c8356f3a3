package trainer

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"flag"
	"io"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"espalier/trainer/dataset"
)

// goldenSigns is the number of projections of each gradient and update in the stepped goldens.
const goldenSigns = 8

// TestGoldenSystems takes single steps of the reported nets, each from a state that golden.py and this
// test make of the step's number. From the projections on random signs it estimates the relative norm of
// the difference of the whole gradient, and of the whole update.
func TestGoldenSystems(t *testing.T) {
	for _, file := range goldenFiles(t) {
		g, c := readGolden(t, file)
		if !g.Stepped {
			continue
		}
		t.Run(name(file), func(t *testing.T) {
			f := fitter(t, c, Task{}, g.generated(), dataset.View{})
			f.arrange()
			var losses, gradients, updates []float64
			for step := range g.steps() {
				w := g.initialFrom(c, 1+7919*uint32(step))
				m := c.generate(20000+7919*uint32(step), func(u float64) float64 { return (u*2 - 1) * 0.01 })
				v := c.generate(60000+7919*uint32(step), func(u float64) float64 { return (u + 1) * 1e-4 })
				loss, update := stepFrom(t, c, f, step, w, m, v)
				losses = append(losses, math.Abs(loss/g.Loss[step]-1))
				gradients = append(gradients, g.difference(c, step, f.network.gradients, g.G))
				updates = append(updates, g.difference(c, step, update, g.W))
			}
			check(t, "loss", losses, 0, 1e-5, 1e-5)
			check(t, "gradient", gradients, g.kinks(g.steps()), 1e-4, 1e-2)
			check(t, "update", updates, g.kinks(g.steps()), 1e-4, 1e-2)
		})
	}
}

// stepFrom takes a step from weights and Adam's moments in C order, and gives its loss and the update as it lies.
func stepFrom(t *testing.T, c *Config, f *Fitter, step int, w, m, v []float32) (loss float64, update []float32) {
	t.Helper()
	c.scatter(f.network.values, w)
	before := slices.Clone(f.network.values)
	c.scatter(f.optimizer.moments[0], m)
	c.scatter(f.optimizer.moments[1], v)
	f.now = state{Batch: step % f.batches(), Step: uint64(step)}
	if err := f.step(); err != nil {
		t.Fatal(err)
	}
	return f.now.LossSum / float64(f.now.Rows), sub(f.network.values, before)
}

var torchPython = flag.String("torch", "", "the Python that has numpy and torch: the reported nets follow a training of PyTorch's")

// TestAlongTorch takes the 50 steps of trainings that PyTorch does meanwhile in golden.py, each from PyTorch's weights and
// moments before it: the states of a training, where TestGoldenSystems has random ones. The differences are those of the
// whole gradient and update.
//
// Adam divides by the root of its moments, so it makes steps of rounding where there is no gradient, and that is so in two
// places. A shift that batch normalisation takes away again, as the bias of a convolution before it, has a gradient of zero
// of which PyTorch's float64 has some 1e-17 and a float32 some 1e-8: no update to compare with. And a weight that met no
// pixel has one of zero exactly, but Winograd's algorithm adds and subtracts others' products there. All elements with a
// gradient are compared as they are; those without one may not be far from zero, nor the shifts' updates more than four
// times as far from PyTorch's float64 as all of its own float32 are.
func TestAlongTorch(t *testing.T) {
	if *torchPython == "" {
		t.Skip("-torch is not set")
	}
	for _, file := range goldenFiles(t) {
		g, _ := readGolden(t, file)
		if !g.Stepped {
			continue
		}
		const batch, bound = 8, 1e-4
		steps := len(g.Loss)
		g.Rows, g.Params["batch_size"] = batch*steps, int64(batch)
		c := compile(t, Spec{Layers: g.Layers, Values: g.Params}, g.Shape, g.Classes)
		t.Run(name(file), func(t *testing.T) {
			torch := exec.Command(*torchPython, "golden.py", "along", name(file))
			torch.Dir, torch.Stderr = "testdata", os.Stderr
			out, err := torch.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := torch.Start(); err != nil {
				t.Fatal(err)
			}
			from := bufio.NewReaderSize(out, 1<<20)
			f := fitter(t, c, Task{}, g.generated(), dataset.View{})
			f.arrange()
			read := func(data any) {
				if err := binary.Read(from, binary.LittleEndian, data); err != nil {
					t.Fatal(err)
				}
			}
			variables := len(c.collect(f.network.values))
			next := func() []float32 {
				values := make([]float32, variables)
				read(values)
				return values
			}
			var losses, gradients, updates, shifts, zeros []float64
			var zero, rounding []int
			for step := range steps {
				var want float64
				read(&want)
				w, m, v := next(), next(), next()
				loss, flat := stepFrom(t, c, f, step, w, m, v)
				losses = append(losses, math.Abs(loss/want-1))
				gradient, update := next(), c.collect(flat)
				ours := c.collect(f.network.gradients)
				gradients = append(gradients, relative(ours, gradient))
				wanted := next()
				var theirs float64
				read(&theirs)
				zero, rounding = withoutGradient(gradient, v)
				stray, shift := 0., slices.Clone(wanted)
				for _, i := range zero {
					stray = max(stray, math.Abs(float64(ours[i])))
					update[i] = 0
				}
				for _, i := range rounding {
					shift[i], update[i] = update[i], wanted[i]
				}
				updates = append(updates, relative(update, wanted))
				shifts = append(shifts, relative(shift, wanted)/theirs)
				zeros = append(zeros, stray/largest(gradient))
			}
			if n, err := io.Copy(io.Discard, from); n != 0 || err != nil {
				t.Errorf("%d bytes behind the last step, %v", n, err)
			}
			if err := torch.Wait(); err != nil {
				t.Fatal(err)
			}
			check(t, "loss", losses, 0, 1e-5, 1e-5)
			check(t, "gradient", gradients, g.kinks(steps), bound, 2e-2)
			check(t, "update", updates, g.kinks(steps), bound, 2e-2)
			t.Logf("at the end %d of %d variables have no gradient, and %d but rounding", len(zero), variables, len(rounding))
			check(t, "update of shifts, for PyTorch's float32,", shifts, 2, 4, 10)
			check(t, "gradient of zero, for the largest,", zeros, 0, 1e-6, 1e-6)
			if len(rounding) > 100 {
				t.Errorf("%d variables are taken for shifts", len(rounding))
			}
		})
	}
}

// withoutGradient lists the elements whose gradient and second moment are zero, and those of which a step's moment is but
// a float64's rounding.
func withoutGradient(gradient, v []float32) (zero, rounding []int) {
	for i, g := range gradient {
		switch root := math.Sqrt(0.999*float64(v[i]) + 0.001*sq(float64(g))); {
		case root == 0:
			zero = append(zero, i)
		case root < 1e-9:
			rounding = append(rounding, i)
		}
	}
	return zero, rounding
}

// largest is the largest magnitude.
func largest(values []float32) (most float64) {
	for _, v := range values {
		most = max(most, math.Abs(float64(v)))
	}
	return most
}

// kinks is how many of some steps may have a pixel within rounding of a kink of ReLU, or two of a window's maximum
// that are all but equal: they fall this way or that, and the step's gradient is off by what one pixel counts. It is
// one in 25 of a convolutional net (of 50 there is one in cnn_1, and along PyTorch's trainings one in cnn_2 and
// cnn_3), and one more with direct convolutions, whose roundings lie elsewhere: the fourth of cnn_2, and three of its 50 along
// PyTorch's. Dense nets, with a hundred times fewer places for it, have none.
func (g golden) kinks(steps int) int {
	text, _ := json.Marshal(g.Layers)
	if !strings.Contains(string(text), "conv2d") {
		return 0
	}
	n := steps / 25
	if os.Getenv("ESPALIER_CONV") == "direct" {
		n++
	}
	return n
}

// check holds the differences of all steps but so many against a bound, and these against a limit.
func check(t *testing.T, what string, differences []float64, exceptions int, bound, limit float64) {
	t.Helper()
	slices.Sort(differences)
	n := len(differences)
	usual, worst := differences[n-1-exceptions], differences[n-1]
	t.Logf("%s: median %.2g, but for %d of %d steps %.2g, worst %.2g", what, differences[n/2], exceptions, n, usual, worst)
	if !(usual <= bound) || !(worst <= limit) {
		t.Errorf("%s differs by %.2g but for %d of %d steps and by %.2g in the worst, want %.0g and %.0g", what, usual, exceptions, n, worst, bound, limit)
	}
}

// steps is how many are taken: a few, or with -long all 50.
func (g golden) steps() int {
	if *long {
		return len(g.Loss)
	}
	return min(5, len(g.Loss))
}

// generate makes C-order values of all trainable variables of the generator's numbers.
func (c *Config) generate(seed uint32, f func(u float64) float64) (values []float32) {
	i := uint32(0)
	for _, v := range c.variables {
		if v.trainable {
			for _, u := range lcg(seed+i, v.elements()) {
				values = append(values, float32(f(u)))
			}
			i++
		}
	}
	return values
}

// difference estimates ‖have − want‖/‖want‖ over all variables of one step.
func (g golden) difference(c *Config, step int, flat []float32, want goldenArray) float64 {
	row := readFloats(want.Data)[step*len(g.Variables)*(goldenSigns+1):]
	var whole, differ float64
	i := uint32(0)
	for _, v := range c.variables {
		if !v.trainable {
			continue
		}
		var projections [goldenSigns]float64
		state := 5000 + i
		for _, x := range v.unpack(nil, flat) {
			state = state*1664525 + 1013904223
			for j := range projections {
				if state>>(16+j)&1 == 1 {
					projections[j] += float64(x)
				} else {
					projections[j] -= float64(x)
				}
			}
		}
		whole += sq(float64(row[0]))
		for j, p := range projections {
			differ += sq(p-float64(row[1+j])) / goldenSigns
		}
		row = row[goldenSigns+1:]
		i++
	}
	return math.Sqrt(differ / whole)
}
