package kernel

// The usual windows have one set of vector registers.

func (t tier) maxRow2(n int, y, x *float32, step, row int) { maxRow2Asm(n, y, x, 2, 2, step, row) }

func (t tier) maxBackFresh2(n int, dx *float32, dxRow int, dy, y, x *float32, xRow int, relu uint32) {
	maxBackFresh2Asm(n, dx, dxRow, dy, y, x, xRow, 2, 2, bytes(2*Width), relu)
}
