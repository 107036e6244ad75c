package compress

import (
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/internal/simd"
	"gonum.org/v1/gonum/mat"
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

// exactSize is the most outputs for which gonum finds all eigenvectors. Beyond,
// its time, which grows with the cube, takes minutes, and iteration takes seconds.
const exactSize = 256

// newBasis returns up to rank vectors for the rows of y [rows, outputs], which
// are the columns of W (or outputs W·x on data).
func newBasis(y []float32, outputs, rank int, seed uint64) *basis {
	rows := len(y) / outputs
	moment := make([]float32, outputs*outputs) // yᵀ·y, whose eigenvectors are wanted
	all := simd.RowMajor(y, rows, outputs)
	product(simd.RowMajor(moment, outputs, outputs), all.T(), all)
	b := &basis{}
	for i := range outputs {
		b.total += float64(moment[i*outputs+i])
	}
	if outputs > exactSize || !b.decompose(moment, outputs, rank) {
		b.iterate(moment, outputs, rank, seed)
	}
	return b
}

// decompose finds the eigenvectors of the moment by gonum. It returns false if it
// can't, as for numbers that are not finite.
func (b *basis) decompose(moment []float32, n, rank int) bool {
	if math.IsNaN(b.total) || math.IsInf(b.total, 0) {
		return false
	}
	values := make([]float64, n*n)
	for i, v := range moment {
		values[i] = float64(v)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(mat.NewSymDense(n, values), true) {
		return false
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	energies := eigen.Values(nil) // in ascending order
	for i := range rank {
		column := n - 1 - i
		b.energies = append(b.energies, max(energies[column], 0))
		for j := range n {
			b.vectors = append(b.vectors, float32(vectors.At(j, column)))
		}
	}
	return true
}

// iterations of the subspace: the error is then within 1% or so of the least
// (TestIterationNearOptimum).
const iterations = 8

// iterate finds the eigenvectors of the moment by orthogonal iteration (Golub and
// Van Loan, Matrix Computations, section 8.2.4) from random vectors: multiply,
// orthonormalise in order, repeat. Any number of the first vectors is what the
// iteration would have found for that number alone, so that one run serves all
// ranks.
func (b *basis) iterate(moment []float32, n, rank int, seed uint64) {
	source := rand.New(random.New(seed, random.For("subspace"), 0, 0))
	b.vectors = make([]float32, rank*n)
	for i := range b.vectors {
		b.vectors[i] = float32(source.NormFloat64())
	}
	m, image := simd.RowMajor(moment, n, n), make([]float32, rank*n)
	for range iterations {
		product(simd.RowMajor(image, rank, n), simd.RowMajor(b.vectors, rank, n), m)
		b.vectors, image = image, b.vectors
		orthonormalise(b.vectors, n, source)
	}
	product(simd.RowMajor(image, rank, n), simd.RowMajor(b.vectors, rank, n), m)
	for i := range rank {
		b.energies = append(b.energies, max(dot(b.vectors[i*n:(i+1)*n], image[i*n:(i+1)*n]), 0))
	}
}

// orthonormalise makes the rows of q [rows, n] orthonormal, each in the span of
// itself and those before, by Gram and Schmidt's method, twice for accuracy. Rows
// before a block are subtracted by matrix products. A row that depends on those
// before gives way to a random one.
func orthonormalise(q []float32, n int, source *rand.Rand) {
	const block = 32
	rows := len(q) / n
	products, sums := make([]float32, block*rows), make([]float32, block*n)
	for first := 0; first < rows; first += block {
		last := min(first+block, rows)
		now := q[first*n : last*n]
		for range 2 {
			if first > 0 {
				before := simd.RowMajor(q, first, n)
				p := simd.RowMajor(products, last-first, first)
				product(p, simd.RowMajor(now, last-first, n), before.T())
				product(simd.RowMajor(sums, last-first, n), p, before)
				subtract(now, sums, 1)
			}
			for i := range last - first {
				orthonormaliseRow(now, n, i, source)
			}
		}
	}
}

func orthonormaliseRow(q []float32, n, i int, source *rand.Rand) {
	row := q[i*n : (i+1)*n]
	before := math.Sqrt(dot(row, row))
	for j := range i {
		other := q[j*n : (j+1)*n]
		subtract(row, other, float32(dot(row, other)))
	}
	length := math.Sqrt(dot(row, row))
	if !(length > 1e-6*before) {
		for k := range row {
			row[k] = float32(source.NormFloat64())
		}
		length = math.Sqrt(dot(row, row))
	}
	scale(row, float32(1/length))
}

// kept returns the part of the energy that the first r vectors hold.
func (b *basis) kept(r int) float64 {
	var sum float64
	for _, e := range b.energies[:r] {
		sum += e
	}
	if b.total == 0 {
		return 1
	}
	return sum / b.total
}

// factors returns A [rank, inputs] and B [outputs, rank] with B·A = U·Uᵀ·W, where
// W is [outputs, inputs]. Both get the root of a singular value, so that neither
// has much smaller numbers than the other.
func (b *basis) factors(w []float32, inputs, outputs, rank int) (first, second []float32) {
	u := simd.RowMajor(b.vectors, rank, outputs)
	first, second = make([]float32, rank*inputs), make([]float32, outputs*rank)
	product(simd.RowMajor(first, rank, inputs), u, simd.RowMajor(w, outputs, inputs))
	for i := range rank {
		row := first[i*inputs : (i+1)*inputs]
		root := float32(math.Sqrt(math.Sqrt(dot(row, row))))
		if root == 0 {
			root = 1
		}
		scale(row, 1/root)
		for j := range outputs {
			second[j*rank+i] = b.vectors[i*outputs+j] * root
		}
	}
	return first, second
}
