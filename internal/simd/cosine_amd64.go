//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels cosine -pkg simd -out ../simd/cosine_amd64.s -stubs ../simd/cosine_stubs_amd64.go

import "github.com/deepfry/deepfry/internal/cpu"

// scaledPart is how many values go through a kernel at a time: a part with a
// value outside the kernel's range is done again.
const scaledPart = 256

// scaledCosVectors does whole vectors and returns how many values that were.
func scaledCosVectors(cos, x []float32, scale float32) int {
	n := wholeVectors(len(x))
	kernel := scaledCos256
	if cpu.Current() == cpu.AVX512 {
		kernel = scaledCos512
	}
	for i := 0; i < n; i += scaledPart {
		part := min(scaledPart, n-i)
		if kernel(part, &cos[i], &x[i], scale) == 0 {
			continue
		}
		for j := i; j < i+part; j++ {
			_, cos[j] = scaledSinCosRef(x[j], scale)
		}
	}
	return n
}

func scaledSinCosVectors(sin, cos, x []float32, scale float32) int {
	n := wholeVectors(len(x))
	kernel := scaledSinCos256
	if cpu.Current() == cpu.AVX512 {
		kernel = scaledSinCos512
	}
	for i := 0; i < n; i += scaledPart {
		part := min(scaledPart, n-i)
		if kernel(part, &sin[i], &cos[i], &x[i], scale) == 0 {
			continue
		}
		for j := i; j < i+part; j++ {
			sin[j], cos[j] = scaledSinCosRef(x[j], scale)
		}
	}
	return n
}
