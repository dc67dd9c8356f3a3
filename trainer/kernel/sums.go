package kernel

import "fmt"

// sumRows is how many rows a float32 sum takes before it goes into a float64 one: over the hundred
// thousand pixels of a batch of maps a float32 sum alone would lose three digits.
const sumRows = 256

// ColumnSums is dst[c] = Σ_r m[r][c], a bias gradient. Rows are added in ascending order, in float32
// within each sumRows rows and in float64 over those. dst is padded; its tail gets zeros.
func ColumnSums(dst []float32, m Matrix) { active().columnSums(dst, m) }

func (t tier) columnSums(dst []float32, m Matrix) {
	checkColumns("ColumnSums", m, dst)
	for p := range m.panels() {
		var total [Width]float64
		for r := 0; r < m.Rows; r += sumRows {
			var part [Width]float32
			n := min(sumRows, m.Rows-r)
			t.sumPanel(&part, n, m.Data[p*m.PanelStride+r*m.RowStride:], m.RowStride)
			addWide(&total, &part)
		}
		narrow(dst[p*Width:], &total, 1)
	}
}

// checkColumns panics unless every vector has a float for each padded column.
func checkColumns(what string, m Matrix, vectors ...[]float32) {
	m.check(what)
	for _, v := range vectors {
		if len(v) < Padded(m.Cols) {
			panic(fmt.Sprintf("kernel: %s: a vector of %d for %d columns, which are padded to %d", what, len(v), m.Cols, Padded(m.Cols)))
		}
	}
}

func addWide(total *[Width]float64, part *[Width]float32) {
	for i, v := range part {
		total[i] += float64(v)
	}
}

func narrow(dst []float32, total *[Width]float64, divisor float64) {
	d := (*[Width]float32)(dst)
	for i, v := range total {
		d[i] = float32(v / divisor)
	}
}

// sumPanelGeneric adds rows of 16 to sum, in ascending order.
func sumPanelGeneric(sum *[Width]float32, rows int, x []float32, xRow int) {
	for r := range rows {
		for i, v := range (*[Width]float32)(x[r*xRow:]) {
			sum[i] += v
		}
	}
}
