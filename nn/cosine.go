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

// Plan keeps the sines, of which the gradient is made.
func (l *cosine) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	sines := make([]float32, b.MaxBatch*y.Size)
	pass := Pass{Forward: b.EachSample(func(first, last, _ int) {
		values := y.Rows(first, last)
		simd.SinCos(sines[first*y.Size:last*y.Size], values, x.Rows(first, last))
		for i, v := range values {
			values[i] = math.Sqrt2 * v
		}
	})}
	if b.Training && x.Grad != nil {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			dx, dy := x.GradRows(first, last), y.GradRows(first, last)
			for i, sine := range sines[first*y.Size : last*y.Size] {
				dx[i] = dy[i] * (-math.Sqrt2 * sine)
			}
		})
	}
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

func (l *cosSin) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	pass := Pass{Forward: b.EachSample(func(first, last, _ int) {
		for i := first; i < last; i++ {
			simd.SinCos(y.Row(i)[l.size:], y.Row(i)[:l.size], x.Row(i))
		}
	})}
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
	return pass
}
