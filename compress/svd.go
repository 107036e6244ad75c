package compress

import (
	"context"
	"math"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/simd"
	"github.com/deepfry/deepfry/nn"
)

// SVD replaces W by a product of two matrices, B·A, of rank r, nearest to W,
// or nearest on the data where there are any: r·(inputs + outputs) weights
// (Denil et al., Predicting Parameters in Deep Learning, NIPS 2013; Yang et al., ICCV 2015,
// section 6.2.3).
var SVD Method = svd{}

type svd struct{}

// Name is svd.
func (svd) Name() string { return "svd" }

func (svd) needs() needs { return needs{energy: true, rate: 0.001} }

func (svd) sizes(l *Layer) []int { return ladder(l.BreakEven()) }

func (svd) ops(l *Layer, rank int) []nn.Op {
	return []nn.Op{nn.Dense{Out: rank, NoBias: true}, nn.Dense{Out: l.Outputs}}
}

// basis returns the directions of the outputs, at least rank of them. With data it
// is that of the centred outputs, plus a little of that of W so that directions
// which the data do not show come in their own order.
func (t *target) basis(rank int) *basis {
	rank = min(rank, t.Inputs, t.Outputs)
	if t.found != nil && len(t.found.energies) >= rank {
		return t.found
	}
	n := len(t.y) / t.Outputs
	rows := make([]float32, 0, (n+t.Inputs)*t.Outputs)
	rows = append(rows, t.y...)
	if n > 0 {
		t.mean = linear.Centre(rows, t.Outputs)
	}
	for j := range t.Inputs {
		for i := range t.Outputs {
			rows = append(rows, t.weights[i*t.Inputs+j])
		}
	}
	if n > 0 {
		const little = 0.01
		whole := linear.Dot(rows[:n*t.Outputs], rows[:n*t.Outputs])
		if energy := linear.Dot(t.weights, t.weights); energy > 0 {
			linear.Scale(rows[n*t.Outputs:], float32(math.Sqrt(little*whole/energy)))
		}
	}
	t.found = newBasis(rows, t.Outputs, rank, t.seed)
	return t.found
}

// wholeBasis is the largest side of a matrix whose basis is found whole at no cost
// that matters.
const wholeBasis = 256

// rankFor returns the least rank at which svd keeps a part of the energy: of the
// layer's outputs about their mean, where there are data, so that their error is at
// most √(1-part) on what it is fitted to; and else of W. If that is beyond limit, the
// basis may not say how far: then found is false, and rank one that is too small.
func (t *target) rankFor(part float64, limit int) (rank int, found bool) {
	if min(t.Inputs, t.Outputs) <= wholeBasis {
		limit = min(t.Inputs, t.Outputs)
	}
	b := t.basis(max(1, limit))
	energies, total := b.energies, b.total
	if t.mean != nil {
		energies, total = t.energies(b)
	}
	const rounding = 1e-6
	var sum float64
	for i, e := range energies {
		if sum += e; sum >= (part-rounding)*total {
			return i + 1, true
		}
	}
	return len(energies), false
}

// energies returns the squares of the centred outputs along each vector of the basis,
// and that of all of it.
func (t *target) energies(b *basis) (along []float64, total float64) {
	centred := append([]float32(nil), t.y...)
	linear.Centre(centred, t.Outputs)
	n, rank := len(t.y)/t.Outputs, len(b.energies)
	projections := make([]float32, n*rank)
	linear.Multiply(simd.RowMajor(projections, n, rank), simd.RowMajor(centred, n, t.Outputs), simd.RowMajor(b.vectors, rank, t.Outputs).T())
	along = make([]float64, rank)
	for i, p := range projections {
		along[i%rank] += float64(p) * float64(p)
	}
	return along, linear.Dot(centred, centred)
}

// fit returns the layer cut to a rank. On data, the bias makes up for what is cut
// from the mean.
func (svd) fit(_ context.Context, t *target, rank int) (*nn.Network, error) {
	b := t.basis(rank)
	first, second := b.factors(t.weights, t.Inputs, t.Outputs, rank)
	bias := t.bias
	if t.mean != nil {
		bias = make([]float32, t.Outputs) // of y = U·Uᵀ·(W·x) + bias: what U·Uᵀ leaves of the mean of y
		centred := append([]float32(nil), t.mean...)
		if t.bias != nil {
			linear.Subtract(centred, t.bias, 1)
		}
		copy(bias, t.mean)
		for i := range rank {
			u := b.vectors[i*t.Outputs : (i+1)*t.Outputs]
			linear.Subtract(bias, u, float32(linear.Dot(u, centred)))
		}
	}
	return t.chainOf(rank, first, second, bias)
}

// chainOf returns a chain of two layers, [rank, Inputs] and [Outputs, rank], and a
// bias or nil.
func (t *target) chainOf(rank int, first, second, bias []float32) (*nn.Network, error) {
	values := [][]float32{first, second}
	if bias != nil {
		values = append(values, bias)
	}
	return newChain(t.Inputs, 0, []nn.Op{nn.Dense{Out: rank, NoBias: true}, nn.Dense{Out: t.Outputs, NoBias: bias == nil}}, values...)
}
