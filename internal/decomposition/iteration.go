package decomposition

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/simd"
	"gonum.org/v1/gonum/mat"
)

const (
	// iterations of the subspace: the error is then within 1% or so of the least
	// (TestSingularOfFlatSpectrum).
	iterations = 8
	// visible is the energy, relative to the largest, down to which eigenvectors of
	// A·Aᵀ in float32 are those of A: its rounding is some 1e-7 of the largest.
	visible = 1e-5
	// levels of deflation: each takes σ down to √visible of what it began with.
	levels = 5
	// rounding is the energy, relative to ‖A‖², of what subtractions in float32 leave.
	rounding = 1e-13
)

// subspace finds the left singular vectors u of a matrix with many rows, by
// orthogonal iteration with M = A·Aᵀ (Golub and Van Loan, Matrix Computations, section
// 8.2.4) from random vectors: multiply, orthonormalise in order, repeat. Any number of
// the first vectors is what the iteration would have found for that number alone,
// so that one run serves all ranks.
//
// Squares in float32 hide all σ below some 1e-3 of the largest. So, where the
// vectors that are wanted go further down, it keeps those that M shows, subtracts
// from A what lies along them, and begins again with what is left (deflation).
type subspace struct {
	a        simd.Matrix // what is left of A
	total    float64     // ‖A‖²
	vectors  []float32   // u [count, a.Rows]: those found, then those of this level
	energies []float64   // of those found
	image    []float32   // [count, a.Rows]: products of vectors
	moment   simd.Matrix // M
	product  linear.Product
	source   *rand.Rand
}

// iterate finds count vectors u. Leading ones alone need one level.
func (s *Spectrum) iterate(a simd.Matrix, count, levels int, source *rand.Rand) {
	a, scale := inRange(a)
	n := a.Rows
	b := &subspace{
		a: a, total: s.Total * scale * scale, source: source, vectors: make([]float32, count*n), image: make([]float32, count*n),
		moment: simd.RowMajor(make([]float32, n*n), n, n),
	}
	for level := 1; len(b.energies) < count; level++ {
		energies := b.level(level == levels)
		if len(b.energies)+len(energies) == count {
			b.energies = append(b.energies, energies...)
		} else {
			b.deflate(len(energies), scale != 1 || level > 1)
		}
	}
	s.Vectors, s.Energies = b.vectors, b.energies
	for i := range s.Energies {
		s.Energies[i] /= scale * scale
	}
}

// inRange returns a, or a copy times a scale if squares of its numbers would not be
// float32's.
func inRange(a simd.Matrix) (scaled simd.Matrix, scale float64) {
	largest := float32(0)
	for _, v := range a.Data {
		largest = max(largest, v, -v)
	}
	if _, exponent := math.Frexp(float64(largest)); largest > 0 && max(exponent, -exponent) > 20 {
		scale = math.Ldexp(1, -exponent)
		a.Data = slices.Clone(a.Data)
		for i, v := range a.Data {
			a.Data[i] = float32(float64(v) * scale)
		}
		return a, scale
	}
	return a, 1
}

func (b *subspace) multiply(c, a, m simd.Matrix) {
	b.product.Multiply(c, a, m, linear.Balanced(c.Rows, c.Cols), linear.Epilogue{})
}

// level iterates on what is left of A, and returns the energies of the vectors
// that it shows; if it is the last level, of all.
func (b *subspace) level(last bool) []float64 {
	n, found := b.a.Rows, len(b.energies)
	b.square()
	width, steps := len(b.vectors)/n-found, iterations
	x := b.vectors[found*n:]
	fillNormal(x, b.source)
	trace := 0.0
	for i := range n {
		trace += float64(b.moment.Data[i*n+i])
	}
	if trace <= rounding*b.total { // nothing is left: any vectors will do
		last, steps = true, 0
		orthonormalise(b.vectors, n, found, b.source)
	}
	for range steps {
		b.multiply(simd.RowMajor(b.image, width, n), simd.RowMajor(x, width, n), b.moment)
		if !last {
			width = b.worth(x, width)
		}
		copy(x, b.image[:width*n])
		orthonormalise(b.vectors[:(found+width)*n], n, found, b.source)
	}
	energies := b.rotate(x[:width*n])
	if last {
		return energies
	}
	least := visible * slices.Max(energies)
	if shown := slices.IndexFunc(energies, func(e float64) bool { return e < least }); shown > 0 {
		return energies[:shown]
	}
	return energies
}

// square computes M = A·Aᵀ: blocks of rows from the diagonal on, and their mirror images.
func (b *subspace) square() {
	const block = 256
	n := b.a.Rows
	for first := 0; first < n; first += block {
		last := min(first+block, n)
		rows := b.moment.RowRange(first, last)
		b.multiply(rows.ColumnRange(first, n), b.a.RowRange(first, last), b.a.RowRange(first, n).T())
		for i := range last - first {
			for j, v := range rows.Data[i*n+last : (i+1)*n] {
				b.moment.Data[(last+j)*n+first+i] = v
			}
		}
	}
}

// worth returns how many of the first vectors x, whose products with M are in
// image, may be shown by M: others are left to the next level.
func (b *subspace) worth(x []float32, width int) int {
	n := b.a.Rows
	energies := make([]float64, width)
	for i := range energies {
		energies[i] = linear.Dot(x[i*n:][:n], b.image[i*n:][:n])
	}
	least := visible * slices.Max(energies)
	for width > 1 && energies[width-1] < least {
		width--
	}
	return width
}

// rotate makes orthonormal vectors x, exactSize of them at a time, the
// eigenvectors of M within their span (Rayleigh and Ritz), and returns the
// eigenvalues.
func (b *subspace) rotate(x []float32) (energies []float64) {
	n := b.a.Rows
	for first := 0; first < len(x)/n; first += exactSize {
		width := min(exactSize, len(x)/n-first)
		part, image := simd.RowMajor(x[first*n:], width, n), simd.RowMajor(b.image, width, n)
		b.multiply(image, part, b.moment)
		products := simd.RowMajor(make([]float32, width*width), width, width)
		b.multiply(products, part, image.T())
		within := mat.NewSymDense(width, nil)
		for i := range width {
			for j := i; j < width; j++ {
				within.SetSym(i, j, float64(products.Data[i*width+j]))
			}
		}
		values, rotation, err := eigen(within)
		if err != nil { // they stay as they are
			for i := range width {
				energies = append(energies, max(0, within.At(i, i)))
			}
			continue
		}
		b.multiply(image, simd.RowMajor(rotation, width, width), part)
		copy(part.Data[:width*n], image.Data)
		energies = append(energies, values...)
	}
	return energies
}

// deflate takes the first count vectors of this level as found, after one step
// with A itself, which does not square, and subtracts from A what lies along them.
func (b *subspace) deflate(count int, owned bool) {
	n, found := b.a.Rows, len(b.energies)
	x := simd.RowMajor(b.vectors[found*n:], count, n)
	along := simd.RowMajor(make([]float32, count*b.a.Cols), count, b.a.Cols) // uᵀ·A
	b.multiply(along, x, b.a)
	b.multiply(x, along, b.a.T())
	orthonormalise(b.vectors[:(found+count)*n], n, found, b.source)
	b.multiply(along, x, b.a)
	for i := range count {
		row := along.Data[i*along.Cols:][:along.Cols]
		b.energies = append(b.energies, linear.Dot(row, row))
		linear.Scale(row, -1)
	}
	if !owned {
		b.a.Data = slices.Clone(b.a.Data)
	}
	c, left, right := b.a, x.T(), along
	if c.ColStride != 1 {
		c, left, right = c.T(), along.T(), x
	}
	b.product.Multiply(c, left, right, linear.Balanced(c.Rows, c.Cols), linear.Epilogue{Accumulate: true})
}
