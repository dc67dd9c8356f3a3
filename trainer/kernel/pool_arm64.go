package kernel

func (t tier) maxRow(y, x []float32, kh, kw, step, row int) {
	if t != neon || kh != kw {
		maxRowGeneric(y, x, kh, kw, step, row)
		return
	}
	size := kh
	n := reach(len(y), x, kh, kw, step, row)
	if size == 2 {
		maxRow2NEON(n, &y[0], &x[0], size, bytes(step), bytes(row))
		return
	}
	maxRowNEON(n, &y[0], &x[0], size, bytes(step), bytes(row))
}

func (t tier) sumRow(y, x []float32, kh, kw, step, row int) {
	if t != neon || kh != kw {
		sumRowGeneric(y, x, kh, kw, step, row)
		return
	}
	size := kh
	n := reach(len(y), x, kh, kw, step, row)
	if size == 2 {
		sumRow2NEON(n, &y[0], &x[0], size, bytes(step), bytes(row))
		return
	}
	sumRowNEON(n, &y[0], &x[0], size, bytes(step), bytes(row))
}

func (t tier) maxRowBackward(dx []float32, dxRow int, dy, y, x []float32, xRow, kh, kw, step int, relu bool) {
	if t != neon || kh != kw {
		maxRowBackwardGeneric(dx, dxRow, dy, y, x, xRow, kh, kw, step, relu)
		return
	}
	size := kh
	n := reach(len(y), x, kh, kw, step, xRow)
	reach(len(y), dx, kh, kw, step, dxRow)
	_ = dy[len(y)-1]
	mask := uint32(0)
	if relu {
		mask = ^mask
	}
	if size == 2 {
		maxBack2NEON(n, &dx[0], bytes(dxRow), &dy[0], &y[0], &x[0], bytes(xRow), size, bytes(step), mask)
		return
	}
	maxBackNEON(n, &dx[0], bytes(dxRow), &dy[0], &y[0], &x[0], bytes(xRow), size, bytes(step), mask)
}
