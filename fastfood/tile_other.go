//go:build !amd64 || purego

package fastfood

import "github.com/deepfry/deepfry/fwht"

// There are no kernels here: rows are done one by one, in Go.

func hasTiles[T fwht.Float]() bool { return false }

func useTile[T fwht.Float](dim, rows int) bool { return false }

func (k block[T]) forwardTile(y matrix[T], inner, outer []T, e Epilogue[T]) {}
func loadTile[T fwht.Float](tile []T, x matrix[T], diagonal []T, scale T)   {}

func (k block[T]) backwardTile(dx matrix[T], add bool, d block[T], dy, x matrix[T], u, v, inner, outer []T) {
}

func gatherRuns[T fwht.Float](permuted, mixed, u []T, perm []int32, g []T) int { return 0 }
