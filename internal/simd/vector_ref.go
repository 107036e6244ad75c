package simd

func addRef(dst, src []float32) {
	for i, v := range src {
		dst[i] += v
	}
}

func addConstantRef(x []float32, value float32) {
	for i := range x {
		x[i] += value
	}
}

func multiplyRef(y, a, b []float32, scale float32) {
	for i, v := range a {
		y[i] = v * b[i] * scale
	}
}

func reluRef(y, x []float32) {
	for i, v := range x {
		if v < 0 {
			v = 0
		}
		y[i] = v
	}
}

func reluBackwardRef(dx, dy, y []float32) {
	for i, v := range y {
		if v > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}
