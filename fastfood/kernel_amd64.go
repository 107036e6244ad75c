//go:build !purego

package fastfood

import (
	"unsafe"

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

// The kernels follow, as their stubs document them. A bias and a dg may be nil.

func load(tile, x []float32, stride, rows int, diagonal []float32, scale float32, n int, levels bool) {
	if cpu.Current() == cpu.AVX512 {
		loadAVX512(&tile[0], &x[0], stride, rows, &diagonal[0], scale, n, levels)
	} else {
		loadAVX2(&tile[0], &x[0], stride, rows, &diagonal[0], scale, n, levels)
	}
}

// mixTile does block.mix for n entries of a tile, with matrices of the given number of rows.
func mixTile(outer, inner []float32, perm []int32, g []float32, group, n int, levels bool) {
	if cpu.Current() == cpu.AVX512 {
		switch group {
		case 1:
			permuteAVX512(&outer[0], &inner[0], &perm[0], &g[0], n, levels)
		case 2:
			mix2AVX512(&outer[0], &inner[0], &perm[0], &g[0], n, levels)
		case 4:
			mix4AVX512(&outer[0], &inner[0], &perm[0], &g[0], n, levels)
		case 8:
			mix8AVX512(&outer[0], &inner[0], &perm[0], &g[0], n, levels)
		}
		return
	}
	switch group {
	case 1:
		permuteAVX2(&outer[0], &inner[0], &perm[0], &g[0], n, levels)
	case 2:
		mix2AVX2(&outer[0], &inner[0], &perm[0], &g[0], n, levels)
	case 4:
		mix4AVX2(&outer[0], &inner[0], &perm[0], &g[0], n, levels)
	case 8:
		mix8AVX2(&outer[0], &inner[0], &perm[0], &g[0], n, levels)
	}
}

func store(y []float32, stride, rows int, add bool, tile, diagonal []float32, scale float32, bias []float32, least float32, n int) {
	if cpu.Current() == cpu.AVX512 {
		storeAVX512(&y[0], stride, rows, add, &tile[0], &diagonal[0], scale, unsafe.SliceData(bias), least, n)
	} else {
		storeAVX2(&y[0], stride, rows, add, &tile[0], &diagonal[0], scale, unsafe.SliceData(bias), least, n)
	}
}

func addProducts(sums, tile, x []float32, stride, rows int, scale float32, n int) {
	if cpu.Current() == cpu.AVX512 {
		productsAVX512(&sums[0], &tile[0], &x[0], stride, rows, scale, n)
	} else {
		productsAVX2(&sums[0], &tile[0], &x[0], stride, rows, scale, n)
	}
}

// unmixTile does block.unmix, and block.addProducts unless dg is nil, for a tile. It has no
// more to gain from AVX-512.
func unmixTile(v, a []float32, perm []int32, g []float32, group int, inner, dg []float32) {
	sums := unsafe.SliceData(dg)
	switch group {
	case 1:
		scatterAVX2(&v[0], &a[0], &perm[0], &g[0], &inner[0], sums, len(perm))
	case 2:
		unmix2AVX2(&v[0], &a[0], &perm[0], &g[0], &inner[0], sums, len(perm))
	case 4:
		unmix4AVX2(&v[0], &a[0], &perm[0], &g[0], &inner[0], sums, len(perm))
	case 8:
		unmix8AVX2(&v[0], &a[0], &perm[0], &g[0], &inner[0], sums, len(perm))
	}
}

func firstLevels(tile []float32, n int) {
	if cpu.Current() == cpu.AVX512 {
		levelsAVX512(&tile[0], n)
	} else {
		levelsAVX2(&tile[0], n)
	}
}

// gatherRuns does gather for whole runs of 8 and returns how many entries that
// were.
func gatherRuns(permuted, mixed, u []float32, perm []int32, g []float32) int {
	n := len(perm) &^ 7
	if n == 0 || cpu.Current() == cpu.Ref {
		return 0
	}
	gatherAVX2(&permuted[0], &mixed[0], &u[0], &perm[0], &g[0], n)
	return n
}

// mixRuns does block.mix for a single row, from what is permuted on, for whole runs of 8,
// and returns how many entries that were.
func mixRuns(mixed, permuted, g []float32, group int) int {
	n := len(mixed) &^ 7
	if n == 0 || cpu.Current() == cpu.Ref {
		return 0
	}
	switch group {
	case 2:
		mixRow2AVX2(&mixed[0], &permuted[0], &g[0], n)
	case 4:
		mixRow4AVX2(&mixed[0], &permuted[0], &g[0], n)
	case 8:
		mixRow8AVX2(&mixed[0], &permuted[0], &g[0], n)
	}
	return n
}
