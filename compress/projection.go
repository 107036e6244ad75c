package compress

import (
	"context"

	"github.com/deepfry/deepfry/internal/decomposition"
	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// RandomProjection replaces x by r random features, S·H·G·Π·H·B·x with fixed
// diagonals (Le, Sarlós and Smola, Fastfood, ICML 2013), and W by the matrix that
// is best for them.
var RandomProjection Method = projection{}

type projection struct{}

// Name is rp.
func (projection) Name() string { return "rp" }

func (projection) needs() needs { return needs{data: true, rate: 0.003} }

func (projection) sizes(l *Layer) []int { return ladder(min(l.Inputs, 1024)) }

// ops are a projection that is fixed, and a matrix.
func (projection) ops(l *Layer, features int) []nn.Op {
	return []nn.Op{nn.Fastfood{Out: features, NoBias: true, Gain: 1}, nn.Dense{Out: l.Outputs}}
}

// fit returns random features z = P·x and the matrix A and bias that make
// ‖A·z + bias - y‖² least on the data, with a little of ‖A‖².
func (m projection) fit(_ context.Context, t *target, features int) (*nn.Network, error) {
	chain, err := newChain(t.Inputs, t.seed, m.ops(t.Layer, features))
	if err != nil {
		return nil, err
	}
	head, err := chain.Slice(0, 1)
	if err != nil {
		return nil, err
	}
	z, y := train.Outputs(head, t.x), append([]float32(nil), t.y...)
	zMean, yMean := linear.Centre(z, features), linear.Centre(y, t.Outputs)
	a, err := decomposition.LeastSquares(z, y, features, t.Outputs)
	if err != nil {
		return nil, err
	}
	weight, bias := chain.Param("2.weight").Data, chain.Param("2.bias").Data
	copy(weight, a)
	for i := range bias {
		bias[i] = yMean[i] - float32(linear.Dot(weight[i*features:(i+1)*features], zMean))
	}
	return chain, nil
}
