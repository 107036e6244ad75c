package simd

// MaxPool2x2 writes the maximum of every 2 × 2 window, stride 2, of the plane
// x (height × width pixels, both even) to y (height/2 × width/2). Of equal
// values the first in row-major order wins, so that the sign of zero is
// defined. Where a window holds NaNs, y is its first NaN.
func MaxPool2x2(y, x []float32, height, width int) {
	checkPool(y, x, height, width)
	if height > 0 && width > 0 {
		maxPool2x2(y, x, height, width)
	}
}

// MaxPool2x2Backward writes the gradient dx (height × width) of MaxPool2x2,
// given its input x, its output y and the gradient dy with respect to y: dy
// goes to the first pixel of the window, in row-major order, that is not less
// than y, and the other three get 0. Without NaNs that is the first maximum;
// with a NaN it is the first pixel.
func MaxPool2x2Backward(dx, dy, y, x []float32, height, width int) {
	checkPool(y, x, height, width)
	checkPool(dy, dx, height, width)
	if height > 0 && width > 0 {
		maxPool2x2Backward(dx, dy, y, x, height, width)
	}
}

func checkPool(small, large []float32, height, width int) {
	if height < 0 || width < 0 || height%2 != 0 || width%2 != 0 {
		panic("simd: odd height or width in MaxPool2x2")
	}
	if len(large) < height*width || len(small) < height*width/4 {
		panic("simd: slice too short in MaxPool2x2")
	}
}
