// Package paley has the plan of the products by the small Hadamard matrices
// whose order is no power of two: 12, 20, 28 and 36. The kernels of package
// fwht and their generator share it, so that all do the same additions in the
// same order.
//
// The matrices are those of Paley's second construction ("On orthogonal
// matrices", Journal of Mathematics and Physics 12, 1933), which takes a field
// of q ≡ 1 mod 4 elements: 5, 9, 13 or 17. With χ the quadratic character, 1
// for squares, -1 for other elements and 0 for 0, the matrix
//
//	C = | 0  1ᵀ |,   Q[i][j] = χ(i - j),
//	    | 1  Q  |
//
// of order q+1 is symmetric and C·C = q·I. Then
//
//	H = C ⊗ | 1  1 | + I ⊗ |  1 -1 |
//	        | 1 -1 |       | -1 -1 |
//
// is symmetric, has the entries 1 and -1, and H·H = 2(q+1)·I.
package paley

// Orders are the orders of the matrices, 2(q+1), upwards.
var Orders = [...]int{12, 20, 28, 36}

// Conference returns the matrix C of order q+1.
func Conference(q int) [][]int {
	// The elements of the field are a + b·i with i² = -1, a and b modulo p; b is
	// 0 if q is prime. Element a + b·i has the number a + p·b.
	p := q
	if q == 9 {
		p = 3
	}
	number := func(a, b int) int { return (a%p+p)%p + (b%p+p)%p*p }
	character := make([]int, q)
	for x := 1; x < q; x++ {
		character[x] = -1
	}
	for x := 1; x < q; x++ {
		a, b := x%p, x/p
		character[number(a*a-b*b, 2*a*b)] = 1
	}
	c := make([][]int, q+1)
	for i := range c {
		c[i] = make([]int, q+1)
		for j := range c[i] {
			switch {
			case i == 0 || j == 0:
				c[i][j] = min(i+j, 1)
			default:
				x, y := i-1, j-1
				c[i][j] = character[number(x%p-y%p, x/p-y/p)]
			}
		}
	}
	return c
}

// Term is what a pair (a, b) of inputs contributes to an output: one of the
// four values below, or that plus Negative.
type Term uint8

// The values of a Term.
const (
	Sum        Term = iota // a + b
	Difference             // a - b
	First                  // a
	Second                 // b
	Negative   Term = 4    // the negative of the others
)

// Terms returns how C, for a matrix H of order m, is multiplied by a vector:
// row i of C·x is the sum of terms [i][k] of the pairs (x[2k], x[2k+1]), whose
// sums and differences are shared by all rows. The first term of a row is
// never negative.
func Terms(m int) [][]Term {
	c := Conference(m/2 - 1)
	terms := make([][]Term, len(c))
	for i, row := range c {
		for k := 0; k < len(row); k += 2 {
			terms[i] = append(terms[i], term(row[k], row[k+1]))
		}
	}
	return terms
}

// term returns the term ca·a + cb·b, where at most one factor is 0.
func term(ca, cb int) Term {
	t := Difference
	switch {
	case ca == 0:
		t = Second
	case cb == 0:
		t = First
	case ca == cb:
		t = Sum
	}
	if ca < 0 || ca == 0 && cb < 0 {
		t += Negative
	}
	return t
}
