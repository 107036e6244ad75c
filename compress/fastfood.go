package compress

import (
	"context"
	"fmt"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// Fastfood replaces W by a product of r Adaptive Fastfood transforms, fitted to the
// layer's outputs: 3·r·(the padded outputs or inputs) weights (Yang et al., Deep
// Fried Convnets, ICCV 2015, section 4).
var Fastfood Method = adaptiveFastfood{}

type adaptiveFastfood struct{}

// Name is fastfood.
func (adaptiveFastfood) Name() string { return "fastfood" }

func (adaptiveFastfood) needs() needs { return needs{data: true, transforms: true, rate: 0.003} }

func (adaptiveFastfood) sizes(*Layer) []int { return []int{8, 4, 2, 1} }

// ops are transforms in sequence. The last one learns its biases.
func (adaptiveFastfood) ops(l *Layer, transforms int) []nn.Op {
	var ops []nn.Op
	for i := range transforms {
		op := nn.Fastfood{Out: l.Outputs, Learn: "SGB", Gain: 1, NoBias: true}
		if i < transforms-1 {
			op.Out = max(l.Inputs, l.Outputs)
		} else {
			op.NoBias = false
		}
		ops = append(ops, op)
	}
	return ops
}

// Settings of the fit of Fastfood transforms to a layer's outputs.
const (
	fitSteps = 1500
	fitRate  = 0.01 // three times that for diagonals
)

// fitEpochs returns as many epochs of n samples as have fitSteps steps, or part of an
// epoch more.
func fitEpochs(n, batch int) int {
	steps := (n + batch - 1) / batch
	return (fitSteps + steps - 1) / steps
}

// fit returns transforms fitted to the layer's outputs.
func (m adaptiveFastfood) fit(ctx context.Context, t *target, transforms int) (*nn.Network, error) {
	chain, err := newChain(t.Inputs, t.seed, m.ops(t.Layer, transforms))
	if err != nil {
		return nil, err
	}
	return chain, t.descend(ctx, chain)
}

// descend fits Fastfood layers, of which the last one has biases, to the layer's outputs by
// gradient descent: to their deviations from the mean, which the biases get.
func (t *target) descend(ctx context.Context, chain *nn.Network) error {
	y := append([]float32(nil), t.y...)
	mean := linear.Centre(y, t.Outputs)
	last := fmt.Sprint(len(chain.Description.Nodes))
	bias := chain.Param(last + ".bias").Data
	clear(bias)
	if linear.Dot(y, y) == 0 { // the mean is all
		clear(chain.Param(last + ".s").Data)
		copy(bias, mean)
		return nil
	}
	r := recipe(1, fitRate)
	r.Epochs = fitEpochs(len(t.x)/t.Inputs, r.BatchSize)
	if err := train.Rows(ctx, chain, t.x, r, t.seed, train.Imitate(y, t.Outputs), nil); err != nil {
		return err
	}
	linear.Subtract(bias, mean, -1)
	return nil
}
