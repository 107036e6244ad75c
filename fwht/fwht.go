package fwht

import (
	"fmt"
	"math"
	"math/bits"
)

// Float is an element type that the kernels exist for.
type Float interface{ float32 | float64 }

// MaxLength is the longest transform, 2^30 points.
const MaxLength = 1 << 30

// Option changes what a transform computes. Options may be combined, as
// arguments in any order or with |.
type Option uint8

const (
	// Orthonormal multiplies the result by 1/√n (in two dimensions by
	// 1/√(rows·cols)), rounded to the element type, so that lengths are kept
	// and the transform is its own inverse.
	Orthonormal Option = 1 << iota

	// Sequency orders the result by the number of sign changes: output k is
	// the product with the row of H that changes sign k times. Without it the
	// order is the natural one, also called Hadamard order.
	Sequency
)

// Transform replaces x by H·x, where H is the Hadamard matrix of order
// n = len(x),
//
//	H[i][j] = (-1)^popcount(i & j),
//
// in n·log2(n) additions. A length that is not a power of two from 1 to
// [MaxLength] is an error, and x stays as it was. Transform runs on one core and
// allocates nothing, but for scratch memory at the first use of [Sequency]. See
// the package comment for the exact order of the additions.
func Transform[T Float](x []T, options ...Option) error {
	if !validLength(len(x)) {
		return lengthError("len(x)", len(x))
	}
	transformRowsAlone(x, len(x), union(options))
	return nil
}

// TransformRows applies [Transform] to each row of a batch: x holds len(x)/n
// rows of n points, one after another. Rows are shared among all cores, and
// so is a single long row; the result does not depend on how many there are.
//
// A row length that is not a power of two from 1 to [MaxLength], or one that
// does not divide len(x), is an error, and x stays as it was. An empty x is a
// batch of no rows.
func TransformRows[T Float](x []T, n int, options ...Option) error {
	if !validLength(n) {
		return lengthError("the row length n", n)
	}
	if len(x)%n != 0 {
		return fmt.Errorf("fwht: len(x) is %d, want whole rows of n = %d points", len(x), n)
	}
	transformRows(x, n, union(options))
	return nil
}

// Transform2D replaces the matrix X of rows·cols points, stored row after row,
// by H_rows · X · H_cols, where H_n is the Hadamard matrix of order n: it
// transforms each row, and then each column. Orthonormal multiplies by
// 1/√(rows·cols); Sequency orders rows and columns.
//
// Dimensions must be powers of two, their product at most [MaxLength] and
// len(x); otherwise there is an error, and x stays as it was. Large matrices
// are shared among all cores.
func Transform2D[T Float](x []T, rows, cols int, options ...Option) error {
	if !validLength(rows) {
		return lengthError("the number of rows", rows)
	}
	if !validLength(cols) {
		return lengthError("the number of columns", cols)
	}
	if rows > MaxLength/cols {
		return fmt.Errorf("fwht: a matrix of %d rows and %d columns has more than 2^30 points", rows, cols)
	}
	if len(x) != rows*cols {
		return fmt.Errorf("fwht: len(x) is %d, want rows·cols = %d·%d = %d", len(x), rows, cols, rows*cols)
	}
	// H_rows ⊗ H_cols is H_(rows·cols): the levels within a row come first.
	option := union(options)
	transformRows(x, rows*cols, option&^Sequency)
	if option&Sequency != 0 {
		for i := 0; i < len(x); i += cols {
			toSequency(x[i:i+cols], 1)
		}
		toSequency(x, cols)
	}
	return nil
}

// NextLength returns the least length of a transform that holds n points, the
// next power of two from n up. It is what a shorter vector must be padded to
// with zeros. An n below 0 or above [MaxLength] is an error.
func NextLength(n int) (int, error) {
	if n < 0 || n > MaxLength {
		return 0, fmt.Errorf("fwht: no transform holds %d points, want 0 to 2^30", n)
	}
	if n <= 1 {
		return 1, nil
	}
	return 1 << bits.Len(uint(n-1)), nil
}

func validLength(n int) bool { return n > 0 && n <= MaxLength && n&(n-1) == 0 }

// lengthError says what is wrong with a length n, and what to do about it.
func lengthError(what string, n int) error {
	next, err := NextLength(n)
	if err != nil {
		return fmt.Errorf("fwht: %s is %d, want a power of two from 1 to 2^30", what, n)
	}
	return fmt.Errorf("fwht: %s is %d, want a power of two: pad with zeros to %d", what, n, next)
}

// union returns all the options in one.
func union(options []Option) Option {
	var all Option
	for _, o := range options {
		all |= o
	}
	return all
}

// scaleFor returns the factor that a transform of n points multiplies by: 1, or
// 1/√n. For n = 2^k that is rounded once: 2^-(k/2) if k is even, and
// √½ · 2^-((k-1)/2) if it is odd.
func scaleFor[T Float](n int, option Option) T {
	if option&Orthonormal == 0 {
		return 1
	}
	if n&(n-1) != 0 {
		return T(1 / math.Sqrt(float64(n)))
	}
	k := bits.Len(uint(n)) - 1
	root := T(1)
	if k%2 == 1 {
		root = math.Sqrt2 / 2
	}
	return root / T(int(1)<<(k/2))
}
