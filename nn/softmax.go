package nn

// SoftmaxLayer computes y = e^x / Σ e^x over the values of a sample. With dy the
// gradient with respect to y, that with respect to x is
//
//	dx = y ⊙ (dy - Σ dy·y)
//
// Networks that SoftmaxCrossEntropy trains do without it, as its gradient
// is that of both.
type SoftmaxLayer struct{}

func (SoftmaxLayer) Kind() string { return "softmax" }

// softmax is a built SoftmaxLayer.
type softmax struct {
	parameterless
	shape Shape
}

// Build fails unless there is one input.
func (SoftmaxLayer) Build(_ string, in []Shape) (Layer, error) {
	shape, err := only(in)
	return &softmax{shape: shape}, err
}

func (l *softmax) OutShape() Shape { return l.shape }

func (l *softmax) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	pass := Pass{Forward: b.EachSample(func(first, last, _ int) {
		for i := first; i < last; i++ {
			copy(y.Row(i), x.Row(i))
			Softmax(y.Row(i))
		}
	})}
	if b.Training && x.Grad != nil {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			for i := first; i < last; i++ {
				softmaxBackward(x.GradRow(i), y.GradRow(i), y.Row(i))
			}
		})
	}
	return pass
}

func softmaxBackward(dx, dy, y []float32) {
	var mean float64 // Σ dy·y
	for i, g := range dy {
		mean += float64(g) * float64(y[i])
	}
	for i, g := range dy {
		dx[i] = y[i] * float32(float64(g)-mean)
	}
}
