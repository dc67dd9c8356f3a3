package kernel

func (t tier) activateRun(y, x []float32, a Activation) {
	for t == avx2 && a != Linear && len(x) >= 8 {
		n := min(len(x)&^7, chunk)
		dst, src := &y[:n][0], &x[0]
		switch a {
		case ReLU:
			reluAVX2(n, dst, src)
		case LeakyReLU:
			leakyAVX2(n, dst, src)
		case ELU:
			eluAVX2(n, dst, src)
		case GELU:
			geluAVX2(n, dst, src)
		case Tanh:
			tanhAVX2(n, dst, src)
		case Sigmoid:
			sigmoidAVX2(n, dst, src)
		}
		y, x = y[n:], x[n:]
	}
	activateGeneric(y, x, a)
}

func (t tier) activateBackwardRun(dx, dy, from []float32, a Activation) {
	for t == avx2 && a != Linear && len(from) >= 8 {
		n := min(len(from)&^7, chunk)
		dst, grad, src := &dx[:n][0], &dy[:n][0], &from[0]
		switch a {
		case ReLU:
			reluGradAVX2(n, dst, grad, src)
		case LeakyReLU:
			leakyGradAVX2(n, dst, grad, src)
		case ELU:
			eluGradAVX2(n, dst, grad, src)
		case GELU:
			geluGradAVX2(n, dst, grad, src)
		case Tanh:
			tanhGradAVX2(n, dst, grad, src)
		case Sigmoid:
			sigmoidGradAVX2(n, dst, grad, src)
		}
		dx, dy, from = dx[n:], dy[n:], from[n:]
	}
	activateBackwardGeneric(dx, dy, from, a)
}
