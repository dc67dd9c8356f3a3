//go:build !amd64 && !arm64

package kernel

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
