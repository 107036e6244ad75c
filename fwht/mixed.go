package fwht

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/deepfry/deepfry/internal/paley"
)

// TransformMixed replaces x by H·x, where the length n of x need not be a power
// of two: H is a Hadamard matrix of order
//
//	n = m1·m2·…·2^k,  H = H_m1 ⊗ H_m2 ⊗ … ⊗ H_2^k,
//
// with the orders m of 36, 28, 20 and 12 in this order, as few as there can be:
// 800 = 20·20·2, for example, and 9216 = 36·256. H_2^k is that of [Transform];
// the others are Paley's (the package comment says more). H is symmetric, its
// entries are 1 and -1, and H·H = n·I. [Orthonormal] multiplies by 1/√n.
//
// A length that is no such product, or above [MaxLength], is an error, as is
// [Sequency] with a length that is not a power of two, and x stays as it was.
// TransformMixed runs on one core and allocates nothing, but for scratch memory
// at the first use.
func TransformMixed[T Float](x []T, options ...Option) error {
	f, err := factorsFor("len(x)", len(x), union(options))
	if err != nil {
		return err
	}
	if f.count == 0 {
		transformRowsAlone(x, len(x), union(options))
		return nil
	}
	transformMixed(x, f.orders[:f.count], f.power, 1, scaleFor[T](len(x), union(options)))
	return nil
}

// NextMixedLength returns the least length from n up that [TransformMixed]
// takes. It is a multiple of 4 or a power of two, and often much nearer than
// that of [NextLength]. An n below 0 or above [MaxLength] is an error.
func NextMixedLength(n int) (int, error) {
	power, err := NextLength(n)
	if err != nil {
		return 0, err
	}
	return nextMixed(n, 1, 0, power), nil
}

// nextMixed returns the least of best and the lengths from n up that are
// product, further orders from paley.Orders[first] on, and a power of two.
func nextMixed(n, product, first, best int) int {
	length := product
	for length < n {
		length *= 2
	}
	best = min(best, length)
	for i := first; i < len(paley.Orders) && paley.Orders[i] <= (best-1)/product; i++ {
		best = nextMixed(n, product*paley.Orders[i], i, best)
	}
	return best
}

// PowerOfTwo returns the factor 2^k of the length n in [TransformMixed]: runs of
// that many points are transformed first, and as [Transform] does it. It returns
// 0 for an n that is not the length of a transform.
func PowerOfTwo(n int) int {
	f, ok := factor(n)
	if !ok {
		return 0
	}
	return f.power
}

// Additions returns the number of additions in a transform of n points: n for
// every level, and n·(m/4 + 2) for every other order m. It returns 0 for an n
// that is not the length of a transform.
func Additions(n int) int {
	f, ok := factor(n)
	if !ok {
		return 0
	}
	each := bits.Len(uint(f.power)) - 1
	for _, m := range f.orders[:f.count] {
		each += m/4 + 2
	}
	return n * each
}

// factors are those of a length.
type factors struct {
	orders [8]int // the first count of them, outermost first: 20^7 > MaxLength, and 12 occurs once at most
	count  int
	power  int // of two
}

// factor returns the factors of n, if it is the length of a transform: each
// odd factor takes two twos.
func factor(n int) (f factors, ok bool) {
	if n < 1 || n > MaxLength {
		return f, false
	}
	twos := bits.TrailingZeros(uint(n))
	odd := n >> twos
	for _, m := range slices.Backward(paley.Orders[:]) {
		for ; odd%(m/4) == 0 && twos >= 2; f.count++ {
			f.orders[f.count] = m
			odd /= m / 4
			twos -= 2
		}
	}
	f.power = 1 << twos
	return f, odd == 1
}

// factorsFor returns the factors of a length n, or an error.
func factorsFor(what string, n int, option Option) (factors, error) {
	f, ok := factor(n)
	switch {
	case n < 1 || n > MaxLength:
		return f, fmt.Errorf("fwht: %s is %d, want 1 to 2^30", what, n)
	case !ok:
		next, _ := NextMixedLength(n)
		return f, fmt.Errorf("fwht: %s is %d, want a product of the orders 12, 20, 28, 36 and a power of two: pad with zeros to %d", what, n, next)
	case f.count > 0 && option&Sequency != 0:
		return f, errors.New("fwht: sequency order exists for powers of two alone")
	}
	return f, nil
}

// transformMixed transforms each column of a matrix: the innermost factor
// first, and each part before the next is begun. Its rows are those of the
// orders and the power of two, at least 2.
func transformMixed[T Float](x []T, orders []int, power, columns int, scale T) {
	if len(orders) == 0 {
		if columns == 1 {
			transform(x, scale)
		} else {
			transformColumns(x, columns, scale)
		}
		return
	}
	h := len(x) / orders[0]
	switch {
	case len(orders) == 1 && transformPowers(x, power, columns):
	case len(orders) == 2 && columns == 1 && power*sizeOf[T]() < 32:
		transformTransposed(x, orders[1], power)
	default:
		for i := 0; i < len(x); i += h {
			transformMixed(x[i:i+h], orders[1:], power, columns, 1)
		}
	}
	multiplyPaley(x, h, orders[0], scale)
}

// transformPowers transforms the columns of matrices of power rows that lie one
// after another in x, if one kernel does them all. Else it returns false.
func transformPowers[T Float](x []T, power, columns int) bool {
	switch {
	case power == 1: // nothing to do
	case columns == 1 && power <= blockLength[T]():
		blocks(x, power, 1)
	default:
		return shortColumnsAssembly(x, power, columns, 1)
	}
	return true
}

// transformTransposed transforms vectors of order·power points that lie one
// after another in x, as many as another order. Where the power of two fills no
// register, the kernels would find too few columns in each vector. With the
// points of all of them side by side, they find power times as many as there are
// vectors. The additions are the same.
func transformTransposed[T Float](x []T, order, power int) {
	transformPowers(x, power, 1)
	columns := len(x) / order
	vectors := columns / power
	b := takeBatch[T]()
	transposed := b.scratch[:len(x)] // 36·36 runs of 16 bytes at most
	transpose(transposed, x, vectors, order, power)
	multiplyPaley(transposed, columns, order, 1)
	transpose(x, transposed, order, vectors, power)
	b.release()
}
