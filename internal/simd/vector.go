package simd

// Add computes dst[i] += src[i].
func Add(dst, src []float32) {
	if len(dst) != len(src) {
		panic("simd: Add: slices of different lengths")
	}
	done := addVectors(dst, src)
	addRef(dst[done:], src[done:])
}

// AddConstant computes x[i] += value: the bias of one channel.
func AddConstant(x []float32, value float32) {
	done := addConstantVectors(x, value)
	addConstantRef(x[done:], value)
}

// Multiply computes y[i] = a[i]·b[i]·scale, each product with a rounding of its
// own. y may be a or b.
func Multiply(y, a, b []float32, scale float32) {
	if len(y) != len(a) || len(y) != len(b) {
		panic("simd: Multiply: slices of different lengths")
	}
	done := multiplyVectors(y, a, b, scale)
	multiplyRef(y[done:], a[done:], b[done:], scale)
}

// Relu computes y[i] = x[i], or +0 where x[i] < 0. NaN and -0 stay. y and x may
// be the same slice.
func Relu(y, x []float32) {
	if len(y) != len(x) {
		panic("simd: Relu: slices of different lengths")
	}
	done := reluVectors(y, x)
	reluRef(y[done:], x[done:])
}

// ReluBackward computes dx[i] = dy[i] where y[i] > 0, and 0 elsewhere. y is
// Relu's output, or its input, and dx may be dy.
func ReluBackward(dx, dy, y []float32) {
	if len(dx) != len(dy) || len(dx) != len(y) {
		panic("simd: ReluBackward: slices of different lengths")
	}
	done := reluBackwardVectors(dx, dy, y)
	reluBackwardRef(dx[done:], dy[done:], y[done:])
}
