package compress

import (
	"context"
	"math"

	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// LowRank has the form of SVD, but random numbers: it must be trained. It is the
// comparison that says what starting from W is worth.
var LowRank Method = lowRank{}

type lowRank struct{}

// Name is lowrank.
func (lowRank) Name() string { return "lowrank" }

func (lowRank) needs() needs {
	return needs{data: true, tuning: true, rate: train.Default().Optimizer.Rate}
}

func (lowRank) sizes(l *Layer) []int { return ladder(l.BreakEven()) }

func (lowRank) ops(l *Layer, rank int) []nn.Op {
	return []nn.Op{nn.Dense{Out: rank, NoBias: true}, nn.Dense{Out: l.Outputs, Gain: math.Sqrt2}}
}

func (m lowRank) fit(_ context.Context, t *target, rank int) (*nn.Network, error) {
	return newChain(t.Inputs, t.seed, m.ops(t.Layer, rank))
}
