package kernel

import (
	"math"
	"math/rand/v2"

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

// What a core takes at a time: the results of a tile stay in the second-level
// cache until they are finished.
const (
	denseRows    = 128
	denseColumns = 128
)

func (t *dense) plan(maxRows int, finish finish) func(x []float32, rows int) {
	workers := par.Workers()
	height := min(maxRows, denseRows)
	products := par.Scratch[float32](workers, height*denseColumns)
	scratch := par.Scratch[float32](workers, simd.GemmScratch(height, denseColumns, t.inputs))
	weights := simd.RowMajor(t.weights, t.n, t.inputs)
	var x simd.Matrix
	tiles := 0 // of columns, for some rows
	body := func(chunk, worker int) {
		row, column := chunk/tiles*denseRows, chunk%tiles*denseColumns
		end, columnEnd := min(x.Rows, row+denseRows), min(t.n, column+denseColumns)
		e := simd.Epilogue{}
		if t.phases != nil {
			e.ColumnBias = t.phases[column:columnEnd]
		}
		out := simd.RowMajor(products[worker], end-row, columnEnd-column)
		simd.Gemm(out, x.RowRange(row, end), weights.RowRange(column, columnEnd).T(), e, scratch[worker])
		for i := range out.Rows {
			finish(row+i, column, out.Data[i*out.Cols:][:out.Cols])
		}
	}
	tiles = (t.n + denseColumns - 1) / denseColumns
	return func(data []float32, rows int) {
		x = simd.RowMajor(data, rows, t.inputs)
		par.For((rows+denseRows-1)/denseRows*tiles, workers, body)
		x = simd.Matrix{}
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
