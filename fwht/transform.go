package fwht

import "unsafe"

// transform replaces x by scale·H·x, in natural order: blocks first, then
// passes that join 2, 4 or 8 of them at a time. It goes down into one part
// after another, so that a part which fits in a cache is finished there.
func transform[T Float](x []T, scale T) {
	n := len(x)
	block := blockLength[T]()
	if n <= block {
		blocks(x, n, scale)
		return
	}
	radix := radixFor(n / block)
	h := n / radix
	if h == block {
		blocks(x, block, 1)
	} else {
		for i := 0; i < n; i += h {
			transform(x[i:i+h], 1)
		}
	}
	combine(x, h, h, radix, scale)
}

// radixFor returns how many parts the last pass of a transform joins that has
// the given number of blocks, 2 or more. The passes below it, nearest to the
// processor, then have radix 8.
func radixFor(blocks int) int {
	switch {
	case blocks == 2:
		return 2
	case blocks&0o11111111111 != 0: // a power of 8
		return 8
	}
	return 4
}

// blocks applies scale·H to each block of size points, which divides len(x)
// and is at most blockLength.
func blocks[T Float](x []T, size int, scale T) {
	if done := blocksAssembly(x, size, scale); done < len(x) {
		blocksRef(x[done:], size, scale)
	}
}

// combine joins radix = 2, 4 or 8 transforms, of which transform i holds
// columns points from x[i·h] on: it does the levels h, 2h, … up to radix·h/2,
// and multiplies by scale.
func combine[T Float](x []T, h, columns, radix int, scale T) {
	if !combineAssembly(x, h, columns, radix, scale) {
		combineRef(x, h, columns, radix, scale)
	}
}

// multiplyPaley replaces the matrix of order rows and h columns by scale·H·x,
// where H is the matrix of package paley of that order.
func multiplyPaley[T Float](x []T, h, order int, scale T) {
	if !paleyAssembly(x, h, order, scale) {
		paleyRef(x, h, order, scale)
	}
}

// transpose sets y to the transpose of the matrix x, whose entries are runs of
// points, of at most 16 bytes. The numbers of rows and columns are multiples of 4,
// as all orders are.
func transpose[T Float](y, x []T, rows, columns, run int) {
	if !transposeAssembly(y, x, rows, columns, run) {
		transposeRef(y, x, rows, columns, run)
	}
}

// sizeOf returns the size of a T in bytes.
func sizeOf[T Float]() int { return int(unsafe.Sizeof(*new(T))) }
