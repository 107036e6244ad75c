package machine

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/deepfry/deepfry/internal/par"
	"gonum.org/v1/gonum/floats"
)

// solver solves (C + ridge·I)·w = r for all targets, with C and R of a gram, by
// conjugate gradients in float64 that a Cholesky factor in float32 preconditions.
// That takes two or three steps where float32 is nearly enough, and more where
// the matrix is so ill-conditioned that it is not: the factor is then of a matrix
// with a larger ridge. Where C is not known well enough for the ridge, or the steps
// would be too many, the ridge itself is raised.
type solver struct {
	gram   *gram
	ridge  float64 // what is solved for: as asked for, or raised
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

// ridgeBelowFactor bounds the condition that the factor leaves to conjugate
// gradients, which take some hundreds of steps for it.
const ridgeBelowFactor = 1.0 / 4096

// factorAttempts is more than it takes from 2^-26 of the scale to more than C itself.
const factorAttempts = 20

// factorize takes a ridge above 0. Errors: ctx's, and a ridge that is not finite.
func (s *solver) factorize(ctx context.Context, ridge float64) error {
	s.ridge = max(ridge, s.gram.rounding())
	s.factorRidge = s.ridge
	for range factorAttempts {
		if positive, err := s.factor.compute(ctx, s.gram, s.factorRidge); err != nil {
			return err
		} else if positive {
			s.ridge = max(s.ridge, s.factorRidge*ridgeBelowFactor)
			return nil
		}
		// Rounding makes eigenvalues wrong by about the trace times float32's 2^-24.
		s.factorRidge = max(4*s.factorRidge, s.gram.scale()*0x1p-26)
	}
	return fmt.Errorf("machine: the equations cannot be solved in float32, not even with %.3g added to the diagonal: scale the inputs, or take another ridge", s.factorRidge)
}

const (
	solveTolerance  = 1e-7 // of the residual's length, relative to that of the right-hand side
	solveIterations = 1000
	solveAttempts   = 6
)

// weights returns w [targets, n] and the largest relative residual of a target. If
// that is above solveTolerance, larger ridges did not help, either.
func (s *solver) weights(ctx context.Context) (w []float64, residual float64, err error) {
	right := make([]float64, s.gram.targets*s.gram.n)
	s.gram.right(right)
	for attempt := 1; ; attempt++ {
		w, residual, err = s.conjugate(ctx, right, s.tolerance(solveTolerance))
		if err != nil || residual <= solveTolerance || attempt == solveAttempts {
			return w, residual, err
		}
		if err := s.factorize(ctx, math.Sqrt(10)*s.ridge); err != nil {
			return nil, 0, err
		}
	}
}

// closeFeatures bounds the features whose equations are solved as closely as their ridge
// asks for.
const closeFeatures = 1024

// tolerance returns how small residuals shall become, if enough is enough for large
// ridges. Where C is nothing, as along the mean of as many landmarks as rows, a residual r
// makes weights r/ridge, which rows that were not fitted to see: for small ridges r must be
// smaller.
func (s *solver) tolerance(enough float64) float64 {
	if s.gram.n > closeFeatures {
		return enough
	}
	return min(enough, max(1e-12, 1e-4*s.ridge/s.gram.scale()))
}

// conjugate solves for right [targets, n] up to the tolerance, or until it finds that
// the matrix is not positive definite, or for solveIterations.
func (s *solver) conjugate(ctx context.Context, right []float64, tolerance float64) (x []float64, residual float64, err error) {
	n := s.gram.n
	targets, r := len(right)/n, slices.Clone(right)
	x, s.p, s.product, s.rows = make([]float64, len(r)), make([]float64, len(r)), make([]float64, len(r)), targets
	z, narrow := make([]float64, len(r)), make([]float32, len(r))
	start, left, rz := make([]float64, targets), make([]float64, targets), make([]float64, targets)
	for k := range targets {
		start[k] = floats.Norm(r[k*n:][:n], 2)
	}
	for iteration, definite := 0, true; ; iteration++ {
		for k := range targets {
			if start[k] > 0 {
				left[k] = floats.Norm(r[k*n:][:n], 2) / start[k]
			}
		}
		if residual = slices.Max(left); residual <= tolerance || iteration == solveIterations || !definite {
			return x, residual, nil
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
			curvature := floats.Dot(pk, ap)
			if curvature > 0 {
				floats.AddScaled(x[k*n:][:n], rz[k]/curvature, pk)
				floats.AddScaled(r[k*n:][:n], -rz[k]/curvature, ap)
			}
			definite = definite && (curvature > 0 || left[k] <= tolerance)
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
	s.solve.solve(narrow, len(r)/n, both)
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
	scale := 1 / g.weight
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
// its least eigenvalue: both by power iterations, of the matrix and of its inverse.
// That is the factor's where its ridge is the same, and else by conjugate gradients.
func (s *solver) condition(ctx context.Context) (float64, error) {
	n := s.gram.n
	vector := make([]float64, n)
	for j := range vector { // any that is orthogonal to no eigenvector
		vector[j] = 1 + 0.5*math.Sin(float64(j*j))
	}
	floats.Scale(1/floats.Norm(vector, 2), vector)
	s.p, s.product, s.rows = slices.Clone(vector), make([]float64, n), 1
	largest, least := 0.0, 0.0
	narrow := make([]float32, n)
	const iterations = 12
	for range iterations {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		par.For(tiles(n), par.Workers(), s.multiply)
		largest = floats.Norm(s.product, 2)
		floats.ScaleTo(s.p, 1/largest, s.product)
		s.precondition(vector, narrow, vector)
		least = 1 / floats.Norm(vector, 2)
		floats.Scale(least, vector)
	}
	if s.factorRidge != s.ridge {
		solved, _, err := s.conjugate(ctx, vector, 0.1)
		if err != nil {
			return 0, err
		}
		least = min(least, 1/floats.Norm(solved, 2))
	}
	return largest / least, nil
}
