package machine

import (
	"context"
	"errors"
	"fmt"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/kernel"
)

// whitened makes features out of kernels with landmarks whose products are about the
// kernel (Nyström's method):
//
//	z(x) = L⁻¹·[k(x, l_1), …, k(x, l_m)],  K + ε·I = L·Lᵀ,  K_ij = k(l_i, l_j)
//
// ε keeps the factor within float32. A machine is fitted to z, and a model has the
// kernels themselves, with weights W·L⁻¹.
type whitened struct {
	*kernel.Landmarks
	factor *factor
}

const (
	// The ε to begin with, and to end with, relative to the mean of K's diagonal.
	leastJitter, mostJitter = 0x1p-21, 1
	// leastKernel, and its inverse, bound that mean.
	leastKernel = 1e-30
)

func whiten(ctx context.Context, l *kernel.Landmarks) (*whitened, error) {
	m := l.Outputs()
	g := &gram{n: m, weight: 1, zMean: make([]float64, m), zz: newLower[float64](m)}
	block := min(m, side)
	k, plan := make([]float32, block*m), l.Plan(block)
	for first := 0; first < m; first += block {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows := min(block, m-first)
		plan(k[:rows*m], l.Rows()[first*l.Inputs():(first+rows)*l.Inputs()], rows)
		for i := range rows {
			for j, v := range k[i*m:][:g.zz.width((first+i)/side)] {
				g.zz.row(first + i)[j] = float64(v)
			}
		}
	}
	w := &whitened{l, newFactor(m)}
	mean := g.trace() / float64(m)
	if !(mean >= leastKernel && mean <= 1/leastKernel) { // or not a number
		return nil, fmt.Errorf("machine: the kernel of landmarks with themselves is %.3g: want %.0g to %.0g, for float32: scale the inputs, or take another kernel", mean, leastKernel, 1/leastKernel)
	}
	for jitter := leastJitter; jitter <= mostJitter; jitter *= 4 {
		if positive, err := w.factor.compute(ctx, g, jitter*mean); err != nil || positive {
			return w, err
		}
	}
	return nil, errors.New("machine: the kernels of the landmarks are too different for float32: scale the inputs, or take another kernel")
}

// Plan is that of [kernel.FeatureMap].
func (w *whitened) Plan(maxRows int) func(z, x []float32, rows int) {
	kernels, solve := w.Landmarks.Plan(maxRows), newTriangular(w.factor)
	return func(z, x []float32, rows int) {
		kernels(z, x, rows)
		solve.solve(z, rows, forward)
	}
}

// whiten has the features of landmarks whitened.
func (p *Problem) whiten(ctx context.Context) error {
	landmarks, ok := p.Features.(*kernel.Landmarks)
	if !ok {
		return nil
	}
	w, err := whiten(ctx, landmarks)
	if err == nil {
		p.Features = w
	}
	return err
}

// model returns the model of weights [targets, features], which it may overwrite, and
// constants for the features of the problem.
func (p *Problem) model(weights []float32, bias []float64) *Model {
	m := &Model{Columns: p.Train.Columns(), Scaling: p.Scaling, Features: p.Features, Weights: weights, Bias: bias}
	if w, ok := p.Features.(*whitened); ok {
		w.unfold(m.Weights, len(bias))
		m.Features = w.Landmarks
		if w.Kernel() == (kernel.Linear{}) {
			m.Features, m.Weights = nil, w.ofInputs(m.Weights, len(bias))
		}
	}
	return m
}

// ofInputs returns the weights [targets, Inputs] of the inputs themselves that weights
// [targets, m] of products with the landmarks are: Σ α_i·⟨l_i, x⟩ = ⟨Σ α_i·l_i, x⟩.
func (w *whitened) ofInputs(weights []float32, targets int) []float32 {
	inputs, rows := w.Inputs(), w.Rows()
	all := make([]float32, targets*inputs)
	par.For(targets, par.Workers(), func(k, _ int) {
		sums := make([]float64, inputs)
		for i, alpha := range weights[k*w.Outputs():][:w.Outputs()] {
			for j, v := range rows[i*inputs:][:inputs] {
				sums[j] += float64(alpha) * float64(v)
			}
		}
		for j, v := range sums {
			all[k*inputs+j] = float32(v)
		}
	})
	return all
}

// unfold replaces weights W [targets, m] by W·L⁻¹, in float64: kernels of landmarks are
// much alike, and their weights large beside what they sum up to.
func (w *whitened) unfold(weights []float32, targets int) {
	l := w.factor.l
	par.For(targets, par.Workers(), func(k, _ int) {
		row := weights[k*l.n:][:l.n]
		x := make([]float64, l.n)
		for j, v := range row {
			x[j] = float64(v)
		}
		y := make([]float64, side)
		for i := tiles(l.n) - 1; i >= 0; i-- {
			first, height := i*side, l.height(i)
			clear(y)
			for r := range height { // y = x_i·L_ii⁻¹, whose inverse is what l has
				for j, v := range l.row(first + r)[first:] {
					y[j] += x[first+r] * float64(v)
				}
			}
			copy(x[first:], y[:height])
			for r, yr := range y[:height] {
				for j, v := range l.row(first + r)[:first] {
					x[j] -= yr * float64(v)
				}
			}
		}
		for j, v := range x {
			row[j] = float32(v)
		}
	})
}
