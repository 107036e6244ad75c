package simd

// AddSquares computes dst[i] += x[i]².
func AddSquares(dst, x []float32) {
	if len(dst) != len(x) {
		panic("simd: AddSquares: slices of different lengths")
	}
	done := addSquaresVectors(dst, x)
	addSquaresRef(dst[done:], x[done:])
}

// ResponseNorm computes y[i] = x[i]·t^(-3/4), with t = k + scale·sums[i] and
// t^(3/4) = √t·√√t. Every operation is rounded on its own, so that all kernel
// versions agree bit for bit.
func ResponseNorm(y, x, sums []float32, k, scale float32) {
	if len(y) != len(x) || len(y) != len(sums) {
		panic("simd: ResponseNorm: slices of different lengths")
	}
	done := responseNormVectors(y, x, sums, k, scale)
	responseNormRef(y[done:], x[done:], sums[done:], k, scale)
}

// ResponseNormBackward computes, with the t of ResponseNorm and its output y,
// the first part of the gradient, dx[i] = dy[i]·t^(-3/4), and what the second
// part is made of, ratios[i] = dy[i]·y[i]/t.
func ResponseNormBackward(dx, ratios, dy, y, sums []float32, k, scale float32) {
	if len(dx) != len(ratios) || len(dx) != len(dy) || len(dx) != len(y) || len(dx) != len(sums) {
		panic("simd: ResponseNormBackward: slices of different lengths")
	}
	done := responseNormBackwardVectors(dx, ratios, dy, y, sums, k, scale)
	responseNormBackwardRef(dx[done:], ratios[done:], dy[done:], y[done:], sums[done:], k, scale)
}

// SubtractProducts computes dst[i] -= factor·x[i]·y[i].
func SubtractProducts(dst, x, y []float32, factor float32) {
	if len(dst) != len(x) || len(dst) != len(y) {
		panic("simd: SubtractProducts: slices of different lengths")
	}
	done := subtractProductsVectors(dst, x, y, factor)
	subtractProductsRef(dst[done:], x[done:], y[done:], factor)
}
