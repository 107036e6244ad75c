package nn

import (
	"errors"
	"fmt"

	"github.com/deepfry/deepfry/internal/linear"
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

// Tiles into which the cores split products. They do not change results.
var (
	byColumns = linear.Tile{Columns: 128} // outputs or inputs
	byRows    = linear.Tile{Rows: 16}     // samples, where outputs are few
)

// Plan computes, with X [batch, in], Y [batch, Out] and W [Out, in],
//
//	Y  = X·Wᵀ + bias
//	dX = dY·W
//	dW = dYᵀ·X,  dbias = Σ dY
func (l *dense) Plan(b *Binding) Pass {
	x, y, w := b.X[0], b.Y, simd.RowMajor(l.weight.Data, l.Out, l.in)
	values := func(t *Tensor) simd.Matrix { return simd.RowMajor(t.Value, b.Batch(), t.Size) }
	grads := func(t *Tensor) simd.Matrix { return simd.RowMajor(t.Grad, b.Batch(), t.Size) }
	product, tile, plain := new(linear.Product), byColumns, linear.Epilogue{}
	if l.Out < 2*byColumns.Columns {
		tile = byRows
	}
	e := linear.Epilogue{ReLU: b.Epilogue.ReLU, Map: b.Epilogue.Map}
	if l.bias != nil {
		e.Bias = l.bias.Data
	}
	product.Reserve(b.MaxBatch, l.Out, l.in, tile, e)

	pass := Pass{Forward: func() {
		if m := l.weight.int8; m != nil && b.Batch() <= simd.FewRows {
			product.MultiplyInt8(values(y), values(x), m, tile, e)
			return
		}
		product.MultiplyTransposed(values(y), values(x), w, tile, e)
	}}
	if !b.Training {
		return pass
	}
	var input, weights func()
	if x.Grad != nil {
		product.Reserve(b.MaxBatch, l.in, l.Out, byColumns, plain)
		input = func() { product.Multiply(grads(x), grads(y), w, byColumns, plain) }
	}
	if grad := b.Gradient(l.weight); grad != nil {
		dw := simd.RowMajor(grad, l.Out, l.in)
		product.Reserve(l.Out, l.in, b.MaxBatch, byColumns, plain)
		weights = func() { product.Multiply(dw, grads(y).T(), values(x), byColumns, plain) }
	}
	pass.Backward = inSequence(input, weights, b.biasGradient(l.bias))
	return pass
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
