//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels dots -pkg simd -out ../simd/dots_amd64.s -stubs ../simd/dots_stubs_amd64.go

import "github.com/deepfry/deepfry/internal/cpu"

// dotRow multiplies a row of A by all rows of B.
func dotRow(c, a []float32, b *Matrix) {
	kernel := dots512
	switch cpu.Current() {
	case cpu.Ref:
		dotRowRef(c, a, b)
		return
	case cpu.AVX2:
		kernel = dots256
	}
	mask := &storeMasks[16-len(a)%16]
	if len(c) >= 4 {
		kernel(len(a), len(c), &a[0], &b.Data[0], b.RowStride, &c[0], mask)
		return
	}
	for j := range c {
		var four [4]float32 // times the same
		kernel(len(a), 4, &a[0], &b.Data[j*b.RowStride], 0, &four[0], mask)
		c[j] = four[0]
	}
}
