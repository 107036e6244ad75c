// Package quantize rounds weights to eight bits.
package quantize

import (
	"fmt"
	"math"
)

// most is the largest number: -128 is not used, so that w and -w are rounded alike.
const most = 127

// Rows rounds a matrix of so many rows to the nearest scales[i] · numbers[i, j], with a
// scale for each row such that its largest entry, in absolute value, is 127 of it. A row of
// zeros has the scale 1. It fails, and says where, on a number that is not finite.
func Rows(values []float32, rows int) (numbers []int8, scales []float32, err error) {
	numbers, scales = make([]int8, len(values)), make([]float32, rows)
	width := len(values) / max(rows, 1)
	for i := range rows {
		row := values[i*width : (i+1)*width]
		var largest float32
		for j, v := range row {
			size := float32(math.Abs(float64(v)))
			if !(size <= math.MaxFloat32) {
				return nil, nil, fmt.Errorf("entry %d is %v, which int8 can't hold: store the network as float32", i*width+j, v)
			}
			largest = max(largest, size)
		}
		scales[i] = scaleFor(largest)
		for j, v := range row {
			numbers[i*width+j] = int8(math.RoundToEven(min(most, max(-most, float64(v)/float64(scales[i])))))
		}
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
