//go:build !amd64 && !arm64

package kernel

// best is the fastest tier of this processor.
func best() tier { return generic }

func (t tier) sideBySide() int        { return 1 }
func (t tier) tiling(int) tiling      { return tiling{most: 6, least: 4} }
func (t tier) strip(s *strip)         { stripGeneric(s) }
func (t tier) peakLoop(n int) float64 { return peakGeneric(n) }
func (t tier) transpose16(dst []float32, dstRow int, src []float32, srcRow int) {
	transpose16Generic(dst, dstRow, src, srcRow)
}
func (t tier) sumPanel(sum *[Width]float32, rows int, x []float32, xRow int) {
	sumPanelGeneric(sum, rows, x, xRow)
}
func (t tier) scaleBytes(dst []float32, panelStride int, src []byte, panels int, mul, add []float32, each bool) {
	scaleBytesGeneric(dst, panelStride, src, panels, mul, add, each)
}
func (t tier) fetch([]byte) {}

// blocks fills whole blocks of dst from block number i on and gives how many words it filled, which may be none.
func (t tier) blocks(s Stream, dst []uint32, i uint64) int { return 0 }
func (t tier) dropGroups(d drop, s Stream, x []float32, xStep, n int, g, gStep uint64) {
	dropGroupsGeneric(d, s, x, xStep, n, g, gStep)
}
func (t tier) axpy(y, x []float32, alpha float32)       { axpyGeneric(y, x, alpha) }
func (t tier) scaleBy(x []float32, alpha float32)       { scaleByGeneric(x, alpha) }
func (t tier) lerp(y, x []float32, by float32)          { lerpGeneric(y, x, by) }
func (t tier) adam(w, g, m, v []float32, c AdamStep)    { adamGeneric(w, g, m, v, c) }
func (t tier) nadam(w, g, m, v []float32, c NadamStep)  { nadamGeneric(w, g, m, v, c) }
func (t tier) adagrad(w, g, v []float32, lr, e float32) { adagradGeneric(w, g, v, lr, e) }
func (t tier) rmsprop(w, g, v []float32, lr float32, rho float64, e float32) {
	rmspropGeneric(w, g, v, lr, rho, e)
}
func (t tier) sgd(w, g, m []float32, lr, momentum float32, nesterov bool) {
	sgdGeneric(w, g, m, lr, momentum, nesterov)
}
func (t tier) activateRun(y, x []float32, a Activation) { activateGeneric(y, x, a) }
func (t tier) activateBackwardRun(dx, dy, from []float32, a Activation) {
	activateBackwardGeneric(dx, dy, from, a)
}
func (t tier) softmaxRow(dst, src Matrix, r int, share, inv float32) (top, sum float32) {
	return softmaxRowGeneric(dst, src, r, share, inv)
}
func (t tier) squarePanel(sum, mean *[Width]float32, rows int, x []float32, xRow int) {
	squarePanelGeneric(sum, mean, rows, x, xRow)
}
func (t tier) normalizePanel(rows int, y []float32, yRow int, x []float32, xRow int, mean, scale, shift *[Width]float32) {
	normalizePanelGeneric(rows, y, yRow, x, xRow, mean, scale, shift)
}
func (t tier) gradPanel(sum, cross, mean *[Width]float32, rows int, dy []float32, dyRow int, x []float32, xRow int) {
	gradPanelGeneric(sum, cross, mean, rows, dy, dyRow, x, xRow)
}
func (t tier) gradInputPanel(k *gradConstants, mean *[Width]float32, rows int, dx []float32, dxRow int, dy []float32, dyRow int, x []float32, xRow int) {
	gradInputPanelGeneric(k, mean, rows, dx, dxRow, dy, dyRow, x, xRow)
}

func (t tier) maxRow(y, x []float32, kh, kw, step, row int) { maxRowGeneric(y, x, kh, kw, step, row) }
func (t tier) sumRow(y, x []float32, kh, kw, step, row int) { sumRowGeneric(y, x, kh, kw, step, row) }
func (t tier) maxRowBackward(dx []float32, dxRow int, dy, y, x []float32, xRow, kh, kw, step int, relu bool) {
	maxRowBackwardGeneric(dx, dxRow, dy, y, x, xRow, kh, kw, step, relu)
}

func (t tier) spreadRow(dx []float32, dxRow int, dy []float32, kh, kw, step int, scale float32) {
	spreadRowGeneric(dx, dxRow, dy, kh, kw, step, scale)
}

func (t tier) maxRowFresh(dx []float32, dxRow int, dy, y, x []float32, xRow int, relu bool) {
	maxRowFreshGeneric(dx, dxRow, dy, y, x, xRow, relu)
}

func (t tier) winoInput(n int, dst []float32, stride int, src []float32, row int) {
	winoInputGeneric(n, dst, stride, src, row)
}

func (t tier) winoOutput(n int, row0, row1, src []float32, stride int, bias *[Width]float32, floor float32, odd bool) {
	winoOutputGeneric(n, row0, row1, src, stride, bias, floor, odd)
}

func (t tier) winoGrad(n int, dst []float32, stride int, src []float32, row int) {
	winoGradGeneric(n, dst, stride, src, row)
}

func (t tier) winoWeights(n int, dst []float32, stride int, src []float32) {
	winoWeightsGeneric(n, dst, stride, src)
}

func (t tier) winoWeightGrad(n int, dst, src []float32, stride int) {
	winoWeightGradGeneric(n, dst, src, stride)
}

func (t tier) wino4Input(n int, dst []float32, stride int, src []float32, row int) {
	wino4InputGeneric(n, dst, stride, src, row)
}

func (t tier) wino4Output(n, rows int, dst []float32, dstRow int, src []float32, stride int, bias *[Width]float32, floor float32, cols int) {
	wino4OutputGeneric(n, rows, dst, dstRow, src, stride, bias, floor, cols)
}

func (t tier) wino4Grad(n int, dst []float32, stride int, src []float32, row int) {
	wino4GradGeneric(n, dst, stride, src, row)
}

func (t tier) wino4Weights(n int, dst []float32, stride int, src []float32) {
	wino4WeightsGeneric(n, dst, stride, src)
}

func (t tier) wino4WeightGrad(n int, dst, src []float32, stride int) {
	wino4WeightGradGeneric(n, dst, src, stride)
}

// wino4Masked: this tier leaves the mask of an output to a pass of its own.
func (t tier) wino4Masked(n, rows int, dst []float32, dstRow int, src []float32, stride int, mask []float32, maskRow, cols int) bool {
	return false
}
