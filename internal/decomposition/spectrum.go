// Package decomposition finds singular vectors and solves least squares.
package decomposition

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/internal/simd"
	"gonum.org/v1/gonum/mat"
)

// Spectrum is the leading part of the singular value decomposition of a matrix A
// [rows, columns], A = Σ σ_i·u_i·v_iᵀ.
type Spectrum struct {
	Vectors  []float32 // v [count, columns], orthonormal, of the largest σ first
	Energies []float64 // σ² = ‖A·v‖² [count]
	Total    float64   // ‖A‖², the sum of all σ²
}

// exactSize is the smaller side of A up to which gonum finds all vectors, from
// squares in float64. Beyond, its time, which grows with the cube, takes minutes, and
// iteration takes seconds.
const exactSize = 256

// Singular returns the first vectors of A, row-major: count of them, or as many as
// its smaller side. Cutting A to any number r of them, A·V·Vᵀ, leaves an
// error within a few percent of the least that a matrix of rank r can have (Eckart and
// Young, 1936), down to float32's rounding of ‖A‖. It returns an error if a number is
// not finite.
func Singular(a []float32, columns, count int, seed uint64) (*Spectrum, error) {
	return decompose(a, columns, count, levels, seed)
}

// Leading is Singular for those vectors whose σ is at least 3e-4 of the largest:
// others are of little use. It takes less time and no copy of A.
func Leading(a []float32, columns, count int, seed uint64) (*Spectrum, error) {
	return decompose(a, columns, count, 1, seed)
}

func decompose(a []float32, columns, count, levels int, seed uint64) (*Spectrum, error) {
	rows := len(a) / columns
	s := &Spectrum{Total: linear.Dot(a, a)}
	if math.IsNaN(s.Total) || math.IsInf(s.Total, 0) {
		return nil, errors.New("singular vectors of numbers that are not finite")
	}
	wide := simd.RowMajor(a, rows, columns)
	if rows >= columns {
		wide = wide.T()
	}
	count = min(count, wide.Rows)
	source := rand.New(random.New(seed, random.For("subspace"), 0, 0))
	if wide.Rows <= exactSize {
		if err := s.exact(wide, count); err != nil {
			return nil, err
		}
	} else {
		s.iterate(wide, count, levels, source)
	}
	if rows < columns { // Vectors are u: v = Aᵀ·u/σ
		u := simd.RowMajor(s.Vectors, count, rows)
		s.Vectors = make([]float32, count*columns)
		linear.Multiply(simd.RowMajor(s.Vectors, count, columns), u, wide)
		orthonormalise(s.Vectors, columns, 0, source)
	}
	return s, nil
}

// exact finds the vectors u of a matrix with few rows.
func (s *Spectrum) exact(a simd.Matrix, count int) error {
	n, rows := a.Rows, a
	if a.ColStride != 1 {
		rows = simd.RowMajor(make([]float32, n*a.Cols), n, a.Cols)
		for i, v := range a.Data[:n*a.Cols] {
			rows.Data[i%n*a.Cols+i/n] = v
		}
	}
	row := func(i int) []float32 { return rows.Data[i*a.Cols:][:a.Cols] }
	moment := mat.NewSymDense(n, nil) // A·Aᵀ
	par.For(n, par.Workers(), func(i, _ int) {
		for j := i; j < n; j++ {
			moment.SetSym(i, j, linear.Dot(row(i), row(j)))
		}
	})
	energies, vectors, err := eigen(moment)
	if err != nil {
		return err
	}
	s.Energies, s.Vectors = energies[:count], vectors[:count*n]
	return nil
}

// eigen returns the eigenvalues of a matrix that has no negative ones but for
// rounding, in descending order, and its eigenvectors as rows [n, n].
func eigen(moment *mat.SymDense) (values []float64, vectors []float32, err error) {
	var e mat.EigenSym
	if !e.Factorize(moment, true) {
		return nil, nil, errors.New("the eigenvectors of a matrix were not found")
	}
	values = e.Values(nil)
	slices.Reverse(values)
	n := len(values)
	var columns mat.Dense
	e.VectorsTo(&columns)
	vectors = make([]float32, n*n)
	for i := range n {
		values[i] = max(values[i], 0)
		for j := range n {
			vectors[i*n+j] = float32(columns.At(j, n-1-i))
		}
	}
	return values, vectors, nil
}

// orthonormalise makes the rows of q [rows, n] from the given one on orthonormal,
// each in the span of itself and those before, by Gram and Schmidt's method, twice
// for accuracy. Rows before a block are subtracted by matrix products. A row that
// depends on those before gives way to a random one.
func orthonormalise(q []float32, n, from int, source *rand.Rand) {
	const block = 32
	rows := len(q) / n
	products, sums := make([]float32, block*rows), make([]float32, block*n)
	var product linear.Product
	multiply := func(c, a, b simd.Matrix) {
		product.Multiply(c, a, b, linear.Balanced(c.Rows, c.Cols), linear.Epilogue{})
	}
	for first := from; first < rows; first += block {
		last := min(first+block, rows)
		now := q[first*n : last*n]
		for range 2 {
			if first > 0 {
				before := simd.RowMajor(q, first, n)
				p := simd.RowMajor(products, last-first, first)
				multiply(p, simd.RowMajor(now, last-first, n), before.T())
				multiply(simd.RowMajor(sums, last-first, n), p, before)
				linear.Subtract(now, sums, 1)
			}
			for i := range last - first {
				orthonormaliseRow(now, n, i, source)
			}
		}
	}
}

func orthonormaliseRow(q []float32, n, i int, source *rand.Rand) {
	row := q[i*n : (i+1)*n]
	before := math.Sqrt(linear.Dot(row, row))
	for j := range i {
		other := q[j*n : (j+1)*n]
		linear.Subtract(row, other, float32(linear.Dot(row, other)))
	}
	length := math.Sqrt(linear.Dot(row, row))
	if !(length > 1e-6*before) {
		fillNormal(row, source)
		length = math.Sqrt(linear.Dot(row, row))
	}
	linear.Scale(row, float32(1/length))
}

func fillNormal(x []float32, source *rand.Rand) {
	for i := range x {
		x[i] = float32(source.NormFloat64())
	}
}
