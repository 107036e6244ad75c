package machine

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/deepfry/deepfry/internal/alias"
	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/simd"
	"github.com/deepfry/deepfry/kernel"
)

// Model is a fitted machine: f(x) = W·z(x) + b, with the features z of scaled
// rows x. For classification there is an f for each class, and the greatest one
// wins. Many goroutines may use a model, each with its own Predictor.
type Model struct {
	Columns  Columns
	Scaling  Scaling
	Features kernel.FeatureMap // nil: z(x) = x
	Weights  []float32         // W [Targets, features]
	Bias     []float64         // b [Targets]
	Logits   bool              // the softmax of f is the classes' probabilities

	// HalfWidth [Outputs] is half the width of the interval around f that 95% of new
	// targets are expected in, as rows told that were not fitted to; nil: not known.
	HalfWidth []float64

	Notes map[string]string // the caller's, such as the names of columns; stored with the model

	posterior *posterior // nil: none
}

// posterior is what the deviation of predictions needs: Bayesian linear
// regression on features (Rasmussen and Williams, Gaussian Processes for Machine
// Learning, 2006, section 2.1.2), with an unpenalised constant.
type posterior struct {
	rows   float64   // N, or the effective number of rows that have weights
	noise  []float64 // σ [Targets]
	mean   []float32 // of features
	factor *factor   // of C + λ·I, with the covariance C of features
}

func (m *Model) features() kernel.FeatureMap {
	if m.Features == nil {
		return identity(m.Columns.Inputs)
	}
	return m.Features
}

// Validate returns an error unless the model's parts fit each other and its
// numbers are finite.
func (m *Model) Validate() error {
	if err := m.Columns.validate(); err != nil {
		return err
	}
	if err := m.Scaling.validate(m.Columns.Inputs); err != nil {
		return err
	}
	z, targets := m.features(), m.Columns.Targets()
	if z.Inputs() != m.Columns.Inputs {
		return fmt.Errorf("machine: features of %d inputs for a table of %d", z.Inputs(), m.Columns.Inputs)
	}
	if len(m.Weights) != targets*z.Outputs() || len(m.Bias) != targets {
		return fmt.Errorf("machine: %d weights and %d biases: want %d × %d and %d", len(m.Weights), len(m.Bias), targets, z.Outputs(), targets)
	}
	if notFinite(m.Weights) >= 0 || notFinite(m.Bias) >= 0 {
		return errors.New("machine: a weight or bias is not finite")
	}
	if m.Logits && m.Columns.Classes == nil {
		return errors.New("machine: logits without classes")
	}
	if m.HalfWidth != nil && len(m.HalfWidth) != m.Columns.Outputs {
		return fmt.Errorf("machine: %d half widths of intervals for %d real targets: want one for each, or none", len(m.HalfWidth), m.Columns.Outputs)
	}
	for _, width := range m.HalfWidth {
		if !(width >= 0) || math.IsInf(width, 0) {
			return fmt.Errorf("machine: the half widths of intervals are %v: want no negative or infinite numbers", m.HalfWidth)
		}
	}
	return nil
}

// Noise returns the standard deviation that a target has around f, as a fit with
// RidgeOptions.Posterior estimated it, [Targets], or nil if there is none.
func (m *Model) Noise() []float64 {
	if m.posterior == nil {
		return nil
	}
	return m.posterior.noise
}

// Predictor computes predictions of a model in batches, on all cores. It owns
// its memory, so that its methods allocate nothing, and serves one goroutine.
type Predictor struct {
	model    *Model
	features *featurizer
	z        []float32 // [maxRows, features]
	scores   *scorer
	solve    *triangular // nil without a posterior
}

// NewPredictor returns a predictor for up to maxRows rows at a time. It panics
// if maxRows is below 1 or the model is not valid.
func (m *Model) NewPredictor(maxRows int) *Predictor {
	if maxRows < 1 || m.Validate() != nil {
		panic("machine: NewPredictor: no rows, or a model that is not valid")
	}
	p := &Predictor{model: m, features: newFeaturizer(&m.Scaling, m.features(), maxRows)}
	p.z = make([]float32, maxRows*p.features.outputs)
	p.scores = newScorer(m.Weights, m.Bias, p.features.outputs, maxRows)
	if m.posterior != nil {
		p.solve = newTriangular(m.posterior.factor)
	}
	return p
}

// Predict writes f(x) to y [rows, Targets] for x [rows, Inputs], of numbers that are
// finite. It panics if a length does not fit, and for more rows than maxRows.
func (p *Predictor) Predict(y []float64, x []float32) {
	rows := p.rows(y, x)
	p.features.apply(p.z, x, rows)
	p.scores.apply(y, p.z, rows)
}

// PredictDeviation is Predict for a model with a posterior. It also writes the
// standard deviation s [rows, Targets] that a new target t at x has:
//
//	t ~ N(f(x), s²),  s² = σ²·(1 + 1/N + z̃ᵀ·(C + λ·I)⁻¹·z̃/N)
//
// where σ is Model.Noise, N the number of rows fitted to, z̃ the features minus
// their mean, C their covariance, and λ the ridge. The deviation of f itself is
// √(s² - σ²). It panics without a posterior, and if s is not as long as y or overlaps
// it.
func (p *Predictor) PredictDeviation(y, s []float64, x []float32) {
	if p.solve == nil || len(s) != len(y) || alias.Overlap(s, y) {
		panic("machine: PredictDeviation: no posterior, or s is not as long as y or overlaps it")
	}
	p.Predict(y, x)
	posterior, targets, n := p.model.posterior, p.model.Columns.Targets(), p.features.outputs
	rows := len(s) / targets
	for i := range rows {
		z := p.z[i*n:][:n]
		for j, mean := range posterior.mean {
			z[j] -= mean
		}
	}
	p.solve.solve(p.z[:rows*n], rows, forward)
	for i := range rows {
		squares := 0.0
		for _, v := range p.z[i*n:][:n] {
			squares += float64(v) * float64(v)
		}
		ratio := math.Sqrt(1 + (1+squares)/posterior.rows)
		for k, noise := range posterior.noise {
			s[i*targets+k] = noise * ratio
		}
	}
}

// Classify writes the class of each row of x to labels, the first one of equals, and
// -1 where f is not a number, as it is for a row with a number that is none. y is
// scratch for Predict, whose result it holds afterwards. It panics as Predict does,
// and if the model is one of regression.
func (p *Predictor) Classify(labels []int32, y []float64, x []float32) {
	targets := p.model.Columns.Targets()
	if p.model.Columns.Classes == nil || len(y) != len(labels)*targets {
		panic("machine: Classify: no classes, or y is not [rows, Targets]")
	}
	p.Predict(y, x)
	for i := range labels {
		row := y[i*targets:][:targets]
		labels[i] = int32(greatest(row))
		if slices.ContainsFunc(row, func(v float64) bool { return v != v }) {
			labels[i] = -1
		}
	}
}

func (p *Predictor) rows(y []float64, x []float32) int {
	rows := len(x) / p.features.inputs
	if rows > p.features.maxRows || len(x) != rows*p.features.inputs || len(y) != rows*p.model.Columns.Targets() {
		panic("machine: x is not [rows, Inputs], y not [rows, Targets], or there are more rows than planned")
	}
	return rows
}

// greatest returns the index of the first of the greatest values.
func greatest(y []float64) int {
	best := 0
	for k, v := range y {
		if v > y[best] {
			best = k
		}
	}
	return best
}

// scorer computes y = z·Wᵀ + b for a block of rows, on all cores: products in
// float32, but the constants, which may be large beside them, in float64.
type scorer struct {
	targets, n int
	weights    []float32
	bias       []float64
	products   []float32 // [maxRows, targets]
	multiplier linear.Product
}

// scoreTile is what a core takes at a time.
var scoreTile = linear.Tile{Rows: 16}

func newScorer(weights []float32, bias []float64, n, maxRows int) *scorer {
	s := &scorer{targets: len(bias), n: n, weights: weights, bias: bias, products: make([]float32, maxRows*len(bias))}
	s.multiplier.Reserve(maxRows, s.targets, n, scoreTile, linear.Epilogue{})
	return s
}

// apply writes y [rows, targets] for z [rows, n].
func (s *scorer) apply(y []float64, z []float32, rows int) {
	w := simd.RowMajor(s.weights, s.targets, s.n)
	s.multiplier.Multiply(simd.RowMajor(s.products, rows, s.targets), simd.RowMajor(z, rows, s.n), w.T(), scoreTile, linear.Epilogue{})
	for i := 0; i < rows*s.targets; i += s.targets {
		for k, b := range s.bias {
			y[i+k] = float64(s.products[i+k]) + b
		}
	}
}
