// Package quantize rounds weights to eight bits.
package quantize

import (
	"fmt"
	"math"
)

// most is the largest number: -128 is not used, so that w and -w are rounded alike.
const most = 127

// Rows is Along the first dimension of a matrix of so many rows.
func Rows(values []float32, rows int) (numbers []int8, scales []float32, err error) {
	return Along(values, rows, len(values)/max(rows, 1))
}

// Along rounds an array [outer, count, inner] to the nearest scales[i] · numbers[o, i, j],
// with a scale for each index i such that its largest entry, in absolute value, is 127 of it.
// Where all are zeros, it is 1. It fails, and says where, on a number that is not finite.
func Along(values []float32, count, inner int) (numbers []int8, scales []float32, err error) {
	numbers, scales = make([]int8, len(values)), make([]float32, count)
	for i, v := range values {
		size := float32(math.Abs(float64(v)))
		if !(size <= math.MaxFloat32) {
			return nil, nil, fmt.Errorf("entry %d is %v, which int8 can't hold: store the network as float32", i, v)
		}
		k := i / inner % count
		scales[k] = max(scales[k], size)
	}
	for k, largest := range scales {
		scales[k] = scaleFor(largest)
	}
	for i, v := range values {
		scaled := float64(v) / float64(scales[i/inner%count])
		numbers[i] = int8(math.RoundToEven(min(most, max(-most, scaled))))
	}
	return numbers, scales, nil
}

// scaleFor returns the scale for a row's largest entry: that which rounded numbers have, too.
func scaleFor(largest float32) float32 {
	scale := largest / most
	for range 4 { // a division may undo a product but for a unit in the last place
		if product := scale * most; product <= math.MaxFloat32 {
			scale = product / most
		} else {
			scale = math.Nextafter32(scale, 0)
		}
	}
	if scale == 0 {
		return 1
	}
	return scale
}

// Values returns what the numbers stand for, scales[i] · numbers[i, j].
func Values(numbers []int8, scales []float32) []float32 {
	values := make([]float32, len(numbers))
	width := len(numbers) / max(len(scales), 1)
	for i, n := range numbers {
		values[i] = scales[i/width] * float32(n)
	}
	return values
}
