//go:build !purego

package fastfood

import (
	"unsafe"

	"github.com/deepfry/deepfry/fwht"
	"github.com/deepfry/deepfry/internal/cpu"
)

//go:generate go -C ../internal/gen run ./fastfood -pkg fastfood -out ../../fastfood/kernel_amd64.s -stubs ../../fastfood/kernel_stubs_amd64.go

// maxRun is the most entries of a tile that a kernel does at a time.
const maxRun = 16

// runLength returns how many entries the kernels do at a time: those with a
// number of entries take multiples of it, and can transform such runs.
func runLength() int {
	if cpu.Current() == cpu.AVX512 {
		return 16
	}
	return 8
}

// pointer returns the address of x[0], or nil.
func pointer[T fwht.Float](x []T) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(x))) }

// The kernels follow, as their stubs document them.

func load[T fwht.Float](tile, x []T, stride, rows int, diagonal []T, scale T, n int, levels bool) {
	if cpu.Current() == cpu.AVX512 {
		loadAVX512(pointer(tile), pointer(x), stride, rows, pointer(diagonal), float32(scale), n, levels)
	} else {
		loadAVX2(pointer(tile), pointer(x), stride, rows, pointer(diagonal), float32(scale), n, levels)
	}
}

func move[T fwht.Float](outer, inner []T, perm []int32, diagonal []T, n int, levels bool) {
	if cpu.Current() == cpu.AVX512 {
		permuteAVX512(pointer(outer), pointer(inner), &perm[0], pointer(diagonal), n, levels)
	} else {
		permuteAVX2(pointer(outer), pointer(inner), &perm[0], pointer(diagonal), n, levels)
	}
}

func store[T fwht.Float](y []T, stride, rows int, add bool, tile, diagonal []T, scale T, bias []T, least float32, n int) {
	if cpu.Current() == cpu.AVX512 {
		storeAVX512(pointer(y), stride, rows, add, pointer(tile), pointer(diagonal), float32(scale), pointer(bias), least, n)
	} else {
		storeAVX2(pointer(y), stride, rows, add, pointer(tile), pointer(diagonal), float32(scale), pointer(bias), least, n)
	}
}

func addProducts[T fwht.Float](sums, tile, x []T, stride, rows int, scale T, n int) {
	if cpu.Current() == cpu.AVX512 {
		productsAVX512(pointer(sums), pointer(tile), pointer(x), stride, rows, float32(scale), n)
	} else {
		productsAVX2(pointer(sums), pointer(tile), pointer(x), stride, rows, float32(scale), n)
	}
}

// scatter has no more to gain from AVX-512.
func scatter[T fwht.Float](v, a []T, perm []int32, diagonal, inner, dg []T) {
	scatterAVX2(pointer(v), pointer(a), &perm[0], pointer(diagonal), pointer(inner), pointer(dg), len(perm))
}

func firstLevels[T fwht.Float](tile []T, n int) {
	if cpu.Current() == cpu.AVX512 {
		levelsAVX512(pointer(tile), n)
	} else {
		levelsAVX2(pointer(tile), n)
	}
}

// gatherRuns does gather for whole runs of 8 and returns how many entries that
// were.
func gatherRuns[T fwht.Float](permuted, mixed, u []T, perm []int32, g []T) int {
	n := len(perm) &^ 7
	if unsafe.Sizeof(*new(T)) != 4 || n == 0 || cpu.Current() == cpu.Ref {
		return 0
	}
	gatherAVX2(pointer(permuted), pointer(mixed), pointer(u), &perm[0], pointer(g), n)
	return n
}
