//go:build !amd64 && !arm64

package kernel

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
