package nn

import (
	"math"

	"github.com/deepfry/deepfry/internal/simd"
)

// ReLU computes y = max(x, 0).
type ReLU struct{}

func (ReLU) Kind() string { return "relu" }

// Cos computes y = √2·cos(x), the non-linearity of random kitchen sinks with
// random phases (Rahimi and Recht, NIPS 2007); the factor gives outputs a mean
// square of 1.
type Cos struct{}

func (Cos) Kind() string { return "cos" }

// CosSin computes [cos(x), sin(x)], all cosines first: twice as many outputs
// as inputs.
type CosSin struct{}

func (CosSin) Kind() string { return "cossin" }

// Build fails unless there is one input.
func (ReLU) Build(_ string, in []Shape) (Layer, error) {
	shape, err := only(in)
	return &elementwise{shape: shape, forward: simd.Relu, backward: func(dx, dy, y, _ []float32) { simd.ReluBackward(dx, dy, y) }}, err
}

// Build fails unless there is one input.
func (Cos) Build(_ string, in []Shape) (Layer, error) {
	shape, err := only(in)
	return &elementwise{shape: shape, forward: cosForward, backward: cosBackward}, err
}

func cosForward(y, x []float32) {
	for i, v := range x {
		y[i] = float32(math.Sqrt2 * math.Cos(float64(v)))
	}
}

func cosBackward(dx, dy, _, x []float32) {
	for i, v := range x {
		dx[i] = dy[i] * float32(-math.Sqrt2*math.Sin(float64(v)))
	}
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
			cosines, sines := y.Row(i)[:l.size], y.Row(i)[l.size:]
			for j, v := range x.Row(i) {
				sin, cos := math.Sincos(float64(v))
				cosines[j], sines[j] = float32(cos), float32(sin)
			}
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
