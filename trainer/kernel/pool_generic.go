package kernel

// maxRowGeneric takes the maximum of kh×kw windows whose first pixels are step floats apart, for as
// many pixels as y holds.
func maxRowGeneric(y, x []float32, kh, kw, step, row int) {
	for o := 0; o < len(y)/Width; o++ {
		best := [Width]float32(x[o*step:])
		for k := 1; k < kh*kw; k++ {
			for i, v := range (*[Width]float32)(x[o*step+k/kw*row+k%kw*Width:]) {
				if !(best[i] > v) {
					best[i] = v
				}
			}
		}
		*(*[Width]float32)(y[o*Width:]) = best
	}
}

// maxRowBackwardGeneric adds dy to the first pixel of each window that equals y.
func maxRowBackwardGeneric(dx []float32, dxRow int, dy, y, x []float32, xRow, kh, kw, step int, relu bool) {
	for o := 0; o < len(y)/Width; o++ {
		top, grad := (*[Width]float32)(y[o*Width:]), [Width]float32(dy[o*Width:])
		for i, v := range top {
			if relu && !(v > 0) {
				grad[i] = 0
			}
		}
		for k := range kh * kw {
			to := (*[Width]float32)(dx[o*step+k/kw*dxRow+k%kw*Width:])
			for i, v := range (*[Width]float32)(x[o*step+k/kw*xRow+k%kw*Width:]) {
				if v == top[i] {
					to[i] += grad[i]
					grad[i] = 0
				}
			}
		}
	}
}

// maxRowFreshGeneric is maxRowBackwardGeneric for disjoint windows of 2×2 pixels, whose dx it writes
// unread.
func maxRowFreshGeneric(dx []float32, dxRow int, dy, y, x []float32, xRow int, relu bool) {
	clear(dx[:2*len(y)])
	clear(dx[dxRow : dxRow+2*len(y)])
	maxRowBackwardGeneric(dx, dxRow, dy, y, x, xRow, 2, 2, 2*Width, relu)
}

// sumRowGeneric is maxRowGeneric with sums, in row order.
func sumRowGeneric(y, x []float32, kh, kw, step, row int) {
	for o := 0; o < len(y)/Width; o++ {
		sum := [Width]float32(x[o*step:])
		for k := 1; k < kh*kw; k++ {
			for i, v := range (*[Width]float32)(x[o*step+k/kw*row+k%kw*Width:]) {
				sum[i] += v
			}
		}
		*(*[Width]float32)(y[o*Width:]) = sum
	}
}

// spreadRowGeneric adds scale·dy to all pixels of its window, window after window.
func spreadRowGeneric(dx []float32, dxRow int, dy []float32, kh, kw, step int, scale float32) {
	for o := 0; o < len(dy)/Width; o++ {
		grad := [Width]float32(dy[o*Width:])
		for i := range grad {
			grad[i] *= scale
		}
		for k := range kh * kw {
			to := (*[Width]float32)(dx[o*step+k/kw*dxRow+k%kw*Width:])
			for i, v := range grad {
				to[i] += v
			}
		}
	}
}
