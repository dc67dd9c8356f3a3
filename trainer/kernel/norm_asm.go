//go:build amd64 || arm64

package kernel

// lanes masks the first n of 16 lanes at lanes[16-n:].
var lanes = [2 * Width]uint32{
	^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0),
	^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0),
}

func (t tier) softmaxRow(dst, src Matrix, r int, share, inv float32) (top, sum float32) {
	if t == generic || src.Cols == 0 {
		return softmaxRowGeneric(dst, src, r, share, inv)
	}
	np := src.panels()
	valid := (*[Width]uint32)(lanes[Padded(src.Cols)-src.Cols:])
	d, s := dst.Data[r*dst.RowStride:], src.Data[r*src.RowStride:]
	inside(d, np, dst.PanelStride)
	inside(s, np, src.PanelStride)
	var out [2]float32
	softmaxRowAsm(np, &d[0], bytes(dst.PanelStride), &s[0], bytes(src.PanelStride), valid, share, inv, &out)
	return out[0], out[1]
}

func (t tier) squarePanel(sum, mean *[Width]float32, rows int, x []float32, xRow int) {
	if t == generic || rows == 0 {
		squarePanelGeneric(sum, mean, rows, x, xRow)
		return
	}
	inside(x, rows, xRow)
	squarePanelAsm(sum, mean, rows, &x[0], bytes(xRow))
}

func (t tier) normalizePanel(rows int, y []float32, yRow int, x []float32, xRow int, mean, scale, shift *[Width]float32) {
	if t == generic || rows == 0 {
		normalizePanelGeneric(rows, y, yRow, x, xRow, mean, scale, shift)
		return
	}
	inside(y, rows, yRow)
	inside(x, rows, xRow)
	normalizePanelAsm(rows, &y[0], bytes(yRow), &x[0], bytes(xRow), mean, scale, shift)
}

func (t tier) gradPanel(sum, cross, mean *[Width]float32, rows int, dy []float32, dyRow int, x []float32, xRow int) {
	if t == generic || rows == 0 {
		gradPanelGeneric(sum, cross, mean, rows, dy, dyRow, x, xRow)
		return
	}
	inside(dy, rows, dyRow)
	inside(x, rows, xRow)
	gradPanelAsm(sum, cross, mean, rows, &dy[0], bytes(dyRow), &x[0], bytes(xRow))
}

func (t tier) gradInputPanel(k *gradConstants, mean *[Width]float32, rows int, dx []float32, dxRow int, dy []float32, dyRow int, x []float32, xRow int) {
	if t == generic || rows == 0 {
		gradInputPanelGeneric(k, mean, rows, dx, dxRow, dy, dyRow, x, xRow)
		return
	}
	inside(dx, rows, dxRow)
	inside(dy, rows, dyRow)
	inside(x, rows, xRow)
	gradInputPanelAsm(&k.scale[0], mean, rows, &dx[0], bytes(dxRow), &dy[0], bytes(dyRow), &x[0], bytes(xRow))
}
