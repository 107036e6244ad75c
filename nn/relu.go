package nn

import "github.com/deepfry/deepfry/internal/simd"

// ReLU computes y = max(x, 0).
type ReLU struct{}

func (ReLU) Kind() string { return "relu" }

// relu is a built ReLU.
type relu struct {
	parameterless
	shape Shape
}

// Build fails unless there is one input.
func (ReLU) Build(_ string, in []Shape) (Layer, error) {
	shape, err := only(in)
	return &relu{shape: shape}, err
}

func (l *relu) OutShape() Shape { return l.shape }

func (l *relu) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	_, pass := l.planEpilogue(b)
	pass.Forward = b.EachSample(func(first, last, _ int) {
		simd.Relu(y.Rows(first, last), x.Rows(first, last))
	})
	return pass
}

// planEpilogue leaves a gradient that may have the memory of y's.
func (l *relu) planEpilogue(b *Binding) (e Epilogue, pass Pass) {
	x, y := b.X[0], b.Y
	if b.Training && x.Grad != nil {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			simd.ReluBackward(x.GradRows(first, last), y.GradRows(first, last), y.Rows(first, last))
		})
	}
	return Epilogue{ReLU: true}, pass
}
