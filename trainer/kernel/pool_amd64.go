package kernel

// The usual windows of the two sets of vector registers.

func (t tier) maxRow2(n int, y, x *float32, step, row int) {
	if t == avx512 {
		maxRow2512Asm(n, y, x, step, row)
		return
	}
	maxRow2Asm(n, y, x, 2, 2, step, row)
}

func (t tier) maxBackFresh2(n int, dx *float32, dxRow int, dy, y, x *float32, xRow int, relu uint32) {
	if t == avx512 {
		maxBackFresh2512Asm(n, dx, dxRow, dy, y, x, xRow, relu)
		return
	}
	maxBackFresh2Asm(n, dx, dxRow, dy, y, x, xRow, 2, 2, bytes(2*Width), relu)
}
