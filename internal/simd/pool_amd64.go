//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels pool -pkg simd -out ../simd/pool_amd64.s -stubs ../simd/pool_stubs_amd64.go

import "github.com/deepfry/deepfry/internal/cpu"

func maxPool2x2(y, x []float32, height, width int) {
	switch cpu.Current() {
	case cpu.AVX512:
		maxPool512(&y[0], &x[0], height, width)
	case cpu.AVX2:
		maxPool256(&y[0], &x[0], height, width)
	default:
		maxPool2x2Ref(y, x, height, width)
	}
}

// maxPool3x3 handles windows that are whole, height × width of them, if rows
// are long enough for that; see the comment of maxPoolOverlap512.
func maxPool3x3(y []float32, index []int32, x []float32, height, width, yStride, xStride, base int) bool {
	version := cpu.Current()
	switch {
	case version == cpu.AVX512 && width >= 16:
		maxPoolOverlap512(&y[0], &index[0], &x[0], height, width, yStride, xStride, base)
	case version >= cpu.AVX2 && width >= 8:
		maxPoolOverlap256(&y[0], &index[0], &x[0], height, width, yStride, xStride, base)
	case version >= cpu.AVX2 && width >= 4:
		maxPoolOverlap128(&y[0], &index[0], &x[0], height, width, yStride, xStride, base)
	default:
		return false
	}
	return true
}

func maxPool2x2Backward(dx, dy, y, x []float32, height, width int) {
	switch cpu.Current() {
	case cpu.AVX512:
		maxPoolBackward512(&dx[0], &dy[0], &y[0], &x[0], height, width)
	case cpu.AVX2:
		maxPoolBackward256(&dx[0], &dy[0], &y[0], &x[0], height, width)
	default:
		maxPool2x2BackwardRef(dx, dy, y, x, height, width)
	}
}
