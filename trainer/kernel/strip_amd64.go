package kernel

// sideBySide is how many panels a strip may take at once: as many as share a broadcast of A.
func (t tier) sideBySide() int {
	if t == avx512 {
		return 2
	}
	return 1
}

// goesOverPanels tells whether one call goes over panels one after the other.
func (t tier) goesOverPanels() bool { return t == avx2 }

// tiling is that of strips of so many panels: eight chains hide the latency.
func (t tier) tiling(panels int) tiling {
	switch {
	case t != avx512:
		return tiling{most: 6, least: 4}
	case panels == 2:
		return tiling{most: 12, least: 4}
	}
	return tiling{most: 16, least: 8}
}

// tile runs the kernel of this strip whose tiles have so many rows, for the panels of a call.
func (t tier) tile(s *strip, rows, panels int, args *uint64) {
	switch {
	case t == avx512:
		tile512(rows, panels, args)
	case s.aStep == 1:
		tile256(rows, args)
	case s.aRow == 1:
		tile256Columns(rows, args)
	default:
		tile256Pixels(rows, args)
	}
}

func tile256Columns(rows int, args *uint64) {
	switch rows {
	case 1:
		strip1ColumnsAsm(args)
	case 2:
		strip2ColumnsAsm(args)
	case 3:
		strip3ColumnsAsm(args)
	case 4:
		strip4ColumnsAsm(args)
	case 5:
		strip5ColumnsAsm(args)
	case 6:
		strip6ColumnsAsm(args)
	}
}

func tile256Pixels(rows int, args *uint64) {
	switch rows {
	case 1:
		strip1PixelsAsm(args)
	case 2:
		strip2PixelsAsm(args)
	case 3:
		strip3PixelsAsm(args)
	case 4:
		strip4PixelsAsm(args)
	case 5:
		strip5PixelsAsm(args)
	case 6:
		strip6PixelsAsm(args)
	}
}

func tile512(rows, panels int, args *uint64) {
	if panels == 2 {
		switch rows {
		case 1:
			strip512x1x2Asm(args)
		case 2:
			strip512x2x2Asm(args)
		case 3:
			strip512x3x2Asm(args)
		case 4:
			strip512x4x2Asm(args)
		case 5:
			strip512x5x2Asm(args)
		case 6:
			strip512x6x2Asm(args)
		case 7:
			strip512x7x2Asm(args)
		case 8:
			strip512x8x2Asm(args)
		case 9:
			strip512x9x2Asm(args)
		case 10:
			strip512x10x2Asm(args)
		case 11:
			strip512x11x2Asm(args)
		case 12:
			strip512x12x2Asm(args)
		}
	} else {
		switch rows {
		case 1:
			strip512x1x1Asm(args)
		case 2:
			strip512x2x1Asm(args)
		case 3:
			strip512x3x1Asm(args)
		case 4:
			strip512x4x1Asm(args)
		case 5:
			strip512x5x1Asm(args)
		case 6:
			strip512x6x1Asm(args)
		case 7:
			strip512x7x1Asm(args)
		case 8:
			strip512x8x1Asm(args)
		case 9:
			strip512x9x1Asm(args)
		case 10:
			strip512x10x1Asm(args)
		case 11:
			strip512x11x1Asm(args)
		case 12:
			strip512x12x1Asm(args)
		case 13:
			strip512x13x1Asm(args)
		case 14:
			strip512x14x1Asm(args)
		case 15:
			strip512x15x1Asm(args)
		case 16:
			strip512x16x1Asm(args)
		}
	}
}

func peakWide(n int) { peak512Asm(n) }
