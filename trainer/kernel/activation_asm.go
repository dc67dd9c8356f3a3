//go:build amd64 || arm64

package kernel

func (t tier) activateRun(y, x []float32, a Activation) {
	for t != generic && a != Linear && len(x) >= 8 {
		n := min(len(x)&^7, chunk)
		dst, src := &y[:n][0], &x[0]
		switch a {
		case ReLU:
			reluAsm(n, dst, src)
		case LeakyReLU:
			leakyAsm(n, dst, src)
		case ELU:
			eluAsm(n, dst, src)
		case GELU:
			geluAsm(n, dst, src)
		case Tanh:
			tanhAsm(n, dst, src)
		case Sigmoid:
			sigmoidAsm(n, dst, src)
		}
		y, x = y[n:], x[n:]
	}
	activateGeneric(y, x, a)
}

func (t tier) activateBackwardRun(dx, dy, from []float32, a Activation) {
	for t != generic && a != Linear && len(from) >= 8 {
		n := min(len(from)&^7, chunk)
		dst, grad, src := &dx[:n][0], &dy[:n][0], &from[0]
		switch a {
		case ReLU:
			reluGradAsm(n, dst, grad, src)
		case LeakyReLU:
			leakyGradAsm(n, dst, grad, src)
		case ELU:
			eluGradAsm(n, dst, grad, src)
		case GELU:
			geluGradAsm(n, dst, grad, src)
		case Tanh:
			tanhGradAsm(n, dst, grad, src)
		case Sigmoid:
			sigmoidGradAsm(n, dst, grad, src)
		}
		dx, dy, from = dx[n:], dy[n:], from[n:]
	}
	activateBackwardGeneric(dx, dy, from, a)
}
