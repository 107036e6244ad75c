package simd

func maxPool2x2Ref(y, x []float32, height, width int) {
	half := width / 2
	for row := range height / 2 {
		upper := x[2*row*width:][:width]
		lower := x[(2*row+1)*width:][:width]
		out := y[row*half:][:half]
		for j := range out {
			best := upper[2*j]
			best = later(best, upper[2*j+1])
			best = later(best, lower[2*j])
			best = later(best, lower[2*j+1])
			out[j] = best
		}
	}
}

// later returns value where it takes the place of best: where it is larger or
// the first NaN.
func later(best, value float32) float32 {
	if best == best && !(value <= best) {
		return value
	}
	return best
}

func maxPool2x2BackwardRef(dx, dy, y, x []float32, height, width int) {
	half := width / 2
	for row := range height / 2 {
		upper := x[2*row*width:][:width]
		lower := x[(2*row+1)*width:][:width]
		dUpper := dx[2*row*width:][:width]
		dLower := dx[(2*row+1)*width:][:width]
		for j := range half {
			g, best := dy[row*half+j], y[row*half+j]
			dUpper[2*j], dUpper[2*j+1], dLower[2*j], dLower[2*j+1] = 0, 0, 0, 0
			switch {
			case !(upper[2*j] < best):
				dUpper[2*j] = g
			case !(upper[2*j+1] < best):
				dUpper[2*j+1] = g
			case !(lower[2*j] < best):
				dLower[2*j] = g
			case !(lower[2*j+1] < best):
				dLower[2*j+1] = g
			}
		}
	}
}
