package kernel

// The transforms have one set of vector registers.

func (t tier) winoInputTiles(n int, dst *float32, stride int, src *float32, row int) {
	winoInputAsm(n, dst, stride, src, row)
}

func (t tier) winoOutputTiles(n int, row0 *float32, row1 *float32, src *float32, stride int, bias *[16]float32, floor float32, odd int) {
	winoOutputAsm(n, row0, row1, src, stride, bias, floor, odd)
}

func (t tier) winoGradTiles(n int, dst *float32, stride int, src *float32, row int) {
	winoGradAsm(n, dst, stride, src, row)
}

func (t tier) winoWeightsTiles(n int, dst *float32, stride int, src *float32) {
	winoWeightsAsm(n, dst, stride, src)
}

func (t tier) winoWeightGradTiles(n int, dst *float32, src *float32, stride int) {
	winoWeightGradAsm(n, dst, src, stride)
}

func (t tier) wino4InputTiles(n int, dst *float32, stride int, src *float32, row int) {
	wino4InputAsm(n, dst, stride, src, row)
}

func (t tier) wino4OutputTiles(n int, rows int, dst *float32, dstRow int, src *float32, stride int, bias *[16]float32, floor float32, cols int) {
	wino4OutputAsm(n, rows, dst, dstRow, src, stride, bias, floor, cols)
}

func (t tier) wino4GradTiles(n int, dst *float32, stride int, src *float32, row int) {
	wino4GradAsm(n, dst, stride, src, row)
}

func (t tier) wino4WeightsTiles(n int, dst *float32, stride int, src *float32) {
	wino4WeightsAsm(n, dst, stride, src)
}

func (t tier) wino4WeightGradTiles(n int, dst *float32, src *float32, stride int) {
	wino4WeightGradAsm(n, dst, src, stride)
}

// wino4Masked: this tier leaves the mask of an output to a pass of its own.
func (t tier) wino4Masked(n, rows int, dst []float32, dstRow int, src []float32, stride int, mask []float32, maskRow, cols int) bool {
	return false
}
