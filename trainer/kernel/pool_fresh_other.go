//go:build !amd64 && !arm64

package kernel

func (t tier) maxRowFresh(dx []float32, dxRow int, dy, y, x []float32, xRow int, relu bool) {
	maxRowFreshGeneric(dx, dxRow, dy, y, x, xRow, relu)
}
