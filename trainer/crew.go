package trainer

import "espalier/trainer/kernel"

// crew computes the products of one fit. More than one thread split rows or columns of a
// product, never a sum, so the bits do not depend on their number.
type crew struct{ threads int }

func (c *crew) mulAB(y, a, b kernel.Matrix, e kernel.Epilogue) { kernel.MulAB(y, a, b, e) }

func (c *crew) mulATB(y, a, b kernel.Matrix, e kernel.Epilogue) { kernel.MulATB(y, a, b, e) }
