package trainer

import "fmt"

// Summary is the layer table as Keras prints it.
type Summary struct {
	Layers                         []LayerSummary
	Total, Trainable, NonTrainable int64
}

// LayerSummary is one row of a Summary.
type LayerSummary struct {
	Name, Type string // "dense_1", "Dense"
	Output     []int  // without the batch dimension
	Params     int64
}

// kerasNames are the class of each layer type and the stem of its instances' names.
var kerasNames = map[string][2]string{
	kindDense:      {"Dense", "dense"},
	kindConv:       {"Conv2D", "conv2d"},
	kindMaxPool:    {"MaxPooling2D", "max_pooling2d"},
	kindAvgPool:    {"AveragePooling2D", "average_pooling2d"},
	kindGlobalPool: {"GlobalAveragePooling2D", "global_average_pooling2d"},
	kindDropout:    {"Dropout", "dropout"},
	kindBatchNorm:  {"BatchNormalization", "batch_normalization"},
	kindFlatten:    {"Flatten", "flatten"},
	kindActivation: {"Activation", "activation"},
	kindResidual:   {"Residual", "residual"},
}

// Summary is the layer table. A residual block is one row; its layers' parameters count there.
func (c *Config) Summary() Summary {
	var s Summary
	seen := map[string]int{}
	for _, l := range c.layers {
		names := kerasNames[l.kind]
		row := LayerSummary{Name: names[1], Type: names[0], Output: l.out}
		if n := seen[l.kind]; n > 0 {
			row.Name = fmt.Sprintf("%s_%d", names[1], n)
		}
		seen[l.kind]++
		visitLayers([]*layer{l}, func(l *layer) {
			for i := range l.variables {
				n := int64(l.variables[i].elements())
				row.Params += n
				if l.variables[i].trainable {
					s.Trainable += n
				} else {
					s.NonTrainable += n
				}
			}
		})
		s.Layers = append(s.Layers, row)
	}
	s.Total = s.Trainable + s.NonTrainable
	return s
}
