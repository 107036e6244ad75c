// Package fwht multiplies by Hadamard matrices without building them: it is the
// fast Walsh-Hadamard transform, in place, for float32 and float64.
//
// # The transform
//
// The Hadamard matrix H of order n = 2^k, in natural order, is
//
//	H_1 = [1],   H_2n = | H_n   H_n |,   H[i][j] = (-1)^popcount(i & j).
//	                    | H_n  -H_n |
//
// [Transform] replaces x by y = H·x:
//
//	y[i] = Σ_j (-1)^popcount(i & j) · x[j]
//
// The sum takes n² additions as it stands, and n·log2(n) by levels: for
// h = 1, 2, 4, …, n/2, in this order, each pair x[i] and x[i+h] with bit h of i
// zero becomes
//
//	(a, b) -> (a+b, a-b).
//
// H is symmetric and H·H = n·I, so that transforming twice multiplies by
// n. With the option [Orthonormal], a last multiplication by 1/√n makes it its
// own inverse. With [Sequency], y[k] is the product with the row that changes
// sign k times, in the way that a Fourier transform orders frequencies.
//
// [TransformRows] transforms a batch, on all cores, and [TransformColumns] one
// whose vectors lie side by side. [Transform2D] transforms the rows and the
// columns of a matrix; as H_rows ⊗ H_cols = H_(rows·cols), it is one long
// transform. A vector whose length is no power of two must be
// padded with zeros up to [NextLength], or goes to [TransformMixed].
//
// # Other orders
//
// Hadamard matrices exist for many orders that are no powers of two, and a
// Kronecker product of them is another. [TransformMixed] and [TransformColumns]
// have those of order 12, 20, 28 and 36 built in, so that 800 = 20·20·2 and
// 9216 = 36·256 points, the sizes of layers of well-known networks, need no
// padding. They are Paley's (1933): with a symmetric matrix C of order m/2 whose
// diagonal is 0, whose other entries are 1 and -1 and for which
// C·C = (m/2 - 1)·I,
//
//	H_m = C ⊗ | 1  1 | + I ⊗ |  1 -1 |
//	          | 1 -1 |       | -1 -1 |
//
// takes each pair (x0, x1), u = x0+x1 and v = x0-x1, to (C·u + v, C·v - u). C
// is multiplied by pairs (a, b) of elements of u or v: each of its rows has
// a+b, a-b or one of their negatives, and those sums are shared. This takes
// m/4 + 2 additions a point, where a power of two takes log2 of it.
//
// # Exactness
//
// Whatever the machine, the version of the kernels and the number of cores,
// each element goes through the same additions in the same order. Results of
// finite sums are the same to the bit, signs of zeros included. Kernels may
// group the work otherwise, in the two ways that leave this order alone: pairs
// of a level are taken in any order, and a part of 2h aligned elements may be
// done with all its levels up to h before another is begun.
//
// # The kernels
//
// There are four, for AVX2 and for AVX-512, for float32 and for float64, all
// from one generator; and a portable version of each, which is plain Go.
//
// "blocks" transforms as many points as fill half of the vector registers:
// 8 registers of AVX2 (64 float32 or 32 float64), or 16 of AVX-512 (256 or
// 128). They are loaded once, go through all levels, and are stored once. The
// first levels have both elements of a pair in one register. There, with s the
// register that has a and b of each pair exchanged by a shuffle,
//
//	(a, b)·(+1, -1) + s = (a+b, a-b)
//
// is a single multiply-add for all the pairs. A product with ±1 is exact, and a
// multiply-add rounds once, so this rounds as an addition does. From the level
// on where pairs lie in two registers, it is one addition and one subtraction
// for every two registers. Blocks smaller than this take fewer registers, or
// share one, and many small rows of a batch are a single call. "shortColumns" is
// the same without the levels in a register, for columns that lie side by side
// in one.
//
// "combine" joins 2, 4 or 8 transforms that lie h points apart into one: it
// loads a register from each, does the next 1, 2 or 3 levels across these
// registers, and stores them. So a row passes through the processor once for
// every 8-fold of length, rather than once for every doubling. More than 8
// would not do: addresses that are a large power of two apart share the few
// places of one set in the first-level cache.
//
// "paley" multiplies by one of the other small matrices, a register of columns
// at a time: u and v go to the stack, the products by C are summed in registers.
// For the columns that fill no register there are narrower versions of it, down
// to a single column. In 800 = 20·20·2 points, the second 20 would have 2 columns
// each time: "transpose" puts those of all 20 times side by side, and back.
//
// A long row is divided into parts, recursively, until a part is a block, and
// each part is finished before the next is begun. Whatever the sizes of the
// caches are, all the levels of a part that fits in one happen there. The
// multiplication by the scale is done on the way to memory in the last pass.
package fwht
