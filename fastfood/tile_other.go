//go:build !amd64 || purego

package fastfood

// There are no kernels here: rows are done one by one, in Go.

const hasTiles = false

func useTile(dim, rows int) bool { return false }

func (k block) forwardTile(y matrix, inner, outer []float32, e Epilogue)   {}
func loadTile(tile []float32, x matrix, diagonal []float32, scale float32) {}

func (k block) backwardTile(dx matrix, add bool, d block, dy, x matrix, u, v, inner, outer []float32) {
}

func gatherRuns(permuted, mixed, u []float32, perm []int32, g []float32) int { return 0 }

func mixRuns(mixed, permuted, g []float32, group int) int { return 0 }
