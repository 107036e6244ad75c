package nn

import (
	"fmt"
	"slices"

	"github.com/deepfry/deepfry/internal/simd"
)

// Add adds two or more inputs of the same shape.
type Add struct{}

func (Add) Kind() string { return "add" }

// Concat puts two or more inputs behind each other along their first
// dimension: the channels of images, or the values of vectors. The other
// dimensions must agree.
type Concat struct{}

func (Concat) Kind() string { return "concat" }

// join is a built Add or Concat.
type join struct {
	parameterless
	shape Shape
	add   bool
}

// Build fails unless there are at least two inputs, of one shape.
func (Add) Build(_ string, in []Shape) (Layer, error) {
	if len(in) < 2 {
		return nil, fmt.Errorf("at least two inputs are needed, found %d", len(in))
	}
	for _, shape := range in[1:] {
		if !slices.Equal(shape, in[0]) {
			return nil, fmt.Errorf("inputs of one shape are needed, found %v and %v", in[0], shape)
		}
	}
	return &join{shape: in[0], add: true}, nil
}

// Build fails unless there are at least two inputs whose shapes agree but for
// the first dimension.
func (Concat) Build(_ string, in []Shape) (Layer, error) {
	if len(in) < 2 {
		return nil, fmt.Errorf("at least two inputs are needed, found %d", len(in))
	}
	shape := slices.Clone(in[0])
	for _, other := range in[1:] {
		if len(other) != len(shape) || !slices.Equal(other[1:], shape[1:]) {
			return nil, fmt.Errorf("inputs that agree but for the first dimension are needed, found %v and %v", in[0], other)
		}
		shape[0] += other[0]
	}
	if shape.Size() > maxValues {
		return nil, fmt.Errorf("an output of %v is too large", shape)
	}
	return &join{shape: shape}, nil
}

func (l *join) OutShape() Shape { return l.shape }

func (l *join) Plan(b *Binding) Pass {
	forward, backward := concatForward, concatBackward
	if l.add {
		forward, backward = addForward, addBackward
	}
	pass := Pass{Forward: b.EachSample(func(first, last, _ int) {
		for i := first; i < last; i++ {
			forward(b, i)
		}
	})}
	if b.Training {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			for i := first; i < last; i++ {
				backward(b, i)
			}
		})
	}
	return pass
}

func addForward(b *Binding, i int) {
	copy(b.Y.Row(i), b.X[0].Row(i))
	for _, x := range b.X[1:] {
		simd.Add(b.Y.Row(i), x.Row(i))
	}
}

func addBackward(b *Binding, i int) {
	for _, x := range b.X {
		if x.Grad != nil {
			copy(x.GradRow(i), b.Y.GradRow(i))
		}
	}
}

func concatForward(b *Binding, i int) {
	y := b.Y.Row(i)
	for _, x := range b.X {
		y = y[copy(y, x.Row(i)):]
	}
}

func concatBackward(b *Binding, i int) {
	dy := b.Y.GradRow(i)
	for _, x := range b.X {
		if x.Grad != nil {
			copy(x.GradRow(i), dy)
		}
		dy = dy[x.Size:]
	}
}
