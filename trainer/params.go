package trainer

import (
	"maps"
	"math"
	"slices"
)

// Params are the training parameters of a config, typed, defaults filled in.
type Params struct {
	BatchSize      int
	Epochs         int
	Optimizer      string // sgd rmsprop adam adamw nadam adagrad
	LearningRate   float64
	Momentum       float64 // sgd
	Nesterov       bool    // sgd
	WeightDecay    float64 // decoupled: w ← w − lr·wd·w before each update
	L2             float64 // adds λΣw² of the kernels to the loss
	Loss           string  // categorical_crossentropy
	LabelSmoothing float64
	Schedule       Schedule
	EarlyStopping  *EarlyStopping
	Shuffle        bool
	Initializer    string
	EMA            float64 // decay of the moving average of the weights; 0: none
	Augment        Augment
}

// The names of the parameters. Any other name is an ordinary one, used by "$references".
const (
	paramBatchSize      = "batch_size"
	paramEpochs         = "epochs"
	paramOptimizer      = "optimizer"
	paramLearningRate   = "learning_rate"
	paramMomentum       = "momentum"
	paramNesterov       = "nesterov"
	paramWeightDecay    = "weight_decay"
	paramL2             = "l2"
	paramLoss           = "loss"
	paramLabelSmoothing = "label_smoothing"
	paramSchedule       = "schedule"
	paramEarlyStopping  = "early_stopping"
	paramShuffle        = "shuffle"
	paramInitializer    = "initializer"
	paramEMA            = "ema"
	paramFlip           = "augment_flip"
	paramShift          = "augment_shift"
	paramCutout         = "augment_cutout"
)

var paramNames = []string{
	paramFlip, paramCutout, paramShift, paramBatchSize, paramEarlyStopping, paramEMA, paramEpochs, paramInitializer,
	paramL2, paramLabelSmoothing, paramLearningRate, paramLoss, paramMomentum, paramNesterov, paramOptimizer,
	paramSchedule, paramShuffle, paramWeightDecay,
}

// later are parameters that came after the first release's keys were fixed: at
// their default they stay out of the effective parameters, so that the keys of
// stored trials do not change with them.
var later = []string{paramEMA, paramFlip, paramShift, paramCutout}

// IsParam tells whether the trainer gives the name a meaning (batch_size, optimizer, …).
func IsParam(name string) bool { return slices.Contains(paramNames, name) }

// ParamNames lists the names that IsParam knows.
func ParamNames() []string { return slices.Clone(paramNames) }

// maxCount bounds counts that multiply each other later (epochs × steps).
const maxCount = 1 << 31

// readParams reads the trainer's own parameters out of values; other names are left alone.
func readParams(values map[string]any) (p Params, effective map[string]any, problems []Problem) {
	f := &fields{table: values}
	p.BatchSize = int(f.count(paramBatchSize, 32))
	p.Epochs = int(f.count(paramEpochs, 1))
	p.Optimizer = f.choice(paramOptimizer, "adam", optimizerNames, nil)
	rule := optimizers[p.Optimizer]
	p.LearningRate = f.real(paramLearningRate, rule.learningRate, positive)
	p.Momentum = f.real(paramMomentum, 0, fraction)
	p.Nesterov = f.truth(paramNesterov, false)
	p.WeightDecay = f.real(paramWeightDecay, rule.weightDecay, nonNegative)
	p.L2 = f.real(paramL2, 0, nonNegative)
	p.Loss = f.choice(paramLoss, lossName, []string{lossName}, map[string]string{"sparse_categorical_crossentropy": lossName})
	p.LabelSmoothing = f.real(paramLabelSmoothing, 0, fraction)
	p.Shuffle = f.truth(paramShuffle, true)
	p.Initializer = f.choice(paramInitializer, "glorot_uniform", initializerNames, nil)
	p.EMA = f.real(paramEMA, 0, fraction)
	p.Augment.Flip = f.truth(paramFlip, false)
	p.Augment.Shift = int(f.integer(paramShift, 0, 0))
	p.Augment.Cutout = int(f.integer(paramCutout, 0, 0))
	p.Schedule = readSchedule(f)
	p.EarlyStopping = readEarlyStopping(f)
	return p, f.resolved, f.problems
}

// lossName is the one loss there is: from logits, as Keras computes it behind a softmax.
const lossName = "categorical_crossentropy"

// count reads a whole number of at least 1 that is small enough to multiply with others.
func (f *fields) count(name string, fallback int64) int64 {
	n := f.integer(name, fallback, 1)
	if n > maxCount {
		f.report(name, "", "must be at most %d, have %d", int64(maxCount), n)
		n = fallback
		f.set(name, n)
	}
	return n
}

// Effective fills in defaults and canonicalises (3.0 → 3, defaults written out), for
// the content key of a point. A value that is wrong is left as it is; Compile reports it.
func Effective(values map[string]any) map[string]any {
	_, effective, problems := readParams(values)
	out := maps.Clone(effective)
	for name, v := range values {
		if !IsParam(name) {
			if x, isReal := v.(float64); isReal {
				if n, whole := asInteger(x); whole {
					v = n
				}
			}
			out[name] = v
		}
	}
	for _, p := range problems {
		if v, given := values[p.Param]; given {
			out[p.Param] = v
		}
	}
	for _, name := range later {
		switch v := out[name]; v {
		case false, int64(0), 0.0:
			delete(out, name)
		}
	}
	return out
}

// CheckParam checks one value of one parameter by itself. A name without meaning
// to the trainer has no problems here: the layers that refer to it decide.
func CheckParam(name string, value any) []Problem {
	if !IsParam(name) {
		return nil
	}
	_, _, problems := readParams(map[string]any{name: value})
	return problems
}

// ineffective warns of parameters that change nothing where they stand.
func ineffective(p Params, values map[string]any, shape []int) (warnings []Problem) {
	warn := func(name, message string) {
		warnings = append(warnings, Problem{Param: name, Message: message, Warning: true})
	}
	given := func(name string) bool { _, ok := values[name]; return ok }
	if p.Momentum != 0 && p.Optimizer != "sgd" {
		warn(paramMomentum, "momentum has no effect with optimizer "+quote(p.Optimizer))
	}
	if p.Nesterov && (p.Optimizer != "sgd" || p.Momentum == 0) {
		if p.Optimizer != "sgd" {
			warn(paramNesterov, "nesterov has no effect with optimizer "+quote(p.Optimizer))
		} else {
			warn(paramNesterov, "nesterov has no effect without momentum")
		}
	}
	if len(shape) != 3 {
		for _, name := range []string{paramFlip, paramShift, paramCutout} {
			if v, _ := asReal(values[name]); given(name) && (values[name] == true || v > 0) {
				warn(name, name+" has no effect on rows that are no images")
			}
		}
	}
	if e := p.EarlyStopping; e != nil && !e.RestoreBest && e.Patience >= p.Epochs && !math.IsNaN(e.MinDelta) {
		warn(paramEarlyStopping, "early_stopping has no effect: its patience is not below the number of epochs")
	}
	return warnings
}
