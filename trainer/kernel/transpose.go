package kernel

import "fmt"

// Transpose is dst[c][r] = src[r][c]; dst's padding is zeroed. Either may have either layout.
func Transpose(dst, src Matrix) { active().transpose(dst, src) }

func (t tier) transpose(dst, src Matrix) {
	if dst.Rows != src.Cols || dst.Cols != src.Rows {
		panic(fmt.Sprintf("kernel: Transpose: %d×%d does not take the transpose of %d×%d", dst.Rows, dst.Cols, src.Rows, src.Cols))
	}
	dst.check("Transpose")
	src.check("Transpose")
	for p := range src.panels() {
		cols := min(Width, src.Cols-p*Width)
		for q := range dst.panels() {
			rows := min(Width, src.Rows-q*Width)
			s := src.Data[p*src.PanelStride+q*Width*src.RowStride:]
			d := dst.Data[q*dst.PanelStride+p*Width*dst.RowStride:]
			if rows == Width && cols == Width {
				t.transpose16(d, dst.RowStride, s, src.RowStride)
				continue
			}
			for c := range cols {
				out := d[c*dst.RowStride:][:Width]
				for r := range rows {
					out[r] = s[r*src.RowStride+c]
				}
				clear(out[rows:])
			}
		}
	}
}

// transpose16Generic transposes a block of 16×16.
func transpose16Generic(dst []float32, dstRow int, src []float32, srcRow int) {
	for c := range Width {
		out := dst[c*dstRow:][:Width]
		for r := range Width {
			out[r] = src[r*srcRow+c]
		}
	}
}
