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
