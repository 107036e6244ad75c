package machine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/deepfry/deepfry/kernel"
	"gonum.org/v1/gonum/floats"
)

// RidgeOptions are the options of Ridge.
type RidgeOptions struct {
	// Candidates for λ, relative to the mean squared length of the centred
	// features; each positive, and up to 1e6. If there is more than one, the rows held out
	// choose. None: DefaultRidges if there are such rows, and 1e-6 if not.
	Ridges []float64
	// Refit adds the rows held out to those that are fitted to, once λ is chosen.
	Refit bool
	// Posterior keeps what Predictor.PredictDeviation needs: (features)²/2 numbers.
	Posterior bool
}

// DefaultRidges returns 1e-2 to 1e-8, in steps of √10.
func DefaultRidges() (ridges []float64) {
	for i := range 13 {
		ridges = append(ridges, math.Pow(10, -2-float64(i)/2))
	}
	return ridges
}

// RidgeReport says how a fit went.
type RidgeReport struct {
	Ridge  float64 // the chosen one, relative as in RidgeOptions
	Raised float64 // what was taken in its place where it is too small for the arithmetic; else 0
	// The ridge of the posterior, relative, where it had to be larger than that of the
	// weights; else 0. Deviations are then those of a smoother Gaussian process.
	PosteriorRidge float64
	Ridges         []float64 // the candidates
	Scores         []Score   // of each candidate on the rows held out, before a refit
	Rows           int       // fitted to, of weights above 0
	Condition      float64   // of C + λ·I, estimated, with the λ that was taken
	Residual       float64   // of the solution, relative; above 1e-7 it did not converge
}

// Best returns the score of the chosen candidate on the rows held out, before a refit. It
// panics if there were none, or one candidate, so that nothing was chosen.
func (r *RidgeReport) Best() Score { return r.Scores[slices.Index(r.Ridges, r.Ridge)] }

// Ridge fits, in one pass over the rows,
//
//	min over W, b:  Σ w·|W·z + b - t|² / Σ w + λ·|W|²
//
// with the rows' weights w. The constant b is not penalised. For classification, t is 1 for the row's class
// and -1 for others. The pass accumulates the covariances of features, which takes
// N·n² multiply-adds and 4·n² bytes for n features; the equations are solved by
// Cholesky factorization, in another 2·n² bytes, and refined. λ is chosen by the
// rows held out, from the one accumulation.
//
// A λ that is too small for the rounding of float32 is raised to what is not, as the
// report tells. Where it is the only candidate and rows times n² are up to 2^33, products
// are computed in float64, which bears a λ some thousand times smaller.
//
// Errors: those of the sources, options out of range, values that are not finite,
// and ctx's.
func Ridge(ctx context.Context, p Problem, o RidgeOptions) (*Model, *RidgeReport, error) {
	if err := p.prepare(); err != nil {
		return nil, nil, err
	}
	if len(o.Ridges) == 0 {
		o.Ridges = []float64{1e-6}
		if p.HoldOut != nil {
			o.Ridges = DefaultRidges()
		}
	}
	if err := checkRidges(o.Ridges); err != nil {
		return nil, nil, err
	}
	if len(o.Ridges) != 1 && p.HoldOut == nil {
		return nil, nil, fmt.Errorf("machine: %d ridges, but no rows held out to choose by", len(o.Ridges))
	}
	if _, landmarks := p.Features.(*kernel.Landmarks); landmarks && o.Posterior {
		return nil, nil, errors.New("machine: a posterior is for random features: take kernel.Features, not landmarks")
	}
	if err := p.whiten(ctx); err != nil {
		return nil, nil, err
	}
	f := &ridgeFit{Problem: p, options: o, report: &RidgeReport{Ridges: o.Ridges}}
	m, err := f.run(ctx)
	if err != nil {
		return nil, nil, err
	}
	return m, f.report, nil
}

// largestRidge is far beyond where predictions are the mean of targets.
const largestRidge = 1e6

func checkRidges(ridges []float64) error {
	for _, ridge := range ridges {
		if !(ridge > 0 && ridge <= largestRidge) {
			return fmt.Errorf("machine: ridge %v: want positive numbers up to 1e6", ridge)
		}
	}
	return nil
}

type ridgeFit struct {
	Problem
	options RidgeOptions
	report  *RidgeReport
	stream  *stream
	gram    *gram
	solver  *solver
}

func (f *ridgeFit) run(ctx context.Context) (*Model, error) {
	n, targets := f.Features.Outputs(), f.Train.Columns().Targets()
	f.stream = f.newStream(blockRows(n))
	f.gram = newGram(n, targets, f.stream.maxRows)
	f.gram.exact = len(f.options.Ridges) == 1 && f.options.Ridges[0] < 0x1p-22/math.Sqrt(float64(n))
	if err := f.accumulate(ctx, f.Train); err != nil {
		return nil, err
	}
	f.solver = newSolver(f.gram)
	best := 0
	if len(f.options.Ridges) > 1 {
		var err error
		if best, err = f.choose(ctx); err != nil {
			return nil, err
		}
	}
	f.report.Ridge = f.options.Ridges[best]
	if f.options.Refit && f.HoldOut != nil {
		if err := f.accumulate(ctx, f.HoldOut); err != nil {
			return nil, err
		}
	}
	return f.fitted(ctx)
}

func (f *ridgeFit) accumulate(ctx context.Context, source Source) error {
	err := f.stream.each(ctx, source, func(b block) error {
		f.gram.add(b)
		f.progress("accumulating", f.gram.rows, 0, 0)
		return nil
	})
	if err == nil {
		err = f.gram.finish()
	}
	return err
}

// choose returns the candidate that is best on the rows held out.
func (f *ridgeFit) choose(ctx context.Context) (best int, err error) {
	var weights []float32
	var bias []float64
	for i, ridge := range f.options.Ridges {
		f.progress("solving", i, len(f.options.Ridges), 0)
		if err := f.solver.factorize(ctx, ridge*f.gram.scale()); err != nil {
			return 0, err
		}
		w, _, err := f.solver.weights(ctx)
		if err != nil {
			return 0, err
		}
		weights = append(weights, narrow(w)...)
		bias = append(bias, f.gram.intercepts(w)...)
	}
	f.report.Scores, err = evaluate(ctx, f.stream, f.HoldOut, weights, bias, false)
	if err != nil {
		return 0, err
	}
	for i, score := range f.report.Scores {
		if score.better(f.report.Scores[best]) {
			best = i
		}
	}
	f.progress("solving", len(f.options.Ridges), len(f.options.Ridges), f.report.Scores[best].Error(f.Train.Columns()))
	return best, nil
}

// constantFeatures is the mean squared distance of features from their mean,
// relative to the mean's square, below which it is taken for float32's rounding.
const constantFeatures = 1e-13

// fitted solves for the chosen ridge.
func (f *ridgeFit) fitted(ctx context.Context) (*Model, error) {
	solver, scale := f.solver, f.gram.scale()
	if err := solver.factorize(ctx, f.report.Ridge*scale); err != nil {
		return nil, err
	}
	w, residual, err := solver.weights(ctx)
	if err != nil {
		return nil, err
	}
	f.report.Rows, f.report.Residual = f.gram.rows, residual
	if f.report.Condition, err = solver.condition(ctx); err != nil {
		return nil, err
	}
	if solver.ridge > f.report.Ridge*scale {
		f.report.Raised = solver.ridge / scale
	}
	m := f.Problem.model(narrow(w), f.gram.intercepts(w))
	if f.options.Posterior {
		if m.posterior, err = f.posterior(ctx); err != nil {
			return nil, err
		}
	}
	return m, m.Validate()
}

// posterior takes the ridge of the factor, which may be larger than that of the
// weights. It estimates the noise as the evidence does: the likelihood of all
// targets, N(0, σ²·(I + Z·Zᵀ/(N·λ))) of their centred values, is greatest where
// σ² is the mean of t·(t - f), which is that of (t - f)² and λ·|w|². As the constant
// is fitted, too, the sum is divided by N - 1. Where rows have weights, N is their
// effective number, (Σ w)²/Σ w² (Kish, Survey Sampling, 1965).
func (f *ridgeFit) posterior(ctx context.Context) (*posterior, error) {
	s, g := f.solver, f.gram
	if s.factorRidge > s.ridge {
		s.ridge = s.factorRidge
		f.report.PosteriorRidge = s.ridge / f.gram.scale()
	}
	right := make([]float64, g.targets*g.n)
	g.right(right)
	w, _, err := s.conjugate(ctx, right, solveTolerance)
	if err != nil {
		return nil, err
	}
	p := &posterior{rows: g.weight * g.weight / g.squares, factor: s.factor, mean: make([]float32, g.n)}
	for j := range p.mean {
		p.mean[j] = float32(float64(g.zShift[j]) + g.zMean[j])
	}
	for k := range g.targets {
		wk := w[k*g.n:][:g.n]
		variance := max(g.variance(k)-floats.Dot(wk, right[k*g.n:][:g.n]), s.ridge*floats.Dot(wk, wk))
		variance *= p.rows / max(p.rows-1, 1)
		if g.constant(k) {
			variance = f.ignorance(k, p.rows)
		}
		p.noise = append(p.noise, math.Sqrt(variance))
	}
	return p, nil
}

// ignorance returns the σ² of targets that are all the same, which say nothing of how
// far others are: that with which the deviation far from all rows, where z̃ᵀ·C⁻¹·z̃ is
// about the inverse of the relative ridge, is the target itself, or 1 if that is 0.
func (f *ridgeFit) ignorance(k int, rows float64) float64 {
	size := math.Abs(f.gram.targetMean(k))
	if size == 0 {
		size = 1
	}
	return size * size / (1 + (1+f.gram.scale()/f.solver.ridge)/rows)
}

// narrow rounds weights to float32, so that constants that are computed next fit
// those that predict.
func narrow(w []float64) []float32 {
	narrow := make([]float32, len(w))
	for i, v := range w {
		narrow[i] = float32(v)
		w[i] = float64(narrow[i])
	}
	return narrow
}
