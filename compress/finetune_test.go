package compress

import (
	"math"
	"testing"

	"github.com/deepfry/deepfry/train"
)

// TestSumOfLosses: the gradient is that of the sum, by differences.
func TestSumOfLosses(t *testing.T) {
	const classes = 4
	samples := []int{2, 0}
	loss := sum(train.Classify([]int32{1, 3, 0}, classes), imitation, train.Imitate(normals(3*classes, 1), classes))
	y, grad, unused := normals(2*classes, 2), make([]float32, 2*classes), make([]float32, 2*classes)
	loss(grad, y, samples)
	for i := range y {
		const step = 1e-2
		was := y[i]
		y[i] = was + step
		above := loss(unused, y, samples)
		y[i] = was - step
		below := loss(unused, y, samples)
		y[i] = was
		if want := (above - below) / (2 * step) / 2; math.Abs(float64(grad[i])-want) > 1e-3*math.Max(1, math.Abs(want)) { // of the mean of two
			t.Errorf("gradient %d is %v, want %v", i, grad[i], want)
		}
	}
}
