package nn

import (
	"fmt"
	"math"
)

// LeakyReLU computes y = x where x is positive and y = Slope·x elsewhere (Maas,
// Hannun and Ng, ICML 2013).
type LeakyReLU struct {
	Slope float64 `json:"slope"`
}

// Clip computes y = min(max(x, Min), Max). The gradient goes to where the input
// is between them.
type Clip struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// Sigmoid computes y = 1/(1+e^-x).
type Sigmoid struct{}

// Tanh computes the hyperbolic tangent of x.
type Tanh struct{}

func (LeakyReLU) Kind() string { return "leakyrelu" }
func (Clip) Kind() string      { return "clip" }
func (Sigmoid) Kind() string   { return "sigmoid" }
func (Tanh) Kind() string      { return "tanh" }

// Build fails unless there is one input and Slope is finite.
func (a LeakyReLU) Build(_ string, in []Shape) (Layer, error) {
	if math.IsNaN(a.Slope) || math.Abs(a.Slope) > math.MaxFloat32 {
		return nil, fmt.Errorf("slope %v: want a finite number", a.Slope)
	}
	slope := float32(a.Slope)
	return newActivation(in, func(x float32) float32 {
		if x > 0 {
			return x
		}
		return slope * x
	}, func(x, _ float32) float32 {
		if x > 0 {
			return 1
		}
		return slope
	})
}

// Build fails unless there is one input, and Min is less than Max.
func (a Clip) Build(_ string, in []Shape) (Layer, error) {
	if !(a.Min < a.Max) {
		return nil, fmt.Errorf("from %v to %v: want a minimum below the maximum", a.Min, a.Max)
	}
	low, high := float32(a.Min), float32(a.Max)
	return newActivation(in, func(x float32) float32 {
		return min(max(x, low), high)
	}, func(x, _ float32) float32 {
		if x > low && x < high {
			return 1
		}
		return 0
	})
}

// Build fails unless there is one input.
func (Sigmoid) Build(_ string, in []Shape) (Layer, error) {
	return newActivation(in, func(x float32) float32 {
		return float32(1 / (1 + math.Exp(-float64(x))))
	}, func(_, y float32) float32 { return y * (1 - y) })
}

// Build fails unless there is one input.
func (Tanh) Build(_ string, in []Shape) (Layer, error) {
	return newActivation(in, func(x float32) float32 {
		return float32(math.Tanh(float64(x)))
	}, func(_, y float32) float32 { return 1 - y*y })
}

// activation is a layer that applies a function to every value. slope is its
// derivative, made of x and y.
type activation struct {
	parameterless
	shape    Shape
	function func(x float32) float32
	slope    func(x, y float32) float32
}

func newActivation(in []Shape, function func(x float32) float32, slope func(x, y float32) float32) (Layer, error) {
	shape, err := only(in)
	return &activation{shape: shape, function: function, slope: slope}, err
}

func (l *activation) OutShape() Shape { return l.shape }

func (l *activation) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	pass := Pass{Forward: b.EachSample(func(first, last, _ int) {
		values := y.Rows(first, last)
		for i, v := range x.Rows(first, last) {
			values[i] = l.function(v)
		}
	})}
	if b.Training && x.Grad != nil {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			inputs, outputs, dx := x.Rows(first, last), y.Rows(first, last), x.GradRows(first, last)
			for i, g := range y.GradRows(first, last) {
				dx[i] = g * l.slope(inputs[i], outputs[i])
			}
		})
	}
	return pass
}
