//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels planes -pkg simd -out ../simd/planes_amd64.s -stubs ../simd/planes_stubs_amd64.go

import "github.com/deepfry/deepfry/internal/cpu"

// mask returns that of the pixels behind the last whole group.
func (p Planes) mask() *int32 { return &storeMasks[16-p.Pixels%16] }

func (p Planes) sum(sums *planeSums, x []float32) {
	switch cpu.Current() {
	case cpu.AVX512:
		sumPlanes512(p.Samples, p.Pixels, p.Stride, p.mask(), &x[0], &sums[0])
	case cpu.AVX2:
		sumPlanes256(p.Samples, p.Pixels, p.Stride, p.mask(), &x[0], &sums[0])
	default:
		p.sumRef(sums, x)
	}
}

func (p Planes) sumSquares(sums *planeSums, x []float32, mean float64) {
	switch cpu.Current() {
	case cpu.AVX512:
		sumSquaresPlanes512(p.Samples, p.Pixels, p.Stride, p.mask(), &x[0], mean, &sums[0])
	case cpu.AVX2:
		sumSquaresPlanes256(p.Samples, p.Pixels, p.Stride, p.mask(), &x[0], mean, &sums[0])
	default:
		p.sumSquaresRef(sums, x, mean)
	}
}

func (p Planes) sumProducts(sums *[2]planeSums, dy, x []float32, mean float64) {
	switch cpu.Current() {
	case cpu.AVX512:
		sumProductsPlanes512(p.Samples, p.Pixels, p.Stride, p.mask(), &dy[0], &x[0], mean, &sums[0][0])
	case cpu.AVX2:
		sumProductsPlanes256(p.Samples, p.Pixels, p.Stride, p.mask(), &dy[0], &x[0], mean, &sums[0][0])
	default:
		p.sumProductsRef(sums, dy, x, mean)
	}
}

func (p Planes) normalize(y, x []float32, mean, factor, bias, least float32) {
	switch cpu.Current() {
	case cpu.AVX512:
		normalizePlanes512(p.Samples, p.Pixels, p.Stride, p.mask(), &y[0], &x[0], mean, factor, bias, least)
	case cpu.AVX2:
		normalizePlanes256(p.Samples, p.Pixels, p.Stride, p.mask(), &y[0], &x[0], mean, factor, bias, least)
	default:
		p.normalizeRef(y, x, mean, factor, bias, least)
	}
}

func (p Planes) normalizeBackward(dx, dy, x []float32, mean, factor, constant, slope float32) {
	switch cpu.Current() {
	case cpu.AVX512:
		normalizeBackwardPlanes512(p.Samples, p.Pixels, p.Stride, p.mask(), &dx[0], &dy[0], &x[0], mean, factor, constant, slope)
	case cpu.AVX2:
		normalizeBackwardPlanes256(p.Samples, p.Pixels, p.Stride, p.mask(), &dx[0], &dy[0], &x[0], mean, factor, constant, slope)
	default:
		p.normalizeBackwardRef(dx, dy, x, mean, factor, constant, slope)
	}
}
