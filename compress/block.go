package compress

import (
	"context"

	"github.com/deepfry/deepfry/nn"
)

// Block replaces W by an Adaptive Fastfood transform whose G has square matrices of q
// rows, 8, 4 or 2, on its diagonal, fitted to the layer's outputs: (q+2)·(the padded outputs)
// weights.
var Block Method = block{}

type block struct{}

// Name is block.
func (block) Name() string { return "block" }

func (block) needs() needs { return needs{data: true, rate: 0.003} }

// groups are the numbers of rows that matrices in G can have, the largest first.
var groups = []int{8, 4, 2}

// sizes are those that a transform of the layer's inputs can have.
func (m block) sizes(l *Layer) (sizes []int) {
	for _, size := range groups {
		if _, err := weightsOf(m, l, size); err == nil {
			sizes = append(sizes, size)
		}
	}
	return sizes
}

func (block) ops(l *Layer, size int) []nn.Op {
	return []nn.Op{nn.Fastfood{Out: l.Outputs, Learn: "SGB", Gain: 1, Group: size}}
}

// fit begins with the fit of a diagonal: from random matrices, what is nearly of a low rank
// is not found.
func (m block) fit(ctx context.Context, t *target, size int) (*nn.Network, error) {
	diagonal, err := Fastfood.fit(ctx, t, 1)
	if err != nil {
		return nil, err
	}
	chain, err := newChain(t.Inputs, t.seed, m.ops(t.Layer, size))
	if err != nil {
		return nil, err
	}
	for _, p := range chain.Params() {
		from := diagonal.Param(p.Name)
		if from.Size() == p.Size() {
			copy(p.Data, from.Data) // Π is of the same seed
			continue
		}
		clear(p.Data)
		for i, v := range from.Data {
			p.Data[i*size+i%size] = v
		}
	}
	return chain, t.descend(ctx, chain)
}
