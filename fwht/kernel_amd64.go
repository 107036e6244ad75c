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

// blocksAssembly does what blocks says, for the points at the start of x that it
// returns the number of: as many whole registers as there are.
func blocksAssembly[T Float](x []T, size int, scale T) (points int) {
	version := cpu.Current()
	if version == cpu.Ref || size == 1 {
		return 0
	}
	lanes := 32 / sizeOf[T]()
	if version == cpu.AVX512 {
		points = len(x) - len(x)%(2*lanes)
		blocksPart(x[:points], size, scale, true)
	}
	if whole := len(x) - len(x)%lanes; points < whole {
		blocksPart(x[points:whole], size, scale, false)
		points = whole
	}
	return points
}

func blocksPart[T Float](x []T, size int, scale T, wide bool) {
	if len(x) == 0 {
		return
	}
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
}

// shortColumnsAssembly transforms the columns of matrices of so many rows, a
// power of two, that lie one after another in x, and multiplies by scale: if a
// row fills a register and a column takes at most half of all registers. Else it
// returns false.
func shortColumnsAssembly[T Float](x []T, rows, columns int, scale T) bool {
	width := columns * sizeOf[T]()
	version := cpu.Current()
	narrow := version != cpu.Ref && width == 32 && rows <= 8
	wide := version == cpu.AVX512 && width == 64 && rows <= 16
	if !narrow && !wide {
		return false
	}
	if p := unsafe.Pointer(&x[0]); sizeOf[T]() == 4 {
		if wide {
			shortColumnsFloat32AVX512((*float32)(p), len(x), rows*columns, float32(scale))
		} else {
			shortColumnsFloat32AVX2((*float32)(p), len(x), rows*columns, float32(scale))
		}
	} else {
		if wide {
			shortColumnsFloat64AVX512((*float64)(p), len(x), rows*columns, float64(scale))
		} else {
			shortColumnsFloat64AVX2((*float64)(p), len(x), rows*columns, float64(scale))
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

// paleyAssembly does what multiplyPaley says, or returns false where assembly
// must not run. What the widest registers leave of the columns goes to narrower
// ones, down to a single column.
func paleyAssembly[T Float](x []T, h, order int, scale T) bool {
	version := cpu.Current()
	if version == cpu.Ref {
		return false
	}
	bytes := 32
	if version == cpu.AVX512 {
		bytes = 64
	}
	for columns := 0; columns < h; bytes /= 2 {
		if whole := (h - columns) &^ (bytes/sizeOf[T]() - 1); whole > 0 {
			paleyColumns(x[columns:], h, whole, order, scale, bytes)
			columns += whole
		}
	}
	return true
}

// paleyColumns does so many columns, each time as many as have so many bytes.
func paleyColumns[T Float](x []T, h, columns, order int, scale T, bytes int) {
	if p := unsafe.Pointer(&x[0]); sizeOf[T]() == 4 {
		p, scale := (*float32)(p), float32(scale)
		switch bytes {
		case 64:
			paleyFloat32AVX512(p, h, columns, order, scale)
		case 32:
			paleyFloat32AVX2(p, h, columns, order, scale)
		case 16:
			paleyFloat32x4(p, h, columns, order, scale)
		case 8:
			paleyFloat32x2(p, h, columns, order, scale)
		default:
			paleyFloat32x1(p, h, columns, order, scale)
		}
	} else {
		p, scale := (*float64)(p), float64(scale)
		switch bytes {
		case 64:
			paleyFloat64AVX512(p, h, columns, order, scale)
		case 32:
			paleyFloat64AVX2(p, h, columns, order, scale)
		case 16:
			paleyFloat64x2(p, h, columns, order, scale)
		default:
			paleyFloat64x1(p, h, columns, order, scale)
		}
	}
}

// transposeAssembly does what transpose says, for runs of up to 16 bytes, or
// returns false where assembly must not run.
func transposeAssembly[T Float](y, x []T, rows, columns, run int) bool {
	if cpu.Current() == cpu.Ref {
		return false
	}
	to, from := (*byte)(unsafe.Pointer(&y[0])), (*byte)(unsafe.Pointer(&x[0]))
	switch run * sizeOf[T]() {
	case 4:
		transpose4AVX2(to, from, rows, columns)
	case 8:
		transpose8AVX2(to, from, rows, columns)
	default:
		transpose16AVX2(to, from, rows, columns)
	}
	return true
}
