package nn

import (
	"errors"
	"fmt"

	"github.com/deepfry/deepfry/internal/par"
	"github.com/deepfry/deepfry/internal/simd"
)

// Dense is a fully-connected layer on the d values of a sample, whatever their
// shape, with weights [Out, d]: y = W·x + bias.
type Dense struct {
	Out    int     `json:"out"`
	NoBias bool    `json:"no_bias,omitempty"`
	Gain   float64 `json:"gain,omitempty"` // of the initialisation; 0 means 1
}

func (Dense) Kind() string { return "dense" }

// dense is a built Dense.
type dense struct {
	Dense
	in           int
	weight, bias *Param
}

// Build fails unless there is one input and Out is at least 1.
func (d Dense) Build(name string, in []Shape) (Layer, error) {
	size, err := flattened(in, d.Out)
	if err != nil {
		return nil, err
	}
	if d.Out > maxValues/size {
		return nil, errors.New("the layer is too large")
	}
	if err := checkGain(d.Gain); err != nil {
		return nil, err
	}
	l := &dense{Dense: d, in: size, weight: newParam(name+".weight", Weight, d.Out, size)}
	if !d.NoBias {
		l.bias = newParam(name+".bias", Bias, d.Out)
	}
	return l, nil
}

// flattened returns the length of the only input.
func flattened(in []Shape, out int) (int, error) {
	shape, err := only(in)
	if err != nil {
		return 0, err
	}
	if out < 1 || out > maxValues {
		return 0, fmt.Errorf("%d outputs: want 1 to %d", out, maxValues)
	}
	return shape.Size(), nil
}

func (l *dense) OutShape() Shape   { return Shape{l.Out} }
func (l *dense) Params() []*Param  { return present(l.weight, l.bias) }
func (l *dense) Init(seed uint64)  { initUniform(l.weight, l.in, l.Gain, seed) }
func (l *dense) MultiplyAdds() int { return l.Out * l.in }

// Widths of the tiles into which the cores split the matrix products. They do
// not change results.
const (
	denseColumns = 128 // outputs or inputs
	denseRows    = 16  // samples, where outputs are few
)

// Plan computes, with X [batch, in], Y [batch, Out] and W [Out, in],
//
//	Y  = X·Wᵀ + bias
//	dX = dY·W
//	dW = dYᵀ·X,  dbias = Σ dY
func (l *dense) Plan(b *Binding) Pass {
	x, y := b.X[0], b.Y
	scratch := par.Scratch[float32](b.Workers, l.scratchSize(b))
	weight := simd.RowMajor(l.weight.Data, l.Out, l.in)
	values := func(t *Tensor) simd.Matrix { return simd.RowMajor(t.Value, b.Batch(), t.Size) }
	grads := func(t *Tensor) simd.Matrix { return simd.RowMajor(t.Grad, b.Batch(), t.Size) }

	pass := Pass{Forward: l.forward(b, weight, values, scratch)}
	if !b.Training {
		return pass
	}
	var input func()
	if x.Grad != nil {
		input = b.EachTile(func() int { return l.in }, denseColumns, func(first, last, worker int) {
			simd.Gemm(grads(x).ColumnRange(first, last), grads(y), weight.ColumnRange(first, last), simd.Epilogue{}, scratch[worker])
		})
	}
	var weights func()
	if grad := b.Gradient(l.weight); grad != nil {
		dw := simd.RowMajor(grad, l.Out, l.in)
		weights = b.EachTile(func() int { return l.in }, denseColumns, func(first, last, worker int) {
			simd.Gemm(dw.ColumnRange(first, last), grads(y).T(), values(x).ColumnRange(first, last), simd.Epilogue{}, scratch[worker])
		})
	}
	pass.Backward = inSequence(input, weights, b.biasGradient(l.bias))
	return pass
}

// forward splits the outputs between the cores, or the samples where there are
// few outputs.
func (l *dense) forward(b *Binding, weight simd.Matrix, values func(*Tensor) simd.Matrix, scratch [][]float32) func() {
	x, y := b.X[0], b.Y
	var mapped [][]float32 // a tile of outputs for each worker
	if b.Epilogue.Map != nil {
		samples, outputs := l.tileSize(b)
		mapped = par.Scratch[float32](b.Workers, samples*outputs)
	}
	tile := func(sample, end, column, columnEnd, worker int) {
		e := simd.Epilogue{ReLU: b.Epilogue.ReLU}
		if l.bias != nil {
			e.ColumnBias = l.bias.Data[column:columnEnd]
		}
		var out simd.Matrix
		if mapped == nil {
			out = values(y).RowRange(sample, end).ColumnRange(column, columnEnd)
		} else {
			out = simd.RowMajor(mapped[worker], end-sample, columnEnd-column)
		}
		if b.Batch() <= simd.FewRows {
			simd.Dots(out, values(x).RowRange(sample, end), weight.RowRange(column, columnEnd), e)
		} else {
			simd.Gemm(out, values(x).RowRange(sample, end), weight.RowRange(column, columnEnd).T(), e, scratch[worker])
		}
		if mapped != nil {
			for i := range out.Rows {
				b.Epilogue.Map(sample+i, column, out.Data[i*out.RowStride:][:out.Cols])
			}
		}
	}
	if _, outputs := l.tileSize(b); outputs == l.Out {
		return b.EachTile(b.Batch, denseRows, func(first, last, worker int) { tile(first, last, 0, l.Out, worker) })
	}
	return b.EachTile(func() int { return l.Out }, denseColumns, func(first, last, worker int) {
		tile(0, b.Batch(), first, last, worker)
	})
}

// tileSize returns the size of the largest tile of Y in a forward pass.
func (l *dense) tileSize(b *Binding) (samples, outputs int) {
	if l.Out < 2*denseColumns {
		return denseRows, l.Out
	}
	return b.MaxBatch, denseColumns
}

func (l *dense) scratchSize(b *Binding) int {
	samples, outputs := l.tileSize(b)
	return max(simd.GemmScratch(samples, outputs, l.in), l.backwardScratch(b))
}

func (l *dense) backwardScratch(b *Binding) int {
	if !b.Training {
		return 0
	}
	return max(simd.GemmScratch(b.MaxBatch, denseColumns, l.Out), simd.GemmScratch(l.Out, denseColumns, b.MaxBatch))
}

// biasGradient returns a function that sums the rows of dY, or nil if the bias
// does not learn.
func (b *Binding) biasGradient(bias *Param) func() {
	grad := b.Gradient(bias)
	if grad == nil {
		return nil
	}
	const columns = 1024
	return b.EachTile(func() int { return len(grad) }, columns, func(first, last, _ int) {
		total := grad[first:last]
		clear(total)
		for i := range b.Batch() {
			simd.Add(total, b.Y.GradRow(i)[first:last])
		}
	})
}
