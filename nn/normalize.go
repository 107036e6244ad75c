package nn

import (
	"fmt"
	"math"
)

// Normalize brings data to the range that a network has learnt on, as the first
// layer mostly:
//
//	y = (x - mean)/deviation
//
// with a mean and a deviation for each channel of an image, each value of a vector,
// or, with PerValue, each value of any sample. They are the parameters mean and
// deviation, of kind Statistic, which come from elsewhere: no pass changes them,
// and they do not count as weights. A deviation may be negative, but not 0.
type Normalize struct {
	PerValue bool `json:"per_value,omitempty"`
}

func (Normalize) Kind() string { return "normalize" }

// normalize is a built Normalize.
type normalize struct {
	shape           Shape
	pixels          int // that a mean and a deviation are for
	mean, deviation *Param
}

// Build fails unless there is one input.
func (n Normalize) Build(name string, in []Shape) (Layer, error) {
	shape, err := only(in)
	if err != nil {
		return nil, err
	}
	l := &normalize{shape: shape, pixels: shape[1:].Size()}
	statistics := shape[:1]
	if n.PerValue {
		l.pixels, statistics = 1, shape
	}
	l.mean, l.deviation = newParam(name+".mean", Statistic, statistics...), newParam(name+".deviation", Statistic, statistics...)
	l.mean.Learn, l.deviation.Learn = false, false
	return l, nil
}

func (l *normalize) OutShape() Shape  { return l.shape }
func (l *normalize) Params() []*Param { return []*Param{l.mean, l.deviation} }

// Init begins with a mean of 0 and a deviation of 1, which change nothing.
func (l *normalize) Init(uint64) {
	for i := range l.deviation.Data {
		l.deviation.Data[i] = 1
	}
}

// MultiplyAdds counts one for every value.
func (l *normalize) MultiplyAdds() int { return l.shape.Size() }

// validate fails if there is a number with which no output is finite.
func (l *normalize) validate() error {
	for i, deviation := range l.deviation.Data {
		mean := l.mean.Data[i]
		if deviation == 0 || !finite(mean) || !finite(deviation) {
			return fmt.Errorf("entry %d has a mean of %v and a deviation of %v: want finite numbers, and no deviation of 0", i, mean, deviation)
		}
	}
	return nil
}

func finite(v float32) bool { return math.Abs(float64(v)) <= math.MaxFloat32 }

func (l *normalize) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	pass := Pass{Forward: b.EachSample(func(first, last, _ int) {
		for i := first; i < last; i++ {
			l.forward(y.Row(i), x.Row(i))
		}
	})}
	if b.Training && x.Grad != nil {
		pass.Backward = b.EachSample(func(first, last, _ int) {
			for i := first; i < last; i++ {
				l.backward(x.GradRow(i), y.GradRow(i))
			}
		})
	}
	return pass
}

func (l *normalize) forward(y, x []float32) {
	for c, mean := range l.mean.Data {
		deviation, first := l.deviation.Data[c], c*l.pixels
		outputs := y[first:][:l.pixels]
		for i, v := range x[first:][:l.pixels] {
			outputs[i] = (v - mean) / deviation
		}
	}
}

func (l *normalize) backward(dx, dy []float32) {
	for c, deviation := range l.deviation.Data {
		first := c * l.pixels
		gradient := dx[first:][:l.pixels]
		for i, g := range dy[first:][:l.pixels] {
			gradient[i] = g / deviation
		}
	}
}
