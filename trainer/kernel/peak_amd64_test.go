package kernel

// peakLoads is peakLoop with the loads of an AVX2 tile beside its multiply-adds; 0 of tiers without.
func (t tier) peakLoads(n int) float64 {
	if t != avx2 {
		return 0
	}
	peakLoadsAsm(n, new([32]float32))
	return float64(n) * 24 * 8 * 2
}
