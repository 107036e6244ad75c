package nn

import (
	"strconv"
	"strings"
)

// Shape is the shape of one sample, the batch apart: channels, height and
// width of an image, or a single length.
type Shape []int

// Size returns the number of values of a sample.
func (s Shape) Size() int {
	size := 1
	for _, n := range s {
		size *= n
	}
	return size
}

// String returns the shape as in 20×12×12.
func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, n := range s {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, "×")
}
