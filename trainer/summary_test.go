package trainer

import (
	"fmt"
	"strings"
	"testing"
)

func TestSummaryOfTheReportedMLP(t *testing.T) {
	c := compile(t, reportedMLP(nil), []int{28, 28, 1}, 10)
	s := c.Summary()
	var rows []string
	for _, l := range s.Layers {
		rows = append(rows, fmt.Sprint(l.Name, " ", l.Type, " ", l.Output, " ", l.Params))
	}
	want := `dense Dense [128] 100480
dropout Dropout [128] 0
dense_1 Dense [64] 8256
dropout_1 Dropout [64] 0
dense_2 Dense [10] 650`
	if got := strings.Join(rows, "\n"); got != want {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	if s.Total != 109386 || s.Trainable != 109386 || s.NonTrainable != 0 {
		t.Errorf("%d parameters, %d trainable", s.Total, s.Trainable)
	}
}

func TestSummaryOfBatchNorm(t *testing.T) {
	s := compile(t, mlp(nil), []int{9}, 4).Summary()
	if bn := s.Layers[2]; bn.Params != 4*24 || bn.Name != "batch_normalization" || s.NonTrainable != 2*24 {
		t.Errorf("%+v", s)
	}
}

func TestCost(t *testing.T) {
	c := compile(t, reportedMLP(fieldsOf{"batch_size": int64(128)}), []int{28, 28, 1}, 10)
	cost := c.Cost()
	// The first layer has no input gradient.
	if want := int64(4*784*128 + 6*128*64 + 6*64*10); cost.FLOPsPerRow != want || cost.Parameters != 109386 {
		t.Errorf("%+v, want %d FLOPs", cost, want)
	}
	if memory := c.Memory(1000, 1); memory < 4*109386*4 || memory > 8<<20 {
		t.Errorf("memory %d", memory)
	}
}

func TestSummaryOfTheReportedCNNs(t *testing.T) {
	for number, want := range map[int][2]int64{1: {120170, 120170}, 2: {840586, 838154}, 3: {246154, 243850}, 4: {120234, 119978}} {
		s := compile(t, reportedCNN(number, nil), []int{28, 28, 1}, 10).Summary()
		if s.Total != want[0] || s.Trainable != want[1] || s.NonTrainable != want[0]-want[1] {
			t.Errorf("cnn %d: %d parameters, %d trainable; reported %v", number, s.Total, s.Trainable, want)
		}
	}
}

func TestSummaryOfAResidualBlock(t *testing.T) {
	c := compile(t, spec(nil, convLayer(8), fieldsOf{"type": "residual", "layers": []any{
		fieldsOf{"type": "conv2d", "filters": int64(12), "kernel_size": int64(3), "strides": int64(2), "padding": "same"}, fieldsOf{"type": "batchnorm"},
	}}, fieldsOf{"type": "global_avg_pool"}, denseLayer("$classes", "softmax")), []int{9, 8, 3}, 10)
	s := c.Summary()
	// 3×3 convolution, normalisation, 1×1 projection with stride 2.
	if block := s.Layers[1]; block.Params != 8*12*9+12+4*12+8*12+12 || fmt.Sprint(block.Output) != "[5 4 12]" {
		t.Errorf("%+v", block)
	}
	if names := fmt.Sprint(c.weights(make([]float32, c.trainable), make([]float32, c.moving)).tensors[3].Name); names != "layers.1.layers.0.bias" {
		t.Errorf("%s", names)
	}
}
