package machine

import (
	"context"
	"math"

	"github.com/deepfry/deepfry/internal/par"
	"gonum.org/v1/gonum/floats"
)

// solver solves (C + ridge·I)·w = r for all targets, with C and R of a gram, by
// conjugate gradients in float64 that a Cholesky factor in float32 preconditions.
// That takes two or three steps where float32 is nearly enough, and more where
// the matrix is so ill-conditioned that it is not: the factor is then of a matrix
// with a larger ridge.
type solver struct {
	gram   *gram
	ridge  float64
	factor *factor
	solve  *triangular

	factorRidge float64 // of the factor: ridge, or more

	p, product []float64 // [targets, n]: p and (C + ridge·I)·p
	rows       int       // of p
	multiply   func(chunk, worker int)
}

func newSolver(g *gram) *solver {
	s := &solver{gram: g, factor: newFactor(g.n)}
	s.solve = newTriangular(s.factor)
	s.multiply = s.multiplyPanel
	return s
}

// factorize takes a ridge above 0.
func (s *solver) factorize(ridge float64) {
	s.ridge, s.factorRidge = ridge, ridge
	for !s.factor.compute(s.gram, s.factorRidge) {
		// Rounding makes eigenvalues wrong by about the trace times float32's 2^-24.
		s.factorRidge = max(8*s.factorRidge, s.gram.trace()*0x1p-26)
	}
}

const (
	solveTolerance  = 1e-7 // of the residual's length, relative to that of the right-hand side
	solveIterations = 200
)

// weights returns w [targets, n] and the largest relative residual of a target.
func (s *solver) weights(ctx context.Context) (w []float64, residual float64, err error) {
	n, targets := s.gram.n, s.gram.targets
	w = make([]float64, targets*n)
	r := make([]float64, targets*n)
	s.gram.right(r)
	s.p, s.product, s.rows = make([]float64, targets*n), make([]float64, targets*n), targets
	z, narrow := make([]float64, targets*n), make([]float32, targets*n)
	start, rz := make([]float64, targets), make([]float64, targets)
	for k := range targets {
		start[k] = floats.Norm(r[k*n:][:n], 2)
	}
	for iteration := 0; ; iteration++ {
		residual = 0
		for k := range targets {
			if start[k] > 0 {
				residual = max(residual, floats.Norm(r[k*n:][:n], 2)/start[k])
			}
		}
		if residual <= solveTolerance || iteration == solveIterations {
			return w, residual, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		s.precondition(z, narrow, r)
		for k := range targets {
			zk, rk, pk := z[k*n:][:n], r[k*n:][:n], s.p[k*n:][:n]
			before := rz[k]
			rz[k] = floats.Dot(rk, zk)
			if before > 0 {
				floats.AddScaledTo(pk, zk, rz[k]/before, pk)
			} else {
				copy(pk, zk)
			}
		}
		par.For(tiles(n), par.Workers(), s.multiply)
		for k := range targets {
			pk, ap := s.p[k*n:][:n], s.product[k*n:][:n]
			if curvature := floats.Dot(pk, ap); curvature > 0 {
				floats.AddScaled(w[k*n:][:n], rz[k]/curvature, pk)
				floats.AddScaled(r[k*n:][:n], -rz[k]/curvature, ap)
			}
		}
	}
}

// precondition computes z = (L·Lᵀ)⁻¹·r for every row, scaled so that float32 can
// hold it.
func (s *solver) precondition(z []float64, narrow []float32, r []float64) {
	n := s.gram.n
	for k := range len(r) / n {
		scale := 1.0
		if norm := floats.Norm(r[k*n:][:n], 2); norm > 0 {
			scale = norm
		}
		for j, v := range r[k*n:][:n] {
			narrow[k*n+j] = float32(v / scale)
		}
	}
	s.solve.solve(narrow, len(r)/n, true)
	for k := range len(r) / n {
		scale := floats.Norm(r[k*n:][:n], 2)
		for j, v := range narrow[k*n:][:n] {
			z[k*n+j] = float64(v) * scale
		}
	}
}

// multiplyPanel computes the columns of the product that belong to a panel's rows.
func (s *solver) multiplyPanel(panel, _ int) {
	g, n := s.gram, s.gram.n
	first, last := panel*side, min(n, (panel+1)*side)
	scale := 1 / g.rows
	for k := range s.rows {
		p, product := s.p[k*n:][:n], s.product[k*n:][first:last]
		mean := floats.Dot(g.zMean, p)
		for j := range product {
			product[j] = s.ridge*p[first+j] - g.zMean[first+j]*mean
		}
	}
	for i := first; i < last; i++ { // left of the diagonal, and its tile
		row := g.zz.row(i)
		for k := range s.rows {
			s.product[k*n+i] += scale * floats.Dot(row, s.p[k*n:][:len(row)])
		}
	}
	for i := last; i < n; i++ { // right of it, as columns below
		row := g.zz.row(i)[first:last]
		for k := range s.rows {
			floats.AddScaled(s.product[k*n+first:k*n+last], scale*s.p[k*n+i], row)
		}
	}
}

// condition estimates the condition of C + ridge·I, the ratio of its largest to
// its least eigenvalue: both by power iterations, of the matrix and of the
// inverse that the factor stands for.
func (s *solver) condition() float64 {
	n := s.gram.n
	s.p, s.product, s.rows = make([]float64, n), make([]float64, n), 1
	inverse, narrow := make([]float64, n), make([]float32, n)
	start := func(x []float64) {
		for j := range x { // any vector that is orthogonal to no eigenvector
			x[j] = 1 + 0.5*math.Sin(float64(j*j))
		}
		floats.Scale(1/floats.Norm(x, 2), x)
	}
	start(s.p)
	start(inverse)
	largest, least := 0.0, 0.0
	const iterations = 12
	for range iterations {
		par.For(tiles(n), par.Workers(), s.multiply)
		largest = floats.Norm(s.product, 2)
		floats.ScaleTo(s.p, 1/largest, s.product)
		s.precondition(inverse, narrow, inverse)
		least = 1 / floats.Norm(inverse, 2)
		floats.Scale(least, inverse)
	}
	return largest / least
}
