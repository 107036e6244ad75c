package nn

import (
	"math"
	"slices"
	"testing"
)

func wantResponseNorm(layer Layer, in [][]float64) []float64 {
	l := layer.(*responseNorm)
	x, plane := in[0], l.shape[1]*l.shape[2]
	y := make([]float64, len(x))
	for i := range y {
		var sum float64
		for j := i%plane + max(0, i/plane-l.Size/2)*plane; j < len(x) && j/plane <= i/plane+l.Size/2; j += plane {
			sum += x[j] * x[j]
		}
		y[i] = x[i] * math.Pow(l.K+l.Alpha/float64(l.Size)*sum, -l.Beta)
	}
	return y
}

// TestResponseNormByBlocks makes the layer take a few pixels at a time.
func TestResponseNormByBlocks(t *testing.T) {
	defer func(before int) { responseBlock = before }(responseBlock)
	for _, o := range operations {
		if _, ok := o.op.(LocalResponseNorm); !ok {
			continue
		}
		responseBlock = 2048
		whole := newBench(t, o, 3)
		whole.pass.Forward()
		whole.pass.Backward()
		responseBlock = 11
		blocks := newBench(t, o, 3)
		blocks.pass.Forward()
		blocks.pass.Backward()
		if !slices.Equal(blocks.output.Value, whole.output.Value) || !slices.Equal(blocks.inputs[0].Grad, whole.inputs[0].Grad) {
			t.Errorf("%s: blocks of 11 pixels give other bits", o.name)
		}
	}
}
