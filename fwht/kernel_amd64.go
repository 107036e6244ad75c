//go:build !purego

package fwht

import (
	"unsafe"

	"github.com/deepfry/deepfry/internal/cpu"
)

//go:generate go -C ../internal/gen run ./fwht -pkg fwht -out ../../fwht/kernel_amd64.s -stubs ../../fwht/kernel_stubs_amd64.go

// blockLength returns the length of the longest transform that the kernels do
// in registers: 8 of 32 bytes, or 16 of 64.
func blockLength[T Float]() int {
	switch cpu.Current() {
	case cpu.AVX512:
		return 16 * 64 / sizeOf[T]()
	case cpu.AVX2:
		return 8 * 32 / sizeOf[T]()
	}
	return blockLengthRef
}

// blocksAssembly does what blocks says, unless a block fills no register. It
// then returns false.
func blocksAssembly[T Float](x []T, size int, scale T) bool {
	version := cpu.Current()
	if version == cpu.Ref || size*sizeOf[T]() < 32 || len(x) == 0 {
		return false
	}
	wide := version == cpu.AVX512 && size*sizeOf[T]() >= 64
	if p := unsafe.Pointer(&x[0]); sizeOf[T]() == 4 {
		if wide {
			blocksFloat32AVX512((*float32)(p), len(x), size, float32(scale))
		} else {
			blocksFloat32AVX2((*float32)(p), len(x), size, float32(scale))
		}
	} else {
		if wide {
			blocksFloat64AVX512((*float64)(p), len(x), size, float64(scale))
		} else {
			blocksFloat64AVX2((*float64)(p), len(x), size, float64(scale))
		}
	}
	return true
}

// combineAssembly does what combine says, or returns false where assembly must
// not run. A transform to join is at least a block long.
func combineAssembly[T Float](x []T, h, columns, radix int, scale T) bool {
	version := cpu.Current()
	if version == cpu.Ref {
		return false
	}
	if p := unsafe.Pointer(&x[0]); sizeOf[T]() == 4 {
		if version == cpu.AVX512 {
			combineFloat32AVX512((*float32)(p), h, columns, radix, float32(scale))
		} else {
			combineFloat32AVX2((*float32)(p), h, columns, radix, float32(scale))
		}
	} else {
		if version == cpu.AVX512 {
			combineFloat64AVX512((*float64)(p), h, columns, radix, float64(scale))
		} else {
			combineFloat64AVX2((*float64)(p), h, columns, radix, float64(scale))
		}
	}
	return true
}
