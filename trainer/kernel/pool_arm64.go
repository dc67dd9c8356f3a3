package kernel

func (t tier) maxRow(y, x []float32, size, step, row int) {
	if t != neon {
		maxRowGeneric(y, x, size, step, row)
		return
	}
	n := windows(y, x, size, step, row)
	if size == 2 {
		maxRow2NEON(n, &y[0], &x[0], size, bytes(step), bytes(row))
		return
	}
	maxRowNEON(n, &y[0], &x[0], size, bytes(step), bytes(row))
}

func (t tier) sumRow(y, x []float32, size, step, row int) {
	if t != neon {
		sumRowGeneric(y, x, size, step, row)
		return
	}
	n := windows(y, x, size, step, row)
	if size == 2 {
		sumRow2NEON(n, &y[0], &x[0], size, bytes(step), bytes(row))
		return
	}
	sumRowNEON(n, &y[0], &x[0], size, bytes(step), bytes(row))
}

func (t tier) maxRowBackward(dx []float32, dxRow int, dy, y, x []float32, xRow, size, step int, relu bool) {
	if t != neon {
		maxRowBackwardGeneric(dx, dxRow, dy, y, x, xRow, size, step, relu)
		return
	}
	n := windows(y, x, size, step, xRow)
	windows(dy[:len(y)], dx, size, step, dxRow)
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

// windows is the number of pixels of y, at least one; it panics unless their windows lie in x.
func windows(y, x []float32, size, step, row int) int {
	n := len(y) / Width
	_ = x[(n-1)*step+(size-1)*(row+Width)+Width-1]
	return n
}
