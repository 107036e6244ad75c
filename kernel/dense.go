package kernel

import (
	"math"
	"math/rand/v2"

	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/random"
	"github.com/deepfry/deepfry/internal/simd"
)

// dense multiplies by a matrix W [n, d] that is kept as such.
type dense struct {
	inputs, n int
	weights   []float32 // [n, d]
	phases    []float32 // [n], or nil
}

// newRKS draws a matrix of independent numbers, a row a stream: Gaussian
// ones, or Cauchy's for the Laplacian kernel.
func newRKS(k Kernel, o Options) *dense {
	t := &dense{inputs: o.Inputs, n: o.N, weights: make([]float32, o.N*o.Inputs), phases: o.phases()}
	scales, draw := frequencyScales(k, o), random.Normal
	if _, ok := k.(Laplacian); ok {
		draw = cauchy
	}
	par.For(o.N, par.Workers(), func(i, _ int) {
		source := o.stream("frequencies", i)
		for j := range o.Inputs {
			t.weights[i*o.Inputs+j] = float32(scales[i] * draw(source))
		}
	})
	return t
}

// cauchy returns a number from Cauchy's distribution, the quotient of two normal
// ones, cut off where one in a billion lies.
func cauchy(source *rand.PCG) float64 {
	const largest = 1 << 29
	numerator, denominator := random.Normal(source), random.Normal(source)
	return max(-largest, min(largest, numerator/denominator))
}

func (t *dense) finite() bool { return finite(t.weights) }

// denseTile is what a core takes at a time: its results stay in the second-level
// cache until they are finished.
var denseTile = linear.Tile{Rows: 128, Columns: 128}

func (t *dense) plan(maxRows int, finish finish) func(x []float32, rows int) {
	product, weights := new(linear.Product), simd.RowMajor(t.weights, t.n, t.inputs)
	e := linear.Epilogue{Bias: t.phases, Map: finish}
	product.Reserve(maxRows, t.n, t.inputs, denseTile, e)
	return func(x []float32, rows int) {
		results := simd.Matrix{Rows: rows, Cols: t.n}
		product.Multiply(results, simd.RowMajor(x, rows, t.inputs), weights.T(), denseTile, e)
	}
}

// phases returns n numbers in [0, 2π), or nil if they are not wanted.
func (o Options) phases() []float32 {
	if !o.Phase {
		return nil
	}
	source := o.stream("phases", 0)
	phases := make([]float32, o.N)
	for i := range phases {
		phases[i] = float32(2 * math.Pi * (1 - random.Uniform(source)))
	}
	return phases
}
