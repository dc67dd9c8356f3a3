package kernel

import "fmt"

// GatherBytes fills row i of dst with src[rows[i]·Cols : (rows[i]+1)·Cols]·mul + add, rounded after
// each operation: a minibatch read from a data set kept as bytes, scaled on the way. mul and add hold
// one float for all columns, or one for each. The padding is zeroed.
func GatherBytes(dst Matrix, src []byte, rows []int32, mul, add []float32) {
	active().gatherBytes(dst, src, rows, mul, add)
}

// GatherFloats fills row i of dst with src[rows[i]·Cols : (rows[i]+1)·Cols]. The padding is zeroed.
func GatherFloats(dst Matrix, src []float32, rows []int32) {
	checkGather("GatherFloats", dst, rows)
	for i, row := range rows {
		from := src[int(row)*dst.Cols:][:dst.Cols]
		for p := range dst.panels() {
			d := dst.Data[p*dst.PanelStride+i*dst.RowStride:][:Width]
			clear(d[copy(d, from[p*Width:]):])
		}
	}
}

func checkGather(what string, dst Matrix, rows []int32) {
	dst.check(what)
	if len(rows) != dst.Rows {
		panic(fmt.Sprintf("kernel: %s: %d row numbers for %d rows", what, len(rows), dst.Rows))
	}
}

func (t tier) gatherBytes(dst Matrix, src []byte, rows []int32, mul, add []float32) {
	checkGather("GatherBytes", dst, rows)
	each := len(mul) != 1
	if len(mul) != len(add) || each && len(mul) != dst.Cols {
		panic(fmt.Sprintf("kernel: GatherBytes: %d factors and %d addends for %d columns", len(mul), len(add), dst.Cols))
	}
	whole := dst.Cols / Width
	for i, row := range rows {
		t.fetchAhead(src, rows[i:], dst.Cols)
		from := src[int(row)*dst.Cols:][:dst.Cols]
		d := dst.Data[i*dst.RowStride:]
		if whole > 0 {
			t.scaleBytes(d, dst.PanelStride, from, whole, mul, add, each)
		}
		if whole*Width == dst.Cols {
			continue
		}
		d = d[whole*dst.PanelStride:][:Width]
		clear(d)
		for j, v := range from[whole*Width:] {
			c := 0
			if each {
				c = whole*Width + j
			}
			d[j] = float32(float32(v)*mul[c]) + add[c]
		}
	}
}

// ahead is how many rows of a minibatch are on their way from memory while one is converted. Rows come in
// random order, so that no processor foresees them.
const ahead = 2

// fetchAhead asks for the bytes that will be wanted ahead rows after the first of rows.
func (t tier) fetchAhead(src []byte, rows []int32, size int) {
	if len(rows) > ahead {
		t.fetch(src[int(rows[ahead])*size:][:size])
	}
}

// scaleBytesGeneric turns 16·panels bytes into floats; each tells whether mul and add go by column.
func scaleBytesGeneric(dst []float32, panelStride int, src []byte, panels int, mul, add []float32, each bool) {
	for p := range panels {
		d := (*[Width]float32)(dst[p*panelStride:])
		for j, v := range (*[Width]byte)(src[p*Width:]) {
			c := 0
			if each {
				c = p*Width + j
			}
			d[j] = float32(float32(v)*mul[c]) + add[c]
		}
	}
}
