package kernel

// sideBySide is how many panels a strip may take at once.
func (t tier) sideBySide() int { return 1 }

// goesOverPanels tells whether one call goes over panels one after the other.
func (t tier) goesOverPanels() bool { return false }

// tiling is that of every strip.
func (t tier) tiling(int) tiling { return tiling{most: 6, least: 4} }

// tile runs the kernel whose tiles have so many rows.
func (t tier) tile(_ *strip, rows, _ int, args *uint64) { tile256(rows, args) }

// peakWide is of another processor: no tier of this one calls it.
func peakWide(int) {}
