package trainer

// LayerForm is what one layer computes in inference: enough for an exporter to say it in another format. Names of
// kinds and activations are those of the sweep file; which fields mean something depends on Kind, the rest are zero.
type LayerForm struct {
	Kind string
	Name string // "layers.3", or "layers.3.layers.0" in a residual block: what its tensors' names begin with
	Key  string // "model.layers[3]": its place in the sweep file, for messages

	In, Out       []int  // without the batch dimension: [features] or [H W C]
	Size, Strides [2]int // of windows, height first
	Before, After [2]int // rows and columns of zeros around the map ("same"), height first; pools ignore them
	Activation    string // after all else; "" where the kind has none
	Epsilon       float64

	Inner      []LayerForm // residual: the block's own layers
	Projection *LayerForm  // residual: the layer of the shortcut; nil: the input itself
}

// Forms gives the layers in order. A tensor of Weights belongs to the layer whose Name it begins with: kernel and bias,
// or gamma, beta, moving_mean and moving_variance, as far as the layer has them.
func (c *Config) Forms() []LayerForm { return forms(c.layers) }

func forms(layers []*layer) []LayerForm {
	var out []LayerForm
	for _, l := range layers {
		out = append(out, l.form())
	}
	return out
}

func (l *layer) form() LayerForm {
	f := LayerForm{
		Kind: l.kind, Name: l.path, Key: l.key, In: l.in, Out: l.out, Size: l.size,
		Activation: l.activation, Epsilon: l.epsilon, Inner: forms(l.inner),
	}
	switch l.kind {
	case kindConv, kindMaxPool, kindAvgPool:
		f.Strides = l.steps()
		for d := range 2 {
			if l.same { // as in TensorFlow: what does not divide by two is at the end
				all := max((l.out[d]-1)*f.Strides[d]+l.size[d]-l.in[d], 0)
				f.Before[d], f.After[d] = all/2, all-all/2
			}
		}
	}
	if l.projection != nil {
		p := l.projection.form()
		f.Projection = &p
	}
	return f
}
