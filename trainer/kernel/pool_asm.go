//go:build amd64 || arm64

package kernel

func (t tier) maxRow(y, x []float32, kh, kw, step, row int) {
	if t == generic {
		maxRowGeneric(y, x, kh, kw, step, row)
		return
	}
	n := reach(len(y), x, kh, kw, step, row)
	if kh == 2 && kw == 2 {
		t.maxRow2(n, &y[0], &x[0], bytes(step), bytes(row))
		return
	}
	maxRowAsm(n, &y[0], &x[0], kh, kw, bytes(step), bytes(row))
}

func (t tier) sumRow(y, x []float32, kh, kw, step, row int) {
	if t == generic {
		sumRowGeneric(y, x, kh, kw, step, row)
		return
	}
	n := reach(len(y), x, kh, kw, step, row)
	if kh == 2 && kw == 2 {
		sumRow2Asm(n, &y[0], &x[0], kh, kw, bytes(step), bytes(row))
		return
	}
	sumRowAsm(n, &y[0], &x[0], kh, kw, bytes(step), bytes(row))
}

func (t tier) maxRowBackward(dx []float32, dxRow int, dy, y, x []float32, xRow, kh, kw, step int, relu bool) {
	if t == generic {
		maxRowBackwardGeneric(dx, dxRow, dy, y, x, xRow, kh, kw, step, relu)
		return
	}
	n := reach(len(y), x, kh, kw, step, xRow)
	reach(len(y), dx, kh, kw, step, dxRow)
	_ = dy[len(y)-1]
	mask := uint32(0)
	if relu {
		mask = ^mask
	}
	if kh == 2 && kw == 2 {
		maxBack2Asm(n, &dx[0], bytes(dxRow), &dy[0], &y[0], &x[0], bytes(xRow), kh, kw, bytes(step), mask)
		return
	}
	maxBackAsm(n, &dx[0], bytes(dxRow), &dy[0], &y[0], &x[0], bytes(xRow), kh, kw, bytes(step), mask)
}

func (t tier) maxRowFresh(dx []float32, dxRow int, dy, y, x []float32, xRow int, relu bool) {
	if t == generic {
		maxRowFreshGeneric(dx, dxRow, dy, y, x, xRow, relu)
		return
	}
	n := reach(len(y), x, 2, 2, 2*Width, xRow)
	reach(len(y), dx, 2, 2, 2*Width, dxRow)
	_ = dy[len(y)-1]
	mask := uint32(0)
	if relu {
		mask = ^mask
	}
	t.maxBackFresh2(n, &dx[0], bytes(dxRow), &dy[0], &y[0], &x[0], bytes(xRow), mask)
}

func (t tier) spreadRow(dx []float32, dxRow int, dy []float32, kh, kw, step int, scale float32) {
	if t == generic {
		spreadRowGeneric(dx, dxRow, dy, kh, kw, step, scale)
		return
	}
	n := reach(len(dy), dx, kh, kw, step, dxRow)
	if kh == 2 && kw == 2 {
		spread2Asm(n, &dx[0], bytes(dxRow), &dy[0], kh, kw, bytes(step), scale)
		return
	}
	spreadAsm(n, &dx[0], bytes(dxRow), &dy[0], kh, kw, bytes(step), scale)
}
