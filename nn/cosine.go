package nn

import (
	"math"

	"github.com/deepfry/deepfry/internal/simd"
)

// Cos computes y = √2·cos(x), the non-linearity of random kitchen sinks with
// random phases (Rahimi and Recht, NIPS 2007); the factor gives outputs a mean
// square of 1.
type Cos struct{}

func (Cos) Kind() string { return "cos" }

// CosSin computes [cos(x), sin(x)], all cosines first: twice as many outputs
// as inputs.
type CosSin struct{}

func (CosSin) Kind() string { return "cossin" }

// cosine is a built Cos.
type cosine struct {
	parameterless
	shape Shape
}

// Build fails unless there is one input.
func (Cos) Build(_ string, in []Shape) (Layer, error) {
	shape, err := only(in)
	return &cosine{shape: shape}, err
}

func (l *cosine) OutShape() Shape { return l.shape }

func (l *cosine) Plan(b *Binding) Pass { return planMap(b, l) }

// planEpilogue keeps the sines, of which the gradient is made.
func (l *cosine) planEpilogue(b *Binding) (e Epilogue, pass Pass) {
	x, y := b.X[0], b.Y
	sines := make([]float32, b.MaxBatch*y.Size)
	e.Map = func(sample, column int, outputs []float32) {
		at := sample*y.Size + column
		values := y.Value[at:][:len(outputs)]
		simd.SinCos(sines[at:][:len(outputs)], values, outputs)
		for i, v := range values {
			values[i] = math.Sqrt2 * v
		}
	}
	if b.Training && x.Grad != nil {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			dx, dy := x.GradRows(first, last), y.GradRows(first, last)
			for i, sine := range sines[first*y.Size : last*y.Size] {
				dx[i] = dy[i] * (-math.Sqrt2 * sine)
			}
		})
	}
	return e, pass
}

// planMap plans a layer of its own that applies its Map to all samples.
func planMap(b *Binding, l elementwise) Pass {
	x := b.X[0]
	e, pass := l.planEpilogue(b)
	pass.Forward = b.EachSample(func(first, last, _ int) {
		for i := first; i < last; i++ {
			e.Map(i, 0, x.Row(i))
		}
	})
	return pass
}

// cosSin is a built CosSin.
type cosSin struct {
	parameterless
	size int
}

// Build fails unless there is one input.
func (CosSin) Build(_ string, in []Shape) (Layer, error) {
	size, err := flattened(in, 1)
	return &cosSin{size: size}, err
}

func (l *cosSin) OutShape() Shape { return Shape{2 * l.size} }

func (l *cosSin) Plan(b *Binding) Pass { return planMap(b, l) }

func (l *cosSin) planEpilogue(b *Binding) (e Epilogue, pass Pass) {
	x, y := b.X[0], b.Y
	e.Map = func(sample, column int, outputs []float32) {
		cosines, sines := y.Row(sample)[:l.size], y.Row(sample)[l.size:]
		simd.SinCos(sines[column:][:len(outputs)], cosines[column:][:len(outputs)], outputs)
	}
	if b.Training && x.Grad != nil {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			for i := first; i < last; i++ {
				cosines, sines := y.Row(i)[:l.size], y.Row(i)[l.size:]
				dcos, dsin := y.GradRow(i)[:l.size], y.GradRow(i)[l.size:]
				for j := range l.size {
					x.GradRow(i)[j] = dsin[j]*cosines[j] - dcos[j]*sines[j]
				}
			}
		})
	}
	return e, pass
}
