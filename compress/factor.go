package compress

import (
	"math"

	"github.com/deepfry/deepfry/internal/decomposition"
	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/simd"
)

// basis is an orthonormal basis of a layer's outputs, the directions that matter
// most first. A layer y = W·x is cut to rank r by projecting y on the first r of
// them, U: Ŵ = U·Uᵀ·W. With the left singular vectors of W that is the best
// matrix of rank r (Eckart and Young, 1936). With those of W·X, where the columns
// of X are inputs, it makes ‖W·X - Ŵ·X‖ least instead: the error on these inputs,
// not on all that there could be.
type basis struct {
	vectors  []float32 // [rank, outputs]
	energies []float64 // [rank]: the square of W, or W·X, along each
	total    float64   // the square of all of it
}

// newBasis returns up to rank vectors for the rows of y [rows, outputs], which
// are the columns of W (or outputs W·x on data). Where a number is not finite they are
// zeros.
func newBasis(y []float32, outputs, rank int, seed uint64) *basis {
	s, err := decomposition.Singular(y, outputs, rank, seed)
	if err != nil {
		return &basis{vectors: make([]float32, rank*outputs), energies: make([]float64, rank), total: math.NaN()}
	}
	return &basis{vectors: s.Vectors, energies: s.Energies, total: s.Total}
}

// factors returns A [rank, inputs] and B [outputs, rank] with B·A = U·Uᵀ·W, where
// W is [outputs, inputs]. Both get the root of a singular value, so that neither
// has much smaller numbers than the other.
func (b *basis) factors(w []float32, inputs, outputs, rank int) (first, second []float32) {
	u := simd.RowMajor(b.vectors, rank, outputs)
	first, second = make([]float32, rank*inputs), make([]float32, outputs*rank)
	linear.Multiply(simd.RowMajor(first, rank, inputs), u, simd.RowMajor(w, outputs, inputs))
	for i := range rank {
		row := first[i*inputs : (i+1)*inputs]
		root := float32(math.Sqrt(math.Sqrt(linear.Dot(row, row))))
		if root == 0 {
			root = 1
		}
		linear.Scale(row, 1/root)
		for j := range outputs {
			second[j*rank+i] = b.vectors[i*outputs+j] * root
		}
	}
	return first, second
}
