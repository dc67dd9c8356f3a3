package trainer

import (
	"fmt"
	"maps"
)

// Spec is a model and its training at one point as the sweep file says it.
type Spec struct {
	Layers []map[string]any // "$name" references unresolved
	Values map[string]any   // the point's and the fixed parameters
}

// Config is a compiled spec. Treat as read-only; share freely.
type Config struct {
	Params  Params
	Shape   []int // of one row: [H W C] or [features]
	Classes int

	layers    []*layer
	canonical []map[string]any // layers with references resolved and defaults written out
	effective map[string]any   // the trainer's own parameters likewise
	variables []*variable      // all layers' in order: the order of the flat slices and of files
	trainable int              // floats of the flat slice of trainable values, padding included
	moving    int              // floats of the flat slice of moving statistics
}

// memoryLimit bounds what one fit may ask for. It only stops what is surely a mistake (a
// layer of 2^40 units) before anything is allocated; whether the machine has the memory is
// the forecast's to say.
const memoryLimit = 64 << 30

// classLimit bounds the classes: a class column with more is a number or an identifier.
const classLimit = 1024

// Compile checks a spec against the shape of the data and gives what a Fitter needs. With
// problems that are not warnings the config is nil. It allocates nothing that grows with
// the model: a layer of 2^40 units is a problem, found before any allocation.
func Compile(spec Spec, shape []int, classes int) (*Config, []Problem) {
	c := &Config{Shape: shape, Classes: classes}
	var problems []Problem
	c.Params, c.effective, problems = readParams(spec.Values)
	problems = append(problems, checkSchedule(c.Params)...)

	r := reading{values: maps.Clone(spec.Values), initializer: c.Params.Initializer}
	if r.values == nil {
		r.values = map[string]any{}
	}
	r.values[classesReference] = int64(classes)
	c.layers, c.canonical = r.readLayers(spec.Layers, "layers", "model.layers")
	problems = append(problems, r.problems...)
	problems = append(problems, checkData(shape, classes)...)
	problems = append(problems, c.Params.Augment.check(shape)...)
	if fatal(problems) {
		return nil, problems
	}

	n := inference{shape: shape, raw: true}
	if n.walk(c.layers) {
		n.problems = append(n.problems, c.checkOutput()...)
	}
	problems = append(problems, n.problems...)
	if fatal(problems) {
		return nil, problems
	}
	if p := c.checkLeast(); p != nil {
		return nil, append(problems, *p)
	}
	c.placeVariables()
	if c.trainable == 0 {
		return nil, append(problems, Problem{Path: "model.layers", Message: "no layer has weights to train"})
	}
	if p := c.checkMemory(); p != nil {
		return nil, append(problems, *p)
	}
	return c, append(problems, ineffective(c.Params, spec.Values, shape)...)
}

// checkData refuses shapes and class counts that no layer could work on.
func checkData(shape []int, classes int) (problems []Problem) {
	if len(shape) != 1 && len(shape) != 3 {
		problems = append(problems, Problem{Message: "rows of shape " + formatShape(shape) + ": want [features] or [height width channels]"})
	}
	product := int64(1)
	for _, d := range shape {
		if d < 1 {
			return append(problems, Problem{Message: "rows of shape " + formatShape(shape) + " hold nothing"})
		}
		product = saturate(product, int64(d))
	}
	if product > 1<<30 {
		problems = append(problems, Problem{Message: "rows of shape " + formatShape(shape) + " are too large"})
	}
	if classes < 2 {
		problems = append(problems, Problem{Message: fmt.Sprintf("%d class: nothing to tell apart", classes)})
	}
	if classes > classLimit {
		problems = append(problems, Problem{Message: fmt.Sprintf("%d classes, at most %d: is the class column a number or an identifier?", classes, classLimit)})
	}
	return problems
}

// checkSchedule looks at a schedule beside the number of epochs.
func checkSchedule(p Params) []Problem {
	s := p.Schedule
	if s.Type == "cosine" && s.Warmup >= float64(p.Epochs) || s.Type == "one_cycle" && s.Warmup > float64(p.Epochs) {
		return []Problem{{Param: paramSchedule, Message: fmt.Sprintf("warmup: %g epochs of %d leave none for %s", s.Warmup, p.Epochs, s.Type)}}
	}
	return nil
}

// checkOutput asks for $classes outputs behind a softmax, and for none elsewhere.
func (c *Config) checkOutput() (problems []Problem) {
	if len(c.layers) == 0 {
		return []Problem{{Path: "model.layers", Message: "no layers"}}
	}
	last := c.layers[len(c.layers)-1]
	switch {
	case last.activation != "softmax" || last.kind == kindResidual:
		have := last.kind
		if last.activation != "" {
			have += " with activation " + quote(last.activation)
		}
		problems = append(problems, Problem{Path: last.key, Message: fmt.Sprintf("the last layer must end in softmax, it is %s", have), Known: []string{"softmax"}})
	case len(last.out) != 1 || last.out[0] != c.Classes:
		problems = append(problems, Problem{Path: last.key, Message: fmt.Sprintf("the last layer gives %s, the data has %d classes: units = \"$classes\" follows the data",
			formatShape(last.out), c.Classes)})
	}
	visitLayers(c.layers, func(l *layer) {
		if l.activation == "softmax" && l != last {
			problems = append(problems, Problem{Path: l.key, Message: "softmax is for the last layer only"})
		}
	})
	return problems
}

// checkLeast refuses a fit that cannot be meant by what it needs at least. What comes after may reckon with int.
func (c *Config) checkLeast() *Problem {
	floats := saturate(evaluationRows, size(c.Shape))
	visitLayers(c.layers, func(l *layer) { floats = min(enough, floats+l.least()) })
	return c.tooLarge(saturate(4, floats))
}

// checkMemory refuses a fit that cannot be meant by what it would take. Batches are counted up to 128 rows
// here, since a batch larger than the data is cut to it; NewFitter counts all.
func (c *Config) checkMemory() *Problem { return c.tooLarge(c.Memory(evaluationRows, 1)) }

// tooLarge is the problem of a fit that needs more bytes than can be meant, nil where it does not.
func (c *Config) tooLarge(need int64) *Problem {
	if need <= memoryLimit {
		return nil
	}
	// The layer to name: the first that is too large by itself, else the largest.
	var worst *layer
	var most int64
	visitLayers(c.layers, func(l *layer) {
		if bytes := saturate(4, l.least()); worst == nil || bytes > most && most <= memoryLimit {
			worst, most = l, bytes
		}
	})
	return &Problem{Path: worst.key, Message: fmt.Sprintf("training would need %s or more, beyond the limit of %s; this layer alone %s",
		formatBytes(need), formatBytes(memoryLimit), formatBytes(most))}
}

// placeVariables gives every variable its place in the flat slices.
func (c *Config) placeVariables() {
	visitLayers(c.layers, func(l *layer) {
		for i := range l.variables {
			v := &l.variables[i]
			if l.kind == kindConv && v.cols > 0 {
				filter := l.convolution()
				v.filter = &filter
			}
			v.length = int(v.size())
			total := &c.moving
			if v.trainable {
				total = &c.trainable
			}
			v.offset = *total
			*total += v.length
			c.variables = append(c.variables, v)
		}
	})
}

// visitLayers calls visit for every layer in order, those of residual blocks and their
// projections after the block itself.
func visitLayers(layers []*layer, visit func(*layer)) {
	for _, l := range layers {
		visit(l)
		visitLayers(l.inner, visit)
		if l.projection != nil {
			visit(l.projection)
		}
	}
}

// SharesPrefix tells whether a run of more epochs passes through this configuration's
// states; false where the schedule depends on the total of epochs.
func (c *Config) SharesPrefix() bool { return !c.Params.Schedule.usesTotal() }

// Spec gives the config as a spec with everything resolved and every default written out: what a
// model file keeps, and what exporters read. Compile of it gives the same config.
func (c *Config) Spec() Spec {
	return Spec{Layers: c.canonical, Values: c.effective}
}
