//go:build !amd64 && !arm64

package kernel

func (t tier) spreadRow(dx []float32, dxRow int, dy []float32, kh, kw, step int, scale float32) {
	spreadRowGeneric(dx, dxRow, dy, kh, kw, step, scale)
}
