package compress

import (
	"context"
	"math"

	"github.com/deepfry/deepfry/internal/decomposition"
	"github.com/deepfry/deepfry/internal/linear"
	"github.com/deepfry/deepfry/internal/simd"
	"github.com/deepfry/deepfry/nn"
)

// Monarch replaces W by two block-diagonal matrices and a permutation between them: W is
// cut into r × r tiles, of which each becomes a matrix of rank 1, so that there are
// r·(inputs + outputs) weights, as for SVD (Dao et al., Monarch, ICML 2022, section 3.3).
var Monarch Method = monarch{}

type monarch struct{}

// Name is monarch.
func (monarch) Name() string { return "monarch" }

func (monarch) needs() needs { return needs{rate: 0.001} }

func (monarch) sizes(l *Layer) (sizes []int) {
	for _, size := range ladder(l.BreakEven()) {
		if n := wholeBlocks(l, size); len(sizes) == 0 || n < sizes[len(sizes)-1] {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

// wholeBlocks returns the most blocks, up to the given number, of which each has inputs
// and outputs.
func wholeBlocks(l *Layer, blocks int) int {
	for blocks = min(blocks, l.Inputs, l.Outputs); filled(l.Inputs, blocks) < blocks || filled(l.Outputs, blocks) < blocks; blocks-- {
	}
	return blocks
}

// filled returns how many of the blocks have some of n values, if all but the last have
// the same number.
func filled(n, blocks int) int {
	size := (n + blocks - 1) / blocks
	return (n + size - 1) / size
}

func (monarch) ops(l *Layer, blocks int) []nn.Op {
	return []nn.Op{nn.Monarch{Out: l.Outputs, Blocks: wholeBlocks(l, blocks)}}
}

// fit takes the first singular vectors of every tile: of W's, or, with data, of the
// outputs that the tile makes of its inputs. Then L is fitted to all outputs by least
// squares, since tiles side by side make up for each other's errors.
func (m monarch) fit(_ context.Context, t *target, size int) (*nn.Network, error) {
	blocks := wholeBlocks(t.Layer, size)
	f := &monarchFit{target: t, blocks: blocks, width: (t.Inputs + blocks - 1) / blocks, height: (t.Outputs + blocks - 1) / blocks}
	f.right, f.left = make([]float32, blocks*t.Inputs), make([]float32, t.Outputs*blocks)
	bias := append([]float32(nil), t.bias...)
	var means []float32
	if len(t.x) > 0 {
		f.x = append([]float32(nil), t.x...)
		means = linear.Centre(f.x, t.Inputs)
	}
	for l := range blocks {
		for k := range blocks {
			f.tile(l, k)
		}
		if f.x != nil {
			if err := f.refit(l); err != nil {
				return nil, err
			}
		}
	}
	if f.x != nil {
		bias = f.biasFor(means)
	}
	values := [][]float32{f.right, f.left}
	if bias != nil {
		values = append(values, bias)
	}
	return newChain(t.Inputs, 0, []nn.Op{nn.Monarch{Out: t.Outputs, Blocks: blocks, NoBias: bias == nil}}, values...)
}

// monarchFit is a layer that is being cut.
type monarchFit struct {
	*target
	blocks, width, height int
	right                 []float32 // R [blocks, Inputs]
	left                  []float32 // L [Outputs, blocks]
	x                     []float32 // inputs about their mean [n, Inputs], or nil
}

// bounds returns the outputs of block l and the inputs of block k.
func (f *monarchFit) bounds(l, k int) (top, bottom, first, last int) {
	return l * f.height, min(f.Outputs, (l+1)*f.height), k * f.width, min(f.Inputs, (k+1)*f.width)
}

// tile sets R and L to the best matrix of rank 1 for a tile alone.
func (f *monarchFit) tile(l, k int) {
	top, bottom, first, last := f.bounds(l, k)
	height, width := bottom-top, last-first
	w := simd.RowMajor(f.weights, f.Outputs, f.Inputs).RowRange(top, bottom).ColumnRange(first, last)
	tile := make([]float32, height*width)
	for i := range height {
		copy(tile[i*width:], w.Data[i*w.RowStride:][:width])
	}
	basis := newBasis(f.tileOutputs(tile, height, first, last), height, 1, f.seed)
	r, c := basis.factors(tile, width, height, 1)
	copy(f.right[l*f.Inputs+first:], r)
	for i, v := range c {
		f.left[(top+i)*f.blocks+k] = v
	}
}

// tileOutputs returns what a tile makes of its inputs, and besides a little of its
// columns, so that directions that the data do not show come in their own order; without
// data, the columns alone.
func (f *monarchFit) tileOutputs(tile []float32, height, first, last int) []float32 {
	n, width := len(f.x)/f.Inputs, last-first
	rows := make([]float32, (n+width)*height)
	outputs, columns := rows[:n*height], rows[n*height:]
	for j := range width {
		for i := range height {
			columns[j*height+i] = tile[i*width+j]
		}
	}
	if n == 0 {
		return rows
	}
	linear.Multiply(simd.RowMajor(outputs, n, height), simd.RowMajor(f.x, n, f.Inputs).ColumnRange(first, last), simd.RowMajor(tile, height, width).T())
	const little = 0.01
	if energy := linear.Dot(columns, columns); energy > 0 {
		linear.Scale(columns, float32(math.Sqrt(little*linear.Dot(outputs, outputs)/energy)))
	}
	return rows
}

// refit sets the rows of L of a block to those that make the error of its outputs least,
// with R as it is.
func (f *monarchFit) refit(l int) error {
	n := len(f.x) / f.Inputs
	top, bottom, _, _ := f.bounds(l, 0)
	z := make([]float32, n*f.blocks)
	for k := range f.blocks {
		_, _, first, last := f.bounds(l, k)
		x, r := simd.RowMajor(f.x, n, f.Inputs).ColumnRange(first, last), simd.RowMajor(f.right, f.blocks, f.Inputs).RowRange(l, l+1).ColumnRange(first, last)
		linear.Multiply(simd.RowMajor(z, n, f.blocks).ColumnRange(k, k+1), x, r.T())
	}
	y := make([]float32, n*(bottom-top))
	w := simd.RowMajor(f.weights, f.Outputs, f.Inputs).RowRange(top, bottom)
	linear.Multiply(simd.RowMajor(y, n, bottom-top), simd.RowMajor(f.x, n, f.Inputs), w.T())
	rows, err := decomposition.LeastSquares(z, y, f.blocks, bottom-top)
	if err != nil {
		return err
	}
	copy(f.left[top*f.blocks:], rows)
	return nil
}

// biasFor returns the bias with which the mean input gets the layer's output.
func (f *monarchFit) biasFor(mean []float32) []float32 {
	bias := make([]float32, f.Outputs)
	copy(bias, f.bias)
	for i := range bias {
		row := append([]float32(nil), f.weights[i*f.Inputs:(i+1)*f.Inputs]...)
		for j := range row {
			row[j] -= f.left[i*f.blocks+j/f.width] * f.right[i/f.height*f.Inputs+j]
		}
		bias[i] += float32(linear.Dot(row, mean))
	}
	return bias
}
