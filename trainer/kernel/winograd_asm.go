//go:build amd64 || arm64

package kernel

func (t tier) winoInput(n int, dst []float32, stride int, src []float32, row int) {
	if t == generic {
		winoInputGeneric(n, dst, stride, src, row)
		return
	}
	_, _ = dst[15*stride+n*Width-1], src[3*row+(2*n+2)*Width-1]
	t.winoInputTiles(n, &dst[0], bytes(stride), &src[0], bytes(row))
}

func (t tier) winoOutput(n int, row0, row1, src []float32, stride int, bias *[Width]float32, floor float32, odd bool) {
	if t == generic {
		winoOutputGeneric(n, row0, row1, src, stride, bias, floor, odd)
		return
	}
	last := 0
	if odd {
		last = 1
	}
	_, _, _ = row0[(2*n-last)*Width-1], row1[(2*n-last)*Width-1], src[15*stride+n*Width-1]
	t.winoOutputTiles(n, &row0[0], &row1[0], &src[0], bytes(stride), bias, floor, last)
}

func (t tier) winoGrad(n int, dst []float32, stride int, src []float32, row int) {
	if t == generic {
		winoGradGeneric(n, dst, stride, src, row)
		return
	}
	_, _ = dst[15*stride+n*Width-1], src[row+2*n*Width-1]
	t.winoGradTiles(n, &dst[0], bytes(stride), &src[0], bytes(row))
}

func (t tier) winoWeights(n int, dst []float32, stride int, src []float32) {
	if t == generic {
		winoWeightsGeneric(n, dst, stride, src)
		return
	}
	_, _ = dst[15*stride+n*Width-1], src[8*tapStride+n*Width-1]
	t.winoWeightsTiles(n, &dst[0], bytes(stride), &src[0])
}

func (t tier) winoWeightGrad(n int, dst, src []float32, stride int) {
	if t == generic {
		winoWeightGradGeneric(n, dst, src, stride)
		return
	}
	_, _ = src[15*stride+n*Width-1], dst[8*tapStride+n*Width-1]
	t.winoWeightGradTiles(n, &dst[0], &src[0], bytes(stride))
}
