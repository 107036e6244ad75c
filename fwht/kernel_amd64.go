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

// paleyAssembly does what multiplyPaley says, for the columns that it returns
// the number of: all, or none where assembly must not run.
func paleyAssembly[T Float](x []T, h, order int, scale T) (columns int) {
	version := cpu.Current()
	if version == cpu.Ref {
		return 0
	}
	lanes := 32 / sizeOf[T]()
	if version == cpu.AVX512 {
		columns = h - h%(2*lanes)
		if columns > 0 {
			paleyColumns(x, h, columns, order, scale, true)
		}
	}
	if whole := (h - columns) / lanes * lanes; whole > 0 {
		paleyColumns(x[columns:], h, whole, order, scale, false)
		columns += whole
	}
	if columns < h { // fewer than a register: with others behind them
		var last [36 * 8]T
		for i := range order {
			copy(last[i*lanes:], x[i*h+columns:(i+1)*h])
		}
		paleyColumns(last[:], lanes, lanes, order, scale, false)
		for i := range order {
			copy(x[i*h+columns:(i+1)*h], last[i*lanes:])
		}
	}
	return h
}

// paleyColumns does so many columns, a multiple of those in a register.
func paleyColumns[T Float](x []T, h, columns, order int, scale T, wide bool) {
	if p := unsafe.Pointer(&x[0]); sizeOf[T]() == 4 {
		if wide {
			paleyFloat32AVX512((*float32)(p), h, columns, order, float32(scale))
		} else {
			paleyFloat32AVX2((*float32)(p), h, columns, order, float32(scale))
		}
	} else {
		if wide {
			paleyFloat64AVX512((*float64)(p), h, columns, order, float64(scale))
		} else {
			paleyFloat64AVX2((*float64)(p), h, columns, order, float64(scale))
		}
	}
}
