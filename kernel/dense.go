package kernel

import (
	"math"

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

// newDense draws a Gaussian matrix, a row a stream, and multiplies its rows by
// scales.
func newDense(o Options, scales []float64) *dense {
	t := &dense{inputs: o.Inputs, n: o.N, weights: make([]float32, o.N*o.Inputs), phases: o.phases()}
	par.For(o.N, par.Workers(), func(i, _ int) {
		source := o.stream("frequencies", i)
		for j := range o.Inputs {
			t.weights[i*o.Inputs+j] = float32(scales[i] * random.Normal(source))
		}
	})
	return t
}

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
