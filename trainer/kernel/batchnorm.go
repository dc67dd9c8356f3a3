package kernel

// BatchStats is the mean and the biased variance of every column, in two passes: sums as in
// ColumnSums, then squares of the differences. Both vectors are padded; their tails get zeros.
func BatchStats(mean, variance []float32, x Matrix) { active().batchStats(mean, variance, x) }

// Normalize is y = (x - mean)·scale + shift by column, y may be x. With scale = gamma/√(variance+ε)
// and shift = beta it is batch normalisation. The vectors are padded with zeros.
func Normalize(y, x Matrix, mean, scale, shift []float32) {
	active().normalize(y, x, mean, scale, shift)
}

// BatchNorm is what the backward pass of a batch normalisation knows of its forward pass, by column,
// padded with zeros.
type BatchNorm struct {
	Mean   []float32 // of the batch
	InvStd []float32 // 1/√(variance+ε)
	Gamma  []float32
}

// BatchNormBackward is the gradient through a normalisation by the batch's own mean and variance:
//
//	dgamma = Σ dy·x̂,  dbeta = Σ dy,  dx = gamma·invstd·(dy - dbeta/n - x̂·dgamma/n),  x̂ = (x-mean)·invstd
//
// dx may be dy. x is the input of the forward pass.
func BatchNormBackward(dx, dy, x Matrix, n BatchNorm, dgamma, dbeta []float32) {
	active().batchNormBackward(dx, dy, x, n, dgamma, dbeta)
}

func (t tier) batchStats(mean, variance []float32, x Matrix) {
	checkColumns("BatchStats", x, mean, variance)
	n := float64(max(x.Rows, 1))
	for p := range x.panels() {
		var sum, square [Width]float64
		data := x.Data[p*x.PanelStride:]
		for r := 0; r < x.Rows; r += sumRows {
			var part [Width]float32
			t.sumPanel(&part, min(sumRows, x.Rows-r), data[r*x.RowStride:], x.RowStride)
			addWide(&sum, &part)
		}
		narrow(mean[p*Width:], &sum, n)
		for r := 0; r < x.Rows; r += sumRows {
			var part [Width]float32
			t.squarePanel(&part, (*[Width]float32)(mean[p*Width:]), min(sumRows, x.Rows-r), data[r*x.RowStride:], x.RowStride)
			addWide(&square, &part)
		}
		narrow(variance[p*Width:], &square, n)
	}
}

func (t tier) normalize(y, x Matrix, mean, scale, shift []float32) {
	sameShape("Normalize", y, x)
	checkColumns("Normalize", x, mean, scale, shift)
	// Row blocks outside, panels inside: in the row layout a block stays in the cache for all panels.
	for r := 0; r < x.Rows; r += sumRows {
		n := min(sumRows, x.Rows-r)
		for p := range x.panels() {
			t.normalizePanel(n, y.Data[p*y.PanelStride+r*y.RowStride:], y.RowStride, x.Data[p*x.PanelStride+r*x.RowStride:], x.RowStride,
				(*[Width]float32)(mean[p*Width:]), (*[Width]float32)(scale[p*Width:]), (*[Width]float32)(shift[p*Width:]))
		}
	}
}

func (t tier) batchNormBackward(dx, dy, x Matrix, n BatchNorm, dgamma, dbeta []float32) {
	sameShape("BatchNormBackward", dx, dy)
	sameShape("BatchNormBackward", dx, x)
	checkColumns("BatchNormBackward", x, n.Mean, n.InvStd, n.Gamma, dgamma, dbeta)
	for p := range x.panels() {
		mean := (*[Width]float32)(n.Mean[p*Width:])
		var sum, cross [Width]float64
		for r := 0; r < x.Rows; r += sumRows {
			var a, b [Width]float32
			t.gradPanel(&a, &b, mean, min(sumRows, x.Rows-r), dy.Data[p*dy.PanelStride+r*dy.RowStride:], dy.RowStride, x.Data[p*x.PanelStride+r*x.RowStride:], x.RowStride)
			addWide(&sum, &a)
			addWide(&cross, &b)
		}
		n.finishSums(p, &sum, &cross, dgamma, dbeta)
		k := n.constants(p, max(1, x.Rows), dgamma, dbeta)
		for r := 0; r < x.Rows; r += sumRows {
			t.gradInputPanel(&k, mean, min(sumRows, x.Rows-r), dx.Data[p*dx.PanelStride+r*dx.RowStride:], dx.RowStride,
				dy.Data[p*dy.PanelStride+r*dy.RowStride:], dy.RowStride, x.Data[p*x.PanelStride+r*x.RowStride:], x.RowStride)
		}
	}
}

// gradConstants turn dy and x of a column into dx = scale·((dy - shift) - (x-mean)·slope).
type gradConstants struct{ scale, shift, slope [Width]float32 }

// finishSums turns Σ dy and Σ dy·(x-mean) of panel p into the gradients.
func (n *BatchNorm) finishSums(p int, sum, cross *[Width]float64, dgamma, dbeta []float32) {
	for i := range Width {
		dbeta[p*Width+i] = float32(sum[i])
		dgamma[p*Width+i] = float32(cross[i] * float64(n.InvStd[p*Width+i]))
	}
}

// constants are those of panel p over count rows.
func (n *BatchNorm) constants(p, count int, dgamma, dbeta []float32) (k gradConstants) {
	for i := range Width {
		c := p*Width + i
		k.scale[i] = n.Gamma[c] * n.InvStd[c]
		k.shift[i] = float32(float64(dbeta[c]) / float64(count))
		k.slope[i] = float32(float64(dgamma[c]) * float64(n.InvStd[c]) / float64(count))
	}
	return k
}

func squarePanelGeneric(sum, mean *[Width]float32, rows int, x []float32, xRow int) {
	for r := range rows {
		for i, v := range (*[Width]float32)(x[r*xRow:]) {
			d := v - mean[i]
			sum[i] += float32(d * d)
		}
	}
}

func normalizePanelGeneric(rows int, y []float32, yRow int, x []float32, xRow int, mean, scale, shift *[Width]float32) {
	for r := range rows {
		out := (*[Width]float32)(y[r*yRow:])
		for i, v := range (*[Width]float32)(x[r*xRow:]) {
			out[i] = float32((v-mean[i])*scale[i]) + shift[i]
		}
	}
}

// gradPanelGeneric adds Σ dy and Σ dy·(x-mean).
func gradPanelGeneric(sum, cross, mean *[Width]float32, rows int, dy []float32, dyRow int, x []float32, xRow int) {
	for r := range rows {
		d, v := (*[Width]float32)(dy[r*dyRow:]), (*[Width]float32)(x[r*xRow:])
		for i := range Width {
			sum[i] += d[i]
			cross[i] += float32(d[i] * (v[i] - mean[i]))
		}
	}
}

func gradInputPanelGeneric(k *gradConstants, mean *[Width]float32, rows int, dx []float32, dxRow int, dy []float32, dyRow int, x []float32, xRow int) {
	for r := range rows {
		out, d, v := (*[Width]float32)(dx[r*dxRow:]), (*[Width]float32)(dy[r*dyRow:]), (*[Width]float32)(x[r*xRow:])
		for i := range Width {
			out[i] = k.scale[i] * ((d[i] - k.shift[i]) - float32((v[i]-mean[i])*k.slope[i]))
		}
	}
}
