package trainer

// The reported systems as layers of a sweep file, dropout rates of our choice.

func convLayer(filters int) map[string]any {
	return fieldsOf{"type": "conv2d", "filters": int64(filters), "kernel_size": int64(3), "padding": "same", "activation": "relu"}
}

func reportedCNN(number int, values map[string]any) Spec {
	pool, norm, flat, drop := fieldsOf{"type": "maxpool2d"}, fieldsOf{"type": "batchnorm"}, fieldsOf{"type": "flatten"}, dropoutLayer(0.25)
	out := denseLayer("$classes", "softmax")
	switch number {
	case 1:
		return spec(values, convLayer(64), pool, convLayer(32), pool, flat, denseLayer(int64(64), "relu"), out)
	case 2:
		return spec(values, convLayer(32), pool, convLayer(64), pool, drop, norm, convLayer(128), convLayer(128), pool, drop, flat, norm,
			denseLayer(int64(512), "relu"), drop, out)
	case 3:
		return spec(values, convLayer(32), pool, drop, convLayer(64), pool, drop, convLayer(128), pool, drop, flat, norm,
			denseLayer(int64(128), "relu"), drop, out)
	}
	return spec(values, convLayer(32), pool, drop, convLayer(32), pool, drop, convLayer(64), pool, drop, convLayer(128), pool, drop, flat, norm,
		denseLayer(int64(128), "relu"), drop, out)
}
