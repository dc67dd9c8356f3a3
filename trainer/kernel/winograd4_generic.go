package kernel

// The transforms of F(4×4, 3×3): 36 products for 16 pixels instead of 144, on windows of 6×6 at the
// points 0, ±1, ±2 and infinity (Lavin, Gray 2016):
//
//	Bᵀ = 4  0 -5  0  1  0     G =  1/4    0     0      Aᵀ = 1  1  1  1  1  0
//	     0 -4 -4  1  1  0        -1/6  -1/6  -1/6          0  1 -1  2 -2  0
//	     0  4 -4 -1  1  0        -1/6   1/6  -1/6          0  1  1  4  4  0
//	     0 -2 -1  2  1  0        1/24  1/12   1/6          0  1 -1  8 -8  1
//	     0  2 -1 -2  1  0        1/24 -1/12   1/6
//	     0  4  0 -5  0  1          0     0     1

// sixths is Bᵀ·d. Products with powers of two are exact.
func sixths(d0, d1, d2, d3, d4, d5 float32) [6]float32 {
	even, odd := d4-d2, d3-d1
	e, o := d4-4*d2, d3-4*d1
	return [6]float32{even + 4*(d0-d2), e + o, e - o, even + 2*odd, even - 2*odd, (d5 - d3) + 4*(d1-d3)}
}

// quarters is Aᵀ·m.
func quarters(m0, m1, m2, m3, m4, m5 float32) [4]float32 {
	s1, d1, s2, d2 := m1+m2, m1-m2, m3+m4, m3-m4
	return [4]float32{(s1 + m0) + s2, d1 + 2*d2, s1 + 4*s2, (d1 + 8*d2) + m5}
}

// sixfolds is A·y.
func sixfolds(a, b, c, d float32) [6]float32 {
	e, o := a+c, b+d
	e4, o4 := a+4*c, b+4*d
	return [6]float32{a, e + o, e - o, e4 + 2*o4, e4 - 2*o4, d}
}

// spreads is G·w.
func spreads(a, b, c float32) [6]float32 {
	e := a + c
	wide, odd := float32(a*(1./24))+float32(c*(1./6)), float32(b*(1./12))
	return [6]float32{a * (1. / 4), (e + b) * (-1. / 6), (e - b) * (-1. / 6), wide + odd, wide - odd, c}
}

// taps is Gᵀ·m.
func taps(m0, m1, m2, m3, m4, m5 float32) [3]float32 {
	s1, s2 := m1+m2, m3+m4
	first := float32(m0*(1./4)) - float32(s1*(1./6))
	return [3]float32{
		first + float32(s2*(1./24)),
		float32((m2-m1)*(1./6)) + float32((m3-m4)*(1./12)),
		float32((s2-s1)*(1./6)) + m5,
	}
}

// wino4InputGeneric writes Bᵀ·d·B of n windows of 6×6 pixels, four pixels apart, rows row floats apart.
func wino4InputGeneric(n int, dst []float32, stride int, src []float32, row int) {
	for tile := range n {
		for c := range Width {
			var t [6][6]float32
			for x := range 6 {
				d := src[4*tile*Width+x*Width+c:]
				for i, v := range sixths(d[0], d[row], d[2*row], d[3*row], d[4*row], d[5*row]) {
					t[i][x] = v
				}
			}
			for i, r := range t {
				for j, v := range sixths(r[0], r[1], r[2], r[3], r[4], r[5]) {
					dst[(6*i+j)*stride+tile*Width+c] = v
				}
			}
		}
	}
}

// wino4OutputGeneric writes Aᵀ·m·A + bias, at least floor, of n tiles to rows ≤ 4 rows of pixels; the
// last tile has cols columns.
func wino4OutputGeneric(n, rows int, dst []float32, dstRow int, src []float32, stride int, bias *[Width]float32, floor float32, cols int) {
	for tile := range n {
		width := 4
		if tile == n-1 {
			width = cols
		}
		for c := range Width {
			var z [4][6]float32
			for j := range 6 {
				m := src[j*stride+tile*Width+c:]
				for i, v := range quarters(m[0], m[6*stride], m[12*stride], m[18*stride], m[24*stride], m[30*stride]) {
					z[i][j] = v
				}
			}
			for y := range rows {
				r := &z[y]
				for x, v := range quarters(r[0], r[1], r[2], r[3], r[4], r[5]) {
					if x < width {
						dst[y*dstRow+(4*tile+x)*Width+c] = raise(v+bias[c], floor)
					}
				}
			}
		}
	}
}

// wino4GradGeneric writes A·y·Aᵀ of n tiles of 4×4 pixels, rows row floats apart.
func wino4GradGeneric(n int, dst []float32, stride int, src []float32, row int) {
	for tile := range n {
		for c := range Width {
			var t [6][4]float32
			for x := range 4 {
				d := src[4*tile*Width+x*Width+c:]
				for i, v := range sixfolds(d[0], d[row], d[2*row], d[3*row]) {
					t[i][x] = v
				}
			}
			for i, r := range t {
				for j, v := range sixfolds(r[0], r[1], r[2], r[3]) {
					dst[(6*i+j)*stride+tile*Width+c] = v
				}
			}
		}
	}
}

// wino4WeightsGeneric writes G·w·Gᵀ of n rows of 16 floats, whose nine taps lie tapStride apart.
func wino4WeightsGeneric(n int, dst []float32, stride int, src []float32) {
	for at := range n * Width {
		var t [6][3]float32
		for x := range 3 {
			for i, v := range spreads(src[at+x*tapStride], src[at+(3+x)*tapStride], src[at+(6+x)*tapStride]) {
				t[i][x] = v
			}
		}
		for i, r := range t {
			for j, v := range spreads(r[0], r[1], r[2]) {
				dst[(6*i+j)*stride+at] = v
			}
		}
	}
}

// wino4WeightGradGeneric writes Gᵀ·m·G of n rows of 16 floats to the nine taps.
func wino4WeightGradGeneric(n int, dst, src []float32, stride int) {
	for at := range n * Width {
		var a [3][6]float32
		for j := range 6 {
			m := src[at+j*stride:]
			for y, v := range taps(m[0], m[6*stride], m[12*stride], m[18*stride], m[24*stride], m[30*stride]) {
				a[y][j] = v
			}
		}
		for y, r := range a {
			for x, v := range taps(r[0], r[1], r[2], r[3], r[4], r[5]) {
				dst[at+(3*y+x)*tapStride] = v
			}
		}
	}
}
