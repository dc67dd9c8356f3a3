package kernel

import "fmt"

// Pooling windows are size×size pixels, stride apart, without padding: outputs are ⌊(H-size)/stride⌋+1,
// and input pixels that no window reaches have no gradient.

// PoolSize is the output size of a pooling over n pixels; below 1 the window does not fit.
func PoolSize(n, size, stride int) int {
	if size < 1 || stride < 1 || n < size {
		return 0
	}
	return (n-size)/stride + 1
}

// MaxPool is the maximum over every window.
func MaxPool(y, x Maps, size, stride int) { active().maxPool(y, x, size, stride) }

// MaxPoolBackward sends every dy to the first of its window's pixels, in row order, that holds the
// maximum; x and y are those of the forward pass. With relu only windows with y > 0 pass it on: where
// x is the output of a ReLU, dx is then the gradient at the ReLU's input.
func MaxPoolBackward(dx, dy, x, y Maps, size, stride int, relu bool) {
	active().maxPoolBackward(dx, dy, x, y, size, stride, relu)
}

// AveragePool is the mean over every window.
func AveragePool(y, x Maps, size, stride int) { active().averagePool(y, x, size, stride) }

// AveragePoolBackward is the gradient of AveragePool.
func AveragePoolBackward(dx, dy Maps, size, stride int) {
	active().averagePoolBackward(dx, dy, size, stride)
}

// GlobalAverage is the mean over all pixels of every image and channel: y is N×C.
func GlobalAverage(y Matrix, x Maps) { active().globalAverage(y, x) }

// GlobalAverageBackward is the gradient of GlobalAverage.
func GlobalAverageBackward(dx Maps, dy Matrix) { active().globalAverageBackward(dx, dy) }

func checkPool(what string, y, x Maps, size, stride int) {
	x.check(what)
	y.check(what)
	if x.Packed || y.Packed || y.N != x.N || y.C != x.C || y.H != PoolSize(x.H, size, stride) || y.W != PoolSize(x.W, size, stride) {
		panic(fmt.Sprintf("kernel: %s: windows of %d, %d apart, do not take %d maps of %d×%d×%d to %d of %d×%d×%d",
			what, size, stride, x.N, x.H, x.W, x.C, y.N, y.H, y.W, y.C))
	}
}

func (t tier) maxPool(y, x Maps, size, stride int) {
	checkPool("MaxPool", y, x, size, stride)
	for n := range y.N {
		for p := range y.panels() {
			for oy := range y.H {
				t.maxRow(y.Row(n, p, oy), x.tail(n, p, oy*stride, 0), size, stride*Width, x.row())
			}
		}
	}
}

func (t tier) maxPoolBackward(dx, dy, x, y Maps, size, stride int, relu bool) {
	checkPool("MaxPoolBackward", y, x, size, stride)
	checkMaps("MaxPoolBackward", dx, x)
	checkMaps("MaxPoolBackward", dy, y)
	for n := range y.N {
		for p := range y.panels() {
			for iy := range dx.H {
				clear(dx.Row(n, p, iy))
			}
			for oy := range y.H {
				t.maxRowBackward(dx.tail(n, p, oy*stride, 0), dx.row(), dy.Row(n, p, oy), y.Row(n, p, oy), x.tail(n, p, oy*stride, 0), x.row(), size, stride*Width, relu)
			}
		}
	}
}

func (t tier) averagePool(y, x Maps, size, stride int) {
	checkPool("AveragePool", y, x, size, stride)
	scale := 1 / float32(size*size)
	for n := range y.N {
		for p := range y.panels() {
			for oy := range y.H {
				t.sumRow(y.Row(n, p, oy), x.tail(n, p, oy*stride, 0), size, stride*Width, x.row())
				t.scaleBy(y.Row(n, p, oy), scale)
			}
		}
	}
}

func (t tier) averagePoolBackward(dx, dy Maps, size, stride int) {
	checkPool("AveragePoolBackward", dy, dx, size, stride)
	scale := 1 / float32(size*size)
	for n := range dy.N {
		for p := range dy.panels() {
			for iy := range dx.H {
				clear(dx.Row(n, p, iy))
			}
			for oy := range dy.H {
				from := dy.Row(n, p, oy)
				for ky := range size {
					to := dx.tail(n, p, oy*stride+ky, 0)
					if stride == 1 {
						// Neighbouring windows overlap: one pass for each column of the window.
						for kx := range size {
							t.axpy(to[kx*Width:][:len(from)], from, scale)
						}
						continue
					}
					for ox := range dy.W {
						for kx := range size {
							t.axpy(to[(ox*stride+kx)*Width:][:Width], from[ox*Width:][:Width], scale)
						}
					}
				}
			}
		}
	}
}

func (t tier) globalAverage(y Matrix, x Maps) {
	y.check("GlobalAverage")
	if x.check("GlobalAverage"); x.Packed || y.Rows != x.N || y.Cols != x.C {
		panic(fmt.Sprintf("kernel: GlobalAverage: %d maps of %d channels into %d×%d", x.N, x.C, y.Rows, y.Cols))
	}
	for n := range x.N {
		for p := range x.panels() {
			var total [Width]float64
			t.sumMaps(&total, x.Slice(n, n+1), p)
			narrow(y.Data[p*y.PanelStride+n*y.RowStride:], &total, float64(x.H*x.W))
		}
	}
}

func (t tier) globalAverageBackward(dx Maps, dy Matrix) {
	dy.check("GlobalAverageBackward")
	if dx.check("GlobalAverageBackward"); dx.Packed || dy.Rows != dx.N || dy.Cols != dx.C {
		panic(fmt.Sprintf("kernel: GlobalAverageBackward: %d×%d into %d maps of %d channels", dy.Rows, dy.Cols, dx.N, dx.C))
	}
	scale := 1 / float32(dx.H*dx.W)
	for n := range dx.N {
		for p := range dx.panels() {
			grad := [Width]float32(dy.Data[p*dy.PanelStride+n*dy.RowStride:])
			for i := range grad {
				grad[i] *= scale
			}
			for y := range dx.H {
				row := dx.Row(n, p, y)
				for x := range dx.W {
					*(*[Width]float32)(row[x*Width:]) = grad
				}
			}
		}
	}
}

// maxRowGeneric takes the maximum of size×size windows whose first pixels are step floats apart, for
// as many pixels as y holds.
func maxRowGeneric(y, x []float32, size, step, row int) {
	for o := 0; o < len(y)/Width; o++ {
		best := [Width]float32(x[o*step:])
		for k := 1; k < size*size; k++ {
			for i, v := range (*[Width]float32)(x[o*step+k/size*row+k%size*Width:]) {
				if !(best[i] > v) {
					best[i] = v
				}
			}
		}
		*(*[Width]float32)(y[o*Width:]) = best
	}
}

// maxRowBackwardGeneric adds dy to the first pixel of each window that equals y.
func maxRowBackwardGeneric(dx []float32, dxRow int, dy, y, x []float32, xRow, size, step int, relu bool) {
	for o := 0; o < len(y)/Width; o++ {
		top, grad := (*[Width]float32)(y[o*Width:]), [Width]float32(dy[o*Width:])
		for i, v := range top {
			if relu && !(v > 0) {
				grad[i] = 0
			}
		}
		for k := range size * size {
			to := (*[Width]float32)(dx[o*step+k/size*dxRow+k%size*Width:])
			for i, v := range (*[Width]float32)(x[o*step+k/size*xRow+k%size*Width:]) {
				if v == top[i] {
					to[i] += grad[i]
					grad[i] = 0
				}
			}
		}
	}
}

// sumRowGeneric is maxRowGeneric with sums, in row order.
func sumRowGeneric(y, x []float32, size, step, row int) {
	for o := 0; o < len(y)/Width; o++ {
		sum := [Width]float32(x[o*step:])
		for k := 1; k < size*size; k++ {
			for i, v := range (*[Width]float32)(x[o*step+k/size*row+k%size*Width:]) {
				sum[i] += v
			}
		}
		*(*[Width]float32)(y[o*Width:]) = sum
	}
}
