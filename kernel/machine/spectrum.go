package machine

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/internal/simd"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
)

// spectrum is the leading part of the covariance of centred features on a sample,
// C = Σ σ_i·e_i·e_iᵀ.
type spectrum struct {
	values  []float64 // σ, descending
	vectors []float32 // e [len(values), n], orthonormal
	n       int
}

// newSpectrum computes the count leading eigenpairs of zᵀ·z/rows for z [rows, n],
// whose rows are centred. The eigenvectors u of z·zᵀ/rows, by subspace
// iteration (Halko, Martinsson and Tropp, SIAM Review 2011, algorithm 4.4), give
// e = zᵀ·u/√(rows·σ). Count is at most rows and n.
func newSpectrum(z []float32, rows, n, count int, seed uint64) (*spectrum, error) {
	var m multiplier
	zMatrix := simd.RowMajor(z, rows, n)
	kernel := simd.RowMajor(make([]float32, rows*rows), rows, rows)
	m.multiply(kernel, zMatrix, zMatrix.T(), simd.Epilogue{})
	width := min(count+count/8+8, rows)
	basis, product := make([]float32, width*rows), make([]float32, width*rows) // vectors are rows
	generator := rand.New(random.New(seed, spectrumPurpose, 0, 0))
	for i := range basis {
		basis[i] = float32(generator.NormFloat64())
	}
	const iterations = 6
	for range iterations {
		m.multiply(simd.RowMajor(product, width, rows), simd.RowMajor(basis, width, rows), kernel, simd.Epilogue{})
		orthonormalize(basis, product, width, rows)
	}
	m.multiply(simd.RowMajor(product, width, rows), simd.RowMajor(basis, width, rows), kernel, simd.Epilogue{})
	values, rotation, err := ritz(basis, product, width, rows)
	if err != nil {
		return nil, err
	}
	s := &spectrum{n: n}
	s.values = values[:min(count, len(values))]
	for len(s.values) > 0 && !(s.values[len(s.values)-1] > 1e-7*s.values[0]) {
		s.values = s.values[:len(s.values)-1] // rounding
	}
	count = len(s.values)
	u := make([]float32, count*rows)
	for i := range count { // product is free now: u = rotation·basis, scaled
		for j := range width {
			rotation[i*width+j] /= float32(math.Sqrt(s.values[i]))
		}
	}
	m.multiply(simd.RowMajor(u, count, rows), simd.RowMajor(rotation[:count*width], count, width), simd.RowMajor(basis, width, rows), simd.Epilogue{})
	s.vectors = make([]float32, count*n)
	m.multiply(simd.RowMajor(s.vectors, count, n), simd.RowMajor(u, count, rows), zMatrix, simd.Epilogue{})
	for i := range s.values {
		s.values[i] /= float64(rows)
	}
	return s, nil
}

var spectrumPurpose = random.For("machine: spectrum")

// orthonormalize writes an orthonormal basis of the space of x's rows
// [width, rows] to basis, by a thin QR decomposition of xᵀ.
func orthonormalize(basis, x []float32, width, rows int) {
	a := blas64.General{Rows: rows, Cols: width, Stride: width, Data: make([]float64, rows*width)}
	for i := range width {
		for j := range rows {
			a.Data[j*width+i] = float64(x[i*rows+j])
		}
	}
	tau, work := make([]float64, width), make([]float64, 64*width)
	lapack64.Geqrf(a, tau, work, len(work))
	lapack64.Orgqr(a, tau, work, len(work))
	for i := range width {
		for j := range rows {
			basis[i*rows+j] = float32(a.Data[j*width+i])
		}
	}
}

// ritz returns the eigenvalues, descending, and the eigenvectors as rows
// [width, width], of basis·productᵀ.
func ritz(basis, product []float32, width, rows int) ([]float64, []float32, error) {
	a := mat.NewSymDense(width, nil)
	for i := range width {
		for j := i; j < width; j++ {
			a.SetSym(i, j, dot(basis[i*rows:][:rows], product[j*rows:][:rows]))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(a, true) {
		return nil, nil, errors.New("machine: the spectrum of features cannot be computed: they are not finite, or too large for float32")
	}
	values := eigen.Values(nil)
	slices.Reverse(values)
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	rotation := make([]float32, width*width)
	for i := range width {
		for j := range width {
			rotation[i*width+j] = float32(vectors.At(j, width-1-i))
		}
	}
	return values, rotation, nil
}

// dot adds up in float64.
func dot(x, y []float32) (sum float64) {
	for i, v := range x {
		sum += float64(v) * float64(y[i])
	}
	return sum
}
