package compress

import (
	"math"
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
