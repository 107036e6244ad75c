package nn

import "github.com/deepfry/deepfry/internal/simd"

// ReLU computes y = max(x, 0).
type ReLU struct{}

func (ReLU) Kind() string { return "relu" }

// Build fails unless there is one input.
func (ReLU) Build(_ string, in []Shape) (Layer, error) {
	shape, err := only(in)
	return &elementwise{shape: shape, forward: simd.Relu, backward: func(dx, dy, y, _ []float32) { simd.ReluBackward(dx, dy, y) }}, err
}

// elementwise applies functions to the values of some samples at a time.
type elementwise struct {
	parameterless
	shape    Shape
	forward  func(y, x []float32)
	backward func(dx, dy, y, x []float32) // overwrites dx
}

func (l *elementwise) OutShape() Shape { return l.shape }

func (l *elementwise) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	pass := Pass{Forward: b.EachSample(func(first, last, _ int) {
		l.forward(y.Rows(first, last), x.Rows(first, last))
	})}
	if b.Training && x.Grad != nil {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			l.backward(x.GradRows(first, last), y.GradRows(first, last), y.Rows(first, last), x.Rows(first, last))
		})
	}
	return pass
}

// parameterless is the part of a layer without parameters. The work of such
// layers is not counted.
type parameterless struct{}

func (parameterless) Params() []*Param  { return nil }
func (parameterless) Init(uint64)       {}
func (parameterless) MultiplyAdds() int { return 0 }
