package trainer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"espalier/trainer/dataset"
)

// revisionDigests are of the weights after short fits, by kernel path. Where one changes, so do the
// numbers of every store: raise revision, and put the new digests here.
var revisionDigests = map[string]map[string]string{
	"avx2": fusedDigests,
	"neon": fusedDigests,
	"generic": {
		"vectors": "b7038e8255235407",
		"maps":    "04d4775dcd2790da",
	},
}

// fusedDigests hold for every path whose products are chains of fused multiply-adds.
var fusedDigests = map[string]string{
	"vectors": "7ee34fa661b89114",
	"maps":    "8befcbfac726f949",
}

func TestRevision(t *testing.T) {
	want, known := revisionDigests[Kernel()]
	if !known {
		t.Skipf("no digests for %s kernels", Kernel())
	}
	tables := [2]dataset.View{table(203, 9, 4, 1), table(80, 9, 4, 2)}
	shape := []int{14, 14, 1}
	pictures := [2]dataset.View{images(60, shape, 4, 1), images(30, shape, 4, 2)}
	augmented := fieldsOf{"batch_size": int64(16), "augment_flip": true, "augment_shift": int64(2), "augment_cutout": int64(3), "optimizer": "nadam", "schedule": "one_cycle"}
	maps := spec(augmented, convLayer(32), fieldsOf{"type": "maxpool2d"}, dropoutLayer(0.2), convLayer(32),
		fieldsOf{"type": "residual", "layers": []any{fieldsOf{"type": "conv2d", "filters": int64(40), "kernel_size": int64(5), "strides": int64(2), "padding": "same"}, fieldsOf{"type": "batchnorm"}}},
		fieldsOf{"type": "flatten"}, denseLayer(int64(30), "gelu"), dropoutLayer(0.2), denseLayer("$classes", "softmax"))
	for _, row := range []struct {
		name   string
		config *Config
		rows   [2]dataset.View
	}{
		{"vectors", compile(t, mlp(fieldsOf{"epochs": int64(2), "optimizer": "adamw", "ema": 0.9, "l2": 0.01, "label_smoothing": 0.1}), []int{9}, 4), tables},
		{"maps", compile(t, maps, shape, 4), pictures},
	} {
		m, err := Fit(context.Background(), row.config, Task{Streams: Streams{Seed: 3, Fold: 1}}, row.rows[0], row.rows[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(appendFloats(appendFloats(nil, m.values), m.moving))
		if got := hex.EncodeToString(sum[:8]); got != want[row.name] {
			t.Errorf("%s: the same inputs give other bits on %s kernels: digest %s, had %s; raise revision", row.name, Kernel(), got, want[row.name])
		}
	}
}
