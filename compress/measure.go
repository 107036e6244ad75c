package compress

import (
	"math"
	"slices"

	"github.com/deepfry/deepfry/nn"
	"github.com/deepfry/deepfry/train"
)

// kind says what outputs are an error's measure.
type kind string

const (
	varied   kind = ""
	constant kind = "the same for all samples: errors are relative to their size"
	zero     kind = "all zero: an error is 0 or 100%"
)

// outputError returns ‖a - b‖ / ‖b - mean(b)‖, where a and b are outputs [n,
// columns] and the mean is that of each column: 1 is what the mean alone would do,
// and the constant part of the outputs makes no error look small. Where the outputs
// do not vary beyond rounding, it is ‖a - b‖ / ‖b‖, and where they are all zero, 0
// or 1. It is not finite where an output is not.
func outputError(a, b []float32, columns int) (float64, kind) {
	means, rows := make([]float64, columns), float64(len(b)/columns)
	for i, v := range b {
		means[i%columns] += float64(v) / rows
	}
	var difference, deviation, whole float64
	for i, v := range b {
		d, e := float64(a[i])-float64(v), float64(v)-means[i%columns]
		difference, deviation, whole = difference+d*d, deviation+e*e, whole+float64(v)*float64(v)
	}
	const rounding = 1e-12 // of squares of float32 numbers
	switch {
	case whole == 0 && difference == 0:
		return 0, zero
	case whole == 0:
		return difference / difference, zero // 1, or not a number
	case deviation <= rounding*whole:
		return math.Sqrt(difference / whole), constant
	}
	return math.Sqrt(difference / deviation), varied
}

// rows are some samples of a set, by their numbers.
type rows struct {
	of    Samples
	size  int // of an input
	index []int
}

// head returns the first n of them, or all.
func (r rows) head(n int) rows {
	r.index = r.index[:min(n, len(r.index))]
	return r
}

// copy returns them as a set of their own.
func (r rows) copy() Samples {
	s := Samples{Inputs: make([]float32, 0, len(r.index)*r.size)}
	for _, i := range r.index {
		s.Inputs = append(s.Inputs, r.of.Inputs[i*r.size:(i+1)*r.size]...)
		if r.of.Labels != nil {
			s.Labels = append(s.Labels, r.of.Labels[i])
		}
	}
	return s
}

// outputs returns what a network makes of them, or, without one, themselves. Copies
// are of few at a time: data can take most of the memory.
func (r rows) outputs(network *nn.Network) []float32 {
	if network == nil {
		return r.copy().Inputs
	}
	y := make([]float32, 0, len(r.index)*network.OutShape().Size())
	for batch := range slices.Chunk(r.index, 512) {
		y = append(y, train.Outputs(network, rows{r.of, r.size, batch}.copy().Inputs)...)
	}
	return y
}
