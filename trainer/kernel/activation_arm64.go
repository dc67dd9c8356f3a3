package kernel

func (t tier) activateRun(y, x []float32, a Activation) {
	for t == neon && a != Linear && len(x) >= 8 {
		n := min(len(x)&^7, chunk)
		dst, src := &y[:n][0], &x[0]
		switch a {
		case ReLU:
			reluNEON(n, dst, src)
		case LeakyReLU:
			leakyNEON(n, dst, src)
		case ELU:
			eluNEON(n, dst, src)
		case GELU:
			geluNEON(n, dst, src)
		case Tanh:
			tanhNEON(n, dst, src)
		case Sigmoid:
			sigmoidNEON(n, dst, src)
		}
		y, x = y[n:], x[n:]
	}
	activateGeneric(y, x, a)
}

func (t tier) activateBackwardRun(dx, dy, from []float32, a Activation) {
	for t == neon && a != Linear && len(from) >= 8 {
		n := min(len(from)&^7, chunk)
		dst, grad, src := &dx[:n][0], &dy[:n][0], &from[0]
		switch a {
		case ReLU:
			reluGradNEON(n, dst, grad, src)
		case LeakyReLU:
			leakyGradNEON(n, dst, grad, src)
		case ELU:
			eluGradNEON(n, dst, grad, src)
		case GELU:
			geluGradNEON(n, dst, grad, src)
		case Tanh:
			tanhGradNEON(n, dst, grad, src)
		case Sigmoid:
			sigmoidGradNEON(n, dst, grad, src)
		}
		dx, dy, from = dx[n:], dy[n:], from[n:]
	}
	activateBackwardGeneric(dx, dy, from, a)
}
