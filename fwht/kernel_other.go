//go:build !amd64 || purego

package fwht

func blockLength[T Float]() int { return blockLengthRef }

func blocksAssembly[T Float](x []T, size int, scale T) (points int) { return 0 }

func shortColumnsAssembly[T Float](x []T, rows, columns int, scale T) bool { return false }

func combineAssembly[T Float](x []T, h, columns, radix int, scale T) bool { return false }

func paleyAssembly[T Float](x []T, h, order int, scale T) bool { return false }

func transposeAssembly[T Float](y, x []T, rows, columns, run int) bool { return false }
