package kernel

// stripGeneric computes a strip in tiles of four rows and four columns, whose sums the compiler keeps
// in registers. Products are rounded before they are added (the conversion forbids fusing), so the
// plain tier gives the same bits on every processor, though not those of the fused kernels.
func stripGeneric(s *strip) {
	for panel := range s.panels {
		for g := range s.groups {
			for r := 0; r < s.rows; r += 4 {
				s.rowsGeneric(panel, g, r, min(4, s.rows-r))
			}
		}
	}
}

// rowsGeneric computes n ≤ 4 rows of a panel and a group from row r on.
func (s *strip) rowsGeneric(panel, group, r, n int) {
	var acc [4][Width]float32
	a, c := s.a[min(len(s.a), group*s.aGroup+r*s.aRow):], s.c[panel*s.cPanel+group*s.cGroup+r*s.cRow:]
	for i := range n {
		if s.flags&fromC != 0 {
			acc[i] = [Width]float32(c[i*s.cRow:])
		} else if s.flags&fromBias != 0 {
			acc[i] = [Width]float32(s.bias[panel*Width:])
		}
	}
	for band := range s.bands {
		for seg := range s.segs {
			k := s.k
			if seg == s.segs-1 {
				k = s.kLast
			}
			if k == 0 {
				continue // A may end here
			}
			s.segment(k, n, a[band*s.aBand+seg*s.aSeg:], s.b[panel*s.bPanel+band*s.bBand+seg*s.bSeg:], &acc)
		}
	}
	var mask []float32
	if s.flags&masked != 0 {
		mask = s.mask[panel*s.maskPanel+group*s.maskGroup+r*s.maskRow:]
	}
	for i := range n {
		s.finishRow(&acc[i], mask, i)
		*(*[Width]float32)(c[i*s.cRow:]) = acc[i]
	}
}

// segment adds k steps to n ≤ 4 rows.
func (s *strip) segment(k, n int, a, b []float32, acc *[4][Width]float32) {
	for q := 0; q < Width; q += 4 {
		if n == 4 {
			tile4x4(k, a, s.aRow, s.aStep, b[q:], s.bStep, acc, q)
			continue
		}
		for i := range n {
			tile1x4(k, a[i*s.aRow:], s.aStep, b[q:], s.bStep, (*[4]float32)(acc[i][q:]))
		}
	}
}

// finishRow applies ReLU and mask; NaN passes through ReLU, so that divergence is seen.
func (s *strip) finishRow(acc *[Width]float32, mask []float32, i int) {
	if s.flags&relu != 0 {
		for j, v := range acc {
			if v < 0 {
				acc[j] = 0
			}
		}
	}
	if s.flags&masked != 0 {
		m := mask[i*s.maskRow:][:Width]
		for j, v := range m {
			if v > 0 {
				acc[j] *= s.scale
			} else {
				acc[j] = 0
			}
		}
	}
}

func tile4x4(k int, a []float32, aRow, aStep int, b []float32, bStep int, acc *[4][Width]float32, q int) {
	r0, r1, r2, r3 := (*[4]float32)(acc[0][q:]), (*[4]float32)(acc[1][q:]), (*[4]float32)(acc[2][q:]), (*[4]float32)(acc[3][q:])
	c00, c01, c02, c03 := r0[0], r0[1], r0[2], r0[3]
	c10, c11, c12, c13 := r1[0], r1[1], r1[2], r1[3]
	c20, c21, c22, c23 := r2[0], r2[1], r2[2], r2[3]
	c30, c31, c32, c33 := r3[0], r3[1], r3[2], r3[3]
	a1, a2, a3 := a[aRow:], a[2*aRow:], a[3*aRow:]
	ia, ib := 0, 0
	for range k {
		bb := (*[4]float32)(b[ib:])
		x := a[ia]
		c00 += float32(x * bb[0])
		c01 += float32(x * bb[1])
		c02 += float32(x * bb[2])
		c03 += float32(x * bb[3])
		x = a1[ia]
		c10 += float32(x * bb[0])
		c11 += float32(x * bb[1])
		c12 += float32(x * bb[2])
		c13 += float32(x * bb[3])
		x = a2[ia]
		c20 += float32(x * bb[0])
		c21 += float32(x * bb[1])
		c22 += float32(x * bb[2])
		c23 += float32(x * bb[3])
		x = a3[ia]
		c30 += float32(x * bb[0])
		c31 += float32(x * bb[1])
		c32 += float32(x * bb[2])
		c33 += float32(x * bb[3])
		ia += aStep
		ib += bStep
	}
	*r0 = [4]float32{c00, c01, c02, c03}
	*r1 = [4]float32{c10, c11, c12, c13}
	*r2 = [4]float32{c20, c21, c22, c23}
	*r3 = [4]float32{c30, c31, c32, c33}
}

func tile1x4(k int, a []float32, aStep int, b []float32, bStep int, acc *[4]float32) {
	c0, c1, c2, c3 := acc[0], acc[1], acc[2], acc[3]
	ia, ib := 0, 0
	for range k {
		bb := (*[4]float32)(b[ib:])
		x := a[ia]
		c0 += float32(x * bb[0])
		c1 += float32(x * bb[1])
		c2 += float32(x * bb[2])
		c3 += float32(x * bb[3])
		ia += aStep
		ib += bStep
	}
	*acc = [4]float32{c0, c1, c2, c3}
}

// peakGeneric keeps eight chains of products and sums in registers, in four pairs whose second multiplies what the
// first holds: the roof of plain Go.
func peakGeneric(n int) float64 {
	var a, b, c, d, e, f, g, h, x, y float32 = 1, 1, 1, 1, 1, 1, 1, 1, 1e-3, 1
	for range n {
		a += float32(x * y)
		b += float32(x * a)
		c += float32(x * y)
		d += float32(x * c)
		e += float32(x * y)
		f += float32(x * e)
		g += float32(x * y)
		h += float32(x * g)
	}
	return float64(n)*16 + 0*float64(a+b+c+d+e+f+g+h)
}
