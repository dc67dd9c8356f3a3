package kernel

// The transforms of Winograd's F(2×2, 3×3) (Lavin, Gray 2016): a 3×3 convolution of 2×2 pixels takes
// 16 products instead of 36. With
//
//	Bᵀ = 1  0 -1  0     G = 1  0  0     Aᵀ = 1  1  1  0
//	     0  1  1  0         ½  ½  ½          0  1 -1 -1
//	     0 -1  1  0         ½ -½  ½
//	     0  1  0 -1         0  0  1
//
// Y = Aᵀ·[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]·A. The gradient of the weights is Gᵀ·[Σ (Bᵀ·d·B) ⊙ (A·y·Aᵀ)]·G. All
// vectors are 16 channels; the 16 positions of a tile lie stride floats apart, neighbouring tiles 16.

// winoInputGeneric writes Bᵀ·d·B of n windows of 4×4 pixels, two pixels apart, rows row floats apart.
func winoInputGeneric(n int, dst []float32, stride int, src []float32, row int) {
	for tile := range n {
		for c := range Width {
			var t [4][4]float32
			for x := range 4 {
				at := 2*tile*Width + x*Width + c
				d0, d1, d2, d3 := src[at], src[at+row], src[at+2*row], src[at+3*row]
				t[0][x], t[1][x], t[2][x], t[3][x] = d0-d2, d1+d2, d2-d1, d1-d3
			}
			at := tile*Width + c
			for i := range 4 {
				dst[at] = t[i][0] - t[i][2]
				dst[at+stride] = t[i][1] + t[i][2]
				dst[at+2*stride] = t[i][2] - t[i][1]
				dst[at+3*stride] = t[i][1] - t[i][3]
				at += 4 * stride
			}
		}
	}
}

// winoOutputGeneric writes Aᵀ·m·A + bias, at least floor, of n tiles to two rows of pixels, the
// second row first; with odd the last tile has one column only.
func winoOutputGeneric(n int, row0, row1, src []float32, stride int, bias *[Width]float32, floor float32, odd bool) {
	for tile := range n {
		for c := range Width {
			var z [2][4]float32
			for j := range 4 {
				at := tile*Width + c + j*stride
				m0, m1, m2, m3 := src[at], src[at+4*stride], src[at+8*stride], src[at+12*stride]
				z[0][j], z[1][j] = m0+m1+m2, m1-m2-m3
			}
			for r := 1; r >= 0; r-- {
				out := row0[2*tile*Width:]
				if r == 1 {
					out = row1[2*tile*Width:]
				}
				out[c] = raise(z[r][0]+z[r][1]+z[r][2]+bias[c], floor)
				if tile < n-1 || !odd {
					out[c+Width] = raise(z[r][1]-z[r][2]-z[r][3]+bias[c], floor)
				}
			}
		}
	}
}

func raise(v, floor float32) float32 {
	if v < floor {
		return floor
	}
	return v
}

// winoGradGeneric writes A·d·Aᵀ of n tiles of 2×2 pixels, rows row floats apart.
func winoGradGeneric(n int, dst []float32, stride int, src []float32, row int) {
	for tile := range n {
		for c := range Width {
			at := 2*tile*Width + c
			p, q := src[at:], src[at+row:]
			a, b, d, e := p[0], p[Width], q[0], q[Width]
			at = tile*Width + c
			for _, r := range [4][2]float32{{a, b}, {a + d, b + e}, {a - d, b - e}, {-d, -e}} {
				dst[at], dst[at+stride], dst[at+2*stride], dst[at+3*stride] = r[0], r[0]+r[1], r[0]-r[1], -r[1]
				at += 4 * stride
			}
		}
	}
}

// tapStride is the distance of the taps of one panel of weights.
const tapStride = Width * Width

// winoWeightsGeneric writes G·w·Gᵀ of n rows of 16 floats, whose nine taps lie tapStride apart.
func winoWeightsGeneric(n int, dst []float32, stride int, src []float32) {
	for i := range n * Width {
		var t [4][3]float32
		for x := range 3 {
			g0, g1, g2 := src[i+x*tapStride], src[i+(3+x)*tapStride], src[i+(6+x)*tapStride]
			t[0][x], t[3][x] = g0, g2
			t[1][x], t[2][x] = halves(g0, g1, g2)
		}
		at := i
		for _, r := range t {
			dst[at], dst[at+3*stride] = r[0], r[2]
			dst[at+stride], dst[at+2*stride] = halves(r[0], r[1], r[2])
			at += 4 * stride
		}
	}
}

func halves(a, b, c float32) (plus, minus float32) {
	e := a + c
	return 0.5 * (e + b), 0.5 * (e - b)
}

// winoWeightGradGeneric writes Gᵀ·m·G of n rows of 16 floats to the nine taps.
func winoWeightGradGeneric(n int, dst, src []float32, stride int) {
	for i := range n * Width {
		var a [3][4]float32
		for j := range 4 {
			at := i + j*stride
			a[0][j], a[1][j], a[2][j] = thirds(src[at], src[at+4*stride], src[at+8*stride], src[at+12*stride])
		}
		for y, r := range a {
			at := i + 3*y*tapStride
			dst[at], dst[at+tapStride], dst[at+2*tapStride] = thirds(r[0], r[1], r[2], r[3])
		}
	}
}

func thirds(a, b, c, d float32) (x, y, z float32) {
	e := float32(0.5 * (b + c))
	return a + e, 0.5 * (b - c), e + d
}
