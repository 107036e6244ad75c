package compress

import (
	"slices"

	"github.com/deepfry/deepfry/nn"
)

// A convolution of one pixel is a fully-connected layer at every pixel: its inputs are
// the pixels' channels, and what takes its place are convolutions of one pixel again.
// So methods make chains of dense layers for it, which pixelwise turns.

// vectors returns the inputs of a layer, [n, its image or Inputs], as rows of Inputs
// numbers: one for each pixel that the layer takes, about limit of them, evenly
// spread.
func (l *Layer) vectors(x []float32, limit int) []float32 {
	if l.image == nil {
		return x
	}
	height, width := l.image[1], l.image[2]
	down, across := (height-1)/l.stride+1, (width-1)/l.stride+1
	images := len(x) / l.image.Size()
	all := images * down * across
	step := max(1, all/max(limit, 1))
	if step > 1 && (down*across)%step == 0 { // the same pixels of all images
		step++
	}
	rows := make([]float32, 0, (all+step-1)/step*l.Inputs)
	for i := 0; i < all; i += step {
		image, y, column := i/(down*across), i/across%down*l.stride, i%across*l.stride
		for c := range l.Inputs {
			rows = append(rows, x[((image*l.Inputs+c)*height+y)*width+column])
		}
	}
	return rows
}

// samples returns how many of a network's samples have n inputs of the layer, but at
// least some, for pixels of an image resemble each other.
func (l *Layer) samples(n int) int {
	if l.image == nil {
		return n
	}
	least := min(256, max(fitFloats/l.image.Size(), 8))
	return max(min(n, least), n/l.pixels())
}

// takes tells whether a method can take the layer's place.
func (l *Layer) takes(m Method) bool {
	return l.image == nil || !slices.ContainsFunc(m.ops(l, 1), func(op nn.Op) bool { return op.Kind() != (nn.Dense{}).Kind() })
}

// cost returns what a chain in the layer's place costs. Of an image, a part is
// enough to measure it.
func (l *Layer) cost(chain *nn.Network) (Cost, error) {
	if l.image == nil {
		return measure(chain), nil
	}
	const side = 16 // of the part, in pixels that the layer takes
	d := chain.Description
	part := *l
	part.image = nn.Shape{l.Inputs, min(l.image[1], side*l.stride), min(l.image[2], side*l.stride)}
	d.Input, d.Nodes = part.image, slices.Clone(d.Nodes)
	for i, n := range d.Nodes {
		d.Nodes[i].Op = pixelwise(n.Op, l.stride, i)
	}
	network, err := sharing(d, chain.Params())
	if err != nil {
		return Cost{}, err
	}
	cost := measure(network)
	cost.MultiplyAdds = cost.MultiplyAdds / part.pixels() * l.pixels()
	cost.Microseconds *= float64(l.pixels()) / float64(part.pixels())
	return cost, nil
}

// pixels is how many pixels of an image a convolution takes.
func (l *Layer) pixels() int {
	return ((l.image[1]-1)/l.stride + 1) * ((l.image[2]-1)/l.stride + 1)
}

// pixelwise returns layer i of a chain of dense layers as a convolution. The first one
// has the stride.
func pixelwise(op nn.Op, stride, i int) nn.Op {
	dense := op.(nn.Dense)
	conv := nn.Conv{Out: dense.Out, Kernel: 1, NoBias: dense.NoBias}
	if i == 0 {
		conv.Stride = stride
	}
	return conv
}
