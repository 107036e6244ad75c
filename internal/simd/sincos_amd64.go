//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels sincos -pkg simd -out ../simd/sincos_amd64.s -stubs ../simd/sincos_stubs_amd64.go

import "github.com/deepfry/deepfry/internal/cpu"

// sinCosPart is how many values go through the kernel before x, which may be
// sin or cos, is needed no more: a part with a value outside is done again.
const sinCosPart = 256

// sinCosVectors does whole vectors and returns how many values that were.
func sinCosVectors(sin, cos, x []float32) int {
	n := wholeVectors(len(x))
	var copied [sinCosPart]float32
	for i := 0; i < n; i += sinCosPart {
		part := min(sinCosPart, n-i)
		copy(copied[:part], x[i:])
		if sinCosKernel(part, &sin[i], &cos[i], &copied[0]) == 0 {
			continue
		}
		for j, v := range copied[:part] {
			sin[i+j], cos[i+j] = sinCosRef(v)
		}
	}
	return n
}

func sinCosKernel(n int, sin, cos, x *float32) (outside uint64) {
	if cpu.Current() == cpu.AVX512 {
		return sinCos512(n, sin, cos, x)
	}
	return sinCos256(n, sin, cos, x)
}
