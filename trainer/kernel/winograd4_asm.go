//go:build amd64 || arm64

package kernel

func (t tier) wino4Input(n int, dst []float32, stride int, src []float32, row int) {
	if t == generic {
		wino4InputGeneric(n, dst, stride, src, row)
		return
	}
	_, _ = dst[35*stride+n*Width-1], src[5*row+(4*n+2)*Width-1]
	t.wino4InputTiles(n, &dst[0], bytes(stride), &src[0], bytes(row))
}

func (t tier) wino4Output(n, rows int, dst []float32, dstRow int, src []float32, stride int, bias *[Width]float32, floor float32, cols int) {
	if t == generic {
		wino4OutputGeneric(n, rows, dst, dstRow, src, stride, bias, floor, cols)
		return
	}
	_, _ = dst[(rows-1)*dstRow+(4*n-4+cols)*Width-1], src[35*stride+n*Width-1]
	t.wino4OutputTiles(n, rows, &dst[0], bytes(dstRow), &src[0], bytes(stride), bias, floor, cols)
}

func (t tier) wino4Grad(n int, dst []float32, stride int, src []float32, row int) {
	if t == generic {
		wino4GradGeneric(n, dst, stride, src, row)
		return
	}
	_, _ = dst[35*stride+n*Width-1], src[3*row+4*n*Width-1]
	t.wino4GradTiles(n, &dst[0], bytes(stride), &src[0], bytes(row))
}

func (t tier) wino4Weights(n int, dst []float32, stride int, src []float32) {
	if t == generic {
		wino4WeightsGeneric(n, dst, stride, src)
		return
	}
	_, _ = dst[35*stride+n*Width-1], src[8*tapStride+n*Width-1]
	t.wino4WeightsTiles(n, &dst[0], bytes(stride), &src[0])
}

func (t tier) wino4WeightGrad(n int, dst, src []float32, stride int) {
	if t == generic {
		wino4WeightGradGeneric(n, dst, src, stride)
		return
	}
	_, _ = src[35*stride+n*Width-1], dst[8*tapStride+n*Width-1]
	t.wino4WeightGradTiles(n, &dst[0], &src[0], bytes(stride))
}
