package kernel

// The transforms of the two sets of vector registers.

func (t tier) winoInputTiles(n int, dst *float32, stride int, src *float32, row int) {
	if t == avx512 {
		winoInput512Asm(n, dst, stride, src, row)
		return
	}
	winoInputAsm(n, dst, stride, src, row)
}

func (t tier) winoOutputTiles(n int, row0 *float32, row1 *float32, src *float32, stride int, bias *[16]float32, floor float32, odd int) {
	if t == avx512 {
		winoOutput512Asm(n, row0, row1, src, stride, bias, floor, odd)
		return
	}
	winoOutputAsm(n, row0, row1, src, stride, bias, floor, odd)
}

func (t tier) winoGradTiles(n int, dst *float32, stride int, src *float32, row int) {
	if t == avx512 {
		winoGrad512Asm(n, dst, stride, src, row)
		return
	}
	winoGradAsm(n, dst, stride, src, row)
}

func (t tier) winoWeightsTiles(n int, dst *float32, stride int, src *float32) {
	if t == avx512 {
		winoWeights512Asm(n, dst, stride, src)
		return
	}
	winoWeightsAsm(n, dst, stride, src)
}

func (t tier) winoWeightGradTiles(n int, dst *float32, src *float32, stride int) {
	if t == avx512 {
		winoWeightGrad512Asm(n, dst, src, stride)
		return
	}
	winoWeightGradAsm(n, dst, src, stride)
}

func (t tier) wino4InputTiles(n int, dst *float32, stride int, src *float32, row int) {
	if t == avx512 {
		wino4Input512Asm(n, dst, stride, src, row)
		return
	}
	wino4InputAsm(n, dst, stride, src, row)
}

func (t tier) wino4OutputTiles(n int, rows int, dst *float32, dstRow int, src *float32, stride int, bias *[16]float32, floor float32, cols int) {
	if t == avx512 {
		wino4Output512Asm(n, rows, dst, dstRow, src, stride, bias, floor, cols)
		return
	}
	wino4OutputAsm(n, rows, dst, dstRow, src, stride, bias, floor, cols)
}

func (t tier) wino4GradTiles(n int, dst *float32, stride int, src *float32, row int) {
	if t == avx512 {
		wino4Grad512Asm(n, dst, stride, src, row)
		return
	}
	wino4GradAsm(n, dst, stride, src, row)
}

func (t tier) wino4WeightsTiles(n int, dst *float32, stride int, src *float32) {
	if t == avx512 {
		wino4Weights512Asm(n, dst, stride, src)
		return
	}
	wino4WeightsAsm(n, dst, stride, src)
}

func (t tier) wino4WeightGradTiles(n int, dst *float32, src *float32, stride int) {
	if t == avx512 {
		wino4WeightGrad512Asm(n, dst, src, stride)
		return
	}
	wino4WeightGradAsm(n, dst, src, stride)
}

// wino4Masked is wino4Output without bias and floor, zero where the mask is not positive. False: this tier leaves
// the mask to a pass of its own.
func (t tier) wino4Masked(n, rows int, dst []float32, dstRow int, src []float32, stride int, mask []float32, maskRow, cols int) bool {
	if t != avx512 {
		return false
	}
	last := (4*n-4+cols)*Width - 1
	_, _, _ = dst[(rows-1)*dstRow+last], mask[(rows-1)*maskRow+last], src[35*stride+n*Width-1]
	wino4OutputMasked512Asm(n, rows, &dst[0], bytes(dstRow), &src[0], bytes(stride), &mask[0], bytes(maskRow), cols)
	return true
}
