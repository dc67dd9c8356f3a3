package kernel

// peakOperands are no local variable: on a stack a load of 32 bytes may cross a cache line, which takes it twice the time.
var peakOperands [32]float32

// peakLoads is peakLoop with the loads of an AVX2 tile beside its multiply-adds; 0 of tiers without.
func (t tier) peakLoads(n int) float64 {
	if t != avx2 {
		return 0
	}
	peakLoadsAsm(n, &peakOperands)
	return float64(n) * 24 * 8 * 2
}
