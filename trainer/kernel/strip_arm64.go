package kernel

// sideBySide is how many panels a strip may take at once.
func (t tier) sideBySide() int { return 1 }

// tiling is that of every strip.
func (t tier) tiling(int) tiling { return tiling{most: 6, least: 4} }

// tile runs the kernel whose tiles have so many rows.
func (t tier) tile(_ *strip, rows, _ int, args *uint64) {
	switch rows {
	case 1:
		strip1Asm(args)
	case 2:
		strip2Asm(args)
	case 3:
		strip3Asm(args)
	case 4:
		strip4Asm(args)
	case 5:
		strip5Asm(args)
	case 6:
		strip6Asm(args)
	}
}

// peakWide is of another processor: no tier of this one calls it.
func peakWide(int) {}
