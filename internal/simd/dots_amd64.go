//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels dots -pkg simd -out ../simd/dots_amd64.s -stubs ../simd/dots_stubs_amd64.go

import "github.com/deepfry/deepfry/internal/cpu"

// dotRow multiplies a row of A by all rows of B.
func dotRow(c, a []float32, b *Matrix) {
	switch {
	case cpu.Current() == cpu.Ref:
		dotRowRef(c, a, b)
	case len(c) >= 4:
		dots(c, a, b.Data, b.RowStride)
	default:
		for j := range c {
			var four [4]float32 // times the same
			dots(four[:], a, b.Data[j*b.RowStride:], 0)
			c[j] = four[0]
		}
	}
}

// dots multiplies a row of A by len(c) rows of B, at least 4.
func dots(c, a, b []float32, rowStride int) {
	mask := &storeMasks[16-len(a)%16]
	if cpu.Current() == cpu.AVX512 {
		dots512(len(a), len(c), &a[0], &b[0], rowStride, &c[0], mask)
	} else {
		dots256(len(a), len(c), &a[0], &b[0], rowStride, &c[0], mask)
	}
}

// dotRowInt8 multiplies a row of A by all rows of B, but for their scales.
func dotRowInt8(c, a []float32, b *Int8Matrix, first int) {
	if cpu.Current() == cpu.Ref {
		dotRowInt8Ref(c, a, b, first)
		return
	}
	mask := &storeMasks[16-len(a)%16]
	kernel := int8Dots256
	if cpu.Current() == cpu.AVX512 {
		kernel = int8Dots512
	}
	rows := b.Data[first*b.rowStride:]
	if len(c) >= 4 {
		kernel(len(a), len(c), &a[0], &rows[0], b.rowStride, &c[0], mask)
		return
	}
	for j := range c {
		var four [4]float32 // times the same
		kernel(len(a), 4, &a[0], &rows[j*b.rowStride], 0, &four[0], mask)
		c[j] = four[0]
	}
}
