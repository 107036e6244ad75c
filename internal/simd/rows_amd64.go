//go:build !purego

package simd

//go:generate go run -C ../gen ./simd -kernels window -pkg simd -out ../simd/rows_amd64.s -stubs ../simd/rows_stubs_amd64.go

import "github.com/deepfry/deepfry/internal/cpu"

func copyRows(dst, src rows, width, height, planes int) {
	if width <= 0 || height <= 0 || planes <= 0 {
		return
	}
	switch cpu.Current() {
	case cpu.AVX512:
		copyRows512(&dst.data[0], dst.stride, dst.plane, &src.data[0], src.stride, src.plane, width, height, planes)
	case cpu.AVX2:
		copyRows256(&dst.data[0], dst.stride, dst.plane, &src.data[0], src.stride, src.plane, width, height, planes)
	default:
		copyRowsRef(dst, src, width, height, planes)
	}
}

func addRows(dst, src rows, width, height, planes int) {
	if width <= 0 || height <= 0 || planes <= 0 {
		return
	}
	switch cpu.Current() {
	case cpu.AVX512:
		addRows512(&dst.data[0], dst.stride, dst.plane, &src.data[0], src.stride, src.plane, width, height, planes)
	case cpu.AVX2:
		addRows256(&dst.data[0], dst.stride, dst.plane, &src.data[0], src.stride, src.plane, width, height, planes)
	default:
		addRowsRef(dst, src, width, height, planes)
	}
}

func copyEvery(dst []float32, dstStride int, src []float32, srcStride, every, width, height int) {
	switch cpu.Current() {
	case cpu.AVX512:
		copyEvery512(&dst[0], dstStride, &src[0], srcStride, every, width, height, &storeMasks[0])
	case cpu.AVX2:
		copyEvery256(&dst[0], dstStride, &src[0], srcStride, every, width, height, &storeMasks[8])
	default:
		copyEveryRef(dst, dstStride, src, srcStride, every, width, height)
	}
}
