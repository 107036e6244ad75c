//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels response -pkg simd -out ../simd/response_amd64.s -stubs ../simd/response_stubs_amd64.go

import "github.com/deepfry/deepfry/internal/cpu"

// The functions here do whole vectors and return how many floats that were.

func addSquaresVectors(dst, x []float32) int {
	n := wholeVectors(len(dst))
	switch {
	case n == 0:
	case cpu.Current() == cpu.AVX512:
		addSquares512(n, &dst[0], &x[0])
	default:
		addSquares256(n, &dst[0], &x[0])
	}
	return n
}

func responseNormVectors(y, x, sums []float32, k, scale float32) int {
	n := wholeVectors(len(y))
	switch {
	case n == 0:
	case cpu.Current() == cpu.AVX512:
		responseNorm512(n, &y[0], &x[0], &sums[0], k, scale)
	default:
		responseNorm256(n, &y[0], &x[0], &sums[0], k, scale)
	}
	return n
}

func responseNormBackwardVectors(dx, ratios, dy, y, sums []float32, k, scale float32) int {
	n := wholeVectors(len(dx))
	switch {
	case n == 0:
	case cpu.Current() == cpu.AVX512:
		responseNormBackward512(n, &dx[0], &ratios[0], &dy[0], &y[0], &sums[0], k, scale)
	default:
		responseNormBackward256(n, &dx[0], &ratios[0], &dy[0], &y[0], &sums[0], k, scale)
	}
	return n
}

func subtractProductsVectors(dst, x, y []float32, factor float32) int {
	n := wholeVectors(len(dst))
	switch {
	case n == 0:
	case cpu.Current() == cpu.AVX512:
		subtractProducts512(n, &dst[0], &x[0], &y[0], factor)
	default:
		subtractProducts256(n, &dst[0], &x[0], &y[0], factor)
	}
	return n
}
