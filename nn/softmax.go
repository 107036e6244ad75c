package nn

import (
	"math"
	"slices"
)

// SoftmaxLayer computes y = e^x / Σ e^x over the values of a sample or, with
// LastAxis, over every row of its last dimension. With dy the gradient with
// respect to y, that with respect to x is
//
//	dx = y ⊙ (dy - Σ dy·y)
//
// or, with Log, y = x - log Σ e^x and dx = dy - e^y · Σ dy. Networks that
// SoftmaxCrossEntropy trains do without it, as its gradient is that of both.
type SoftmaxLayer struct {
	Log      bool `json:"log,omitempty"`
	LastAxis bool `json:"last_axis,omitempty"`
}

func (SoftmaxLayer) Kind() string { return "softmax" }

// softmax is a built SoftmaxLayer.
type softmax struct {
	SoftmaxLayer
	parameterless
	shape Shape
	row   int // how many values the sum is over
}

// Build fails unless there is one input.
func (s SoftmaxLayer) Build(_ string, in []Shape) (Layer, error) {
	shape, err := only(in)
	if err != nil {
		return nil, err
	}
	row := shape.Size()
	if s.LastAxis {
		row = shape[len(shape)-1]
	}
	return &softmax{SoftmaxLayer: s, shape: shape, row: row}, nil
}

func (l *softmax) OutShape() Shape { return l.shape }

func (l *softmax) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	pass := Pass{Forward: b.EachSample(func(first, last, _ int) {
		values := y.Rows(first, last)
		copy(values, x.Rows(first, last))
		for i := 0; i < len(values); i += l.row {
			l.apply(values[i:][:l.row])
		}
	})}
	if b.Training && x.Grad != nil {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			dx, dy, y := x.GradRows(first, last), y.GradRows(first, last), y.Rows(first, last)
			for i := 0; i < len(y); i += l.row {
				l.backward(dx[i:][:l.row], dy[i:][:l.row], y[i:][:l.row])
			}
		})
	}
	return pass
}

func (l *softmax) apply(y []float32) {
	if !l.Log {
		Softmax(y)
		return
	}
	highest, sum := slices.Max(y), 0.0
	for _, v := range y {
		sum += math.Exp(float64(v - highest))
	}
	shift := highest + float32(math.Log(sum))
	for i := range y {
		y[i] -= shift
	}
}

func (l *softmax) backward(dx, dy, y []float32) {
	if l.Log {
		var sum float64
		for _, g := range dy {
			sum += float64(g)
		}
		for i, g := range dy {
			dx[i] = g - float32(math.Exp(float64(y[i]))*sum)
		}
		return
	}
	var mean float64 // Σ dy·y
	for i, g := range dy {
		mean += float64(g) * float64(y[i])
	}
	for i, g := range dy {
		dx[i] = y[i] * float32(float64(g)-mean)
	}
}
